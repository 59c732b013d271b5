//! `scrip account` and `scrip virtual-account`, and how other commands name them.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::config::Setting;
use crate::desk::{Asker, text};
use crate::show::{self, Column, Form, Output};

const ACCOUNTS: &[Column] =
    &[("Account", "/id"), ("Number", "/number"), ("Name", "/name"), ("Domain", "/domain")];
const VIRTUAL_ACCOUNTS: &[Column] = &[
    ("Virtual account", "/id"),
    ("Number", "/number"),
    ("Name", "/name"),
    ("Default", "/default"),
    ("Description", "/description"),
];

/// How many things an error lists to choose from.
const LISTED: usize = 50;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Make an account, with its virtual account DEFAULT.
    #[command(
        after_help = "Example:\n  scrip account create \"Northwind Ltd\" --domain northwind.example"
    )]
    Create {
        /// Its name.
        name: String,
        /// The company's domain.
        #[arg(long)]
        domain: String,
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
    /// List all accounts.
    List {
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
}

pub(crate) fn run(verb: AccountVerb) -> Result<ExitCode> {
    match verb {
        AccountVerb::Create { name, domain, setting, output } => {
            let asker = Asker::find_or_begin(&setting)?;
            let made =
                asker.post("/api/v1/accounts", &json!({ "name": name, "domain": domain }))?;
            show::rows(&[made], ACCOUNTS, output.form());
        }
        AccountVerb::List { setting, output } => {
            let found = Asker::find(&setting)?.list("/api/v1/accounts")?;
            show::rows(&found, ACCOUNTS, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Subcommand)]
pub(crate) enum VirtualAccountVerb {
    /// Make a virtual account.
    #[command(
        after_help = "Example:\n  scrip virtual-account create Campus --account northwind.example"
    )]
    Create {
        /// Its name.
        name: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
    /// List an account's virtual accounts.
    List {
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
}

pub(crate) fn run_virtual(verb: VirtualAccountVerb) -> Result<ExitCode> {
    match verb {
        VirtualAccountVerb::Create { name, description, account, output } => {
            let asker = Asker::find(&account.setting)?;
            let path = format!("{}/virtual-accounts", account.path(&asker)?);
            let made = asker.post(&path, &json!({ "name": name, "description": description }))?;
            show::rows(&[made], VIRTUAL_ACCOUNTS, output.form());
        }
        VirtualAccountVerb::List { account, output } => {
            let asker = Asker::find(&account.setting)?;
            let found = asker.list(&format!("{}/virtual-accounts", account.path(&asker)?))?;
            show::rows(&found, VIRTUAL_ACCOUNTS, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An account, and the installation that it is in.
#[derive(Clone, Debug, Args)]
pub(crate) struct InAccount {
    #[command(flatten)]
    pub(crate) setting: Setting,
    /// The account: its id, number, domain or name. May be left out where there is only one.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
}

impl InAccount {
    /// The path of the account in the API.
    pub(crate) fn path(&self, asker: &Asker) -> Result<String> {
        let accounts = asker.list("/api/v1/accounts")?;
        let account = choose(&accounts, self.account.as_deref(), "account")?;
        Ok(format!("/api/v1/accounts/{}", text(account, "id")))
    }
}

/// A virtual account, and the account that it is in.
#[derive(Clone, Debug, Args)]
pub(crate) struct InVirtualAccount {
    #[command(flatten)]
    pub(crate) within: InAccount,
    /// The virtual account: its id, number or name. DEFAULT if left out.
    #[arg(long, value_name = "VIRTUAL_ACCOUNT")]
    pub(crate) virtual_account: Option<String>,
}

impl InVirtualAccount {
    /// The path of the account in the API, and the id of the virtual account.
    pub(crate) fn place(&self, asker: &Asker) -> Result<(String, String)> {
        let path = self.within.path(asker)?;
        let id = virtual_account(asker, &path, self.virtual_account.as_deref())?;
        Ok((path, id))
    }
}

/// The id of an account's virtual account: the named one, else the default one.
pub(crate) fn virtual_account(asker: &Asker, path: &str, named: Option<&str>) -> Result<String> {
    let places = asker.list(&format!("{path}/virtual-accounts"))?;
    let default = places.iter().find(|place| place.get("default") == Some(&Value::Bool(true)));
    let place = match (named, default) {
        (None, Some(default)) => default,
        (named, _) => choose(&places, named, "virtual account")?,
    };
    Ok(text(place, "id").to_owned())
}

/// The one that is named, or the only one there is.
pub(crate) fn choose<'a>(all: &'a [Value], named: Option<&str>, what: &str) -> Result<&'a Value> {
    let fits = |one: &&Value| match named {
        None => true,
        Some(named) => {
            let number = one.get("number").map(Value::to_string).unwrap_or_default();
            let same = |field| text(one, field).eq_ignore_ascii_case(named);
            number == named || ["id", "name", "domain", "tag"].into_iter().any(same)
        }
    };
    let found: Vec<&Value> = all.iter().filter(fits).collect();
    let make = match what {
        "license" => "define",
        _ => "create",
    };
    let command = format!("`scrip {} {make}`", what.replace(' ', "-"));
    match (found.as_slice(), named) {
        ([one], _) => Ok(one),
        ([], _) if all.is_empty() => {
            bail!("there is no {what} yet: make one with {command} (name.unknown)")
        }
        ([], _) => {
            let named = named.unwrap_or_default();
            bail!(
                "there is no {what} \"{named}\"; there are:\n{}\nname one of these, or make one with {command} (name.unknown)",
                listed(all)
            )
        }
        (_, Some(named)) => bail!(
            "\"{named}\" names several of these:\n{}\nsay which by its id (name.ambiguous)",
            listed(all)
        ),
        (_, None) => bail!(
            "there are several {what}s:\n{}\nname one with --{} (name.ambiguous)",
            listed(all),
            what.replace(' ', "-")
        ),
    }
}

/// A line for each thing, of the first fifty.
fn listed(all: &[Value]) -> String {
    let line = |one: &Value| format!("  {}  {}", text(one, "id"), text(one, "name"));
    let mut lines: Vec<String> = all.iter().take(LISTED).map(line).collect();
    if all.len() > LISTED {
        lines.push("  and more".to_owned());
    }
    lines.join("\n")
}

/// Prints what was made: all of it as JSON, else one line.
pub(crate) fn made(made: &Value, line: &str, form: Form) {
    match form {
        Form::Json => show::json(made),
        Form::Text => println!("{line}"),
    }
}
