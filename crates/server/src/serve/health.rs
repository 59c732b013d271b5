//! Whether the server is up, whether it can do its work, and its figures.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use ledger::role::Actor;

use super::metrics::{Figures, system_figures};
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes(figures: Figures) -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "up\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(Extension(figures))
}

/// Ready is who can read the book and write into it.
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.ready().await?;
    Ok("ready\n")
}

/// Figures are for the host, for who reads them on the same machine, and for operators.
async fn metrics(
    State(app): State<App>,
    Extension(figures): Extension<Figures>,
    host: Option<Extension<Actor>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let forwarded =
        headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    let peer = peer.map(|peer| peer.0.0.ip());
    let near = peer.is_some_and(|ip| ip.is_loopback()) && !forwarded;
    let address = peer.map(|ip| ip.to_string()).unwrap_or_default();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let operator = match bearer {
        Some(secret) => app.bearer(secret, &address).await? == Actor::Operator,
        None => false,
    };
    if host.is_none() && !near && !operator {
        let text = "figures are for operators: ask on the server's host, or with an operator's bearer token (permit.denied)";
        return Err(Problem::new(StatusCode::FORBIDDEN, "permit.denied", text));
    }
    let figures = system_figures(&app, &figures).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], figures).into_response())
}
