//! Signing in: by password and a second factor, by a passkey, by an identity provider, and once by
//! the set-up secret.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::role::Actor;
use serde::Deserialize;

use super::answer::{Unshown, shown};
use super::door::{
    Cookie, From, Hidden, Own, confirm_word, door_guard, escaped, safe_next, with_session,
    with_word,
};
use super::pages::sign_in::{Note, PasskeyForm, ProviderButton, SecondFactor, SetUp, SignIn};
use super::{own, pages::paths};
use crate::app::provider::{Errand, Returned};
use crate::app::sessions::NewSession;
use crate::app::sign_in::{Caller, Entered, Factor};
use crate::app::{App, Error};
use crate::problem::Problem;
use crate::proof::Secret;
use crate::proof::oidc::Answer;

/// How long somebody may be at an identity provider, in seconds.
const AWAY: i64 = 600;

/// The query of the sign-in page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct DoorQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    note: String,
}

/// What stands on the sign-in page when it is shown again.
#[derive(Debug, Default)]
struct Again<'a> {
    next: &'a str,
    email: &'a str,
    error: Option<&'a Error>,
    note: Option<Note>,
}

/// The sign-in page.
pub(super) async fn show_sign_in(
    State(app): State<App>,
    Query(query): Query<DoorQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let note = Note::of_word(&query.note);
    sign_in_page(&app, Again { next: &query.next, note, ..Again::default() }, &headers).await
}

async fn sign_in_page(
    app: &App,
    again: Again<'_>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let guard = door_guard(app, headers);
    let next = safe_next(again.next).to_owned();
    let offered = app.offered_providers().into_iter();
    let providers = offered.map(|one| ProviderButton {
        path: format!("/sign-in/{}?next={}", one.name, escaped(&next)),
        label: one.label,
    });
    let set_up = if app.awaits_set_up().await? { SetUp::Open } else { SetUp::Over };
    let page = SignIn {
        providers: providers.collect(),
        passkey: app.ask_passkey().ok().map(PasskeyForm::of),
        guard,
        next,
        email: again.email.to_owned(),
        set_up,
        mail: app.settings.mail,
        note: again.note,
        error: again.error.map(Error::to_string),
    };
    let mut response = with_word(shown(&page, headers)?, app, &page.guard);
    if let Some(error) = again.error {
        *response.status_mut() = Problem::of(error).status_code();
    }
    Ok(response)
}

/// What the sign-in forms send.
#[derive(Debug, Deserialize)]
pub(super) struct SignInForm {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    next: String,
}

/// Signs in by a password, or by the set-up secret.
pub(super) async fn sign_in(
    State(app): State<App>,
    From(caller): From,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Unshown> {
    let entered = match confirm_word(&app, &headers, &form.hidden) {
        Ok(()) if !form.secret.is_empty() => by_secret(&app, &form.secret, &caller).await,
        Ok(()) => {
            let password = Secret::new(form.password.clone());
            app.sign_in_by_password(&form.email, password, &caller).await
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(Entered::In(session)) => Ok(gone_on(&app, &session, &form.next)),
        Ok(Entered::Owes(session)) => {
            let next = escaped(safe_next(&form.next));
            let on = Redirect::to(&format!("{}?next={next}", paths::SECOND_FACTOR));
            let on = on.into_response();
            Ok(Cookie::Owing.set(on, &app, &session.token, session.lasts.seconds()))
        }
        Err(error) => {
            let error = Some(&error);
            let again = Again { next: &form.next, email: &form.email, error, note: None };
            sign_in_page(&app, again, &headers).await
        }
    }
}

async fn by_secret(app: &App, secret: &str, caller: &Caller) -> Result<Entered, Error> {
    let shown = match app.bearer(secret, &caller.address).await? {
        Actor::Anonymous => "",
        _ => secret,
    };
    Ok(Entered::In(app.sign_in(shown, &caller.address).await?))
}

fn gone_on(app: &App, session: &NewSession, next: &str) -> Response {
    with_session(Redirect::to(safe_next(next)).into_response(), app, session)
}

/// What a form with a passkey's answer sends.
#[derive(Debug, Deserialize)]
pub(super) struct ShownForm {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    next: String,
}

impl ShownForm {
    fn factor(self) -> Factor {
        if self.answer.is_empty() {
            Factor::Code(Secret::new(self.code.trim()))
        } else {
            Factor::Passkey { state: self.state, answer: self.answer }
        }
    }
}

/// Signs in by a passkey alone.
pub(super) async fn sign_in_by_passkey(
    State(app): State<App>,
    From(caller): From,
    headers: HeaderMap,
    Form(form): Form<ShownForm>,
) -> Result<Response, Unshown> {
    let entered = match confirm_word(&app, &headers, &form.hidden) {
        Ok(()) => app.sign_in_by_passkey(&form.state, &form.answer, &caller).await,
        Err(error) => Err(error),
    };
    match entered {
        Ok(session) => Ok(gone_on(&app, &session, &form.next)),
        Err(error) => {
            let again = Again { next: &form.next, error: Some(&error), ..Again::default() };
            sign_in_page(&app, again, &headers).await
        }
    }
}

/// The page that asks for the second factor.
pub(super) async fn show_second_factor(
    State(app): State<App>,
    Query(query): Query<DoorQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    second_factor_page(&app, &query.next, None, &headers).await
}

async fn second_factor_page(
    app: &App,
    next: &str,
    error: Option<&Error>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let token = Cookie::Owing.read(headers, app).unwrap_or_default();
    let owed = match app.owed(&token).await {
        Ok(owed) => owed,
        Err(error) => {
            let again = Again { next, error: Some(&error), ..Again::default() };
            return sign_in_page(app, again, headers).await;
        }
    };
    let question = if owed.passkey { app.ask_second_passkey(&token).await.ok() } else { None };
    let page = SecondFactor {
        guard: door_guard(app, headers),
        next: safe_next(next).to_owned(),
        takes: owed.into(),
        passkey: question.map(PasskeyForm::of),
        error: error.map(Error::to_string),
    };
    let mut response = with_word(shown(&page, headers)?, app, &page.guard);
    if let Some(error) = error {
        *response.status_mut() = Problem::of(error).status_code();
    }
    Ok(response)
}

/// Takes the second factor.
pub(super) async fn second_factor(
    State(app): State<App>,
    From(caller): From,
    headers: HeaderMap,
    Form(form): Form<ShownForm>,
) -> Result<Response, Unshown> {
    let next = form.next.clone();
    let token = Cookie::Owing.read(&headers, &app).unwrap_or_default();
    let entered = match confirm_word(&app, &headers, &form.hidden) {
        Ok(()) => app.sign_in_by_second_factor(&token, form.factor(), &caller).await,
        Err(error) => Err(error),
    };
    match entered {
        Ok(session) => Ok(gone_on(&app, &session, &next)),
        Err(error) => second_factor_page(&app, &next, Some(&error), &headers).await,
    }
}

/// Sends somebody to an identity provider to sign in.
pub(super) async fn go_to_provider(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<DoorQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let errand = Errand::SignIn(safe_next(&query.next).to_owned());
    match app.send_to_provider(&name, errand).await {
        Ok(sent) => {
            let away = Redirect::to(&sent.address).into_response();
            Ok(Cookie::Provider.set(away, &app, &sent.kept, AWAY))
        }
        Err(error) => {
            let again = Again { next: &query.next, error: Some(&error), ..Again::default() };
            sign_in_page(&app, again, &headers).await
        }
    }
}

/// Takes somebody back from an identity provider.
pub(super) async fn back_from_provider(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(answer): Query<Answer>,
    From(caller): From,
    own: Result<Own, Unshown>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let kept = Cookie::Provider.read(&headers, &app).unwrap_or_default();
    let response = match app.return_from_provider(&name, &kept, &answer).await {
        Ok(returned) => done(&app, &returned, own, &caller, &headers).await,
        Err(error) => match own {
            // Who is signed in was on an errand of their own page.
            Ok(_) => Err(error.into()),
            Err(_) => {
                let again = Again { error: Some(&error), ..Again::default() };
                sign_in_page(&app, again, &headers).await
            }
        },
    };
    Ok(Cookie::Provider.clear(response.into_response(), &app))
}

/// What somebody was sent to the provider for.
async fn done(
    app: &App,
    returned: &Returned,
    own: Result<Own, Unshown>,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    match &returned.errand {
        Errand::SignIn(next) => match app.sign_in_by_provider(returned, caller).await {
            Ok(session) => Ok(gone_on(app, &session, next)),
            Err(error) => {
                let again = Again { next, error: Some(&error), ..Again::default() };
                sign_in_page(app, again, headers).await
            }
        },
        Errand::Add(_) => {
            let own = own?;
            let ask = own.ask_now(app, "add a provider");
            let session = &own.guest.signed_in.session;
            match app.add_provider(ask, session, returned).await {
                Ok(()) => Ok(own::done(paths::MY_SIGN_IN, own::Done::ProviderAdded)),
                Err(error) => Err(own::refused(error, paths::MY_SIGN_IN)),
            }
        }
        Errand::Prove(_, next) => {
            let own = own?;
            app.prove_by_provider(&own.person, &own.guest.signed_in.session, returned).await?;
            Ok(Redirect::to(safe_next(next)).into_response())
        }
    }
}

/// Where nobody is signed in the page for it; for others the start.
pub(super) async fn show_forgotten(
    State(app): State<App>,
    Query(query): Query<DoorQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let sent = Note::of_word(&query.note).filter(|note| *note == Note::LinkSent);
    forgotten_page(&app, sent, None, &headers)
}

fn forgotten_page(
    app: &App,
    note: Option<Note>,
    error: Option<&Error>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let page = super::pages::links::Forgotten {
        guard: door_guard(app, headers),
        note,
        mail: app.settings.mail,
        error: error.map(Error::to_string),
    };
    let mut response = with_word(shown(&page, headers)?, app, &page.guard);
    if let Some(error) = error {
        *response.status_mut() = Problem::of(error).status_code();
    }
    Ok(response)
}

/// Mails a link to a new password. The answer is the same for an address that nobody has.
pub(super) async fn forgotten(
    State(app): State<App>,
    From(caller): From,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Unshown> {
    let asked = confirm_word(&app, &headers, &form.hidden)
        .and_then(|()| app.forgot_password(&form.email, &caller));
    match asked {
        Ok(()) => {
            let to = format!("{}?note={}", paths::FORGOTTEN, Note::LinkSent.word());
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => forgotten_page(&app, None, Some(&error), &headers),
    }
}
