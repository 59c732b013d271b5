//! Showing again who it is, and the ways to identity providers that begin on a person's own pages.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::answer::{Unshown, shown};
use super::door::{Cookie, Hidden, Own, safe_next, with_session};
use super::own::{Done, around, done, refused, with_status};
use super::pages::own::{Asks, GoOn, Prove};
use super::pages::paths::{self, fill};
use super::pages::sign_in::{PasskeyForm, ProviderButton, Takes};
use crate::app::provider::{Errand, Offered};
use crate::app::sign_in::{Factor, owed};
use crate::app::{App, Error};
use crate::proof::Secret;

/// How long somebody may be at an identity provider, in seconds.
const AWAY: i64 = 600;

/// The query of the page.
#[derive(Debug, Deserialize)]
pub(super) struct NextQuery {
    #[serde(default)]
    next: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    own: Own,
    Query(query): Query<NextQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    shown(&page(&app, &own, &query.next).await?, &headers)
}

async fn page(app: &App, own: &Own, next: &str) -> Result<Prove, Unshown> {
    let theirs = &own.person.credentials;
    let known = owed(&own.person);
    let asks = match (theirs.has_second_factor(), Takes::from(known)) {
        (true, Takes::Nothing) => Asks::Nothing,
        (true, takes) => Asks::Code(takes),
        (false, _) if theirs.password.is_some() => Asks::Password,
        (false, _) => Asks::Nothing,
    };
    let question = if known.passkey { app.ask_passkey_again(&own.person).await.ok() } else { None };
    let vouches = |one: &Offered| {
        !theirs.has_second_factor() && theirs.providers.iter().any(|it| it.issuer == one.issuer)
    };
    let button = |one: Offered| {
        let path = fill(paths::PROVE_BY_PROVIDER, &[&one.name]);
        (ProviderButton { label: one.label, path }, own.guest.guard(app))
    };
    Ok(Prove {
        own: around(own, app, None),
        guard: own.guest.guard(app),
        next: safe_next(next).to_owned(),
        email: own.person.email.clone(),
        asks,
        passkey: question.map(PasskeyForm::of),
        providers: app.offered_providers().into_iter().filter(vouches).map(button).collect(),
    })
}

/// What the forms of these pages send.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    issuer: String,
}

impl Typed {
    fn factor(self) -> Factor {
        if !self.answer.is_empty() {
            Factor::Passkey { state: self.state, answer: self.answer }
        } else if !self.password.is_empty() {
            Factor::Password(Secret::new(self.password))
        } else {
            Factor::Code(Secret::new(self.code.trim()))
        }
    }
}

/// Takes a factor that is shown again.
pub(super) async fn prove(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    own.guest.confirm(&typed.hidden)?;
    let next = typed.next.clone();
    let session = own.guest.signed_in.session.token_hash;
    match app.prove_again(&own.person, session, typed.factor(), own.guest.caller()).await {
        Ok(()) => Ok(Redirect::to(safe_next(&next)).into_response()),
        Err(error @ Error::Fault(_)) => Err(error.into()),
        Err(error) => {
            let mut page = page(&app, &own, &next).await?;
            page.own.error = Some(error.to_string());
            Ok(with_status(shown(&page, &headers)?, &error))
        }
    }
}

/// Sends a person to an identity provider, to show there again who they are.
pub(super) async fn go_to_provider(
    State(app): State<App>,
    own: Own,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    own.guest.confirm(&typed.hidden)?;
    let session = own.guest.signed_in.session.token_hash;
    let errand = Errand::Prove(session, safe_next(&typed.next).to_owned());
    away(&app, &own, &name, errand, &headers).await
}

/// Sends a person to an identity provider, to add it.
pub(super) async fn add_provider(
    State(app): State<App>,
    own: Own,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    own.guest.confirm(&hidden)?;
    if !own.is_fresh(&app) {
        return Err(refused(ledger::refusal::Refusal::StepUp.into(), paths::MY_SIGN_IN));
    }
    let errand = Errand::Add(own.guest.signed_in.session.token_hash);
    away(&app, &own, &name, errand, &headers).await
}

/// A page that goes on to a provider by itself. It is no redirect: browsers hold the policy for
/// forms, which knows this server alone, against where a form leads in the end.
async fn away(
    app: &App,
    own: &Own,
    name: &str,
    errand: Errand,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let sent = app.send_to_provider(name, errand).await?;
    let label = app.offered_providers().into_iter().find(|one| one.name == name);
    let page = GoOn {
        own: around(own, app, None),
        label: label.map(|one| one.label).unwrap_or_default(),
        address: sent.address.clone(),
    };
    let mut response = shown(&page, headers)?;
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={}", sent.address)) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    Ok(Cookie::Provider.set(response, app, &sent.kept, AWAY))
}

/// Gives up an identity provider.
pub(super) async fn remove_provider(
    State(app): State<App>,
    own: Own,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&typed.hidden, &typed.issuer)?;
    let session = &own.guest.signed_in.session;
    match app.remove_provider(ask, session, typed.issuer, own.guest.caller()).await {
        Ok(new) => Ok(with_session(done(paths::MY_SIGN_IN, Done::ProviderRemoved), &app, &new)),
        Err(error) => Err(refused(error, paths::MY_SIGN_IN)),
    }
}
