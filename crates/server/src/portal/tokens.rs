//! ID tokens: listed, made, shown once, revoked.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use ledger::token::{ExportControlled as Export, Token};
use serde::Deserialize;
use wire::id::{AccountId, TokenId, VirtualAccountId};
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::{Guest, Hidden};
use super::facts::{frame, may, moment, whole};
use super::overview::{Narrow, account_id};
use super::pages::frame::Frame;
use super::pages::tokens::{
    ExportControlled, Field, MadeToken, TokenForm, TokenRow, TokenState, Tokens,
};
use super::{pastes, places};
use crate::app::tokens::{NewToken, ShownToken};
use crate::app::{App, Error};

/// How many tokens the page shows.
const TOKENS: u32 = 500;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    description: String,
    #[serde(default)]
    virtual_account: String,
    #[serde(default)]
    expires_after_days: String,
    #[serde(default)]
    max_uses: String,
    #[serde(default)]
    export_controlled: String,
}

/// The ID tokens of an account.
pub(super) async fn list(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(narrow): Query<Narrow>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let frame = frame(&app, &guest, account, narrow.chosen()).await?;
    let first = narrow
        .chosen()
        .or_else(|| frame.virtual_accounts.first().map(|one| one.virtual_account.clone()));
    let form = may(&guest, Action::ManageTokens, account)
        .map(|_| TokenForm::fresh(guest.guard(&app), first.unwrap_or_default()));
    shown(&page(&app, &guest, account, frame, form, None).await?, &headers)
}

async fn page(
    app: &App,
    guest: &Guest,
    account: AccountId,
    frame: Frame,
    form: Option<TokenForm>,
    made: Option<MadeToken>,
) -> Result<Tokens, Unshown> {
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let found = app.tokens(&reads, account, None, TOKENS).await?.rows;
    let manages = may(guest, Action::ManageTokens, account);
    let places = found.iter().map(|token| token.virtual_account).collect();
    let names = app.virtual_account_names(&reads, account, places).await?;
    let rows: Vec<TokenRow> =
        found.iter().map(|token| row(app, guest, &names, token, manages.as_ref())).collect();
    let first = frame.virtual_accounts.first().map(|one| one.virtual_account.clone());
    let make = match manages {
        Some(_) => pastes::make_token(app, account, &first.unwrap_or_default()),
        None => Vec::new(),
    };
    Ok(Tokens { frame, as_of: moment(now, now), total: whole(rows.len()), rows, form, made, make })
}

/// The names of virtual accounts.
type Names = BTreeMap<VirtualAccountId, String>;

fn place_name(names: &Names, place: VirtualAccountId) -> String {
    names.get(&place).cloned().unwrap_or_else(|| place.to_string())
}

fn row(
    app: &App,
    guest: &Guest,
    names: &Names,
    token: &Token,
    manages: Option<&Permit>,
) -> TokenRow {
    let now = app.world.now();
    let state = match token.admits(now) {
        Ok(()) => TokenState::Usable,
        Err(Refusal::TokenRevoked) => TokenState::Revoked,
        Err(Refusal::TokenUsedUp { .. }) => TokenState::UsedUp,
        Err(_) => TokenState::Ended,
    };
    TokenRow {
        token: token.id.to_string(),
        description: token.description.clone(),
        virtual_account: place_name(names, token.virtual_account),
        state,
        ends: moment(token.expires_at, now),
        used: u64::from(token.uses),
        max_uses: token.max_uses.map(u64::from),
        export: export(token.export_controlled),
        made_by: token.created_by.clone(),
        made: moment(token.created_at, now),
        revoke: manages
            .filter(|permit| permit.reach().covers(token.virtual_account))
            .filter(|_| state == TokenState::Usable)
            .map(|_| guest.guard(app)),
    }
}

fn export(export: Export) -> ExportControlled {
    match export {
        Export::Allowed => ExportControlled::Allowed,
        Export::NotAllowed => ExportControlled::NotAllowed,
    }
}

/// Makes an ID token and shows its text.
pub(super) async fn create(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let manages = guest.may(Action::ManageTokens, account)?;
    let ask = guest.ask(manages, &typed.hidden, &typed.content())?;
    let frame = frame(&app, &guest, account, None).await?;
    let reads = guest.may(Action::ReadAccount, account)?;
    let place = match places::named(&app, &reads, account, &typed.virtual_account).await {
        Ok(place) => place,
        Err(Error::Refused(Refusal::Invalid { field, why })) => {
            let form = typed.with_error(field, why);
            return refused(&app, &guest, account, frame, form, &headers).await;
        }
        Err(error) => return Err(error.into()),
    };
    let made = match typed.read(place) {
        Ok(new) => app.create_token(&ask, account, new).await,
        Err(form) => return refused(&app, &guest, account, frame, *form, &headers).await,
    };
    match made {
        Ok(made) => {
            let reads = guest.may(Action::Read, account)?;
            let place = [made.token.virtual_account].into();
            let names = app.virtual_account_names(&reads, account, place).await?;
            let made = made_token(&names, &made, app.world.now());
            shown(&page(&app, &guest, account, frame, None, Some(made)).await?, &headers)
        }
        Err(Error::Refused(Refusal::Invalid { field, why })) => {
            let form = typed.with_error(field, why);
            refused(&app, &guest, account, frame, form, &headers).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The page again, with what was typed and what is wrong with it.
async fn refused(
    app: &App,
    guest: &Guest,
    account: AccountId,
    frame: Frame,
    form: TokenForm,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let form = TokenForm { guard: guest.guard(app), ..form };
    let mut response = shown(&page(app, guest, account, frame, Some(form), None).await?, headers)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

fn made_token(names: &Names, made: &ShownToken, now: Timestamp) -> MadeToken {
    let text = made.text.clone().unwrap_or_default();
    MadeToken {
        trust: pastes::trust(&text),
        text,
        description: made.token.description.clone(),
        virtual_account: place_name(names, made.token.virtual_account),
        ends: moment(made.token.expires_at, now),
        max_uses: made.token.max_uses.map(u64::from),
    }
}

impl Typed {
    /// What the request says, for telling a repeat from another request under the same id.
    fn content(&self) -> String {
        let Self {
            description,
            virtual_account,
            expires_after_days,
            max_uses,
            export_controlled,
            ..
        } = self;
        [description, virtual_account, expires_after_days, max_uses, export_controlled]
            .map(String::as_str)
            .join("\0")
    }

    fn form(&self) -> TokenForm {
        let field = |value: &str| Field { value: value.to_owned(), error: None };
        TokenForm {
            guard: super::pages::frame::Guard { csrf: String::new(), request_id: String::new() },
            description: field(&self.description),
            expires_after_days: field(&self.expires_after_days),
            max_uses: field(&self.max_uses),
            virtual_account: field(&self.virtual_account),
            export: export(self.export()),
        }
    }

    fn export(&self) -> Export {
        if self.export_controlled == "allowed" { Export::Allowed } else { Export::NotAllowed }
    }

    fn with_error(&self, field: &str, why: String) -> TokenForm {
        let mut form = self.form();
        let place = match field {
            "max_uses" => &mut form.max_uses,
            "expires_after_days" => &mut form.expires_after_days,
            "virtual_account" => &mut form.virtual_account,
            _ => &mut form.description,
        };
        place.error = Some(why);
        form
    }

    /// The token as it is to be, or the form with what is wrong.
    fn read(&self, place: Option<VirtualAccountId>) -> Result<NewToken, Box<TokenForm>> {
        let wrong = |field, why: &str| Box::new(self.with_error(field, why.to_owned()));
        let virtual_account =
            place.ok_or_else(|| wrong("virtual_account", "choose a virtual account"))?;
        let days =
            self.expires_after_days.trim().parse().ok().filter(|days| (1..=365).contains(days));
        let max_uses = match self.max_uses.trim() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|_| wrong("max_uses", "write a whole number, or leave it empty"))?,
            ),
        };
        Ok(NewToken {
            virtual_account,
            description: self.description.trim().to_owned(),
            expires_after_days: days
                .ok_or_else(|| wrong("expires_after_days", "write 1 to 365"))?,
            max_uses,
            export_controlled: self.export(),
        })
    }
}

/// Revokes an ID token.
pub(super) async fn revoke(
    State(app): State<App>,
    guest: Guest,
    Path((account, token)): Path<(String, String)>,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let id: TokenId = token.parse().map_err(|_| Refusal::NotFound { what: "ID token" })?;
    let ask = guest.ask(guest.may(Action::ManageTokens, account)?, &hidden, &token)?;
    app.revoke_token(&ask, account, id).await?;
    Ok(Redirect::to(&format!("/accounts/{account}/tokens")).into_response())
}
