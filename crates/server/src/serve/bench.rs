//! The route for measurements: all of a push but the writing. Never mounted by configuration.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::body::{Bytes, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use ledger::command::Pushed;
use tokio::sync::OnceCell;
use wire::limits;

use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    let like: Arc<OnceCell<Pushed>> = Arc::default();
    let route = move |State(app): State<App>, body: Body| verify_and_sign(app, body, like.clone());
    Router::new().route("/bench/v1/verify-and-sign", post(route))
}

/// The first body is taken in as a push, and what it became is what every later answer says.
async fn verify_and_sign(
    app: App,
    body: Body,
    like: Arc<OnceCell<Pushed>>,
) -> Result<Response, Problem> {
    let body: Bytes = to_bytes(body, limits::PUSH_BYTES).await.map_err(|error| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "size.push", error.to_string())
    })?;
    let like = like.get_or_try_init(|| app.push_to_answer_like(&body)).await?;
    Ok(app.verify_and_sign(&body, like).await?.to_xml().into_response())
}
