//! The documented Smart Licensing REST profile, so that clients written for it work by changing a
//! host name. An adapter: the use cases are those of our own API.
//!
//! What such clients do on the wire is taken as it comes: paths that are doubled or begin with two
//! slashes, unknown fields, numbers as texts, bodies without a type. Answers are compact JSON, and
//! the HTTP status and `status` in the body both say how it went. Not here: what devices send.

mod accounts;
mod licenses;
mod oauth;
mod tokens;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get, post};
use ledger::role::{Action, Permit, Scope};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;
use wire::id::AccountId;

use super::table::{Documented, Need, Where, documented};
use crate::app::App;
use crate::problem::Problem;

/// Where the profile begins.
const N: &str = "/services/api/smart-accounts-and-licensing";
/// What some clients write twice.
const DOUBLED: &str = "/services/api";
/// How many rows are answered if nothing is said.
const DEFAULT: i64 = 50;

/// Every route of the profile.
pub(super) fn table() -> Vec<Documented> {
    use Action::{CreateVirtualAccount, ManageTokens, Read, ReadAccount};
    use HttpMethod::{Get, Post};
    use Need::{Person, Right, Secret};
    let domain = |action| Right(action, Where::Domain);
    let at = |path: &str| format!("{N}{path}");
    let mut all = Vec::new();
    for path in oauth::PATHS {
        all.push(documented(Secret, Post, path.to_owned(), post(oauth::token)));
    }
    let va = "/v1/accounts/{domain}/virtual-accounts";
    let customer = "/v1/accounts/{domain}/{customer}/virtual-accounts";
    all.extend([
        documented(Person, Get, at("/v2/accounts"), get(accounts::list)),
        documented(Person, Get, at("/v1/accounts/search"), get(accounts::search)),
        documented(Person, Get, at("/v2/accounts/search"), get(accounts::search_with_places)),
        documented(domain(ReadAccount), Get, at(customer), get(accounts::list_places)),
        documented(domain(CreateVirtualAccount), Post, at(customer), post(accounts::make_place)),
        documented(
            domain(CreateVirtualAccount),
            Post,
            at(&format!("{customer}/{{virtual_account}}/delete")),
            post(accounts::archive_place),
        ),
        documented(domain(ReadAccount), Get, at(va), get(accounts::list_places)),
        documented(domain(CreateVirtualAccount), Post, at(va), post(accounts::make_place)),
        documented(
            domain(Read),
            Post,
            at("/v1/accounts/{domain}/licenses"),
            post(licenses::list_licenses),
        ),
        documented(
            domain(Read),
            Post,
            at("/v1/accounts/{domain}/devices"),
            post(licenses::list_devices),
        ),
        documented(
            domain(ManageTokens),
            Get,
            at(&format!("{va}/{{virtual_account}}/tokens")),
            get(tokens::list),
        ),
        documented(
            domain(ManageTokens),
            Post,
            at(&format!("{va}/{{virtual_account}}/tokens")),
            post(tokens::make),
        ),
        documented(
            domain(ManageTokens),
            Post,
            at(&format!("{va}/{{virtual_account}}/tokens/revoke")),
            post(tokens::revoke),
        ),
    ]);
    all
}

/// The ways in which clients write a path.
pub(super) fn spellings(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned(), format!("/{path}")];
    if path.starts_with(DOUBLED) {
        all.extend([format!("{DOUBLED}{path}"), format!("/{DOUBLED}{path}")]);
    }
    all
}

/// The routes with what all of them share: other paths beside them, and the form of problems.
pub(super) fn finish(routes: Router<App>) -> Router<App> {
    routes
        .route("/services/{*rest}", any(unknown))
        .route("//services/{*rest}", any(unknown))
        .layer(map_response(enveloped))
}

async fn unknown(uri: Uri) -> Problem {
    let path = uri.path();
    let text = format!("there is nothing at {path}: see docs/api.md (path.unknown)");
    Problem::new(StatusCode::NOT_FOUND, "path.unknown", text)
}

/// Tells a problem in the profile's own form.
async fn enveloped(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let body = json!({"status": "ERROR", "statusMessage": problem.detail, "code": problem.code});
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body.to_string()))
}

/// That all went well, in the words of the body.
#[derive(Debug, Serialize)]
struct Done {
    status: &'static str,
    #[serde(rename = "statusMessage")]
    message: String,
}

fn done(message: impl Into<String>) -> Done {
    Done { status: "SUCCESS", message: message.into() }
}

/// The account that the guard found.
fn account_of(permit: &Permit) -> Result<AccountId, Problem> {
    match permit.scope() {
        Scope::Account(account) => Ok(account),
        Scope::House => {
            let text = "this route has no guard: report it (route.unguarded)";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "route.unguarded", text))
        }
    }
}

/// The query, of which unknown fields are left alone.
struct Loose<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Loose<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            let text = format!("{} (query.value)", rejection.body_text());
            Problem::new(StatusCode::BAD_REQUEST, "query.value", text)
        })
    }
}

/// Which part of a list: `limit` is 50 if left out, and -1 for all.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Window {
    #[serde(deserialize_with = "number")]
    limit: Option<i64>,
    #[serde(deserialize_with = "number")]
    offset: Option<i64>,
}

impl Window {
    /// The part of some rows.
    fn of<T>(self, rows: Vec<T>) -> Vec<T> {
        let limit = self.limit.unwrap_or(DEFAULT);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let offset = usize::try_from(self.offset.unwrap_or(0)).unwrap_or(0);
        rows.into_iter().skip(offset).take(limit).collect()
    }
}

/// A number, as such or as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let whole = |text: &str| text.trim().parse().map(Some).map_err(de::Error::custom);
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => whole(&text),
        other => whole(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_numbers_and_texts_and_minus_one_for_all() {
        let window = |json: Value| serde_json::from_value::<Window>(json).unwrap();
        let rows: Vec<u32> = (0..60).collect();
        assert_eq!(window(json!({})).of(rows.clone()).len(), 50);
        assert_eq!(window(json!({"limit": -1})).of(rows.clone()), rows);
        assert_eq!(window(json!({"limit": "2", "offset": "58"})).of(rows.clone()), [58, 59]);
        assert_eq!(window(json!({"limit": null, "offset": 70})).of(rows), [0_u32; 0]);
        assert!(serde_json::from_value::<Window>(json!({"limit": "many"})).is_err());
    }
}
