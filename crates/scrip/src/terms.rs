//! `scrip terms`: the End User License Agreement that accounts accept.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::config::Setting;
use crate::desk::{Asker, text};
use crate::show::{self, Form, Output};
use crate::sure::Sure;

#[derive(Debug, Subcommand)]
pub(crate) enum TermsVerb {
    /// Show the newest version.
    #[command(after_help = "Example:\n  scrip terms show")]
    Show {
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
    /// Publish a new version: until it is accepted, new acts on licenses are blocked.
    #[command(
        after_help = "Example:\n  scrip terms publish terms-2027.txt --title \"End User License Agreement 2027\""
    )]
    Publish {
        /// The file with its text, plain.
        file: PathBuf,
        /// Its title.
        #[arg(long)]
        title: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
}

pub(crate) fn run(verb: TermsVerb) -> Result<ExitCode> {
    match verb {
        TermsVerb::Show { setting, output } => {
            tell(&Asker::find(&setting)?.get("/api/v1/terms")?, output.form());
        }
        TermsVerb::Publish { file, title, sure, setting, output } => {
            let words = std::fs::read_to_string(&file)
                .with_context(|| format!("reading {} (terms.file)", file.display()))?;
            let asker = Asker::find(&setting)?;
            let what = "Every account is blocked from new acts on licenses until it accepts them. A version cannot be taken back.";
            sure.confirm(what, "publish")?;
            let made = asker.post("/api/v1/terms", &json!({ "title": title, "text": words }))?;
            let line =
                format!("version {} is published: {}", made["version"], text(&made, "title"));
            crate::account::made(&made, &line, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(terms: &Value, form: Form) {
    match form {
        Form::Json => show::json(terms),
        Form::Text => println!(
            "{} (version {}, {})\n\n{}",
            text(terms, "title"),
            terms["version"],
            text(terms, "published_at"),
            text(terms, "text").trim_end()
        ),
    }
}
