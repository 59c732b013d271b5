//! The portal: pages in the browser, over the same use cases as the API.
//!
//! Handlers ask for a right, call a use case and fill a page; what a page looks like is in
//! [`pages`]. Every change is a POST that returns the session's word, and its request id
//! makes a double click one change.

pub mod pages;

mod answer;
mod door;
mod events;
mod facts;
mod overview;
mod pastes;
mod things;
mod tokens;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use pages::paths;

/// All routes of the portal.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(door::home))
        .route(paths::SIGN_IN, get(door::show_sign_in).post(door::sign_in))
        .route(paths::SIGN_OUT, post(door::sign_out))
        .route(paths::ACCOUNTS, get(overview::accounts))
        .route(paths::OVERVIEW, get(overview::overview))
        .route(paths::ALARMS, get(things::open_alarms))
        .route(paths::SETTLED_ALARMS, get(things::settled_alarms))
        .route(paths::EVENTS, get(events::log))
        .route(paths::EVENTS_EXPORT, get(events::export))
        .route(paths::CHECKPOINT, get(events::checkpoint))
        .route(paths::POOL, get(things::pool))
        .route(paths::INSTANCE, get(things::instance))
        .route(paths::TOKENS, get(tokens::list).post(tokens::create))
        .route(paths::REVOKE_TOKEN, post(tokens::revoke))
        .route("/assets/{name}", get(asset))
        .fallback(absent)
        .layer(axum::middleware::from_fn(answer::with_safety_headers))
}

/// An address that leads nowhere.
async fn absent() -> Response {
    answer::absent().into_response()
}

/// An asset's name holds a hash of its bytes, so it may be kept for ever.
async fn asset(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let Some((bytes, content_type)) = pages::assets::find(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{name}\"");
    let known =
        asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    response
}
