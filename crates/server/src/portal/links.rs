//! What the links of mails lead to. Opening one uses nothing up: mail scanners open links too.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::account::AccountKind;
use ledger::person::LinkPurpose;
use ledger::refusal::Refusal;
use serde::Deserialize;
use wire::id::RequestId;

use super::answer::{Unshown, shown};
use super::door::{From, Hidden, confirm_word, door_guard, with_word};
use super::pages::links::{Approval, Choose, LinkEnd, Occasion, Terms};
use super::pages::parts::{Act, Way};
use super::pages::paths::{self, fill};
use super::pages::sign_in::{Note, PasskeyForm};
use super::pages::tokens::Field;
use crate::app::{App, Error};
use crate::problem::Problem;
use crate::proof::Secret;

/// What a new passkey is called if its owner does not say.
const FIRST_PASSKEY: &str = "First passkey";

fn purpose(occasion: Occasion) -> LinkPurpose {
    match occasion {
        Occasion::Invitation => LinkPurpose::Invitation,
        Occasion::NewPassword => LinkPurpose::PasswordReset,
    }
}

/// What the forms of these pages send.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    reason: String,
}

impl Typed {
    fn request(&self, app: &App) -> RequestId {
        self.hidden.request_id.parse().unwrap_or_else(|_| app.fresh_request())
    }
}

/// The page of an invitation.
pub(super) async fn show_invitation(
    State(app): State<App>,
    Path(word): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    choose_page(&app, Occasion::Invitation, &word, None, &headers).await
}

/// The page of a new password.
pub(super) async fn show_new_password(
    State(app): State<App>,
    Path(word): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    choose_page(&app, Occasion::NewPassword, &word, None, &headers).await
}

async fn choose_page(
    app: &App,
    occasion: Occasion,
    word: &str,
    error: Option<&Error>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let person = match app.link_owner(word, purpose(occasion)).await {
        Ok(person) => person,
        Err(error) => return dead(error, headers),
    };
    let (path, question) = match occasion {
        Occasion::Invitation => (paths::INVITATION, app.begin_new_passkey(&person).await.ok()),
        Occasion::NewPassword => (paths::NEW_PASSWORD, None),
    };
    let page = Choose {
        guard: door_guard(app, headers),
        occasion,
        email: person.email,
        path: fill(path, &[word]),
        passkey: question.map(PasskeyForm::of),
        error: error.map(Error::to_string),
    };
    let mut response = with_word(shown(&page, headers)?, app, &page.guard);
    if let Some(error) = error {
        *response.status_mut() = Problem::of(error).status_code();
    }
    Ok(response)
}

/// Takes the first password or passkey of who was invited.
pub(super) async fn accept_invitation(
    State(app): State<App>,
    Path(word): Path<String>,
    From(caller): From,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    if typed.answer.is_empty() {
        return set_password(
            &app,
            Occasion::Invitation,
            &word,
            &typed,
            (&caller.address, &headers),
        )
        .await;
    }
    let name = match typed.name.trim() {
        "" => FIRST_PASSKEY,
        name => name,
    };
    let set = match confirm_word(&app, &headers, &typed.hidden) {
        Ok(()) => {
            let made = (typed.state.as_str(), typed.answer.as_str(), name);
            app.set_passkey_by_link(&word, made, typed.request(&app), &caller.address).await
        }
        Err(error) => Err(error),
    };
    chosen(&app, (Occasion::Invitation, &word), set, Note::PasskeySet, &headers).await
}

/// Takes a new password.
pub(super) async fn take_new_password(
    State(app): State<App>,
    Path(word): Path<String>,
    From(caller): From,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    set_password(&app, Occasion::NewPassword, &word, &typed, (&caller.address, &headers)).await
}

async fn set_password(
    app: &App,
    occasion: Occasion,
    word: &str,
    typed: &Typed,
    (address, headers): (&str, &HeaderMap),
) -> Result<Response, Unshown> {
    let set = match confirm_word(app, headers, &typed.hidden).and_then(|()| same(typed)) {
        Ok(()) => {
            let new = Secret::new(typed.password.clone());
            let request = typed.request(app);
            app.set_password_by_link(word, purpose(occasion), new, request, address).await
        }
        Err(error) => Err(error),
    };
    chosen(app, (occasion, word), set, Note::PasswordSet, headers).await
}

fn same(typed: &Typed) -> Result<(), Error> {
    super::own::same(&typed.password, &typed.again)
}

async fn chosen(
    app: &App,
    (occasion, word): (Occasion, &str),
    set: Result<(), Error>,
    note: Note,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    match set {
        Ok(()) => {
            let to = format!("{}?note={}", paths::SIGN_IN, note.word());
            Ok(Redirect::to(&to).into_response())
        }
        Err(error @ Error::Refused(Refusal::LinkDead)) => dead(error, headers),
        Err(error) => choose_page(app, occasion, word, Some(&error), headers).await,
    }
}

/// The page of a link that leads nowhere any more.
fn dead(error: Error, headers: &HeaderMap) -> Result<Response, Unshown> {
    if !matches!(error, Error::Refused(Refusal::LinkDead)) {
        return Err(error.into());
    }
    let page = LinkEnd {
        title: "This link does not work any more".to_owned(),
        detail: "It was used already, it is too old, or another one took its place.".to_owned(),
        ways: vec![
            way("Sign in", ", if you have just used it", ("To the sign-in page", paths::SIGN_IN)),
            way("Ask for a new link", " by your e-mail address", ("Ask for it", paths::FORGOTTEN)),
        ],
    };
    let mut response = shown(&page, headers)?;
    *response.status_mut() = Problem::of(&error).status_code();
    Ok(response)
}

fn way(lead: &str, rest: &str, (label, href): (&str, &str)) -> Way {
    let act = Act { label: label.to_owned(), href: href.to_owned() };
    Way { lead: lead.to_owned(), rest: rest.to_owned(), act: Some(act) }
}

/// The page by which an approver accepts the terms for an account, or declines.
pub(super) async fn show_approval(
    State(app): State<App>,
    Path(word): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    approval_page(&app, &word, (Field::default(), None), &headers).await
}

async fn approval_page(
    app: &App,
    word: &str,
    (reason, error): (Field, Option<&Error>),
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let found = match app.approval(word).await {
        Ok(found) => found,
        Err(error) => return dead(error, headers),
    };
    let guard = door_guard(app, headers);
    let mut decline = guard.clone();
    decline.request_id = app.fresh_request().to_string();
    let page = Approval {
        accept: guard,
        decline,
        path: fill(paths::APPROVAL, &[word]),
        name: found.account.name,
        domain: found.account.domain,
        kind: kind(found.account.kind),
        country: found.account.country,
        approver: found.person.email,
        terms: found.terms.map(|terms| Terms {
            version: terms.version,
            title: terms.title,
            text: terms.text,
        }),
        reason,
        error: error.map(Error::to_string),
    };
    let mut response = with_word(shown(&page, headers)?, app, &page.accept);
    if let Some(error) = error {
        *response.status_mut() = Problem::of(error).status_code();
    }
    Ok(response)
}

/// What kind of account it is, in words.
pub(super) fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Customer => "for a company with a domain of its own",
        AccountKind::LimitedUse => "of limited use, for a small business",
        AccountKind::Holding => "of a partner, for orders of its customers",
    }
}

/// Accepts the terms for an account, or declines it.
pub(super) async fn decide_approval(
    State(app): State<App>,
    Path(word): Path<String>,
    From(caller): From,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Unshown> {
    let accepts = typed.decision == "accept";
    let request = typed.request(&app);
    let decided = match confirm_word(&app, &headers, &typed.hidden) {
        Ok(()) if accepts => {
            let version = typed.version.parse().unwrap_or(0);
            app.approve(&word, version, request, &caller.address).await
        }
        Ok(()) => app.decline(&word, typed.reason.clone(), request, &caller.address).await,
        Err(error) => Err(error),
    };
    match decided {
        Ok(account) => Ok(shown(&decided_page(&account.name, &typed.decision), &headers)?),
        Err(error @ Error::Refused(Refusal::LinkDead)) => dead(error, &headers),
        Err(Error::Refused(Refusal::Invalid { field: "reason", why })) => {
            let error = Error::from(Refusal::Invalid { field: "reason", why: why.clone() });
            let reason = Field { value: typed.reason, error: Some(why) };
            approval_page(&app, &word, (reason, Some(&error)), &headers).await
        }
        Err(error) => {
            let reason = Field { value: typed.reason, error: None };
            approval_page(&app, &word, (reason, Some(&error)), &headers).await
        }
    }
}

fn decided_page(name: &str, decision: &str) -> LinkEnd {
    if decision == "accept" {
        return LinkEnd {
            title: format!("The account for {name} is in use"),
            detail: "Who asked for it was told by mail, and you are its approver.".to_owned(),
            ways: vec![
                way("Sign in", " to look at it", ("To the sign-in page", paths::SIGN_IN)),
                way(
                    "Ask for a link",
                    " by your e-mail address, if you have never signed in here",
                    ("Ask for it", paths::FORGOTTEN),
                ),
            ],
        };
    }
    LinkEnd {
        title: format!("The account for {name} is declined"),
        detail: "Who asked for it was told by mail, with your reason.".to_owned(),
        ways: Vec::new(),
    }
}
