//! Accounts that a person sees, and their virtual accounts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use ledger::account::{Account, AccountKind, AccountState, Default};
use ledger::house::HOUSE;
use ledger::person::Grant;
use ledger::refusal::Refusal;
use ledger::role::{Member, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::id::VirtualAccountId;

use super::{Done, Loose, Window, account_of, done};
use crate::api::asking::{Allowed, Asking, Me, PathOf};
use crate::app::accounts::NewVirtualAccount;
use crate::app::profile::AccountSearch;
use crate::app::{App, Error};
use crate::problem::Problem;

/// How many accounts are answered at most: clients of the profile count on it.
const MOST: i64 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    name: String,
    domain: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    window: Window,
}

impl Search {
    fn wanted(&self) -> Result<AccountSearch, Problem> {
        let kind = match self.kind.trim().to_uppercase().as_str() {
            "" => None,
            "CUSTOMER" => Some(AccountKind::Customer),
            "HOLDING" => Some(AccountKind::Holding),
            _ => {
                let why = "must be CUSTOMER or HOLDING, or left out".to_owned();
                return Err(Error::from(Refusal::Invalid { field: "type", why }).into());
            }
        };
        Ok(AccountSearch { name: self.name.clone(), domain: self.domain.clone(), kind })
    }

    fn window(&self) -> Window {
        let limit = self.window.limit.filter(|limit| (0..=MOST).contains(limit)).unwrap_or(MOST);
        Window { limit: Some(limit), ..self.window }
    }
}

fn kind(account: &Account) -> &'static str {
    match account.kind {
        AccountKind::Customer | AccountKind::LimitedUse => "CUSTOMER",
        AccountKind::Holding => "HOLDING",
    }
}

fn state(account: &Account) -> &'static str {
    match account.state {
        AccountState::PendingApproval => "PENDING",
        AccountState::Active => "ACTIVE",
        AccountState::Declined => "DECLINED",
    }
}

#[derive(Debug, Serialize)]
struct HeldRole {
    role: &'static str,
    #[serde(rename = "virtualAccount", skip_serializing_if = "Option::is_none")]
    virtual_account: Option<String>,
}

/// Virtual accounts by their names.
type Names = BTreeMap<VirtualAccountId, String>;

/// A role in the words of the profile, which knows none of the vendor's own.
fn word(role: Role) -> &'static str {
    match role {
        Role::Operator => Role::Administrator.word(),
        Role::Support => Role::Viewer.word(),
        own => own.word(),
    }
}

fn held(member: &Member, account: &Account, places: &Names) -> Vec<HeldRole> {
    let here = |grant: &&Grant| {
        grant.account == account.id || grant.account == HOUSE && grant.role == Role::Operator
    };
    let name = |grant: &Grant| {
        let place = grant.virtual_account?;
        places.get(&place).cloned()
    };
    let grants = member.grants().iter().filter(here);
    grants.map(|grant| HeldRole { role: word(grant.role), virtual_account: name(grant) }).collect()
}

/// The accounts in which somebody has a role, with the roles.
pub(super) async fn list(
    State(app): State<App>,
    Me(member, _): Me,
    Loose(search): Loose<Search>,
) -> Result<Json<Value>, Problem> {
    let mut accounts = Vec::new();
    let seen = app.accounts_seen(&member, &search.wanted()?).await?;
    for (account, permit) in search.window().of(seen) {
        let narrow = member.grants().iter().any(|one| one.virtual_account.is_some());
        let places = match narrow {
            true => app.virtual_accounts_seen(&permit, account.id).await?,
            false => Vec::new(),
        };
        let places = places.into_iter().map(|one| (one.id, one.name)).collect();
        accounts.push(json!({
            "accountDomain": account.domain,
            "accountName": account.name,
            "accountStatus": state(&account),
            "accountType": kind(&account),
            "roles": held(&member, &account, &places),
        }));
    }
    let Done { status, message } = done("Accounts retrieved");
    Ok(Json(json!({"accounts": accounts, "status": status, "statusMessage": message})))
}

/// Finds accounts.
pub(super) async fn search(
    State(app): State<App>,
    Me(member, _): Me,
    Loose(search): Loose<Search>,
) -> Result<Json<Value>, Problem> {
    let seen = app.accounts_seen(&member, &search.wanted()?).await?;
    let total = seen.len();
    let shown = search.window().of(seen).into_iter().map(|(account, _)| {
        json!({
            "domain": account.domain,
            "name": account.name,
            "id": account.number.to_string(),
            "type": kind(&account),
            "status": state(&account),
        })
    });
    let accounts: Vec<Value> = shown.collect();
    Ok(Json(json!({"status": "SUCCESS", "totalRecords": total, "accounts": accounts})))
}

/// Finds accounts with their virtual accounts and the numbers of both.
pub(super) async fn search_with_places(
    State(app): State<App>,
    Me(member, _): Me,
    Loose(search): Loose<Search>,
) -> Result<Json<Value>, Problem> {
    let seen = app.accounts_seen(&member, &search.wanted()?).await?;
    let mut accounts = Vec::new();
    for (account, permit) in search.window().of(seen) {
        let places = app.virtual_accounts_seen(&permit, account.id).await?;
        let places: Vec<Value> = places
            .iter()
            .map(|one| json!({"name": one.name, "virtual_account_id": one.number.to_string()}))
            .collect();
        accounts.push(json!({
            "domain": account.domain,
            "account_id": account.number.to_string(),
            "name": account.name,
            "virtual_accounts": places,
        }));
    }
    Ok(Json(json!({"status": "COMPLETE", "accounts": accounts})))
}

/// The virtual accounts of an account.
pub(super) async fn list_places(
    State(app): State<App>,
    Allowed(permit): Allowed,
) -> Result<Json<Value>, Problem> {
    let places = app.virtual_accounts_seen(&permit, account_of(&permit)?).await?;
    let places: Vec<Value> = places
        .iter()
        .map(|one| {
            let default = if one.default == Default::Yes { "true" } else { "false" };
            json!({
                "name": one.name,
                "isDefault": default,
                "description": one.description,
                "commerceAccessLevel": "PUBLIC",
            })
        })
        .collect();
    let Done { status, message } = done("Virtual Accounts retrieved");
    Ok(Json(json!({"virtualAccounts": places, "status": status, "statusMessage": message})))
}

/// A virtual account as clients of the profile ask for one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPlace {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    is_default: Value,
}

/// Makes a virtual account.
pub(super) async fn make_place(
    State(app): State<App>,
    Asking { ask, body }: Asking<NewPlace>,
) -> Result<Json<Done>, Problem> {
    let account = account_of(&ask.permit)?;
    let says_yes = |text: &str| ["true", "yes"].contains(&text.trim().to_lowercase().as_str());
    if body.is_default == Value::Bool(true) || body.is_default.as_str().is_some_and(says_yes) {
        let why = "must be false: there is exactly one default virtual account already".to_owned();
        return Err(Error::from(Refusal::Invalid { field: "isDefault", why }).into());
    }
    let new =
        NewVirtualAccount { name: body.name, description: body.description, tags: Vec::new() };
    let made = app.create_virtual_account(&ask, account, new).await?;
    Ok(Json(done(format!("Virtual Account '{}' created", made.name))))
}

/// Archives a virtual account: what is done when the profile deletes one.
pub(super) async fn archive_place(
    State(app): State<App>,
    PathOf((_, _, name)): PathOf<(String, String, String)>,
    Asking { ask, .. }: Asking<Value>,
) -> Result<Json<Done>, Problem> {
    let account = account_of(&ask.permit)?;
    let place = app.virtual_account_named(&ask.permit, account, &name).await?;
    app.archive_virtual_account(&ask, account, place.id, place.revision).await?;
    Ok(Json(done(format!("Virtual Account '{}' deleted", place.name))))
}
