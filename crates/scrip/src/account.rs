//! `scrip account` and `scrip virtual-account`, and how other commands name them.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::config::Setting;
use crate::desk::{Asker, text};
use crate::show::{self, Column, Form, Output};
use crate::sure::Sure;

const ACCOUNTS: &[Column] = &[
    ("Account", "/id"),
    ("Number", "/number"),
    ("Name", "/name"),
    ("Domain", "/domain"),
    ("State", "/state"),
];
const VIRTUAL_ACCOUNTS: &[Column] = &[
    ("Virtual account", "/id"),
    ("Number", "/number"),
    ("Name", "/name"),
    ("Default", "/default"),
    ("Description", "/description"),
    ("Archived", "/archived_at"),
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
    /// List all accounts; over the network those in which the asker has a role.
    List {
        #[command(flatten)]
        setting: Setting,
        #[command(flatten)]
        output: Output,
    },
    /// Change an account's properties; what is left out stays.
    #[command(
        after_help = "Example:\n  scrip account edit --account northwind.example --name \"Northwind plc\" --country GB"
    )]
    Edit(Edit),
    /// Accept the newest terms for an account.
    #[command(
        after_help = "Example:\n  scrip terms show\n  scrip account accept-terms --account northwind.example"
    )]
    AcceptTerms {
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// The new name.
    #[arg(long)]
    name: Option<String>,
    /// The country of purchase: two letters as in ISO 3166; "" for none.
    #[arg(long)]
    country: Option<String>,
    /// The company's domain, by which an account of limited use becomes a full one.
    #[arg(long, value_name = "DOMAIN")]
    full_domain: Option<String>,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    output: Output,
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
            show::rows(&Asker::find(&setting)?.accounts()?, ACCOUNTS, output.form());
        }
        AccountVerb::Edit(change) => edit(&change)?,
        AccountVerb::AcceptTerms { sure, account, output } => {
            let asker = Asker::find(&account.setting)?;
            let path = account.path(&asker)?;
            let terms = asker.get("/api/v1/terms")?;
            let (title, version) = (text(&terms, "title"), &terms["version"]);
            let what = format!("\"{title}\", version {version}, is accepted for the account.");
            sure.confirm(&what, "accept")?;
            asker.post(&format!("{path}/terms/accept"), &json!({ "version": version }))?;
            let told = json!({ "accepted": version });
            made(&told, &format!("\"{title}\", version {version}, is accepted"), output.form());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn edit(change: &Edit) -> Result<()> {
    let asker = Asker::find(&change.account.setting)?;
    let path = change.account.path(&asker)?;
    let now = asker.get(&path)?;
    let kept = |new: &Option<String>, field| match new {
        Some(new) => new.clone(),
        None => text(&now, field).to_owned(),
    };
    let body = json!({
        "revision": now["revision"],
        "name": kept(&change.name, "name"),
        "country": kept(&change.country, "country"),
        "full_domain": change.full_domain,
    });
    show::rows(&[asker.put(&path, &body)?], ACCOUNTS, change.output.form());
    Ok(())
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
    /// Change a virtual account's name, description or tags; what is left out stays.
    #[command(
        after_help = "Examples:\n  scrip virtual-account edit Campus --name \"Campus North\"\n  scrip virtual-account edit Campus --tag department:research --tag site:berlin\n  scrip virtual-account edit Campus --no-tags"
    )]
    Edit(EditPlace),
    /// Archive a virtual account that holds nothing, or move everything to another one first.
    #[command(
        after_help = "Examples:\n  scrip virtual-account archive Campus\n  scrip virtual-account archive Campus --move-to \"Campus North\""
    )]
    Archive(ArchivePlace),
    /// Take an archived virtual account back into use.
    #[command(after_help = "Example:\n  scrip virtual-account restore Campus")]
    Restore(NamedPlace),
}

#[derive(Debug, Args)]
pub(crate) struct EditPlace {
    /// Which: its id, number or name.
    virtual_account: String,
    /// The new name.
    #[arg(long)]
    name: Option<String>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// A tag, as `group:value`; those given replace all there were.
    #[arg(long = "tag", value_name = "GROUP:VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Without any tag from now on.
    #[arg(long, conflicts_with = "tags")]
    no_tags: bool,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ArchivePlace {
    #[command(flatten)]
    place: NamedPlace,
    /// Move everything that it holds to this virtual account first: product instances with what
    /// they use, what is free of entitlements, and ID tokens. Give its id, number or name.
    #[arg(long, value_name = "VIRTUAL_ACCOUNT")]
    move_to: Option<String>,
    #[command(flatten)]
    sure: Sure,
}

/// A virtual account by its name.
#[derive(Debug, Args)]
pub(crate) struct NamedPlace {
    /// Which: its id, number or name.
    virtual_account: String,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    output: Output,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').map(|(group, value)| (group.trim(), value.trim()));
    match parts {
        Some((group, value)) if !group.is_empty() && !value.is_empty() => {
            Ok((group.to_owned(), value.to_owned()))
        }
        _ => Err("write a tag as group:value, such as department:research (tag.form)".to_owned()),
    }
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
        VirtualAccountVerb::Edit(change) => edit_place(&change)?,
        VirtualAccountVerb::Archive(archive) => archive_place(&archive)?,
        VirtualAccountVerb::Restore(place) => restore_place(&place)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn edit_place(change: &EditPlace) -> Result<()> {
    let asker = Asker::find(&change.account.setting)?;
    let path = change.account.path(&asker)?;
    let now = place(&asker, &path, &change.virtual_account)?;
    let kept = |new: &Option<String>, field| match new {
        Some(new) => new.clone(),
        None => text(&now, field).to_owned(),
    };
    let tag = |(group, value): &(String, String)| json!({ "group": group, "value": value });
    let tags = match (change.tags.as_slice(), change.no_tags) {
        ([], false) => now["tags"].clone(),
        (given, _) => given.iter().map(tag).collect(),
    };
    let body = json!({
        "revision": now["revision"],
        "name": kept(&change.name, "name"),
        "description": kept(&change.description, "description"),
        "tags": tags,
    });
    let path = format!("{path}/virtual-accounts/{}", text(&now, "id"));
    show::rows(&[asker.put(&path, &body)?], VIRTUAL_ACCOUNTS, change.output.form());
    Ok(())
}

fn restore_place(which: &NamedPlace) -> Result<()> {
    let asker = Asker::find(&which.account.setting)?;
    let path = which.account.path(&asker)?;
    let now = place(&asker, &path, &which.virtual_account)?;
    let of_it = format!("{path}/virtual-accounts/{}/restore", text(&now, "id"));
    asker.post(&of_it, &json!({ "revision": now["revision"] }))?;
    show_place(&asker, &path, &now, which.output.form())
}

fn archive_place(archive: &ArchivePlace) -> Result<()> {
    let which = &archive.place;
    let asker = Asker::find(&which.account.setting)?;
    let path = which.account.path(&asker)?;
    let now = place(&asker, &path, &which.virtual_account)?;
    let of_it = format!("{path}/virtual-accounts/{}/archive", text(&now, "id"));
    let mut body = json!({ "revision": now["revision"] });
    if let Some(to) = &archive.move_to {
        let to = place(&asker, &path, to)?;
        let (name, to_name) = (text(&now, "name"), text(&to, "name"));
        let what =
            format!("Everything in \"{name}\" moves to \"{to_name}\", and \"{name}\" is archived.");
        archive.sure.confirm(&what, name)?;
        body["move_to"] = to["id"].clone();
    }
    let told = archive.move_to.is_some() && which.output.form() != Form::Json;
    let bar = if told { moving() } else { ProgressBar::hidden() };
    loop {
        let answer = asker.post(&of_it, &body)?;
        let moved = ["moved_instances", "moved_entitlements", "moved_tokens"];
        let moved = moved.iter().filter_map(|key| answer[key].as_u64()).sum();
        bar.inc(moved);
        if answer["archived"] == json!(true) {
            break;
        }
        if moved == 0 {
            bail!("nothing moves any more, and it is not archived: try again later (move.stuck)");
        }
    }
    let count = bar.position();
    bar.finish_and_clear();
    if told {
        eprintln!("{count} moved.");
    }
    show_place(&asker, &path, &now, which.output.form())
}

/// How many things have moved so far: nobody knows beforehand how many there are.
fn moving() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {pos} moved");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

fn show_place(asker: &Asker, path: &str, place_before: &Value, form: Form) -> Result<()> {
    let then = place(asker, path, text(place_before, "id"))?;
    show::rows(&[then], VIRTUAL_ACCOUNTS, form);
    Ok(())
}

/// A virtual account of an account by its id, number or name.
fn place(asker: &Asker, path: &str, named: &str) -> Result<Value> {
    let all = asker.list(&format!("{path}/virtual-accounts"))?;
    Ok(choose(&all, Some(named), "virtual account")?.clone())
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
        let accounts = asker.accounts()?;
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
