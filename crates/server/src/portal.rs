//! The portal: pages in the browser, over the same use cases as the API.
//!
//! Handlers ask for a right, call a use case and fill a page; what a page looks like is in
//! [`pages`]. Every change is a POST that returns the session's word, and its request id
//! makes a double click one change.

pub mod pages;

mod answer;
mod banners;
mod clients;
mod customer;
mod door;
mod events;
mod facts;
mod forms;
mod house;
mod overview;
mod pastes;
mod people;
mod things;
mod tokens;
mod virtual_accounts;

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
        .route("/", get(overview::home))
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
        .merge(administration())
        .merge(house_pages())
        .fallback(absent)
        .layer(axum::middleware::from_fn(answer::with_safety_headers))
}

/// The administration of an account.
fn administration() -> Router<App> {
    Router::new()
        .route(paths::PEOPLE, get(people::list).post(people::grant))
        .route(paths::END_ROLE, get(people::ask_end).post(people::end))
        .route(paths::INVITE, post(people::invite))
        .route(paths::DECIDE, post(people::decide))
        .route(paths::PROPERTIES, get(customer::show).post(customer::edit))
        .route(paths::UPGRADE, post(customer::upgrade))
        .route(paths::ACCEPT_TERMS, post(customer::accept))
        .route(paths::VIRTUAL_ACCOUNTS, get(virtual_accounts::list).post(virtual_accounts::create))
        .route(paths::VIRTUAL_ACCOUNT, get(virtual_accounts::show).post(virtual_accounts::edit))
        .route(paths::ARCHIVE, get(virtual_accounts::ask_archive).post(virtual_accounts::archive))
        .route(paths::RESTORE, post(virtual_accounts::restore))
        .route(paths::API_CLIENTS, get(clients::list).post(clients::create))
        .route(paths::MORE_SECRETS, post(clients::more))
        .route(paths::REVOKE_CLIENT, get(clients::ask_revoke).post(clients::revoke))
}

/// The house, and support's look into an account.
fn house_pages() -> Router<App> {
    Router::new()
        .route(paths::NEW_ACCOUNT, get(house::new_account).post(house::create_account))
        .route(paths::EVERYBODY, get(house::everybody))
        .route(paths::PERSON, get(house::person).post(house::admit))
        .route(paths::HOUSE_ROLES, get(house::roles).post(house::grant))
        .route(paths::END_HOUSE_ROLE, get(house::ask_end).post(house::end))
        .route(paths::INVITE_HOUSE, post(house::invite))
        .route(paths::TERMS, get(house::terms).post(house::publish))
        .route(paths::SEE_AS, get(house::ask_see).post(house::see))
        .route(paths::STOP_SEEING, post(house::stop_seeing))
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
