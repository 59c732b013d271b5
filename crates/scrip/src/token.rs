//! `scrip token`: the texts by which devices are bound to a virtual account.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::account::{InAccount, InVirtualAccount, made};
use crate::desk::{Asker, text};
use crate::show::{self, Column, Output};

const TOKENS: &[Column] = &[
    ("Token", "/id"),
    ("State", "/state"),
    ("Uses", "/uses"),
    ("Of", "/max_uses"),
    ("Expires", "/expires_at"),
    ("Description", "/description"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Make an ID token and print its text, and nothing else.
    #[command(
        after_help = "Examples:\n  scrip token create --virtual-account Campus\n  scrip-agent trust idtoken \"$(scrip token create --days 1 --max-uses 1)\""
    )]
    Create(Create),
    /// List an account's ID tokens, without their texts.
    List {
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// After how many days it stops binding.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// How many devices it may bind; any number if left out.
    #[arg(long)]
    max_uses: Option<u32>,
    /// What it is for.
    #[arg(long, default_value = "made on the host")]
    description: String,
    #[command(flatten)]
    place: InVirtualAccount,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(verb: TokenVerb) -> Result<ExitCode> {
    match verb {
        TokenVerb::Create(create) => {
            let asker = Asker::find(&create.place.within.setting)?;
            let (path, virtual_account) = create.place.place(&asker)?;
            let body = json!({
                "virtual_account": virtual_account,
                "description": create.description,
                "expires_after_days": create.days,
                "max_uses": create.max_uses,
            });
            let token = asker.post(&format!("{path}/tokens"), &body)?;
            made(&token, text(&token, "text"), create.output.form());
        }
        TokenVerb::List { account, output } => {
            let asker = Asker::find(&account.setting)?;
            let found = asker.list(&format!("{}/tokens", account.path(&asker)?))?;
            show::rows(&found, TOKENS, output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}
