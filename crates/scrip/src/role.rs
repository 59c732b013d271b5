//! `scrip role`: who has which role, and what each role may do.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use ledger::role::{Action, Breadth, Role};
use serde_json::{Value, json};
use wire::time::{Span, Timestamp};

use crate::account::{InAccount, made, virtual_account};
use crate::desk::{Asker, encoded, text};
use crate::show::{self, Column, Form, Output};

const GRANTS: &[Column] = &[
    ("Grant", "/id"),
    ("E-mail", "/email"),
    ("Role", "/role"),
    ("Virtual account", "/virtual_account"),
    ("Until", "/ends_at"),
    ("Granted by", "/granted_by"),
];
const REQUESTS: &[Column] = &[
    ("Request", "/id"),
    ("E-mail", "/email"),
    ("Role", "/role"),
    ("Asked", "/asked_at"),
    ("Why", "/message"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum RoleVerb {
    /// Grant a role; who is not known yet is invited by mail.
    #[command(
        after_help = "Examples:\n  scrip role grant ann@northwind.example administrator --account northwind.example\n  scrip role grant bob@northwind.example virtual-user --virtual-account Campus --until 2027-12-31\n  scrip role grant ops@example.com operator"
    )]
    Grant(Grant),
    /// List who has which role in an account, or in the house.
    #[command(
        after_help = "Examples:\n  scrip role list --account northwind.example\n  scrip role list --house"
    )]
    List {
        /// Only those whose e-mail address begins so.
        #[arg(long, default_value = "")]
        begins: String,
        #[command(flatten)]
        place: Somewhere,
        #[command(flatten)]
        output: Output,
    },
    /// End a role: from the next request on it gives no right.
    #[command(
        after_help = "Example:\n  scrip role end grant_01j… --account northwind.example\n\n`scrip role list` shows the ids of grants. The last administrator of an account stays."
    )]
    End {
        /// The grant's id.
        grant: String,
        #[command(flatten)]
        place: Somewhere,
        #[command(flatten)]
        output: Output,
    },
    /// List who asks for a role in an account.
    Requests {
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
    /// Grant or decline what somebody asks for.
    #[command(after_help = "Example:\n  scrip role decide areq_01j… granted")]
    Decide {
        /// The request's id.
        request: String,
        /// What is decided.
        decision: Decision,
        #[command(flatten)]
        account: InAccount,
        #[command(flatten)]
        output: Output,
    },
    /// Print what each role may do.
    #[command(after_help = "Example:\n  scrip role explain")]
    Explain {
        #[command(flatten)]
        output: Output,
    },
}

/// What is decided about a request.
#[derive(Clone, Copy, Debug, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// They have the role.
    Granted,
    /// They have not.
    Declined,
}

/// A role, as it is typed and as the API calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Named {
    /// Everything, everywhere: the vendor's.
    Operator,
    /// The house's lists, and an account after saying so there: the vendor's.
    Support,
    /// Accepts terms, edits account properties, sees users and the event log.
    Approver,
    /// Everything in the account.
    Administrator,
    /// Licenses of all virtual accounts.
    User,
    /// Sees what a user sees, changes nothing.
    Viewer,
    /// Users, event log and licenses of a virtual account.
    VirtualAdministrator,
    /// Licenses of a virtual account.
    VirtualUser,
    /// Sees what a virtual user sees, changes nothing.
    VirtualViewer,
}

impl Named {
    fn role(self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Support => Role::Support,
            Self::Approver => Role::Approver,
            Self::Administrator => Role::Administrator,
            Self::User => Role::User,
            Self::Viewer => Role::Viewer,
            Self::VirtualAdministrator => Role::VirtualAdministrator,
            Self::VirtualUser => Role::VirtualUser,
            Self::VirtualViewer => Role::VirtualViewer,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// To whom: the e-mail address by which they sign in.
    email: String,
    /// The role.
    role: Named,
    /// Their name, if they are not known yet.
    #[arg(long, default_value = "")]
    name: String,
    /// The virtual account, for a role in one: its id, number or name.
    #[arg(long, value_name = "VIRTUAL_ACCOUNT")]
    virtual_account: Option<String>,
    /// When it ends by itself: a day, which counts to its end in UTC, or an instant.
    #[arg(long, value_name = "WHEN", value_parser = end)]
    until: Option<Timestamp>,
    #[command(flatten)]
    account: InAccount,
    #[command(flatten)]
    output: Output,
}

/// An account, or the house.
#[derive(Clone, Debug, Args)]
pub(crate) struct Somewhere {
    #[command(flatten)]
    account: InAccount,
    /// The house: the vendor's own roles.
    #[arg(long, conflicts_with = "account")]
    house: bool,
}

impl Somewhere {
    fn grants(&self, asker: &Asker) -> Result<String> {
        if self.house {
            return Ok("/api/v1/grants".to_owned());
        }
        Ok(format!("{}/grants", self.account.path(asker)?))
    }
}

/// The moment at which something ends that ends with a day, or at an instant.
fn end(text: &str) -> Result<Timestamp, String> {
    let at: Timestamp = text.parse().map_err(|error: wire::time::TimeError| error.to_string())?;
    let is_day = !text.contains(['T', 't', ' ']);
    Ok(if is_day { at.plus(Span::from_days(1)) } else { at })
}

pub(crate) fn run(verb: RoleVerb) -> Result<ExitCode> {
    match verb {
        RoleVerb::Grant(new) => grant(&new)?,
        RoleVerb::List { begins, place, output } => {
            let asker = Asker::find(&place.account.setting)?;
            let path = format!("{}?email={}", place.grants(&asker)?, encoded(&begins));
            show::rows(&asker.list(&path)?, GRANTS, output.form());
        }
        RoleVerb::End { grant, place, output } => {
            let asker = Asker::find(&place.account.setting)?;
            let path = format!("{}/{}/end", place.grants(&asker)?, encoded(&grant));
            asker.post(&path, &json!({}))?;
            made(&json!({ "ended": grant }), &format!("{grant} is ended"), output.form());
        }
        RoleVerb::Requests { account, output } => {
            let asker = Asker::find(&account.setting)?;
            let found = asker.list(&format!("{}/access-requests", account.path(&asker)?))?;
            show::rows(&found, REQUESTS, output.form());
        }
        RoleVerb::Decide { request, decision, account, output } => {
            let asker = Asker::find(&account.setting)?;
            let path = account.path(&asker)?;
            let path = format!("{path}/access-requests/{}/decide", encoded(&request));
            asker.post(&path, &json!({ "decision": decision }))?;
            let told = json!({ "request": request, "decision": decision });
            made(&told, &format!("{request} is {}", text(&told, "decision")), output.form());
        }
        RoleVerb::Explain { output } => explain(output.form()),
    }
    Ok(ExitCode::SUCCESS)
}

fn grant(new: &Grant) -> Result<()> {
    let asker = Asker::find(&new.account.setting)?;
    let breadth = new.role.role().breadth();
    let named = new.virtual_account.as_deref();
    let (path, place) = match (breadth, named) {
        (Breadth::House, None) if new.account.account.is_none() => {
            ("/api/v1/grants".to_owned(), None)
        }
        (Breadth::House, _) => bail!(
            "{} is a role of the vendor's in the whole house: leave --account and --virtual-account out (role.place)",
            new.role.role().word()
        ),
        (Breadth::Account, Some(_)) => bail!(
            "{} is a role in a whole account: leave --virtual-account out, or grant virtual-administrator, virtual-user or virtual-viewer (role.place)",
            new.role.role().word()
        ),
        (Breadth::Account, None) => (format!("{}/grants", new.account.path(&asker)?), None),
        (Breadth::VirtualAccount, None) => bail!(
            "{} is a role in one virtual account: name it with --virtual-account (role.place)",
            new.role.role().word()
        ),
        (Breadth::VirtualAccount, Some(named)) => {
            let path = new.account.path(&asker)?;
            let place = virtual_account(&asker, &path, Some(named))?;
            (format!("{path}/grants"), Some(place))
        }
    };
    let body = json!({
        "email": new.email,
        "name": new.name,
        "role": new.role,
        "virtual_account": place,
        "ends_at": new.until.map(|at| at.to_string()),
    });
    show::rows(&[asker.post(&path, &body)?], GRANTS, new.output.form());
    Ok(())
}

/// The matrix, from the function that decides by it.
fn explain(form: Form) {
    let all: Vec<Value> = Named::value_variants().iter().map(|role| explained(*role)).collect();
    if form == Form::Json {
        return show::json(&Value::from(all));
    }
    for one in &all {
        println!("{} ({}), {}", text(one, "name"), text(one, "role"), text(one, "place"));
        let may = one.get("may").and_then(Value::as_array);
        let may: Vec<&str> = may.into_iter().flatten().filter_map(Value::as_str).collect();
        println!("  may {}\n", may.join("; "));
    }
    println!("Nobody grants more than they hold.");
}

fn explained(named: Named) -> Value {
    let role = named.role();
    let place = match role.breadth() {
        Breadth::House => "of the vendor",
        Breadth::Account => "in an account",
        Breadth::VirtualAccount => "in a virtual account",
    };
    let may: Vec<&str> =
        Action::ALL.into_iter().filter(|action| role.allows(*action)).map(plainly).collect();
    let typed = named.to_possible_value().map(|value| value.get_name().to_owned());
    json!({ "role": typed, "name": role.word(), "place": place, "may": may })
}

/// An act in words that stand alone: a refusal's words lean on what was asked for.
fn plainly(action: Action) -> &'static str {
    match action {
        Action::ReadAccount => "see the account's properties and virtual accounts",
        Action::Read => "see licenses, product instances, usage and alarms",
        Action::ManagePeople => "grant and end roles",
        other => other.words(),
    }
}
