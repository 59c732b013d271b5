//! `scrip import`: takes in usage files that somebody carried.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::account::{InVirtualAccount, virtual_account};
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

/// What became of a file.
struct Outcome {
    file: String,
    told: Result<Value>,
}

pub(crate) fn run(verb: ImportVerb) -> Result<ExitCode> {
    let ImportVerb::Usage(usage) = verb;
    let asker = Asker::find_or_begin(&usage.place.within.setting)?;
    let (path, place) = destination(&asker, &usage.place)?;
    let path = format!("{path}/usage-files?virtual_account={place}");
    let form = usage.output.form();
    let bar = progress(usage.files.len(), form);
    let mut outcomes = Vec::with_capacity(usage.files.len());
    for file in &usage.files {
        let told = import(&asker, &path, file)
            .and_then(|told| keep_ack(&usage, file, &told).map(|()| told));
        let outcome = Outcome { file: file.display().to_string(), told };
        if form == Form::Text {
            bar.suspend(|| print(&outcome));
        }
        outcomes.push(outcome);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let good = outcomes.iter().filter(|outcome| is_good(outcome)).count();
    match form {
        Form::Json => {
            show::json(&json!({ "files": outcomes.iter().map(as_json).collect::<Vec<_>>() }))
        }
        Form::Text => sum(&outcomes, good),
    }
    Ok(if good == outcomes.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn import(asker: &Asker, path: &str, file: &Path) -> Result<Value> {
    let size = std::fs::metadata(file).with_context(unread)?.len();
    if size > wire::limits::FILE_BYTES as u64 {
        bail!(
            "the file is larger than {} bytes: save fewer days (size.file)",
            wire::limits::FILE_BYTES
        );
    }
    let bytes = std::fs::read(file).with_context(unread)?;
    asker.send_xml(path, bytes)
}

fn unread() -> String {
    "the file cannot be read".to_owned()
}

/// Writes the file to carry back, if there is one and somebody wants it.
fn keep_ack(usage: &Usage, file: &Path, told: &Value) -> Result<()> {
    let (Some(out), Some(ack)) = (&usage.ack, told.get("ack_file").and_then(Value::as_str)) else {
        return Ok(());
    };
    let out = if usage.files.len() == 1 {
        out.clone()
    } else {
        std::fs::create_dir_all(out)
            .with_context(|| format!("{} cannot be made", out.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        out.join(format!("{stem}-ack.xml"))
    };
    std::fs::write(&out, ack).with_context(|| {
        format!("the reports are recorded, but {} cannot be written: run this again", out.display())
    })
}

fn reports(told: &Value) -> &[Value] {
    told.get("reports").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_good(outcome: &Outcome) -> bool {
    let refused = |told: &Value| reports(told).iter().any(|one| text(one, "outcome") == "refused");
    outcome.told.as_ref().is_ok_and(|told| !refused(told))
}

fn print(outcome: &Outcome) {
    let told = match &outcome.told {
        Ok(told) => told,
        Err(error) => return println!("{}: {}", outcome.file, words(error)),
    };
    println!("{}", outcome.file);
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

fn fate(report: &Value) -> String {
    let verified = report.get("verified") == Some(&Value::Bool(true));
    match text(report, "outcome") {
        "refused" => format!("refused ({})", text(report, "code")),
        "already" => "already there".to_owned(),
        _ if verified => "recorded".to_owned(),
        _ => "recorded (unverified)".to_owned(),
    }
}

fn sum(outcomes: &[Outcome], good: usize) {
    let count = |field: &str| -> u64 {
        let number = |told: &Value| told.get(field).and_then(Value::as_u64).unwrap_or(0);
        outcomes.iter().filter_map(|outcome| outcome.told.as_ref().ok()).map(number).sum()
    };
    let (recorded, already, refused) = (count("recorded"), count("already"), count("refused"));
    println!("{recorded} recorded, {already} already there, {refused} refused");
    if good < outcomes.len() {
        println!("{} of {} files need a look", outcomes.len() - good, outcomes.len());
    }
}

fn as_json(outcome: &Outcome) -> Value {
    match &outcome.told {
        Ok(told) => json!({ "file": outcome.file, "error": null, "result": told }),
        Err(error) => {
            json!({ "file": outcome.file, "error": words(error), "result": null })
        }
    }
}
