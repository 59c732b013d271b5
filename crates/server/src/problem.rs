//! Problems: the one place where refusals and faults become HTTP, are logged once, and
//! where what is secret to exist is not found.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::refusal::Refusal;
use serde::Serialize;
use store::Fault;
use wire::seal::OpenError;

use crate::app::Error;
use crate::proof::oidc::OidcFault;

/// How long a client is asked to wait when the store is busy, in seconds.
const RETRY_AFTER: &str = "1";
/// How long a client is asked to wait after too many wrong secrets, in seconds: longer is never needed.
const RETRY_SIGN_IN: &str = "60";

/// A problem as an API answers it (RFC 9457), with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// The stable code.
    pub code: String,
}

impl Problem {
    /// The problem that an error is.
    pub fn of(error: &Error) -> Self {
        let status = status(error);
        if status.is_server_error() {
            tracing::error!(code = error.code(), %error, "a request failed");
        } else {
            tracing::debug!(code = error.code(), %error, "a request was refused");
        }
        Self::new(status, error.code(), error.to_string())
    }

    /// A problem of a status, with its code and what to do.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:scrip:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
        }
    }

    /// Its status.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status_code();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SIGN_IN));
            }
            StatusCode::UNAUTHORIZED if self.code.starts_with("auth.") => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        // A face that tells problems in another form finds it here.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Refused(refusal) => refused(refusal),
        Error::Fault(Fault::Busy | Fault::Down { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Seal(OpenError::Signature | OpenError::Realm) => StatusCode::FORBIDDEN,
        Error::File(error) if error.code.starts_with("size.") => StatusCode::PAYLOAD_TOO_LARGE,
        Error::File(_) | Error::Seal(_) | Error::Report(_) | Error::NthReport { .. } => {
            StatusCode::BAD_REQUEST
        }
        Error::Bad { code: "trust.realm" | "trust.token_unknown", .. } => StatusCode::FORBIDDEN,
        Error::Bad {
            code: "oauth.invalid_grant" | "oauth.invalid_scope" | "token.password",
            ..
        } => StatusCode::BAD_REQUEST,
        Error::Bad { code: "sign_in.failed" | "oauth.invalid_client", .. } => {
            StatusCode::UNAUTHORIZED
        }
        Error::Bad { code: "sign_in.too_often" | "auth.too_often", .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Error::Bad { code: "form.repeated", .. } => StatusCode::CONFLICT,
        Error::Bad { code: "oidc.unknown", .. } => StatusCode::FORBIDDEN,
        Error::Oidc(fault) => vouched(fault),
        Error::Bad { code: "sign_in.busy", .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Bad { code: "cursor.invalid", .. } => StatusCode::BAD_REQUEST,
        Error::Passkey(_) | Error::Password(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Bad { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn vouched(fault: &OidcFault) -> StatusCode {
    match fault {
        OidcFault::Provider { .. } => StatusCode::NOT_FOUND,
        OidcFault::Unreachable { .. } | OidcFault::Metadata { .. } | OidcFault::Exchange { .. } => {
            StatusCode::BAD_GATEWAY
        }
        _ => StatusCode::FORBIDDEN,
    }
}

fn refused(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Denied { .. }
        | Refusal::KeyRevoked { .. }
        | Refusal::UnknownKey
        | Refusal::AccountNotActive { .. }
        | Refusal::AccountHolding
        | Refusal::AccountLimited { .. }
        | Refusal::StepUp
        | Refusal::LinkDead
        | Refusal::TermsNotAccepted { .. } => StatusCode::FORBIDDEN,
        Refusal::NotShown => StatusCode::UNAUTHORIZED,
        Refusal::TokenUnknown
        | Refusal::TokenRevoked
        | Refusal::TokenExpired { .. }
        | Refusal::TokenUsedUp { .. } => StatusCode::FORBIDDEN,
        Refusal::NotFound { .. } => StatusCode::NOT_FOUND,
        Refusal::RequestReused
        | Refusal::Taken { .. }
        | Refusal::Overtaken { .. }
        | Refusal::Changed { .. }
        | Refusal::VirtualAccountInUse { .. }
        | Refusal::LastAdministrator { .. } => StatusCode::CONFLICT,
        Refusal::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
