//! `scrip license` and `scrip entitlement`: what may be used, and how much of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::account::{InAccount, InVirtualAccount, choose};
use crate::config::Setting;
use crate::desk::{Asker, encoded, text};
use crate::show::{self, Column, Output};

const LICENSES: &[Column] = &[
    ("Name", "/name"),
    ("Kind", "/kind"),
    ("Enforcement", "/enforcement"),
    ("Shortage", "/concern"),
    ("Tag", "/tag"),
];
const ENTITLEMENTS: &[Column] = &[
    ("Entitlement", "/id"),
    ("Quantity", "/quantity"),
    ("Starts", "/starts_at"),
    ("Last day", "/last_day"),
    ("Kind", "/kind"),
    ("Source", "/source"),
    ("Tag", "/tag"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum LicenseVerb {
    /// Define a license, or change its definition.
    #[command(
        after_help = "Example:\n  scrip license define regid.2026-01.com.example.ADVANTAGE,1.0_5b4c --name \"Network Advantage\""
    )]
    Define(Define),
    /// What is granted is an entitlement; whoever looks for it here is told so.
    #[command(hide = true)]
    Grant {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// List all license definitions.
    List {
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Define {
    /// The entitlement tag under which devices report it.
    tag: String,
    /// Its name.
    #[arg(long)]
    name: String,
    /// A sentence about it.
    #[arg(long, default_value = "")]
    description: String,
    /// How long the right to use it lasts.
    #[arg(long, value_enum, default_value_t = Kind::Perpetual)]
    kind: Kind,
    /// How strictly products treat it.
    #[arg(long, value_enum, default_value_t = Enforcement::NotEnforced)]
    enforcement: Enforcement,
    /// Whether a shortage raises an alarm.
    #[arg(long, value_enum, default_value_t = Concern::Counted)]
    shortage: Concern,
    #[command(flatten)]
    setting: Setting,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// For ever.
    Perpetual,
    /// For a term.
    Subscription,
}

#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Enforcement {
    /// Usage is reported.
    NotEnforced,
    /// Usage needs an authorization.
    Enforced,
    /// Usage needs an authorization by export law.
    ExportControlled,
}

#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Concern {
    /// It does.
    Counted,
    /// It does not.
    InformationOnly,
}

/// The exit code of a command that was typed wrongly.
const MISTYPED: u8 = 2;

/// Words as they were typed, quoted where they need it.
fn as_typed(words: &[String]) -> String {
    let quoted = |word: &String| match word.contains(' ') {
        true => format!("\"{word}\""),
        false => word.clone(),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A quantity as it is typed.
fn quantity(text: &str) -> Result<u64, String> {
    let malformed = || "write a whole number in digits, as in 10 (count.range)".to_owned();
    let number = text.parse().map_err(|_| malformed())?;
    wire::quantity::Count::new(number).map(|count| count.get().into()).map_err(|e| e.to_string())
}

pub(crate) fn run(verb: LicenseVerb) -> Result<ExitCode> {
    match verb {
        LicenseVerb::Grant { rest } => {
            eprintln!(
                "scrip: a license is defined, and a quantity of it is granted as an entitlement: use `scrip entitlement grant {}` (command.unknown)",
                as_typed(&rest)
            );
            return Ok(ExitCode::from(MISTYPED));
        }
        LicenseVerb::Define(define) => {
            let asker = Asker::find(&define.setting)?;
            let body = json!({
                "name": define.name,
                "description": define.description,
                "kind": define.kind,
                "enforcement": define.enforcement,
                "concern": define.shortage,
            });
            let made = asker.put(&format!("/api/v1/licenses/{}", encoded(&define.tag)), &body)?;
            show::rows(&[made], LICENSES, define.output.form());
        }
        LicenseVerb::List { setting, output } => {
            let found = Asker::find(&setting)?.list("/api/v1/licenses")?;
            show::rows(&found, LICENSES, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Subcommand)]
pub(crate) enum EntitlementVerb {
    /// Grant a quantity of a license to a virtual account.
    #[command(
        after_help = "Examples:\n  scrip entitlement grant \"Network Advantage\" 10 --virtual-account Campus\n  scrip entitlement grant Analytics 5 --starts 2027-01-01 --ends 2027-12-31 --source PO-4711"
    )]
    Grant(Grant),
    /// List an account's entitlements.
    List {
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// The license: its tag, or its name.
    license: String,
    /// How many.
    #[arg(value_parser = quantity, allow_negative_numbers = true)]
    quantity: u64,
    /// From when it is in force: a day or an instant. Now if left out.
    #[arg(long, value_name = "WHEN")]
    starts: Option<String>,
    /// Until when: a day, which counts to its end, or an instant. Without end if left out.
    #[arg(long, value_name = "WHEN")]
    ends: Option<String>,
    /// An order number or a reason.
    #[arg(long, default_value = "granted by hand")]
    source: String,
    #[command(flatten)]
    place: InVirtualAccount,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run_entitlement(verb: EntitlementVerb) -> Result<ExitCode> {
    match verb {
        EntitlementVerb::Grant(grant) => {
            let asker = Asker::find(&grant.place.within.setting)?;
            let (path, virtual_account) = grant.place.place(&asker)?;
            let licenses = asker.list("/api/v1/licenses")?;
            let license = choose(&licenses, Some(&grant.license), "license")?;
            let body = json!({
                "virtual_account": virtual_account,
                "tag": text(license, "tag"),
                "quantity": grant.quantity,
                "start": grant.starts,
                "end": grant.ends,
                "source": grant.source,
            });
            let made = asker.post(&format!("{path}/entitlements"), &body)?;
            show::rows(&[made], ENTITLEMENTS, grant.output.form());
        }
        EntitlementVerb::List { account, output } => {
            let asker = Asker::find(&account.setting)?;
            let found = asker.list(&format!("{}/entitlements", account.path(&asker)?))?;
            show::rows(&found, ENTITLEMENTS, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}
