//! `scrip user`: who can sign in, how they get in at first, and how somebody locked out gets in again.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::config::{Place, Setting};
use crate::desk::{Asker, encoded, text};
use crate::show::{self, Column, Form, Output};
use crate::sure::Sure;

const PEOPLE: &[Column] =
    &[("E-mail", "/email"), ("Name", "/name"), ("State", "/state"), ("Since", "/created_at")];
const GRANTS: &[Column] = &[
    ("Role", "/role"),
    ("Account", "/account"),
    ("Virtual account", "/virtual_account"),
    ("Until", "/ends_at"),
    ("Grant", "/id"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// Make a person known; with a role of the vendor's, or without any.
    #[command(
        after_help = "Examples:\n  scrip user add ann@example.com --name \"Ann Example\" --operator\n  scrip user link ann@example.com\n\nThe first line makes the first administrator, the second prints the link by which they choose how\nthey sign in. A role in an account is granted with `scrip role grant`."
    )]
    Add(Add),
    /// List everybody who is known.
    #[command(after_help = "Example:\n  scrip user list --begins ann")]
    List {
        /// Only those whose e-mail address begins so.
        #[arg(long, default_value = "")]
        begins: String,
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
    /// Show a person with all their roles.
    Show(OfPerson),
    /// Print a one-time link by which a person chooses how they sign in.
    #[command(
        after_help = "Example:\n  scrip user link ann@example.com\n\nFor servers that send no mail, and for who is locked out. It works once, for an hour. A second\nfactor stays: `scrip user recover` takes it away. On the host only."
    )]
    Link(OnHost),
    /// Take away a person's second factors and passkeys, and print a link to a new password.
    #[command(
        after_help = "Example:\n  scrip user recover ann@example.com\n\nFor who lost them. Every session of theirs ends, and they are told by mail. On the host only."
    )]
    Recover {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        whom: OnHost,
    },
    /// Keep a person out: every session and token of theirs stops working at once.
    Block(OfPerson),
    /// Let a person in again who was kept out.
    Admit(OfPerson),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The e-mail address by which they sign in.
    email: String,
    /// Their name.
    #[arg(long, default_value = "")]
    name: String,
    /// Make them an operator: everything, everywhere.
    #[arg(long, conflicts_with = "support")]
    operator: bool,
    /// Make them support: they see the house's lists, and an account after saying so there.
    #[arg(long)]
    support: bool,
    #[command(flatten)]
    setting: Setting,
    #[command(flatten)]
    output: Output,
}

/// A person, and where they are known.
#[derive(Debug, Args)]
pub(crate) struct OfPerson {
    /// Their e-mail address.
    email: String,
    #[command(flatten)]
    setting: Setting,
    #[command(flatten)]
    output: Output,
}

/// A person, for what only the host may do.
#[derive(Debug, Args)]
pub(crate) struct OnHost {
    /// Their e-mail address.
    email: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(verb: UserVerb) -> Result<ExitCode> {
    match verb {
        UserVerb::Add(add) => make(&add)?,
        UserVerb::List { begins, setting, output } => {
            let path = format!("/api/v1/people?email={}", encoded(&begins));
            show::rows(&Asker::find(&setting)?.list(&path)?, PEOPLE, output.form());
        }
        UserVerb::Show(whom) => {
            let person = shown(&Asker::find(&whom.setting)?, &whom.email)?;
            tell(&person, whom.output.form());
        }
        UserVerb::Link(whom) => {
            let asker = Asker::on_host(&whom.place)?;
            link(&asker, &whom)?;
        }
        UserVerb::Recover { sure, whom } => recover(sure, &whom)?,
        UserVerb::Block(whom) => admit(&whom, "block")?,
        UserVerb::Admit(whom) => admit(&whom, "admit")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make(add: &Add) -> Result<()> {
    let asker = Asker::find_or_begin(&add.setting)?;
    let role = match (add.operator, add.support) {
        (true, _) => Some("operator"),
        (_, true) => Some("support"),
        _ => None,
    };
    match role {
        Some(role) => {
            let body = json!({ "email": add.email, "name": add.name, "role": role });
            asker.post("/api/v1/grants", &body)?;
        }
        None if asker.is_host() => {
            let body = json!({ "email": add.email, "name": add.name });
            asker.post("/host/v1/people", &body)?;
        }
        None => bail!(
            "a person without a role is made on the server's host only: name one with --operator or --support, or grant one in an account with `scrip role grant` (user.role)"
        ),
    }
    let person = shown(&asker, &add.email)?;
    let form = add.output.form();
    tell(&person, form);
    if form == Form::Text && text(&person, "state") == "invited" && asker.is_host() {
        println!(
            "\n`scrip user link {}` prints a link by which they choose how they sign in.",
            add.email
        );
    }
    Ok(())
}

/// A person by their e-mail address.
fn found(asker: &Asker, email: &str) -> Result<Value> {
    let email = email.trim();
    let all = asker.list(&format!("/api/v1/people?email={}", encoded(email)))?;
    let same = |one: &Value| text(one, "email").eq_ignore_ascii_case(email);
    all.into_iter().find(same).with_context(|| {
        format!(
            "nobody is known as \"{email}\": look with `scrip user list`, or make them known with `scrip user add` (user.unknown)"
        )
    })
}

fn shown(asker: &Asker, email: &str) -> Result<Value> {
    let person = found(asker, email)?;
    asker.get(&format!("/api/v1/people/{}", text(&person, "id")))
}

fn tell(person: &Value, form: Form) {
    if form == Form::Json {
        return show::json(person);
    }
    show::rows(std::slice::from_ref(person), PEOPLE, Form::Text);
    let grants = person.get("grants").and_then(Value::as_array).cloned().unwrap_or_default();
    println!();
    show::rows(&grants, GRANTS, Form::Text);
}

fn link(asker: &Asker, whom: &OnHost) -> Result<()> {
    found(asker, &whom.email)?;
    let made = asker.post("/host/v1/people/link", &json!({ "email": whom.email }))?;
    crate::account::made(&made, text(&made, "link"), whom.output.form());
    Ok(())
}

fn recover(sure: Sure, whom: &OnHost) -> Result<()> {
    let asker = Asker::on_host(&whom.place)?;
    let person = found(&asker, &whom.email)?;
    if text(&person, "state") == "blocked" {
        bail!(
            "{} is blocked: let them in first with `scrip user admit {}` (person.blocked)",
            whom.email,
            whom.email
        );
    }
    let email = text(&person, "email");
    let what = format!(
        "{email} loses their authenticator app, passkeys and recovery codes, and is signed out everywhere."
    );
    sure.confirm(&what, email)?;
    asker.post("/host/v1/people/strip", &json!({ "email": whom.email }))?;
    link(&asker, whom)
}

fn admit(whom: &OfPerson, act: &str) -> Result<()> {
    let asker = Asker::find(&whom.setting)?;
    let person = found(&asker, &whom.email)?;
    asker.post(&format!("/api/v1/people/{}/{act}", text(&person, "id")), &json!({}))?;
    tell(&shown(&asker, &whom.email)?, whom.output.form());
    Ok(())
}
