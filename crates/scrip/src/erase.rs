//! `scrip event erase`: what events tell of people goes, the events stay and the log stays provable.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::account::choose;
use crate::config::Place;
use crate::desk::{Asker, text};
use crate::show::{self, Form, Output};
use crate::sure::Sure;

/// How many events one request names: its body is small.
const AT_ONCE: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The ids of events, as `scrip event list --json` shows them.
    #[arg(conflicts_with = "person", required_unless_present = "person")]
    events: Vec<String>,
    /// All events that tell of who has this e-mail address.
    #[arg(long, value_name = "EMAIL")]
    person: Option<String>,
    /// The account whose log it is: its id, number, domain or name.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// The house's own log: what belongs to no account.
    #[arg(long, conflicts_with = "account")]
    house: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(erase: &Erase) -> Result<()> {
    let asker = Asker::on_host(&erase.place)?;
    let logs = logs(erase, &asker)?;
    let done: Result<Vec<Value>> = match &erase.person {
        Some(email) => {
            let what = format!("What the event log tells of {email} is erased for ever.");
            erase.sure.confirm(&what, email)?;
            logs.iter().map(|log| ask(&asker, log, &json!({ "person": email }))).collect()
        }
        None => {
            let what = format!(
                "What {} events tell of people is erased for ever: who, from where, and particulars.",
                erase.events.len()
            );
            erase.sure.confirm(&what, "erase")?;
            let log = logs.first().unwrap_or(&Value::Null);
            let parts = erase.events.chunks(AT_ONCE);
            parts.map(|events| ask(&asker, log, &json!({ "events": events }))).collect()
        }
    };
    tell(&done?, erase.output.form());
    Ok(())
}

/// The ids of the accounts whose logs it is about; null is the house.
fn logs(erase: &Erase, asker: &Asker) -> Result<Vec<Value>> {
    if erase.house {
        return Ok(vec![Value::Null]);
    }
    let accounts = asker.accounts()?;
    match (&erase.account, &erase.person) {
        (None, Some(_)) => {
            let ids = accounts.iter().map(|one| one["id"].clone());
            Ok(ids.chain([Value::Null]).collect())
        }
        (named, _) => Ok(vec![choose(&accounts, named.as_deref(), "account")?["id"].clone()]),
    }
}

fn ask(asker: &Asker, log: &Value, which: &Value) -> Result<Value> {
    let mut body = which.clone();
    body["account"] = log.clone();
    asker.post("/host/v1/erase", &body)
}

fn tell(done: &[Value], form: Form) {
    if form == Form::Json {
        return show::json(&Value::from(done.to_vec()));
    }
    for one in done {
        let log = match text(one, "account") {
            "" => "the house's log",
            account => account,
        };
        println!("{log}: {} erased", one["erased"]);
    }
}
