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
use ledger::role::{Action, Actor, Scope, permit};
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

impl Guarded {
    async fn admit(&self, parts: &mut Parts, app: &App) -> Result<(), Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default();
        let actor = who_asks(parts, app, &address).await?;
        let scope = match self.place {
            Where::House => Scope::House,
            Where::Account => Scope::Account(account_of(parts).await?),
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
        let text = "sign in with the header `Authorization: Bearer <set-up secret>` (auth.missing)";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "auth.missing", text));
    };
    match app.bearer(secret, address).await? {
        Actor::Anonymous => {
            let text = "this is not the set-up secret: it was printed when the server first started, \
                        and `scrip setup-secret` on the server's host makes a new one (auth.wrong)";
            Err(Problem::new(StatusCode::UNAUTHORIZED, "auth.wrong", text))
        }
        actor => Ok(actor),
    }
}

async fn account_of(parts: &mut Parts) -> Result<AccountId, Problem> {
    let params = parts.extract::<RawPathParams>().await.ok();
    let named = params.iter().flat_map(|params| params.iter()).find(|(name, _)| *name == "account");
    let text = named.map(|(_, value)| value).unwrap_or_default();
    text.parse().map_err(|error: IdError| {
        Problem::new(StatusCode::BAD_REQUEST, error.code(), format!("account: {error}"))
    })
}
