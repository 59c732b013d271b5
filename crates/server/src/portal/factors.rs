//! How a person signs in: their password, authenticator app, recovery codes and passkeys.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::person::Passkey;
use serde::Deserialize;
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::{Hidden, Own, with_session};
use super::facts::moment;
use super::own::{Done, OwnQuery, around, done, is_mendable, refused, same, with_status};
use super::pages::own::{
    AppState, Authenticator, Freshness, MySignIn, PasskeyRow, ProviderRow, RecoveryCodes,
};
use super::pages::paths;
use super::pages::sign_in::{PasskeyForm, ProviderButton};
use crate::app::credentials::NewTotp;
use crate::app::{App, Error};
use crate::keys::to_hex;
use crate::proof::Secret;

/// Bytes of a recovery code's hash.
const CODE_HASH: usize = 32;
/// Bytes of a passkey's id that mark it on the page.
const MARK: usize = 8;

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    own: Own,
    Query(query): Query<OwnQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    shown(&page(&app, &own, query.note()).await, &headers)
}

async fn page(app: &App, own: &Own, note: Option<Done>) -> MySignIn {
    let theirs = &own.person.credentials;
    let now = app.world.now();
    let fresh = own.is_fresh(app);
    let question = if fresh { app.begin_new_passkey(&own.person).await.ok() } else { None };
    let state = match &theirs.totp {
        None => AppState::None,
        Some(_) => AppState::Set {
            codes_left: theirs.recovery.len() / CODE_HASH,
            renew: own.guest.guard(app),
            remove: own.guest.guard(app),
        },
    };
    let row = |passkey: &Passkey| PasskeyRow {
        mark: mark(passkey),
        name: passkey.name.clone(),
        added: moment(Timestamp::from_millis(passkey.added_at), now),
        remove: own.guest.guard(app),
    };
    MySignIn {
        own: around(own, app, note),
        proof: if fresh { Freshness::Fresh } else { Freshness::Stale },
        password: fresh.then(|| own.guest.guard(app)),
        app: state,
        passkeys: theirs.passkeys.iter().map(row).collect(),
        new_passkey: question.map(|one| (own.guest.guard(app), PasskeyForm::of(one))),
        providers: providers(app, own),
        more_providers: more_providers(app, own),
    }
}

fn providers(app: &App, own: &Own) -> Vec<ProviderRow> {
    let offered = app.offered_providers();
    let now = app.world.now();
    let row = |(at, link): (usize, &ledger::person::ProviderLink)| ProviderRow {
        mark: at,
        label: offered
            .iter()
            .find(|one| one.issuer == link.issuer)
            .map_or_else(|| link.issuer.clone(), |one| one.label.clone()),
        issuer: link.issuer.clone(),
        added: moment(Timestamp::from_millis(link.added_at), now),
        remove: own.guest.guard(app),
    };
    own.person.credentials.providers.iter().enumerate().map(row).collect()
}

/// The providers that a person has not added.
fn more_providers(app: &App, own: &Own) -> Vec<(ProviderButton, super::pages::frame::Guard)> {
    let theirs = &own.person.credentials.providers;
    let others = app.offered_providers().into_iter();
    let others = others.filter(|one| !theirs.iter().any(|link| link.issuer == one.issuer));
    let button = |one: crate::app::provider::Offered| {
        let path = paths::fill(paths::ADD_PROVIDER, &[&one.name]);
        (ProviderButton { label: one.label, path }, own.guest.guard(app))
    };
    others.map(button).collect()
}

fn mark(passkey: &Passkey) -> String {
    use sha2::{Digest as _, Sha256};
    to_hex(&Sha256::digest(&passkey.id)[..MARK])
}

/// What the forms of these pages send.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    name: String,
}

/// The page again, with what is wrong.
async fn again(
    app: &App,
    own: &Own,
    error: Error,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    if !is_mendable(&error) {
        return Err(refused(error, paths::MY_SIGN_IN));
    }
    let mut page = page(app, own, None).await;
    page.own.error = Some(error.to_string());
    Ok(with_status(shown(&page, headers)?, &error))
}

/// Changes the password of who knows the present one.
pub(super) async fn change_password(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    // The passwords are not part of what is remembered of the request.
    let ask = own.ask(&typed.hidden, "change the password")?;
    let session = &own.guest.signed_in.session;
    let changed = match same(&typed.new, &typed.again) {
        Ok(()) => {
            let (old, new) = (Secret::new(typed.old), Secret::new(typed.new));
            app.change_password(ask, session, old, new, own.guest.caller()).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(new) => Ok(with_session(done(paths::MY_SIGN_IN, Done::PasswordChanged), &app, &new)),
        Err(error) => again(&app, &own, error, &headers).await,
    }
}

/// The page that sets an authenticator app. Nothing is kept until it is confirmed.
pub(super) async fn show_app(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    if !own.is_fresh(&app) {
        return Err(refused(ledger::refusal::Refusal::StepUp.into(), paths::MY_AUTHENTICATOR));
    }
    let new = app.begin_totp(&own.person).await?;
    shown(&app_page(&app, &own, new), &headers)
}

fn app_page(app: &App, own: &Own, new: NewTotp) -> Authenticator {
    Authenticator {
        own: around(own, app, None),
        guard: own.guest.guard(app),
        state: new.state,
        text: in_groups(new.text.expose()),
        picture: new.picture,
    }
}

/// A secret as it is typed most easily.
fn in_groups(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let groups: Vec<String> = signs.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

/// Takes an authenticator app that shows the right code, and shows the recovery codes.
pub(super) async fn confirm_app(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&typed.hidden, &typed.state)?;
    let (session, caller) = (&own.guest.signed_in.session, own.guest.caller());
    match app.confirm_totp(ask, session, &typed.state, typed.code.trim(), caller).await {
        Ok((codes, new)) => {
            let page = codes_page(&app, &own, &codes, &new.csrf);
            Ok(with_session(shown(&page, &headers)?, &app, &new))
        }
        Err(error) if is_mendable(&error) => {
            let new = match app.resume_totp(&own.person, &typed.state) {
                Ok(same) => same,
                Err(_) => app.begin_totp(&own.person).await?,
            };
            let mut page = app_page(&app, &own, new);
            page.own.error = Some(error.to_string());
            Ok(with_status(shown(&page, &headers)?, &error))
        }
        Err(error) => Err(refused(error, paths::MY_AUTHENTICATOR)),
    }
}

/// The recovery codes, whose page belongs to the session that goes on.
fn codes_page(app: &App, own: &Own, codes: &[Secret], csrf: &str) -> RecoveryCodes {
    let mut around = around(own, app, None);
    csrf.clone_into(&mut around.visitor.sign_out.csrf);
    RecoveryCodes {
        own: around,
        codes: codes.iter().map(|code| code.expose().to_owned()).collect(),
    }
}

/// Gives up the authenticator app.
pub(super) async fn remove_app(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&hidden, "remove the authenticator app")?;
    let session = &own.guest.signed_in.session;
    match app.remove_totp(ask, session, own.guest.caller()).await {
        Ok(new) => Ok(with_session(done(paths::MY_SIGN_IN, Done::AppRemoved), &app, &new)),
        Err(error) => again(&app, &own, error, &headers).await,
    }
}

/// Makes new recovery codes and shows them.
pub(super) async fn renew_codes(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&hidden, "new recovery codes")?;
    let session = &own.guest.signed_in.session;
    match app.renew_recovery(ask, session.token_hash).await {
        Ok(codes) => shown(&codes_page(&app, &own, &codes, &session.csrf), &headers),
        Err(error) => again(&app, &own, error, &headers).await,
    }
}

/// Takes a new passkey.
pub(super) async fn add_passkey(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&typed.hidden, &[typed.state.as_str(), &typed.answer].join("\0"))?;
    let session = &own.guest.signed_in.session;
    let made = (typed.state.as_str(), typed.answer.as_str(), typed.name.as_str());
    match app.add_passkey(ask, session, made, own.guest.caller()).await {
        Ok(new) => Ok(with_session(done(paths::MY_SIGN_IN, Done::PasskeyAdded), &app, &new)),
        Err(error) => again(&app, &own, error, &headers).await,
    }
}

/// Gives up a passkey.
pub(super) async fn remove_passkey(
    State(app): State<App>,
    own: Own,
    Path(named): Path<String>,
    headers: HeaderMap,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&hidden, &named)?;
    let session = &own.guest.signed_in.session;
    let found = own.person.credentials.passkeys.iter().find(|one| mark(one) == named);
    let found = found.ok_or(ledger::refusal::Refusal::NotFound { what: "passkey" })?;
    match app.remove_passkey(ask, session, found.id.clone(), own.guest.caller()).await {
        Ok(new) => Ok(with_session(done(paths::MY_SIGN_IN, Done::PasskeyRemoved), &app, &new)),
        Err(error) => again(&app, &own, error, &headers).await,
    }
}
