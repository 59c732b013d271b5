//! What a request says, taken out of its path, query, headers and body, and what is wrong with it.

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use ledger::role::{Member, Permit};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use wire::id::RequestId;
use wire::limits::TEXT_CHARS;

use super::body::within;
use super::guard::Introduced;
use crate::app::people::OwnAsk;
use crate::app::{App, Ask};
use crate::problem::Problem;

/// The header by which a request can be repeated.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The body of a request in JSON, in bytes: the longest has some dozen fields of 255 characters.
const JSON_BYTES: usize = 64 * 1024;
/// The same of a version of the terms, of 128 KiB before its quotes and line ends are escaped.
const TERMS_BYTES: usize = 256 * 1024;
/// The same of a request that names 5,000 product instances by id, or 256 KiB of lines.
const MANY_BYTES: usize = 768 * 1024;
/// Where the terms are published.
const TERMS: &str = "/api/v1/terms";

/// What may be done, by whom: the guard has put it there.
pub(super) struct Allowed(pub(super) Permit);

impl<S: Send + Sync> FromRequestParts<S> for Allowed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Permit>().cloned().map(Self).ok_or_else(|| {
            let text = "this route has no guard: report it (route.unguarded)";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "route.unguarded", text)
        })
    }
}

/// The person who asks, and from where: the guard has made them out.
pub(super) struct Me(pub(super) Member, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Me {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let introduced = parts.extensions.get::<Introduced>().cloned();
        introduced.map(|one| Self(one.member, one.address)).ok_or_else(|| {
            let text = "this route has no guard: report it (route.unguarded)";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "route.unguarded", text)
        })
    }
}

/// A request of a person for themself, and what its body says.
pub(super) struct AskingOwn<T> {
    /// Who asks, and the id under which the request may come again.
    pub(super) ask: OwnAsk,
    /// Who asks, with what they may.
    pub(super) member: Member,
    /// What the body says.
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for AskingOwn<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Me(member, address) = Me::from_request_parts(&mut parts, app).await?;
        let id = request_id(&parts.headers)?;
        let bytes = within(body, JSON_BYTES, "size.body").await?;
        let head = format!("{} {}\n", parts.method, parts.uri);
        let digested = [head.as_bytes(), bytes.as_ref()].concat();
        let id = id.unwrap_or_else(|| app.fresh_request());
        let ask = OwnAsk::new(&member, id, &address, &digested);
        Ok(Self { ask, member, body: read_json(&bytes)? })
    }
}

/// The variable parts of the path.
pub(super) struct PathOf<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(path_problem(rejection)),
        }
    }
}

/// The query, of which every field must be known.
pub(super) struct QueryOf<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.split_once("query string: ").map_or(text.as_str(), |(_, text)| text);
            let code = if text.contains("unknown field") { "query.unknown" } else { "query.value" };
            bad(text, code)
        })
    }
}

/// A request for a change: the right with the request's id, and what the body says.
///
/// An empty body counts as an object without fields.
pub(super) struct Asking<T> {
    /// The right, and the id under which the request may come again.
    pub(super) ask: Ask,
    /// What the body says.
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for Asking<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Allowed(permit) = Allowed::from_request_parts(&mut parts, app).await?;
        let id = request_id(&parts.headers)?;
        let most = most_bytes(parts.uri.path());
        let bytes = within(body, most, "size.body").await?;
        let head = format!("{} {}\n", parts.method, parts.uri);
        let digested = [head.as_bytes(), bytes.as_ref()].concat();
        let id = id.unwrap_or_else(|| app.fresh_request());
        Ok(Self { ask: Ask::new(permit, id, &digested), body: read_json(&bytes)? })
    }
}

/// How long the body of a request to a path may be.
fn most_bytes(path: &str) -> usize {
    let names_many = ["/instances/move", "/instances/remove", "/instances/keep"];
    if path == TERMS {
        TERMS_BYTES
    } else if names_many.iter().any(|end| path.ends_with(end)) {
        MANY_BYTES
    } else {
        JSON_BYTES
    }
}

/// The id that a request's header gives it.
fn request_id(headers: &HeaderMap) -> Result<Option<RequestId>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > TEXT_CHARS {
        let text = format!(
            "Idempotency-Key must be 1 to {TEXT_CHARS} characters of ASCII: make another (request.key)"
        );
        return Err(Problem::new(StatusCode::BAD_REQUEST, "request.key", text));
    }
    let own = || RequestId::derive(&[b"idempotency-key", text.as_bytes()]);
    Ok(Some(text.parse().unwrap_or_else(|_| own())))
}

fn read_json<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader);
    let value = read.map_err(|error| {
        let path = error.path().to_string();
        json_problem(&path, error.inner())
    })?;
    reader.end().map_err(|error| json_problem(".", &error))?;
    Ok(value)
}

fn json_problem(path: &str, error: &serde_json::Error) -> Problem {
    let whole = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = whole.strip_suffix(&place).unwrap_or(&whole);
    let at = format!("line {}, column {}", error.line(), error.column());
    if matches!(error.classify(), Category::Syntax | Category::Eof | Category::Io) {
        let text = format!("{at}: the body is not JSON, {text}: correct it (json.syntax)");
        return Problem::new(StatusCode::BAD_REQUEST, "json.syntax", text);
    }
    let (code, remedy) = match text {
        _ if text.starts_with("unknown field") => ("json.unknown_field", ": leave it out"),
        _ if text.starts_with("missing field") => ("json.missing_field", ": add it"),
        _ => ("json.value", ""),
    };
    let names_it = code != "json.value" || path == ".";
    let field = if names_it { String::new() } else { format!("{path}: ") };
    let mut problem = bad(&format!("{field}{text}{remedy}"), code);
    problem.detail = format!("{at}: {}", problem.detail);
    problem
}

fn path_problem(rejection: PathRejection) -> Problem {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else {
        return bad("the path is not UTF-8: encode it", "path.value");
    };
    match error.into_kind() {
        ErrorKind::DeserializeError { key, message, .. } => {
            bad(&format!("{key}: {message}"), "path.value")
        }
        other => bad(&other.to_string(), "path.value"),
    }
}

/// A bad request whose text ends with a code of its own, or else gets this one.
fn bad(text: &str, otherwise: &str) -> Problem {
    let status = StatusCode::BAD_REQUEST;
    match trailing_code(text) {
        Some(code) => Problem::new(status, code, text),
        None => Problem::new(status, otherwise, format!("{text} ({otherwise})")),
    }
}

/// The stable code in parentheses at the end of an error's text.
fn trailing_code(text: &str) -> Option<&str> {
    let (_, code) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_code =
        code.contains('.') && code.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_');
    is_code.then_some(code)
}
