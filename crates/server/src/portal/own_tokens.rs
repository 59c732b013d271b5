//! A person's API tokens: made, shown once, revoked.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::person::{ApiToken, Area, Bounds};
use ledger::refusal::Refusal;
use serde::Deserialize;
use wire::id::ApiTokenId;

use super::answer::{Unshown, shown};
use super::door::{Hidden, Own, escaped};
use super::facts::moment;
use super::own::{Done, OwnQuery, around, done, is_mendable, refused, with_status};
use super::pages::own::{Around, MyTokenRow, MyTokenState, MyTokens, Scope};
use super::pages::paths;
use super::pages::tokens::Field;
use crate::app::api_tokens::NewApiToken;
use crate::app::{App, Error};

/// What a tick box sends.
const TICKED: &str = "yes";

/// What the form sends, and what the page's address may hold of it after a proof was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    expires_after_days: String,
    #[serde(default)]
    scope_read: String,
    #[serde(default)]
    scope_licenses: String,
    #[serde(default)]
    scope_people: String,
    #[serde(default)]
    scope_accounts: String,
    #[serde(default)]
    scope_everything: String,
}

/// The form with its hidden fields.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(flatten)]
    typed: Typed,
}

impl Typed {
    fn ticks(&self) -> [(&'static str, &'static str, &str); 5] {
        [
            ("read", "See everything that you see", &self.scope_read),
            ("licenses", "Act on licenses, ID tokens and product instances", &self.scope_licenses),
            ("people", "Act on people and their roles", &self.scope_people),
            ("accounts", "Act on accounts and virtual accounts", &self.scope_accounts),
            ("everything", "Everything that you may do, now and later", &self.scope_everything),
        ]
    }

    fn bounds(&self) -> Result<Bounds, Error> {
        if self.scope_everything == TICKED {
            return Ok(Bounds::Everything);
        }
        let ticked = self.ticks().into_iter().filter(|(_, _, sent)| *sent == TICKED);
        let areas: BTreeSet<Area> = ticked.filter_map(|(word, ..)| Area::from_word(word)).collect();
        if areas.is_empty() {
            let why = "must be chosen: tick at least one".to_owned();
            return Err(Refusal::Invalid { field: "scope", why }.into());
        }
        Ok(Bounds::Only(areas))
    }

    fn read(&self) -> Result<NewApiToken, Error> {
        let days = self.expires_after_days.trim().parse().map_err(|_| {
            let why = "must be a whole number, 1 to 366".to_owned();
            Refusal::Invalid { field: "expires_after_days", why }
        })?;
        let name = self.name.trim().to_owned();
        Ok(NewApiToken { name, bounds: self.bounds()?, expires_after_days: days })
    }

    /// The page's address with what was typed, for who must prove first who they are.
    fn address(&self) -> String {
        let mut address = format!(
            "{}?name={}&expires_after_days={}",
            paths::MY_TOKENS,
            escaped(&self.name),
            escaped(&self.expires_after_days)
        );
        for (word, ..) in self.ticks().into_iter().filter(|(_, _, sent)| *sent == TICKED) {
            address.push_str("&scope_");
            address.push_str(word);
            address.push('=');
            address.push_str(TICKED);
        }
        address
    }
}

/// The page.
pub(super) async fn list(
    State(app): State<App>,
    own: Own,
    Query(query): Query<OwnQuery>,
    Query(mut typed): Query<Typed>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    if typed.expires_after_days.is_empty() {
        "90".clone_into(&mut typed.expires_after_days);
        TICKED.clone_into(&mut typed.scope_read);
    }
    let around = around(&own, &app, query.note());
    shown(&page(&app, &own, &typed, around).await?, &headers)
}

async fn page(app: &App, own: &Own, typed: &Typed, around: Around) -> Result<MyTokens, Unshown> {
    let field = |value: &String| Field { value: value.clone(), error: None };
    let scope = |(word, text, sent): (&'static str, &'static str, &str)| Scope {
        word,
        text,
        ticked: sent == TICKED,
    };
    let found = app.personal_tokens(&own.member).await?;
    Ok(MyTokens {
        own: around,
        guard: own.guest.guard(app),
        name: field(&typed.name),
        days: field(&typed.expires_after_days),
        scopes: typed.ticks().map(scope).to_vec(),
        made: None,
        rows: found.iter().map(|token| row(app, own, token)).collect(),
    })
}

fn row(app: &App, own: &Own, token: &ApiToken) -> MyTokenRow {
    let now = app.world.now();
    let state = if token.works(now) {
        MyTokenState::Works(own.guest.guard(app))
    } else if token.revoked_at.is_some() {
        MyTokenState::Revoked
    } else {
        MyTokenState::Ended
    };
    MyTokenRow {
        id: token.id.to_string(),
        name: token.name.clone(),
        scope: token.bounds.words(),
        made: moment(token.made_at, now),
        ends: moment(token.expires_at, now),
        state,
    }
}

/// Makes a token and shows its text.
pub(super) async fn make(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Unshown> {
    let typed = sent.typed;
    let ask = own.ask(&sent.hidden, &typed.address())?;
    let session = own.guest.signed_in.session.token_hash;
    let made = match typed.read() {
        Ok(new) => app.make_personal_token(ask, session, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => {
            let fresh = Typed { expires_after_days: typed.expires_after_days, ..Typed::default() };
            let mut page = page(&app, &own, &fresh, around(&own, &app, None)).await?;
            page.made = Some((made.token.name, made.text));
            shown(&page, &headers)
        }
        Err(error) if is_mendable(&error) => {
            let mut page = page(&app, &own, &typed, around(&own, &app, None)).await?;
            page.own.error = Some(error.to_string());
            if let Error::Refused(Refusal::Invalid { field, why }) = &error {
                let place = match *field {
                    "name" => Some(&mut page.name),
                    "expires_after_days" => Some(&mut page.days),
                    _ => None,
                };
                if let Some(place) = place {
                    place.error = Some(why.clone());
                }
            }
            Ok(with_status(shown(&page, &headers)?, &error))
        }
        Err(error) => Err(refused(error, &typed.address())),
    }
}

/// Revokes a token.
pub(super) async fn revoke(
    State(app): State<App>,
    own: Own,
    Path(token): Path<String>,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let id: ApiTokenId = token.parse().map_err(|_| Refusal::NotFound { what: "API token" })?;
    let ask = own.ask(&hidden, &token)?;
    app.revoke_personal_token(ask, id).await?;
    Ok(done(paths::MY_TOKENS, Done::TokenRevoked))
}
