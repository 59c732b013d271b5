//! `scrip instance move`, `remove` and `keep`: many product instances at once, looked at before.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::account::{InAccount, virtual_account};
use crate::desk::{Asker, text};
use crate::show::{self, Column, Form, Output};
use crate::sure::Sure;

const POOLS: &[Column] = &[
    ("Virtual account", "/virtual_account_name"),
    ("License", "/license_name"),
    ("In use before", "/in_use_before"),
    ("In use", "/in_use"),
    ("Balance before", "/balance_before"),
    ("Balance", "/balance"),
    ("Alarm", "/alarm"),
    ("Tag", "/tag"),
];
const UNCLEAR: &[Column] =
    &[("Line", "/line"), ("Says", "/text"), ("Which is", "/why"), ("Such as", "/candidates/0")];

/// Which product instances.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// The product instances: ids, names, serial numbers or UDIs.
    #[arg(value_name = "SERIAL", required_unless_present = "file")]
    named: Vec<String>,
    /// A file with more of them, one a line; - reads them from standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    output: Output,
}

/// Where they go.
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// The virtual account that they go to: its id, number or name.
    #[arg(long, value_name = "VIRTUAL_ACCOUNT")]
    to: String,
    #[command(flatten)]
    chosen: Chosen,
}

impl Chosen {
    fn lines(&self) -> Result<String> {
        let mut lines = self.named.join("\n");
        if let Some(file) = &self.file {
            let mut read = String::new();
            if file.as_os_str() == "-" {
                std::io::stdin().read_to_string(&mut read)?;
            } else {
                read = std::fs::read_to_string(file)
                    .with_context(|| format!("the lines of {} (file.read)", file.display()))?;
            }
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&read);
        }
        Ok(lines)
    }

    /// Says what would happen, asks whether it is to, and does it.
    fn decide(&self, act: &Act, mut body: Value) -> Result<ExitCode> {
        let asker = Asker::find(&self.account.setting)?;
        let account = self.account.path(&asker)?;
        if let Some(to) = &act.to {
            body["to"] = Value::from(virtual_account(&asker, &account, Some(to))?);
        }
        body["lines"] = Value::from(self.lines()?);
        body["dry_run"] = Value::from(true);
        let path = format!("{account}/instances/{}", act.verb);
        let seen = asker.post(&path, &body)?;
        let unclear = seen["unclear"].as_array().map_or(0, Vec::len);
        if self.dry_run {
            show_decided(&seen, &format!("would be {}", act.done), self.output.form());
            return Ok(if unclear > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        if unclear > 0 {
            show_decided(&seen, &format!("would be {}", act.done), self.output.form());
            bail!(
                "nothing was done: {unclear} of the lines name no single product instance: correct them or leave them out (instances.unclear)"
            );
        }
        self.sure.confirm(&question(act, &seen), act.verb)?;
        body["dry_run"] = Value::from(false);
        let done = asker.post(&path, &body)?;
        show_decided(&done, &format!("{} now", act.done), self.output.form());
        Ok(ExitCode::SUCCESS)
    }
}

/// What is done to them.
struct Act {
    /// The last part of the path, and what is typed to confirm it.
    verb: &'static str,
    /// What they are then.
    done: &'static str,
    /// Where they go.
    to: Option<String>,
}

fn question(act: &Act, seen: &Value) -> String {
    let mut said = format!("{} product instances will be {}", seen["changed"], act.done);
    let pools = seen["pools"].as_array().cloned().unwrap_or_default();
    for pool in pools.iter().filter(|pool| pool["alarm"] == "opens") {
        let license = match pool["license_name"].as_str() {
            Some(name) => name,
            None => text(pool, "tag"),
        };
        let (place, balance) = (text(pool, "virtual_account_name"), &pool["balance"]);
        said += &format!("\n{license} turns short in {place}: its balance will be {balance}");
    }
    said
}

fn show_decided(decided: &Value, done: &str, form: Form) {
    if form == Form::Json {
        return show::json(decided);
    }
    println!("{} {done}, {} so already", decided["changed"], decided["unchanged"]);
    let rows = |name: &str| decided[name].as_array().cloned().unwrap_or_default();
    for (name, columns) in [("pools", POOLS), ("unclear", UNCLEAR)] {
        let rows = rows(name);
        if !rows.is_empty() {
            show::rows(&rows, columns, form);
        }
    }
}

pub(crate) fn run_move(one: Move) -> Result<ExitCode> {
    let act = Act { verb: "move", done: "moved", to: Some(one.to) };
    one.chosen.decide(&act, json!({}))
}

pub(crate) fn run_remove(chosen: &Chosen) -> Result<ExitCode> {
    chosen.decide(&Act { verb: "remove", done: "removed", to: None }, json!({}))
}

pub(crate) fn run_keep(chosen: &Chosen) -> Result<ExitCode> {
    chosen.decide(&Act { verb: "keep", done: "kept", to: None }, json!({}))
}
