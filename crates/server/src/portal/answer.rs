//! How pages are answered: whole or the live part alone, with the headers that keep them safe.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use ledger::refusal::Refusal;
use ledger::role::Action;

use super::pages::parts::Act;
use super::pages::problem::Problem as ProblemPage;
use super::pages::reader::Reader;
use super::pages::{CONTENT_SECURITY_POLICY, FRAGMENT_HEADER, Page};
use crate::app::Error;
use crate::problem::Problem;

/// Why a page is not shown.
pub(super) enum Unshown {
    /// Somebody has to sign in first, and then goes on here.
    SignIn(String),
    /// Something is to be done first, at this place.
    GoOn(String),
    /// Something is wrong.
    Wrong(Problem),
}

impl From<Error> for Unshown {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused(Refusal::NotFound { .. }) => absent(),
            // Whoever may not even read an account does not learn that it exists.
            Error::Refused(Refusal::Denied { action, .. }) if *action == Action::Read.words() => {
                absent()
            }
            _ => Self::Wrong(Problem::of(&error)),
        }
    }
}

impl From<Refusal> for Unshown {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

impl From<askama::Error> for Unshown {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be written");
        let detail = "the page could not be written: tell the operator (portal.page)";
        Self::Wrong(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "portal.page", detail))
    }
}

impl IntoResponse for Unshown {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(next) => {
                let next = percent_encoding::utf8_percent_encode(
                    &next,
                    percent_encoding::NON_ALPHANUMERIC,
                );
                Redirect::to(&format!("/sign-in?next={next}")).into_response()
            }
            Self::GoOn(to) => Redirect::to(&to).into_response(),
            Self::Wrong(problem) => problem_page(&problem),
        }
    }
}

/// There is no such page, or it is not the asker's to see: the words are the same.
pub(super) fn absent() -> Unshown {
    let detail = "The address may be mistyped, or what it named is gone or not yours to see.";
    let mut problem = Problem::new(StatusCode::NOT_FOUND, "page.absent", detail);
    "There is no such page".clone_into(&mut problem.title);
    Unshown::Wrong(problem)
}

fn problem_page(problem: &Problem) -> Response {
    let page = ProblemPage {
        status: problem.status,
        code: problem.code.clone(),
        title: problem.title.clone(),
        detail: problem.detail.clone(),
        ways: Vec::new(),
        back: Act { label: "To the overview".to_owned(), href: "/".to_owned() },
    };
    let html = plain(page.document().unwrap_or_else(|_| problem.title.clone()));
    (problem.status_code(), Html(html)).into_response()
}

/// A page as it was asked for: whole, or the part that changes.
pub(super) fn shown(page: &impl Page, headers: &HeaderMap) -> Result<Response, Unshown> {
    let html =
        if headers.contains_key(FRAGMENT_HEADER) { page.fragment()? } else { page.document()? };
    Ok(Html(plain(html)).into_response())
}

/// A page without control characters: some name, or what was typed, may hold them.
fn plain(html: String) -> String {
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if html.contains(strange) { html.replace(strange, "\u{fffd}") } else { html }
}

/// Nothing is loaded from elsewhere, nothing frames a page, nothing of it is kept. What is rendered on
/// the way is written for whoever turns out to read it.
pub(super) async fn with_safety_headers(request: Request, next: Next) -> Response {
    let mut response = Reader::around(next.run(request)).await;
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::VARY, HeaderValue::from_static(FRAGMENT_HEADER));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
