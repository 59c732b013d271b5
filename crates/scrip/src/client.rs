//! `scrip client`: an account's API clients, by which programs ask without a person.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::account::{InAccount, made};
use crate::desk::{Asker, encoded, text};
use crate::show::{self, Column, Form, Output};
use crate::sure::Sure;

const CLIENTS: &[Column] = &[
    ("Client", "/id"),
    ("Name", "/name"),
    ("Scope", "/scope"),
    ("Made", "/made_at"),
    ("Expires", "/expires_at"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum ClientVerb {
    /// Make an API client and print its id and its secret, which is not shown again.
    #[command(
        after_help = "Example:\n  SCRIP_TOKEN=scrip_pat_… scrip client create inventory --scope \"read licenses\" --days 90 \\\n    --server https://licenses.example.org --account northwind.example\n\nA client has its maker's rights within its scope, so it is made by a person: with a personal token\nof theirs, over the network."
    )]
    Create(Create),
    /// List the secrets of an account's API clients, without their texts.
    List {
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
    /// Make one more secret of a client, to replace the old one without a break.
    #[command(
        after_help = "Example:\n  scrip client add-secret apit_01j… --days 90 --server https://licenses.example.org\n\nThen give the new secret to the program, and revoke the old one with `scrip client revoke`."
    )]
    AddSecret {
        /// The client's id.
        client: String,
        /// After how many days it stops working.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
    /// Revoke a client with all its secrets, or one of them.
    #[command(
        after_help = "Examples:\n  scrip client revoke apit_01j…\n  scrip client revoke apit_01j… --made-at 2026-03-01T09:30:00.000Z"
    )]
    Revoke {
        /// The client's id.
        client: String,
        /// The moment at which the one secret was made that is to be revoked, as listed.
        #[arg(long, value_name = "WHEN")]
        made_at: Option<String>,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is called.
    name: String,
    /// What it may be used for: `read`, `licenses`, `people`, `accounts`, separated by spaces.
    #[arg(long, default_value = "read")]
    scope: String,
    /// After how many days its secret stops working.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(verb: ClientVerb) -> Result<ExitCode> {
    match verb {
        ClientVerb::Create(create) => {
            let asker = by_a_person(&create.account)?;
            let body = json!({
                "name": create.name,
                "scope": create.scope,
                "expires_after_days": create.days,
            });
            let path = format!("{}/api-clients", create.account.path(&asker)?);
            tell(&asker.post(&path, &body)?, create.output.form());
        }
        ClientVerb::List { account, output } => {
            let asker = Asker::find(&account.setting)?;
            let found = asker.get(&format!("{}/api-clients", account.path(&asker)?))?;
            let items = found.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            show::rows(&items, CLIENTS, output.form());
        }
        ClientVerb::AddSecret { client, days, account, output } => {
            let asker = by_a_person(&account)?;
            let path = account.path(&asker)?;
            let path = format!("{path}/api-clients/{}/secrets", encoded(&client));
            tell(&asker.post(&path, &json!({ "expires_after_days": days }))?, output.form());
        }
        ClientVerb::Revoke { client, made_at, sure, account, output } => {
            let asker = Asker::find(&account.setting)?;
            let path = account.path(&asker)?;
            sure.confirm("Whatever uses it stops working at once.", "revoke")?;
            let path = format!("{path}/api-clients/{}/revoke", encoded(&client));
            asker.post(&path, &json!({ "made_at": made_at }))?;
            made(&json!({ "revoked": client }), &format!("{client} is revoked"), output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The host has no rights of its own that could be lent to a program.
fn by_a_person(account: &InAccount) -> Result<Asker> {
    let asker = Asker::find(&account.setting)?;
    if asker.is_host() {
        bail!(
            "an API client has the rights of the person who makes it, and the host's command line is none: make it in the portal, or here with --server and a personal token in SCRIP_TOKEN (client.person)"
        );
    }
    Ok(asker)
}

fn tell(secret: &Value, form: Form) {
    match form {
        Form::Json => show::json(secret),
        Form::Text => println!(
            "client_id      {}\nclient_secret  {}\nexpires        {}",
            text(secret, "client_id"),
            text(secret, "client_secret"),
            text(secret, "expires_at")
        ),
    }
}
