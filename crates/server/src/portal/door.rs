//! The door: who is signed in, what their browser keeps, and signing out.
//!
//! Not here: how somebody signs in (`enter`).

use axum::Form;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::person::Person;
use ledger::role::{Action, Member, Permit, Scope, permit};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use wire::id::{AccountId, RequestId};

use super::answer::Unshown;
use super::pages::frame::{Guard, SignedInBy, Visitor};
use super::pages::reader::Reader;
use crate::app::people::OwnAsk;
use crate::app::sessions::{NewSession, SignedIn};
use crate::app::sign_in::Caller;
use crate::app::{App, Ask, Error};
use crate::problem::Problem;

/// How long a form may lie open before somebody is signed in, in seconds.
const FORM_LASTS: i64 = 24 * 3600;
/// Letters of a form's word.
const WORD_LETTERS: usize = 32;

/// What a browser keeps for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A session's token.
    Session,
    /// The word of forms from before there is a session.
    Word,
    /// The token of a session that owes its second factor: it opens no page.
    Owing,
    /// What was sealed for who is at an identity provider.
    Provider,
}

impl Cookie {
    /// Where the portal is reached by HTTPS the name is one that browsers keep to this host.
    fn name(self, app: &App) -> &'static str {
        match (self, is_secure(app)) {
            (Self::Session, true) => "__Host-scrip",
            (Self::Session, false) => "scrip_session",
            (Self::Word, true) => "__Host-scrip-form",
            (Self::Word, false) => "scrip_form",
            (Self::Owing, true) => "__Host-scrip-owing",
            (Self::Owing, false) => "scrip_owing",
            (Self::Provider, true) => "__Host-scrip-provider",
            (Self::Provider, false) => "scrip_provider",
        }
    }

    /// What stands in it.
    pub(super) fn read(self, headers: &HeaderMap, app: &App) -> Option<String> {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|line| line.split(';')).find_map(|cookie| {
            let (key, value) = cookie.trim().split_once('=')?;
            (key == self.name(app)).then(|| value.to_owned())
        })
    }

    /// The response that sets it.
    pub(super) fn set(
        self,
        mut response: Response,
        app: &App,
        value: &str,
        seconds: i64,
    ) -> Response {
        let secure = if is_secure(app) { "; Secure" } else { "" };
        let name = self.name(app);
        let cookie =
            format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// The response that takes it away.
    pub(super) fn clear(self, response: Response, app: &App) -> Response {
        self.set(response, app, "", 0)
    }
}

/// The response with a session: nothing that led to it stays in the browser.
pub(super) fn with_session(response: Response, app: &App, session: &NewSession) -> Response {
    let response = Cookie::Word.clear(response, app);
    let response = Cookie::Owing.clear(response, app);
    Cookie::Session.set(response, app, &session.token, session.lasts.seconds())
}

/// Who asked for a page.
pub(super) struct Guest {
    pub(super) signed_in: SignedIn,
    caller: Caller,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Unshown;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Unshown> {
        let caller = caller(parts);
        let signed_in = match Cookie::Session.read(&parts.headers, app) {
            Some(token) => app.signed_in(&token).await?,
            None => None,
        };
        let asked = match parts.method {
            Method::GET => parts.uri.path_and_query().map_or("/", |asked| asked.as_str()),
            _ => "/",
        };
        let asked = asked.to_owned();
        let signed_in = signed_in.ok_or(Unshown::SignIn(asked))?;
        if let Some(person) = &signed_in.person {
            Reader::of(&person.preferences).reads();
        }
        Ok(Self { signed_in, caller })
    }
}

impl Guest {
    /// The right to do something in an account.
    pub(super) fn may(&self, action: Action, account: AccountId) -> Result<Permit, Unshown> {
        let permit = permit(&self.signed_in.actor, action, Scope::Account(account))?;
        Ok(permit.asked_from(&self.caller.address))
    }

    /// The right to do something in the house.
    pub(super) fn may_house(&self, action: Action) -> Result<Permit, Unshown> {
        let permit = permit(&self.signed_in.actor, action, Scope::House)?;
        Ok(permit.asked_from(&self.caller.address))
    }

    /// The right to read the whole house.
    pub(super) fn may_read_house(&self) -> Result<Permit, Unshown> {
        Ok(permit(&self.signed_in.actor, Action::Read, Scope::House)?
            .asked_from(&self.caller.address))
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

    /// Confirms that a form is of this session.
    pub(super) fn confirm(&self, form: &Hidden) -> Result<(), Unshown> {
        let same = form.csrf.as_bytes().ct_eq(self.signed_in.session.csrf.as_bytes());
        if bool::from(same) { Ok(()) } else { Err(stale_form()) }
    }

    /// Where they are.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// A person at a page of their own.
pub(super) struct Own {
    pub(super) guest: Guest,
    pub(super) person: Person,
    pub(super) member: Member,
}

impl FromRequestParts<App> for Own {
    type Rejection = Unshown;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Unshown> {
        let guest = Guest::from_request_parts(parts, app).await?;
        match (guest.signed_in.member().cloned(), guest.signed_in.person.clone()) {
            (Some(member), Some(person)) => Ok(Self { guest, person, member }),
            _ => Err(nobody()),
        }
    }
}

impl Own {
    /// Confirms a form's hidden fields and makes a request of it.
    pub(super) fn ask(&self, form: &Hidden, content: &str) -> Result<OwnAsk, Unshown> {
        self.guest.confirm(form)?;
        let request = form.request_id.parse::<RequestId>().map_err(|_| stale_form())?;
        let address = &self.guest.caller.address;
        Ok(OwnAsk::new(&self.member, request, address, content.as_bytes()))
    }

    /// A request of theirs that no form brings: they come back from elsewhere.
    pub(super) fn ask_now(&self, app: &App, content: &str) -> OwnAsk {
        let address = &self.guest.caller.address;
        OwnAsk::new(&self.member, app.fresh_request(), address, content.as_bytes())
    }

    /// Who looks at the page.
    pub(super) fn visitor(&self, app: &App) -> Visitor {
        let name = match self.person.name.as_str() {
            "" => self.person.email.clone(),
            name => name.to_owned(),
        };
        Visitor { name, sign_out: self.guest.guard(app), by: SignedInBy::Themself }
    }

    /// Whether a factor was shown lately enough for dangerous acts.
    pub(super) fn is_fresh(&self, app: &App) -> bool {
        self.guest.signed_in.session.is_fresh(app.world.now())
    }
}

fn nobody() -> Unshown {
    let detail = "the set-up secret is nobody's: invite yourself as an operator, and sign in as that person (sign_in.person)";
    Unshown::Wrong(Problem::new(StatusCode::FORBIDDEN, "sign_in.person", detail))
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

fn caller(parts: &Parts) -> Caller {
    let browser = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Caller { address: address(parts), browser: browser.unwrap_or_default().to_owned() }
}

/// Where somebody comes from who need not be signed in.
pub(super) struct From(pub(super) Caller);

impl FromRequestParts<App> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(caller(parts)))
    }
}

fn is_secure(app: &App) -> bool {
    app.settings.public_url.starts_with("https://")
}

/// The hidden fields of a form from before there is a session. Its word also lies in a cookie: only
/// a page of this server can return both. Pages that lie open side by side share it.
pub(super) fn door_guard(app: &App, headers: &HeaderMap) -> Guard {
    let fits = |word: &String| {
        word.len() == WORD_LETTERS && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let known = Cookie::Word.read(headers, app).filter(fits);
    Guard {
        csrf: known.unwrap_or_else(|| app.fresh_word()),
        request_id: app.fresh_request().to_string(),
    }
}

/// The response to a page that holds such a form.
pub(super) fn with_word(response: Response, app: &App, guard: &Guard) -> Response {
    Cookie::Word.set(response, app, &guard.csrf, FORM_LASTS)
}

/// Confirms that a form is of a page that this browser was shown.
pub(super) fn confirm_word(app: &App, headers: &HeaderMap, form: &Hidden) -> Result<(), Error> {
    let word = Cookie::Word.read(headers, app).unwrap_or_default();
    if !word.is_empty() && bool::from(word.as_bytes().ct_eq(form.csrf.as_bytes())) {
        return Ok(());
    }
    let text = "this form lay open too long, or your browser takes no cookies: try again";
    Err(Error::bad("form.stale", text))
}

/// A place on this server to go on to; anything else becomes the start.
pub(super) fn safe_next(next: &str) -> &str {
    // Browsers drop tabs and line ends from an address and take a backslash for a slash.
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let local = plain && next.starts_with('/') && !next.starts_with("//");
    if local { next } else { "/" }
}

/// A text as part of an address.
pub(super) fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Signs out.
pub(super) async fn sign_out(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
    Form(form): Form<Hidden>,
) -> Result<Response, Unshown> {
    guest.confirm(&form)?;
    if let Some(token) = Cookie::Session.read(&headers, &app) {
        app.sign_out(&token).await?;
    }
    Ok(Cookie::Session.clear(Redirect::to("/sign-in").into_response(), &app))
}
