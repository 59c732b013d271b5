//! The device endpoint: bodies are the very files that could be carried by hand.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use wire::file::AckFile;
use wire::limits;

use crate::app::{App, Error};
use crate::problem::Problem;

/// A trust request is wrapped in XML and base64: a third longer, and some.
const TRUST_BODY: usize = limits::TRUST_REQUEST_BYTES * 2;

/// The routes of the device endpoint. They need no permit: what comes proves itself.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/device/v1/usage", post(usage))
        .route("/device/v1/trust", post(trust))
        .route("/device/v1/trust-bundle", get(trust_bundle))
        .layer(DefaultBodyLimit::disable())
}

async fn usage(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let body = within(body, limits::PUSH_BYTES, "size.push").await?;
    answer(app.submit_push(&body).await)
}

async fn trust(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let body = within(body, TRUST_BODY, "size.trust").await?;
    answer(app.trust(&body).await)
}

async fn trust_bundle(State(app): State<App>) -> Result<Response, Problem> {
    answer(Ok(app.trust_bundle()))
}

/// The body, unless it is larger than its kind may be: then not even the rest is read.
async fn within(body: Body, limit: usize, code: &'static str) -> Result<Bytes, Problem> {
    to_bytes(body, limit).await.map_err(|_| {
        let detail = format!("the body is larger than {limit} bytes: send less at once ({code})");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    })
}

fn answer(file: Result<AckFile, Error>) -> Result<Response, Problem> {
    let mut response = file?.to_xml().into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}
