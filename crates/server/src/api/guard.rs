//! The guard before a route that needs a right: who asks, and whether they may.
//!
//! What passes carries a [`Permit`], without which no use case can be called.

use std::net::SocketAddr;
use std::pin::Pin;

use axum::RequestPartsExt as _;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use ledger::role::{Action, Actor, Member, Scope, permit};
use wire::id::{AccountId, IdError};

use super::table::Where;
use crate::app::{App, Error};
use crate::problem::Problem;

/// A route behind its guard.
#[derive(Clone)]
pub(super) struct Guarded {
    /// What is asked for.
    pub(super) action: Action,
    /// Where.
    pub(super) place: Where,
    /// What answers who may.
    pub(super) inner: MethodRouter<App>,
}

impl Handler<(), App> for Guarded {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, app: App) -> Self::Future {
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut response = match self.admit(&mut parts, &app).await {
                Ok(()) => self.inner.call(Request::from_parts(parts, body), app).await,
                Err(problem) => problem.into_response(),
            };
            // Answers hold what is an account's own, ID tokens among it.
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, no_store);
            response
        })
    }
}

/// A route of what is a person's own, behind its guard.
#[derive(Clone)]
pub(super) struct Personal {
    /// What answers a person.
    pub(super) inner: MethodRouter<App>,
}

impl Handler<(), App> for Personal {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, app: App) -> Self::Future {
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut response = match introduce(&mut parts, &app).await {
                Ok(()) => self.inner.call(Request::from_parts(parts, body), app).await,
                Err(problem) => problem.into_response(),
            };
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, no_store);
            response
        })
    }
}

/// Makes out who asks, if it is a person.
async fn introduce(parts: &mut Parts, app: &App) -> Result<(), Problem> {
    let address = address(parts);
    let Actor::Person(member) = who_asks(parts, app, &address).await? else {
        let text = "this is about a person's own: sign in as one, by a personal token or an access token (auth.person)";
        return Err(Problem::new(StatusCode::FORBIDDEN, "auth.person", text));
    };
    parts.extensions.insert(Introduced { member: *member, address });
    Ok(())
}

/// The person who asks, and from where.
#[derive(Clone)]
pub(super) struct Introduced {
    pub(super) member: Member,
    pub(super) address: String,
}

pub(super) fn address(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default()
}

impl Guarded {
    async fn admit(&self, parts: &mut Parts, app: &App) -> Result<(), Problem> {
        let address = address(parts);
        let actor = who_asks(parts, app, &address).await?;
        let scope = match self.place {
            Where::House => Scope::House,
            Where::Account => Scope::Account(account_of(parts).await?),
            Where::Domain => Scope::Account(app.account_at(&domain_of(parts).await).await?),
        };
        let permit = permit(&actor, self.action, scope).map_err(Error::from)?;
        let permit = permit.asked_from(&address);
        if let Scope::Account(id) = scope {
            app.confirm_account(&permit, id).await?;
        }
        parts.extensions.insert(permit);
        Ok(())
    }
}

/// Who asks: whom the door has made out already, else who shows the set-up secret.
async fn who_asks(parts: &Parts, app: &App, address: &str) -> Result<Actor, Problem> {
    if let Some(actor) = parts.extensions.get::<Actor>() {
        return Ok(actor.clone());
    }
    let shown = parts.headers.get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    let secret = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, secret)) = secret else {
        let text = "sign in with the header `Authorization: Bearer <token>`: a personal token, an access token, or at first the set-up secret (auth.missing)";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "auth.missing", text));
    };
    match app.bearer(secret, address).await? {
        Actor::Anonymous => {
            let text = "this token is not known, has expired or was revoked; the set-up secret is void \
                        once an operator can sign in: make a new token in the portal, or run \
                        `scrip setup-secret` on the server's host (auth.wrong)";
            Err(Problem::new(StatusCode::UNAUTHORIZED, "auth.wrong", text))
        }
        actor => Ok(actor),
    }
}

async fn domain_of(parts: &mut Parts) -> String {
    let params = parts.extract::<RawPathParams>().await.ok();
    let named = params.iter().flat_map(|params| params.iter()).find(|(name, _)| *name == "domain");
    named.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

async fn account_of(parts: &mut Parts) -> Result<AccountId, Problem> {
    let params = parts.extract::<RawPathParams>().await.ok();
    let named = params.iter().flat_map(|params| params.iter()).find(|(name, _)| *name == "account");
    let text = named.map(|(_, value)| value).unwrap_or_default();
    text.parse().map_err(|error: IdError| {
        Problem::new(StatusCode::BAD_REQUEST, error.code(), format!("account: {error}"))
    })
}
