//! The token endpoint (RFC 6749), in all the ways that clients call it: parameters in the query,
//! in a form or in JSON, the client's secret there or by HTTP Basic.
//!
//! A `password` grant takes a personal token, never a person's password.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::person::Bounds;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::api::body::within;
use crate::api::guard::address;
use crate::app::api_tokens::{AccessToken, Shown};
use crate::app::{App, Error};
use crate::problem::Problem;

/// Where clients look for it.
pub(super) const PATHS: [&str; 4] =
    ["/as/token.oauth2", "/oauth2/default/v1/token", "/oauth/token", "/backend/oauth/token"];

/// The body of a request, in bytes: it holds half a dozen short texts.
const BODY_BYTES: usize = 16 * 1024;
/// What the endpoint looks at; anything else is left alone.
const KNOWN: [&str; 6] =
    ["grant_type", "client_id", "client_secret", "username", "password", "scope"];

/// Why no token is given, as RFC 6749 says it.
struct Refused {
    error: &'static str,
    problem: Problem,
}

/// Answers an access token.
pub(super) async fn token(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let given = match within(body, BODY_BYTES, "size.body").await {
        Ok(body) => exchange(&app, &parts, &body).await,
        Err(problem) => Err(Refused { error: "invalid_request", problem }),
    };
    let mut response = match given {
        Ok(token) => axum::Json(answer(&token)).into_response(),
        Err(refused) => refused.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn answer(token: &AccessToken) -> Value {
    json!({
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": token.lasts.seconds(),
        "scope": token.bounds.words(),
    })
}

async fn exchange(app: &App, parts: &Parts, body: &[u8]) -> Result<AccessToken, Refused> {
    let mut asked = parameters(parts.uri.query().unwrap_or_default(), body)?;
    if let Some((id, secret)) = basic(&parts.headers)? {
        put(&mut asked, "client_id", id)?;
        put(&mut asked, "client_secret", secret)?;
    }
    let said = |name: &str| asked.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let needed = |name: &str| said(name).ok_or_else(|| missing(name));
    let from = address(parts);
    let scope = said("scope").map(|words| Bounds::from_words(words).ok_or_else(unknown_scope));
    let scope = scope.transpose()?;
    let client = match (said("client_id"), said("client_secret")) {
        (Some(id), Some(secret)) => Some((id, secret)),
        _ => None,
    };
    match needed("grant_type")? {
        "client_credentials" => {
            let (id, secret) = client.ok_or_else(no_client)?;
            let shown = Shown::Client { id, secret };
            Ok(app.exchange_token(&shown, scope, &from).await?)
        }
        "password" => {
            let shown = Shown::Personal { email: needed("username")?, token: needed("password")? };
            let mut bounds = scope.unwrap_or(Bounds::Everything);
            if let Some((id, secret)) = client {
                bounds = bounds.within(&app.client_bounds(id, secret, &from).await?);
            }
            Ok(app.exchange_token(&shown, Some(bounds), &from).await?)
        }
        _ => {
            let text = "grant_type must be client_credentials or password (oauth.grant_type)";
            Err(bad("unsupported_grant_type", "oauth.grant_type", text))
        }
    }
}

/// What the query and the body say, whichever form the body has.
fn parameters(query: &str, body: &[u8]) -> Result<BTreeMap<String, String>, Refused> {
    let mut asked = BTreeMap::new();
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?.trim();
    for (name, value) in pairs(query) {
        put(&mut asked, &name, value)?;
    }
    if text.starts_with('{') {
        let fields: Map<String, Value> = serde_json::from_str(text).map_err(|_| unreadable())?;
        for (name, value) in fields {
            if let Value::String(value) = value {
                put(&mut asked, &name, value)?;
            }
        }
    } else {
        for (name, value) in pairs(text) {
            put(&mut asked, &name, value)?;
        }
    }
    Ok(asked)
}

/// The pairs of a query or form.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let plain =
        |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(move |part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (plain(name), plain(value))
    })
}

/// Notes a parameter. The same one may be said twice, but not differently.
fn put(asked: &mut BTreeMap<String, String>, name: &str, value: String) -> Result<(), Refused> {
    if !KNOWN.contains(&name) {
        return Ok(());
    }
    match asked.insert(name.to_owned(), value.clone()) {
        Some(before) if before != value => {
            let text = format!("{name} is given twice and differently: give it once (oauth.twice)");
            Err(bad("invalid_request", "oauth.twice", text))
        }
        _ => Ok(()),
    }
}

/// The client's id and secret of the header, if it is there.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refused> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, word)) = shown.and_then(|text| text.split_once(' ')) else {
        return Ok(None);
    };
    // Some clients send their empty bearer token here, too.
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let text = STANDARD.decode(word.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(no_client)?;
    let (id, secret) = text.split_once(':').ok_or_else(no_client)?;
    let plain = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    Ok(Some((plain(id), plain(secret))))
}

fn bad(error: &'static str, code: &str, text: impl Into<String>) -> Refused {
    Refused { error, problem: Problem::new(StatusCode::BAD_REQUEST, code, text) }
}

fn missing(name: &str) -> Refused {
    let text = format!("{name} is missing: add it (oauth.missing)");
    bad("invalid_request", "oauth.missing", text)
}

fn unreadable() -> Refused {
    let text = "the body is neither a form nor JSON: correct it (oauth.body)";
    bad("invalid_request", "oauth.body", text)
}

fn unknown_scope() -> Refused {
    let text = "scope must be some of read, licenses, people, accounts, or everything (oauth.invalid_scope)";
    bad("invalid_scope", "oauth.invalid_scope", text)
}

fn no_client() -> Refused {
    let text = "client_id and client_secret are needed: make an API client in the portal (oauth.invalid_client)";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "oauth.invalid_client", text);
    Refused { error: "invalid_client", problem }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let problem = Problem::of(&error);
        let word = match error.code() {
            "oauth.invalid_client" => "invalid_client",
            "oauth.invalid_scope" => "invalid_scope",
            "auth.too_often" => "temporarily_unavailable",
            _ if problem.status_code() == StatusCode::SERVICE_UNAVAILABLE => {
                "temporarily_unavailable"
            }
            _ if problem.status_code().is_server_error() => "server_error",
            _ => "invalid_grant",
        };
        Self { error: word, problem }
    }
}

impl Refused {
    fn into_response(self) -> Response {
        let Self { error, problem } = self;
        let mut response = problem.clone().into_response();
        response.extensions_mut().remove::<Problem>();
        let (mut parts, _) = response.into_parts();
        let json = HeaderValue::from_static("application/json");
        parts.headers.insert(header::CONTENT_TYPE, json);
        parts.headers.remove(header::CONTENT_LENGTH);
        if error == "invalid_client" {
            let basic = HeaderValue::from_static("Basic realm=\"scrip\"");
            parts.headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        // The RFC allows neither quotation marks nor backslashes in a description.
        let text = problem.detail.replace(['"', '\\'], "'");
        let body = json!({"error": error, "error_description": text});
        Response::from_parts(parts, body.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_query_form_and_json() {
        let read = |query: &str, body: &str| parameters(query, body.as_bytes()).ok();
        let expected = BTreeMap::from([
            ("client_id".to_owned(), "a b".to_owned()),
            ("scope".to_owned(), "read licenses".to_owned()),
        ]);
        assert_eq!(read("client_id=a%20b&scope=read+licenses", ""), Some(expected.clone()));
        assert_eq!(read("", "client_id=a+b&scope=read%20licenses&more=1"), Some(expected.clone()));
        let json = r#" {"client_id": "a b", "scope": "read licenses", "n": 1}"#;
        assert_eq!(read("client_id=a%20b", json), Some(expected));
        assert_eq!(read("client_id=a", "client_id=b"), None);
        assert_eq!(read("", "{"), None);
    }
}
