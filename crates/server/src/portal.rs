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
mod enter;
mod events;
mod factors;
mod facts;
mod forms;
mod gallery;
mod house;
mod links;
mod lists;
mod overview;
mod own;
mod own_tokens;
mod pastes;
mod people;
mod places;
mod prove;
mod relocation;
mod search;
mod sessions;
mod things;
mod tokens;
mod virtual_accounts;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use pages::paths;

/// Routes with their patterns, for who has to go through all of them.
struct Table {
    router: Router<App>,
    patterns: Vec<&'static str>,
}

impl Table {
    fn new() -> Self {
        Self { router: Router::new(), patterns: Vec::new() }
    }

    fn route(mut self, pattern: &'static str, answers: MethodRouter<App>) -> Self {
        self.router = self.router.route(pattern, answers);
        self.patterns.push(pattern);
        self
    }

    fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.patterns.extend(other.patterns);
        self
    }
}

/// All routes of the portal.
pub fn routes() -> Router<App> {
    table().router.fallback(absent).layer(axum::middleware::from_fn(answer::with_safety_headers))
}

/// The patterns of all addresses of the portal. Some are only for forms and show no page.
pub fn patterns() -> Vec<&'static str> {
    table().patterns
}

fn table() -> Table {
    Table::new()
        .route("/", get(overview::home))
        .route(paths::SIGN_IN, get(enter::show_sign_in).post(enter::sign_in))
        .route(paths::SIGN_OUT, post(door::sign_out))
        .route(paths::ACCOUNTS, get(overview::accounts))
        .route(paths::OVERVIEW, get(overview::overview))
        .route(paths::SEARCH, get(search::find))
        .route(paths::ALARMS, get(things::open_alarms))
        .route(paths::SETTLED_ALARMS, get(things::settled_alarms))
        .route(paths::EVENTS, get(events::log))
        .route(paths::EVENTS_EXPORT, get(events::export))
        .route(paths::CHECKPOINT, get(events::checkpoint))
        .route(paths::LICENSES, get(lists::licenses))
        .route(paths::LICENSES_EXPORT, get(lists::export_licenses))
        .route(paths::INSTANCES, get(lists::instances))
        .route(paths::INSTANCES_EXPORT, get(lists::export_instances))
        .route(paths::POOL, get(things::pool))
        .route(paths::INSTANCE, get(things::instance))
        .route(paths::MOVE_INSTANCES, get(relocation::ask_move).post(relocation::move_on))
        .route(paths::REMOVE_INSTANCES, get(relocation::ask_remove).post(relocation::remove))
        .route(paths::KEEP_INSTANCES, get(relocation::ask_keep).post(relocation::keep))
        .route(paths::TOKENS, get(tokens::list).post(tokens::create))
        .route(paths::REVOKE_TOKEN, post(tokens::revoke))
        .route(paths::GALLERY, get(gallery::show))
        .route("/assets/{name}", get(asset))
        .merge(administration())
        .merge(house_pages())
        .merge(door_routes())
        .merge(own_routes())
}

/// The administration of an account.
fn administration() -> Table {
    Table::new()
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
fn house_pages() -> Table {
    Table::new()
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

/// The ways in.
fn door_routes() -> Table {
    Table::new()
        .route(paths::SECOND_FACTOR, get(enter::show_second_factor).post(enter::second_factor))
        .route(paths::PASSKEY, post(enter::sign_in_by_passkey))
        .route(paths::PROVIDER, get(enter::go_to_provider))
        .route(paths::PROVIDER_ANSWER, get(enter::back_from_provider))
        .route(paths::FORGOTTEN, get(enter::show_forgotten).post(enter::forgotten))
        .route(paths::INVITATION, get(links::show_invitation).post(links::accept_invitation))
        .route(paths::NEW_PASSWORD, get(links::show_new_password).post(links::take_new_password))
        .route(paths::APPROVAL, get(links::show_approval).post(links::decide_approval))
}

/// A person's own pages.
fn own_routes() -> Table {
    Table::new()
        .route(paths::ME, get(own::show).post(own::edit))
        .route(paths::MY_ACCESS, post(own::ask_access))
        .route(paths::MY_ACCOUNTS, post(own::request_account))
        .route(paths::MY_SIGN_IN, get(factors::show))
        .route(paths::MY_PASSWORD, post(factors::change_password))
        .route(paths::MY_AUTHENTICATOR, get(factors::show_app).post(factors::confirm_app))
        .route(paths::REMOVE_AUTHENTICATOR, post(factors::remove_app))
        .route(paths::MY_RECOVERY, post(factors::renew_codes))
        .route(paths::MY_PASSKEYS, post(factors::add_passkey))
        .route(paths::REMOVE_PASSKEY, post(factors::remove_passkey))
        .route(paths::ADD_PROVIDER, post(prove::add_provider))
        .route(paths::REMOVE_PROVIDER, post(prove::remove_provider))
        .route(paths::MY_SESSIONS, get(sessions::show))
        .route(paths::END_SESSION, post(sessions::end))
        .route(paths::END_OTHER_SESSIONS, post(sessions::end_others))
        .route(paths::MY_TOKENS, get(own_tokens::list).post(own_tokens::make))
        .route(paths::REVOKE_MY_TOKEN, post(own_tokens::revoke))
        .route(paths::PROVE, get(prove::show).post(prove::prove))
        .route(paths::PROVE_BY_PROVIDER, post(prove::go_to_provider))
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
