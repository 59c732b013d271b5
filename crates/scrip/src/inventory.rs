//! `scrip pool`, `scrip instance` and `scrip alarm`: what there is, and what is wrong.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::account::{InAccount, virtual_account};
use crate::desk::Asker;
use crate::relocation;
use crate::show::{self, Column, Output};

const POOLS: &[Column] = &[
    ("License", "/license/name"),
    ("Virtual account", "/virtual_account_name"),
    ("Purchased", "/purchased"),
    ("In use", "/in_use"),
    ("Stale", "/stale"),
    ("Unverified", "/unverified"),
    ("Balance", "/balance"),
    ("Short since", "/short_since"),
    ("Tag", "/short_name"),
];
const INSTANCES: &[Column] = &[
    ("Instance", "/id"),
    ("Name", "/name"),
    ("UDI", "/udi/text"),
    ("Virtual account", "/virtual_account_name"),
    ("Heard", "/heard_at"),
    ("Stale", "/stale"),
    ("Country", "/country_of_use"),
    ("Elsewhere since", "/elsewhere_since"),
];
const ALARMS: &[Column] = &[
    ("Alarm", "/id"),
    ("State", "/state"),
    ("Severity", "/severity"),
    ("Kind", "/kind"),
    ("Missing", "/missing"),
    ("Needed", "/needed"),
    ("Since", "/short_since"),
    ("Virtual account", "/virtual_account_name"),
    ("License", "/license_name"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum PoolVerb {
    /// List an account's pools, the lowest balance first.
    #[command(after_help = "Example:\n  scrip pool list --account northwind.example --short")]
    List {
        #[command(flatten)]
        narrowed: Narrowed,
        /// Only those that are short.
        #[arg(long)]
        short: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum InstanceVerb {
    /// List an account's product instances, the one heard last first.
    List {
        #[command(flatten)]
        narrowed: Narrowed,
    },
    /// Move product instances to another virtual account, with what they use from now on.
    #[command(
        after_help = "Examples:\n  scrip instance move --to Campus FCW2303D16Y FCW2303D16Z --dry-run\n  scrip instance move --to Campus --file serials.txt --yes"
    )]
    Move(relocation::Move),
    /// Remove product instances: what they use ends now and frees its licenses, their history
    /// stays. A device that measures on comes back by itself.
    #[command(
        after_help = "Examples:\n  scrip instance remove FCW2303D16Y\n  cut -d, -f2 scrapped.csv | scrip instance remove --file - --dry-run"
    )]
    Remove(relocation::Chosen),
    /// Keep product instances that were removed and report again.
    #[command(after_help = "Example:\n  scrip instance keep FCW2303D16Y --yes")]
    Keep(relocation::Chosen),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlarmVerb {
    /// List an account's open alarms, the newest first.
    List {
        #[command(flatten)]
        account: InAccount,
        /// Settled ones too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Narrowed {
    #[command(flatten)]
    account: InAccount,
    /// In one virtual account only: its id, number or name.
    #[arg(long, value_name = "VIRTUAL_ACCOUNT")]
    virtual_account: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Narrowed {
    fn list(&self, what: &str, question: &str) -> Result<Vec<Value>> {
        let asker = Asker::find(&self.account.setting)?;
        let path = self.account.path(&asker)?;
        let mut question = question.to_owned();
        if let Some(named) = &self.virtual_account {
            let id = virtual_account(&asker, &path, Some(named))?;
            question.push_str(&format!("&virtual_account={id}"));
        }
        asker.list(&format!("{path}/{what}?{}", question.trim_start_matches('&')))
    }
}

pub(crate) fn run_pool(verb: PoolVerb) -> Result<ExitCode> {
    let PoolVerb::List { narrowed, short } = verb;
    let found = narrowed.list("pools", if short { "short=true" } else { "" })?;
    show::rows(&found, POOLS, narrowed.output.form());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_instance(verb: InstanceVerb) -> Result<ExitCode> {
    let narrowed = match verb {
        InstanceVerb::List { narrowed } => narrowed,
        InstanceVerb::Move(one) => return relocation::run_move(one),
        InstanceVerb::Remove(chosen) => return relocation::run_remove(&chosen),
        InstanceVerb::Keep(chosen) => return relocation::run_keep(&chosen),
    };
    let found = narrowed.list("instances", "")?;
    show::rows(&found, INSTANCES, narrowed.output.form());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_alarm(verb: AlarmVerb) -> Result<ExitCode> {
    let AlarmVerb::List { account, all, output } = verb;
    let asker = Asker::find(&account.setting)?;
    let state = if all { "" } else { "?state=open" };
    let found = asker.list(&format!("{}/alarms{state}", account.path(&asker)?))?;
    show::rows(&found, ALARMS, output.form());
    Ok(ExitCode::SUCCESS)
}
