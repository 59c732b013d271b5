//! `scrip event`: who did what, as a list or a file, and what proves that nobody altered it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use server::app::export::Format;

use crate::account::InAccount;
use crate::desk::{Asker, encoded, text};
use crate::prove;
use crate::show::{self, Column, Form, Output};

const EVENTS: &[Column] = &[
    ("Place", "/place"),
    ("At", "/at"),
    ("Who", "/actor"),
    ("Role", "/role"),
    ("Action", "/action"),
    ("Subject", "/subject"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum EventVerb {
    /// List events, the newest first.
    #[command(
        after_help = "Example:\n  scrip event list --account northwind.example --since 2026-03-01 --action token.created"
    )]
    List {
        #[command(flatten)]
        log: InLog,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// Write events to standard output as a file.
    #[command(after_help = "Example:\n  scrip event export --format csv > events.csv")]
    Export {
        #[command(flatten)]
        log: InLog,
        #[command(flatten)]
        which: Which,
        /// The form of the file.
        #[arg(long, value_enum, default_value = "csv")]
        format: FileForm,
    },
    /// Write a signed statement of how the log stands, to be kept elsewhere.
    #[command(after_help = "Example:\n  scrip event checkpoint --out northwind-march.checkpoint")]
    Checkpoint {
        #[command(flatten)]
        log: InLog,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Prove that the log still begins as a checkpoint says, event by event.
    #[command(
        after_help = "Example:\n  scrip event verify --checkpoint northwind-march.checkpoint\n\nExits with 1 if it does not."
    )]
    Verify {
        /// The checkpoint that was kept.
        #[arg(long)]
        checkpoint: PathBuf,
        #[command(flatten)]
        log: InLog,
        #[command(flatten)]
        output: Output,
    },
    /// Erase what events tell of people: who, from where, and particulars. The events stay.
    #[command(
        after_help = "Examples:\n  scrip event erase event_01j… event_01k… --account northwind.example\n  scrip event erase --person ann@northwind.example\n\nOn the host only. The log stays provable: its tree holds salted hashes of what is erased. That it was\nerased, and of how many events, is an event of its own. Without --account or --house, --person erases\nin every log."
    )]
    Erase(crate::erase::Erase),
}

/// A log: an account's, or the house's own.
#[derive(Clone, Debug, Args)]
pub(crate) struct InLog {
    #[command(flatten)]
    account: InAccount,
    /// The house's own log: what belongs to no account.
    #[arg(long, conflicts_with = "account")]
    house: bool,
}

impl InLog {
    fn open(&self) -> Result<(Asker, String)> {
        let asker = Asker::find(&self.account.setting)?;
        let path = if self.house {
            "/api/v1/events".to_owned()
        } else {
            format!("{}/events", self.account.path(&asker)?)
        };
        Ok((asker, path))
    }
}

/// Which events.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// From this day or instant on.
    #[arg(long)]
    since: Option<String>,
    /// Before this day or instant.
    #[arg(long)]
    until: Option<String>,
    /// Of one action only.
    #[arg(long)]
    action: Option<String>,
    /// To one subject only: its id.
    #[arg(long)]
    subject: Option<String>,
    /// By those whose name holds this text.
    #[arg(long)]
    actor: Option<String>,
}

impl Which {
    /// As a query that begins with `?`, or nothing.
    fn query(&self) -> String {
        let fields = [
            ("since", &self.since),
            ("until", &self.until),
            ("action", &self.action),
            ("subject", &self.subject),
            ("actor", &self.actor),
        ];
        let mut query = String::new();
        for (name, value) in fields {
            if let Some(value) = value {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(&format!("{name}={}", encoded(value)));
            }
        }
        query
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FileForm {
    /// For spreadsheets.
    Csv,
    /// For programs: a JSON object a line.
    Jsonl,
}

impl From<FileForm> for Format {
    fn from(form: FileForm) -> Self {
        match form {
            FileForm::Csv => Self::Csv,
            FileForm::Jsonl => Self::Jsonl,
        }
    }
}

pub(crate) fn run(verb: EventVerb) -> Result<ExitCode> {
    match verb {
        EventVerb::List { log, which, output } => {
            let (asker, path) = log.open()?;
            let found = asker.list(&format!("{path}{}", which.query()))?;
            show::rows(&found, EVENTS, output.form());
        }
        EventVerb::Export { log, which, format } => export(&log, &which, format.into())?,
        EventVerb::Checkpoint { log, out, output } => {
            let (asker, path) = log.open()?;
            let bytes = asker.fetch(&format!("{path}/checkpoint"))?;
            let told = prove::described(&asker, &bytes)?;
            std::fs::write(&out, bytes).with_context(|| format!("writing {}", out.display()))?;
            tell(&told, &format!("{} events: {}", told["size"], out.display()), output.form());
        }
        EventVerb::Erase(erase) => crate::erase::run(&erase)?,
        EventVerb::Verify { checkpoint, log, output } => {
            let bytes = std::fs::read(&checkpoint)
                .with_context(|| format!("reading {}", checkpoint.display()))?;
            let (asker, path) = log.open()?;
            let told = prove::verify(&asker, &path, &bytes)?;
            let proved = told["proved"] == true;
            tell(&told, text(&told, "verdict"), output.form());
            return Ok(if proved { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(told: &Value, line: &str, form: Form) {
    match form {
        Form::Json => show::json(told),
        Form::Text => println!("{line}"),
    }
}

/// Writes page by page, so that a large log needs no memory.
fn export(log: &InLog, which: &Which, format: Format) -> Result<()> {
    let (asker, path) = log.open()?;
    let mut out = std::io::stdout().lock();
    let mut failed = None;
    out.write_all(format.head().as_bytes())?;
    asker.each(&format!("{path}{}", which.query()), |event| {
        if failed.is_none() {
            failed = out.write_all(format.line(event).as_bytes()).err();
        }
    })?;
    match failed {
        // Whoever reads has read enough, as `head` does.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Some(error) => bail!("standard output: {error}"),
        None => Ok(out.flush()?),
    }
}
