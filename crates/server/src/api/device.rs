//! The device endpoint: bodies are the very files that could be carried by hand.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use wire::file::AckFile;
use wire::limits;

use super::body::within;
use crate::app::{App, Error};
use crate::problem::Problem;

/// Takes in the usage reports of one product instance and acknowledges them.
///
/// A report may come twice or late. One that cannot be opened is named in the acknowledgement,
/// if another of the push can.
#[utoipa::path(
    post,
    path = "/device/v1/usage",
    tag = "devices",
    request_body(content = String, content_type = "application/xml", description = "A usage file, up to 1 MiB and 64 reports."),
    responses((status = 200, body = String, content_type = "application/xml", description = "An acknowledgement file."))
)]
pub(super) async fn push_usage(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = within(body, limits::PUSH_BYTES, "size.push").await?;
    let peer = peer.map(|peer| peer.0.0.ip());
    // A proxy's address says nothing of the device, and what it names as the device's anybody can write.
    let forwarded =
        headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    answer(app.submit_push(&body, peer.filter(|_| !forwarded)).await)
}

/// Binds a device's UDI and key by an ID token.
#[utoipa::path(
    post,
    path = "/device/v1/trust",
    tag = "devices",
    request_body(content = String, content_type = "application/xml", description = "A trust request file, signed with the key in it."),
    responses((status = 200, body = String, content_type = "application/xml", description = "A file with the trust bundle and the trust code."))
)]
pub(super) async fn ask_trust(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let body = within(body, limits::TRUST_FILE_BYTES, "size.trust").await?;
    answer(app.trust(&body).await)
}

/// Shows the newest trust bundle: the keys by which devices know this installation.
#[utoipa::path(
    get,
    path = "/device/v1/trust-bundle",
    tag = "devices",
    responses((status = 200, body = String, content_type = "application/xml", description = "A file with the trust bundle."))
)]
pub(super) async fn show_trust_bundle(State(app): State<App>) -> Result<Response, Problem> {
    answer(Ok(app.trust_bundle()))
}

fn answer(file: Result<AckFile, Error>) -> Result<Response, Problem> {
    let mut response = file?.to_xml().into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}
