//! `scrip import`: takes in files that somebody carried.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use wire::limits::{FILE_BYTES, TRUST_FILE_BYTES};

use crate::account::{InAccount, InVirtualAccount, virtual_account};
use crate::desk::{Asker, text, words};
use crate::show::{self, Form, Output};

/// The account that the first import into an empty folder makes.
const LOCAL: &str = "local";

#[derive(Debug, Subcommand)]
pub(crate) enum ImportVerb {
    /// Take in usage files that devices saved.
    #[command(after_help = "\
Examples:
  scrip import usage usage.xml
  scrip import usage --account northwind.example --virtual-account Campus *.xml
  scrip import usage usage.xml --ack ack.xml

A file is taken in whole or not at all; one that cannot be read does not stop the others, and the
command exits with 1. In an empty data folder an account `local` is made with the virtual account
DEFAULT. A file that was taken in before changes nothing.")]
    Usage(Usage),
    /// Take in trust requests that devices without a network saved.
    #[command(after_help = "\
Examples:
  scrip import trust trust.xml --ack answer.xml
  scrip import trust --account northwind.example *.xml --ack answers

The ID token in the request says where the device goes. The answer is carried back and taken in on the
device with `scrip-agent import`. A file that was taken in before is answered again and changes nothing.")]
    Trust(Trust),
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: InVirtualAccount,
    /// Where to write the file to carry back to the device; with several files, a folder for them.
    #[arg(long, value_name = "OUT")]
    ack: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    within: InAccount,
    /// Where to write the answer to carry back to the device; with several files, a folder for them.
    #[arg(long, value_name = "OUT", required = true)]
    ack: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Files of one kind, and where they go.
struct Load<'a> {
    path: String,
    files: &'a [PathBuf],
    /// The largest that is taken, in bytes, and what to say of a larger one.
    limit: (usize, &'static str),
    ack: Option<&'a Path>,
    form: Form,
}

/// What became of a file.
struct Outcome {
    file: String,
    told: Result<Value>,
}

pub(crate) fn run(verb: ImportVerb) -> Result<ExitCode> {
    match verb {
        ImportVerb::Usage(usage) => run_usage(&usage),
        ImportVerb::Trust(trust) => run_trust(&trust),
    }
}

fn run_usage(usage: &Usage) -> Result<ExitCode> {
    let asker = Asker::find_or_begin(&usage.place.within.setting)?;
    let (path, place) = destination(&asker, &usage.place)?;
    let load = Load {
        path: format!("{path}/usage-files?virtual_account={place}"),
        files: &usage.files,
        limit: (FILE_BYTES, "save fewer days (size.file)"),
        ack: usage.ack.as_deref(),
        form: usage.output.form(),
    };
    Ok(load.take_in(&asker, print_reports, |outcomes| {
        let (recorded, already, refused) =
            (sum(outcomes, "recorded"), sum(outcomes, "already"), sum(outcomes, "refused"));
        println!("{recorded} recorded, {already} already there, {refused} refused");
    }))
}

fn run_trust(trust: &Trust) -> Result<ExitCode> {
    let asker = Asker::find(&trust.within.setting)?;
    let load = Load {
        path: format!("{}/trust-requests", trust.within.path(&asker)?),
        files: &trust.files,
        limit: (
            TRUST_FILE_BYTES,
            "choose the file that `scrip-agent save trust` wrote (size.trust)",
        ),
        ack: trust.ack.as_deref(),
        form: trust.output.form(),
    };
    Ok(load.take_in(&asker, print_trust, |outcomes| {
        let trusted = outcomes.iter().filter(|outcome| outcome.told.is_ok()).count();
        println!("{trusted} trusted");
    }))
}

impl Load<'_> {
    /// Takes in every file; one that cannot be read does not stop the others.
    fn take_in(
        &self,
        asker: &Asker,
        print: impl Fn(&Value),
        close: impl FnOnce(&[Outcome]),
    ) -> ExitCode {
        let bar = progress(self.files.len(), self.form);
        let mut outcomes = Vec::with_capacity(self.files.len());
        for file in self.files {
            let told =
                self.import(asker, file).and_then(|told| self.keep_ack(file, &told).map(|()| told));
            let outcome = Outcome { file: file.display().to_string(), told };
            if self.form == Form::Text {
                bar.suspend(|| match &outcome.told {
                    Ok(told) => {
                        println!("{}", outcome.file);
                        print(told);
                    }
                    Err(error) => println!("{}: {}", outcome.file, words(error)),
                });
            }
            outcomes.push(outcome);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let good = outcomes.iter().filter(|outcome| is_good(outcome)).count();
        if self.form == Form::Json {
            show::json(&json!({ "files": outcomes.iter().map(as_json).collect::<Vec<_>>() }));
        } else {
            // Where no file could be taken in, zeros would say less than the errors.
            if outcomes.iter().any(|outcome| outcome.told.is_ok()) {
                close(&outcomes);
            }
            if good < outcomes.len() {
                println!("{} of {} files need a look", outcomes.len() - good, outcomes.len());
            }
        }
        if good == outcomes.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn import(&self, asker: &Asker, file: &Path) -> Result<Value> {
        let (most, remedy) = self.limit;
        let size = std::fs::metadata(file).map_err(unread)?.len();
        if size > most as u64 {
            bail!("the file is larger than {most} bytes: {remedy}");
        }
        let bytes = std::fs::read(file).map_err(unread)?;
        asker.send_xml(&self.path, bytes)
    }

    /// Writes the file to carry back, if there is one and somebody wants it.
    fn keep_ack(&self, file: &Path, told: &Value) -> Result<()> {
        let (Some(out), Some(ack)) = (self.ack, told.get("ack_file").and_then(Value::as_str))
        else {
            return Ok(());
        };
        let out = if self.files.len() == 1 {
            out.to_owned()
        } else {
            std::fs::create_dir_all(out)
                .with_context(|| format!("{} cannot be made", out.display()))?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            out.join(format!("{stem}-ack.xml"))
        };
        std::fs::write(&out, ack).with_context(|| {
            format!("it is taken in, but {} cannot be written: run this again", out.display())
        })
    }
}

/// Where the reports go: where they were told to, or, in an empty folder, into a new account.
fn destination(asker: &Asker, place: &InVirtualAccount) -> Result<(String, String)> {
    let nobody = asker.get("/api/v1/accounts?limit=1")?;
    let nobody = nobody.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if nobody && place.within.account.is_none() {
        let made = asker.post("/api/v1/accounts", &json!({ "name": LOCAL, "domain": LOCAL }))?;
        let path = format!("/api/v1/accounts/{}", text(&made, "id"));
        let id = virtual_account(asker, &path, place.virtual_account.as_deref())?;
        return Ok((path, id));
    }
    place.place(asker)
}

fn progress(files: usize, form: Form) -> ProgressBar {
    if files < 2 || form == Form::Json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} files, {eta} left");
    let bar = ProgressBar::new(u64::try_from(files).unwrap_or(u64::MAX));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn unread(error: std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("the file cannot be read ({error}): check its name (import.read)")
}

fn reports(told: &Value) -> &[Value] {
    told.get("reports").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_good(outcome: &Outcome) -> bool {
    let refused = |told: &Value| reports(told).iter().any(|one| text(one, "outcome") == "refused");
    outcome.told.as_ref().is_ok_and(|told| !refused(told))
}

fn print_reports(told: &Value) {
    for report in reports(told) {
        let tag = wire::tag::EntitlementTag::new(text(report, "tag"));
        let license = tag.as_ref().map_or("", |tag| tag.short_name());
        println!(
            "  {}  {license}  report {}  {} measurement{}  {}",
            text(report, "udi"),
            report["report_id"],
            report["measurements"],
            if report["measurements"] == 1 { "" } else { "s" },
            fate(report),
        );
    }
}

fn print_trust(told: &Value) {
    println!("  {}  trusted in {}", text(told, "udi"), text(told, "virtual_account_name"));
}

fn fate(report: &Value) -> String {
    let verified = report.get("verified") == Some(&Value::Bool(true));
    match text(report, "outcome") {
        "refused" => format!("refused ({})", text(report, "code")),
        "already" => "already there".to_owned(),
        _ if verified => "recorded".to_owned(),
        _ => "recorded (unverified)".to_owned(),
    }
}

/// The sum of a number over all files that were taken in.
fn sum(outcomes: &[Outcome], field: &str) -> u64 {
    let number = |told: &Value| told.get(field).and_then(Value::as_u64).unwrap_or(0);
    outcomes.iter().filter_map(|outcome| outcome.told.as_ref().ok()).map(number).sum()
}

fn as_json(outcome: &Outcome) -> Value {
    match &outcome.told {
        Ok(told) => json!({ "file": outcome.file, "error": null, "result": told }),
        Err(error) => {
            json!({ "file": outcome.file, "error": words(error), "result": null })
        }
    }
}
