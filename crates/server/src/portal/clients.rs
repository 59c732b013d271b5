//! API clients of an account: listed, made, given more secrets, revoked.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::person::{ApiToken, Area, Bounds};
use ledger::refusal::Refusal;
use ledger::role::Action;
use serde::Deserialize;
use wire::id::{AccountId, ApiTokenId};
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, moment};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::customer::{ApiClients, ClientRow, Confirm, MadeClient, SecretRow};
use super::pages::form::{Choice, FieldKind, Form, FormField, Weight};
use super::pages::paths::{self, fill};
use super::pastes;
use crate::app::api_tokens::{MadeApiToken, NewApiToken};
use crate::app::{App, Error};

fn days() -> FormField {
    FormField::line("expires_after_days", "Secret ends after, days", "1 to 366")
        .kind(FieldKind::Number)
        .holding("90")
}

fn new_form(app: &App, guest: &Guest, account: AccountId) -> Form {
    let says = |area: Area| match area {
        Area::Read => "read: see what its maker sees",
        Area::Licenses => "licenses: act on licenses, ID tokens and product instances",
        Area::People => "people: act on people, roles and API clients",
        Area::Accounts => "accounts: act on properties and virtual accounts",
    };
    let areas = Area::ALL.into_iter().map(|area| Choice::new(area.word(), says(area))).collect();
    let path = fill(paths::API_CLIENTS, &[&account.to_string()]);
    Form::button(guest.guard(app), path, "new", "Make the client and show its secret")
        .weighing(Weight::Main)
        .with(vec![
            FormField::line("name", "Name", "Say which program it is; the event log names it."),
            FormField::line("scope", "Scope", "Tick what it needs, and no more.")
                .kind(FieldKind::AnyOf(areas))
                .holding("read"),
            days(),
        ])
}

fn rows(app: &App, guest: &Guest, account: AccountId, secrets: &[ApiToken]) -> Vec<ClientRow> {
    let now = app.world.now();
    let mut order: Vec<ApiTokenId> = Vec::new();
    let mut clients: BTreeMap<ApiTokenId, Vec<&ApiToken>> = BTreeMap::new();
    for secret in secrets {
        if !order.contains(&secret.id) {
            order.push(secret.id);
        }
        clients.entry(secret.id).or_default().push(secret);
    }
    let mut rows = Vec::new();
    for id in order {
        let Some(own) = clients.get(&id) else { continue };
        let Some(first) = own.first() else { continue };
        let ids = [account.to_string(), id.to_string()];
        let path = |pattern| fill(pattern, &[&ids[0], &ids[1]]);
        let works = own.iter().any(|one| one.works(now));
        let revoke = path(paths::REVOKE_CLIENT);
        let more = || {
            let form = Form::button(
                guest.guard(app),
                path(paths::MORE_SECRETS),
                &format!("more-{id}"),
                "Make a secret and show it",
            );
            form.with(vec![days()])
        };
        let secret = |one: &&ApiToken| SecretRow {
            made: moment(one.made_at, now),
            ends: moment(one.expires_at, now),
            state: match one.revoked_at {
                Some(_) => "Revoked",
                None if one.works(now) => "Works",
                None => "Ended",
            },
            revoke: one.works(now).then(|| format!("{revoke}?made_at={}", one.made_at.millis())),
        };
        rows.push(ClientRow {
            name: first.name.clone(),
            scope: first.bounds.words(),
            secrets: own.iter().map(secret).collect(),
            more: works.then(more),
            revoke: works.then(|| revoke.clone()),
            client: ids[1].clone(),
        });
    }
    rows
}

async fn page(app: &App, guest: &Guest, account: AccountId) -> Result<ApiClients, Unshown> {
    let manages = guest.may(Action::ManageClients, account)?;
    let frame = frame(app, guest, account, None).await?;
    let secrets = app.client_secrets(&manages, account).await?;
    Ok(ApiClients {
        frame,
        rows: rows(app, guest, account, &secrets),
        form: new_form(app, guest, account),
        made: None,
    })
}

/// The API clients.
pub(super) async fn list(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    shown(&page(&app, &guest, account).await?, &headers)
}

fn expires(typed: &Typed) -> Result<u32, Error> {
    let days = typed.text("expires_after_days").parse().ok();
    days.filter(|days| (1..=366).contains(days))
        .ok_or_else(|| wrong("expires_after_days", "must be 1 to 366"))
}

fn new_client(typed: &Typed) -> Result<NewApiToken, Error> {
    let scope = typed.ticked("scope");
    let bounds = Bounds::from_words(&scope).filter(|_| !scope.is_empty());
    Ok(NewApiToken {
        name: typed.text("name"),
        bounds: bounds.ok_or_else(|| wrong("scope", "must have a tick at least"))?,
        expires_after_days: expires(typed)?,
    })
}

/// Makes an API client.
pub(super) async fn create(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::ManageClients, account)?)?;
    let made = match new_client(&typed) {
        Ok(new) => app.make_client_secret(&ask, account, None, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => show_made(&app, &guest, account, &made, &headers).await,
        Err(error) => {
            let mut page = page(&app, &guest, account).await?;
            let (form, status) = refused(page.form, guest.guard(&app), &typed, error)?;
            page.form = form;
            Ok(with_status(shown(&page, &headers)?, status))
        }
    }
}

async fn show_made(
    app: &App,
    guest: &Guest,
    account: AccountId,
    made: &MadeApiToken,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let mut page = page(app, guest, account).await?;
    let client = made.token.id.to_string();
    page.made = Some(MadeClient {
        name: made.token.name.clone(),
        token: pastes::client_token(app, &client, &made.text),
        client,
        secret: made.text.clone(),
        ends: moment(made.token.expires_at, app.world.now()),
    });
    shown(&page, headers)
}

fn client_id(text: &str) -> Result<ApiTokenId, Unshown> {
    Ok(text.parse().map_err(|_| Refusal::NotFound { what: "API client" })?)
}

/// Makes one more secret of a client.
pub(super) async fn more(
    State(app): State<App>,
    guest: Guest,
    Path((account, client)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let (account, id) = (account_id(&account)?, client_id(&client)?);
    let ask = typed.ask(&guest, guest.may(Action::ManageClients, account)?)?;
    let made = match expires(&typed) {
        Ok(expires_after_days) => {
            // Name and bounds are the client's own.
            let (name, bounds) = ("secret".to_owned(), Bounds::Everything);
            let new = NewApiToken { name, bounds, expires_after_days };
            app.make_client_secret(&ask, account, Some(id), new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => show_made(&app, &guest, account, &made, &headers).await,
        Err(error) => {
            let mut page = page(&app, &guest, account).await?;
            let row = page.rows.iter_mut().find(|row| row.client == client);
            let Some(row) = row else { return Err(error.into()) };
            let Some(form) = row.more.take() else { return Err(error.into()) };
            let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
            row.more = Some(form);
            Ok(with_status(shown(&page, &headers)?, status))
        }
    }
}

/// Which secret.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    made_at: String,
}

/// Asks before a client or one of its secrets is revoked.
pub(super) async fn ask_revoke(
    State(app): State<App>,
    guest: Guest,
    Path((account, client)): Path<(String, String)>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let (account, id) = (account_id(&account)?, client_id(&client)?);
    let manages = guest.may(Action::ManageClients, account)?;
    let secrets = app.client_secrets(&manages, account).await?;
    let found = secrets.iter().find(|one| {
        one.id == id
            && (which.made_at.is_empty() || one.made_at.millis().to_string() == which.made_at)
    });
    let found = found.ok_or(Refusal::NotFound { what: "API client" })?;
    let ids = [account.to_string(), id.to_string()];
    let (title, text) = if which.made_at.is_empty() {
        (
            format!("Revoke “{}”?", found.name),
            "All its secrets stop working at once, and its access tokens with them.",
        )
    } else {
        let at = moment(found.made_at, app.world.now()).exact();
        (
            format!("Revoke the secret of {at}?"),
            "It stops working at once; the client's other secrets go on.",
        )
    };
    let page = Confirm {
        visitor: guest.visitor(&app),
        title,
        text: text.to_owned(),
        form: Form::button(
            guest.guard(&app),
            fill(paths::REVOKE_CLIENT, &[&ids[0], &ids[1]]),
            "revoke",
            "Revoke it",
        )
        .weighing(Weight::Danger)
        .with(vec![FormField::hidden("made_at", which.made_at)]),
        back: fill(paths::API_CLIENTS, &[&ids[0]]),
        back_label: "Keep it",
    };
    shown(&page, &headers)
}

/// Revokes a client, or one of its secrets.
pub(super) async fn revoke(
    State(app): State<App>,
    guest: Guest,
    Path((account, client)): Path<(String, String)>,
    typed: Typed,
) -> Result<Response, Unshown> {
    let (account, id) = (account_id(&account)?, client_id(&client)?);
    let ask = typed.ask(&guest, guest.may(Action::ManageClients, account)?)?;
    let made_at = match typed.text("made_at").as_str() {
        "" => None,
        text => {
            let millis = text.parse().map_err(|_| Refusal::NotFound { what: "API client" })?;
            Some(Timestamp::from_millis(millis))
        }
    };
    app.revoke_client(&ask, account, id, made_at).await?;
    Ok(Redirect::to(&fill(paths::API_CLIENTS, &[&account.to_string()])).into_response())
}
