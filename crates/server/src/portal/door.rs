//! The door: who is signed in, signing in and out.

use axum::Form;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::role::{Action, Actor, Permit, Scope, permit};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use wire::id::{AccountId, RequestId};

use super::answer::{Unshown, shown};
use super::pages::frame::{Guard, SignedInBy, Visitor};
use super::pages::sign_in::{Credential, SignIn};
use crate::app::sessions::SignedIn;
use crate::app::{App, Ask, Error};
use crate::problem::Problem;

/// The cookie where the portal is reached by HTTPS; browsers keep such a name to this host.
const SECURE_COOKIE: &str = "__Host-scrip";
/// The cookie where it is reached by plain HTTP, on loopback.
const PLAIN_COOKIE: &str = "scrip_session";
/// The cookies with the word of the sign-in form, from before there is a session.
const SECURE_WORD: &str = "__Host-scrip-form";
const PLAIN_WORD: &str = "scrip_form";
/// How long a sign-in form may lie open, in seconds.
const FORM_LASTS: i64 = 24 * 3600;

/// Who asked for a page.
pub(super) struct Guest {
    pub(super) signed_in: SignedIn,
    address: String,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Unshown;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Unshown> {
        let address = address(parts);
        let signed_in = match token(&parts.headers, app) {
            Some(token) => app.signed_in(&token).await?,
            None => None,
        };
        let asked = match parts.method {
            Method::GET => parts.uri.path_and_query().map_or("/", |asked| asked.as_str()),
            _ => "/",
        };
        let asked = asked.to_owned();
        let signed_in = signed_in.ok_or(Unshown::SignIn(asked))?;
        Ok(Self { signed_in, address })
    }
}

impl Guest {
    /// The right to do something in an account.
    pub(super) fn may(&self, action: Action, account: AccountId) -> Result<Permit, Unshown> {
        let permit = permit(&self.signed_in.actor, action, Scope::Account(account))?;
        Ok(permit.asked_from(&self.address))
    }

    /// The right to do something in the house.
    pub(super) fn may_house(&self, action: Action) -> Result<Permit, Unshown> {
        Ok(permit(&self.signed_in.actor, action, Scope::House)?.asked_from(&self.address))
    }

    /// The right to read the whole house.
    pub(super) fn may_read_house(&self) -> Result<Permit, Unshown> {
        Ok(permit(&self.signed_in.actor, Action::Read, Scope::House)?.asked_from(&self.address))
    }

    /// The hidden fields of a form.
    pub(super) fn guard(&self, app: &App) -> Guard {
        Guard {
            csrf: self.signed_in.session.csrf.clone(),
            request_id: app.fresh_request().to_string(),
        }
    }

    pub(super) fn visitor(&self, app: &App) -> Visitor {
        let by = match self.signed_in.member() {
            Some(_) => SignedInBy::Themself,
            None => SignedInBy::SetUpSecret,
        };
        Visitor { name: self.signed_in.actor.words(), sign_out: self.guard(app), by }
    }

    /// Confirms a form's hidden fields and makes a request of it.
    pub(super) fn ask(&self, permit: Permit, form: &Hidden, content: &str) -> Result<Ask, Unshown> {
        self.confirm(form)?;
        let request = form.request_id.parse::<RequestId>().map_err(|_| stale_form())?;
        Ok(Ask::new(permit, request, content.as_bytes()))
    }

    fn confirm(&self, form: &Hidden) -> Result<(), Unshown> {
        let same = form.csrf.as_bytes().ct_eq(self.signed_in.session.csrf.as_bytes());
        if bool::from(same) { Ok(()) } else { Err(stale_form()) }
    }
}

fn stale_form() -> Unshown {
    let detail = "this form is not of your present session, and nothing was changed: open the page again (form.stale)";
    Unshown::Wrong(Problem::new(StatusCode::FORBIDDEN, "form.stale", detail))
}

/// The hidden fields that every form returns.
#[derive(Debug, Deserialize)]
pub(super) struct Hidden {
    #[serde(default)]
    pub(super) csrf: String,
    #[serde(default)]
    pub(super) request_id: String,
}

fn address(parts: &Parts) -> String {
    let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
    peer.map_or_else(|| "local".to_owned(), |peer| peer.0.ip().to_string())
}

fn is_secure(app: &App) -> bool {
    app.settings.public_url.starts_with("https://")
}

fn cookie_name(app: &App) -> &'static str {
    if is_secure(app) { SECURE_COOKIE } else { PLAIN_COOKIE }
}

fn word_name(app: &App) -> &'static str {
    if is_secure(app) { SECURE_WORD } else { PLAIN_WORD }
}

fn token(headers: &HeaderMap, app: &App) -> Option<String> {
    cookie(headers, cookie_name(app))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|cookie| {
        let (key, value) = cookie.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

fn with_session(response: Response, app: &App, value: &str, seconds: i64) -> Response {
    with_cookie(response, app, (cookie_name(app), value), seconds)
}

fn with_cookie(mut response: Response, app: &App, pair: (&str, &str), seconds: i64) -> Response {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    let (name, value) = pair;
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A place on this server to go on to; anything else becomes the start.
fn safe_next(next: &str) -> &str {
    // Browsers drop tabs and line ends from an address and take a backslash for a slash.
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let local = plain && next.starts_with('/') && !next.starts_with("//");
    if local { next } else { "/" }
}

/// The query of the sign-in page.
#[derive(Debug, Deserialize)]
pub(super) struct NextQuery {
    #[serde(default)]
    next: String,
}

/// The sign-in page.
pub(super) async fn show_sign_in(
    State(app): State<App>,
    Query(query): Query<NextQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    sign_in_page(&app, &query.next, None, &headers)
}

/// The sign-in page. Its word also lies in a cookie: only a page of this server can return both.
fn sign_in_page(
    app: &App,
    next: &str,
    error: Option<String>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let word = app.fresh_word();
    let page = SignIn {
        guard: Guard { csrf: word.clone(), request_id: app.fresh_request().to_string() },
        with: Credential::SetUpSecret,
        next: safe_next(next).to_owned(),
        error,
    };
    let response = shown(&page, headers)?;
    Ok(with_cookie(response, app, (word_name(app), &word), FORM_LASTS))
}

/// What the sign-in form sends.
#[derive(Debug, Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    next: String,
}

/// Where a sign-in comes from.
pub(super) struct From(String);

impl FromRequestParts<App> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(address(parts)))
    }
}

/// Signs in.
pub(super) async fn sign_in(
    State(app): State<App>,
    From(address): From,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Unshown> {
    let word = cookie(&headers, word_name(&app)).unwrap_or_default();
    let entered = if !word.is_empty() && bool::from(word.as_bytes().ct_eq(form.csrf.as_bytes())) {
        enter(&app, &form.secret, &address).await
    } else {
        let text = "this form lay open too long, or your browser takes no cookies: try again";
        Err(Error::bad("form.stale", text))
    };
    match entered {
        Ok(session) => {
            let response = Redirect::to(safe_next(&form.next)).into_response();
            let response = with_cookie(response, &app, (word_name(&app), ""), 0);
            Ok(with_session(response, &app, &session.token, session.lasts.seconds()))
        }
        Err(error) => {
            let status = Problem::of(&error).status_code();
            let mut response = sign_in_page(&app, &form.next, Some(error.to_string()), &headers)?;
            *response.status_mut() = status;
            Ok(response)
        }
    }
}

async fn enter(
    app: &App,
    secret: &str,
    address: &str,
) -> Result<crate::app::sessions::NewSession, Error> {
    match app.bearer(secret, address).await? {
        Actor::Anonymous => app.sign_in("", address).await,
        _ => app.sign_in(secret, address).await,
    }
}

/// Signs out.
pub(super) async fn sign_out(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
    Form(form): Form<Hidden>,
) -> Result<Response, Unshown> {
    guest.confirm(&form)?;
    if let Some(token) = token(&headers, &app) {
        app.sign_out(&token).await?;
    }
    Ok(with_session(Redirect::to("/sign-in").into_response(), &app, "", 0))
}
