//! What only the host may do: a new set-up secret, a check of the book, a backup, the keys.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::account::made;
use crate::config::Place;
use crate::desk::{Asker, text};
use crate::show::{self, Form, Output};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  scrip setup-secret --data /var/lib/scrip")]
pub(crate) struct SetUpSecret {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn set_up_secret(ask: SetUpSecret) -> Result<ExitCode> {
    let told = Asker::on_host(&ask.place)?.post("/host/v1/set-up-secret", &json!({}))?;
    made(&told, text(&told, "set_up_secret"), ask.output.form());
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  scrip fsck --data /var/lib/scrip\n\nExits with 1 if something does not fit."
)]
pub(crate) struct Fsck {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn fsck(ask: Fsck) -> Result<ExitCode> {
    let found = Asker::on_host(&ask.place)?.post("/host/v1/check", &json!({}))?;
    let empty = Vec::new();
    let wrong = found.get("wrong").and_then(Value::as_array).unwrap_or(&empty);
    match ask.output.form() {
        Form::Json => show::json(&found),
        Form::Text => {
            wrong.iter().filter_map(Value::as_str).for_each(|line| println!("{line}"));
            let verdict = match wrong.len() {
                0 => "all in order".to_owned(),
                count => format!("{count} do not fit: restore a backup (store.corrupt)"),
            };
            let odd = found.get("odd").and_then(Value::as_array).unwrap_or(&empty);
            odd.iter().filter_map(Value::as_str).for_each(|line| println!("odd: {line}"));
            println!(
                "pools: {}, lines: {}, events: {}: {verdict}",
                found["pools"], found["entries"], found["events"]
            );
        }
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  scrip backup /backup/scrip-monday

The copy is a data folder: `scrip serve --data /backup/scrip-monday` serves it. It holds the keys,
so keep it as private as the data folder itself.")]
pub(crate) struct Backup {
    /// The folder to make; it must not hold a book yet.
    out: PathBuf,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn backup(ask: Backup) -> Result<ExitCode> {
    let folder = std::path::absolute(&ask.out)?;
    let asker = Asker::on_host(&ask.place)?;
    let told = asker.post("/host/v1/backup", &json!({ "folder": folder }))?;
    made(&told, &format!("copied to {}", folder.display()), ask.output.form());
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysVerb {
    /// Show the realm, this node's key and the keys in the trust bundle.
    #[command(after_help = "Example:\n  scrip keys show")]
    Show {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },
}

pub(crate) fn keys(verb: KeysVerb) -> Result<ExitCode> {
    let KeysVerb::Show { place, output } = verb;
    let told = Asker::on_host(&place)?.get("/host/v1/keys")?;
    if output.form() == Form::Json {
        show::json(&told);
        return Ok(ExitCode::SUCCESS);
    }
    println!("Realm         {}", text(&told, "realm"));
    println!("This node     {}", text(&told, "node_key"));
    println!(
        "Trust bundle  version {}, fresh until {}\n",
        told["bundle_version"],
        text(&told, "bundle_expires_at")
    );
    let keys = told.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    show::rows(
        &keys,
        &[("Key", "/key"), ("Node", "/node"), ("State", "/state"), ("Since", "/since")],
        Form::Text,
    );
    Ok(ExitCode::SUCCESS)
}
