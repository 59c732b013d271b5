//! An account's properties, changed as they were seen; its terms, accepted; its upgrade.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::account::{Account, AccountKind, AccountState};
use ledger::person::Terms;
use ledger::refusal::Refusal;
use ledger::role::{Action, Role};
use wire::id::AccountId;
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, may, moment};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::customer::{Properties, TermsText};
use super::pages::form::{FieldKind, Form, FormField, Weight};
use super::pages::paths::{self, fill};
use crate::app::customers::ChangedAccount;
use crate::app::{App, Error};

/// Terms as pages show them.
pub(super) fn terms_text(terms: &Terms, now: Timestamp) -> TermsText {
    TermsText {
        version: terms.version,
        title: terms.title.clone(),
        text: terms.text.clone(),
        published: moment(terms.published_at, now),
    }
}

fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Customer => "full account of a customer",
        AccountKind::LimitedUse => "account of limited use",
        AccountKind::Holding => "partner's holding account",
    }
}

fn state(state: AccountState) -> &'static str {
    match state {
        AccountState::PendingApproval => "waits for its approver",
        AccountState::Active => "in use",
        AccountState::Declined => "declined",
    }
}

fn facts(account: &Account) -> Vec<(&'static str, String)> {
    let policy = &account.policy;
    let hours = policy.push_interval_seconds / 3_600;
    let policy = format!("{}, devices report by themselves every {hours} hours", policy.name);
    let mut facts = vec![
        ("Name", account.name.clone()),
        ("Domain", account.domain.clone()),
        (
            "Country",
            if account.country.is_empty() {
                "not said".to_owned()
            } else {
                account.country.clone()
            },
        ),
        ("Kind", kind(account.kind).to_owned()),
        ("State", state(account.state).to_owned()),
        ("Policy", policy),
        ("Number", account.number.to_string()),
        ("Id", account.id.to_string()),
    ];
    if !account.approver.is_empty() {
        facts.insert(5, ("Approver", account.approver.clone()));
    }
    facts
}

fn edit_form(app: &App, guest: &Guest, account: &Account) -> Form {
    let path = fill(paths::PROPERTIES, &[&account.id.to_string()]);
    let country = "Two capital letters as in ISO 3166, such as DE, or empty.";
    Form::button(guest.guard(app), path, "edit", "Save").weighing(Weight::Main).with(vec![
        FormField::hidden("revision", account.revision.to_string()),
        FormField::line("name", "Name", "As pages and mails show it.").holding(&account.name),
        FormField::line("country", "Country", country).holding(&account.country),
    ])
}

fn upgrade_form(app: &App, guest: &Guest, account: &Account) -> Form {
    let path = fill(paths::UPGRADE, &[&account.id.to_string()]);
    Form::button(guest.guard(app), path, "upgrade", "Make it a full account").with(vec![
        FormField::hidden("revision", account.revision.to_string()),
        FormField::line("domain", "Domain", "The company's own, such as example.com."),
    ])
}

async fn page(app: &App, guest: &Guest, account: AccountId) -> Result<Properties, Unshown> {
    let frame = frame(app, guest, account, None).await?;
    let own = app.account(&guest.may(Action::ReadAccount, account)?, account).await?;
    let now = app.world.now();
    let edits = may(guest, Action::EditAccount, account);
    let operator = edits.as_ref().is_some_and(|permit| permit.role() == Role::Operator);
    let terms = app.terms().await?;
    let owed = app.terms_owed(&own).await?;
    let may_accept =
        may(guest, Action::AcceptTerms, account).is_some() && own.state != AccountState::Declined;
    let waits = own.state == AccountState::PendingApproval;
    let path = fill(paths::ACCEPT_TERMS, &[&account.to_string()]);
    let accept = |version: u32, label: &str| {
        Form::button(guest.guard(app), path.clone(), "accept", label)
            .weighing(Weight::Main)
            .with(vec![FormField::hidden("version", version.to_string())])
    };
    Ok(Properties {
        frame,
        facts: facts(&own),
        edit: edits.map(|_| edit_form(app, guest, &own)),
        meanwhile: Vec::new(),
        upgrade: (operator && own.kind == AccountKind::LimitedUse)
            .then(|| upgrade_form(app, guest, &own)),
        accept: match (&owed, waits) {
            _ if !may_accept => None,
            (Some(terms), _) => {
                Some(accept(terms.version, &format!("Accept version {}", terms.version)))
            }
            (None, true) => {
                let version = terms.as_ref().map_or(0, |terms| terms.version);
                Some(accept(version, "Approve the account"))
            }
            (None, false) => None,
        },
        terms: terms.as_ref().map(|terms| terms_text(terms, now)),
        accepted: own
            .terms_accepted_at
            .filter(|_| own.terms_version > 0)
            .map(|at| (own.terms_version, moment(at, now))),
    })
}

/// The properties.
pub(super) async fn show(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    shown(&page(&app, &guest, account).await?, &headers)
}

fn to_properties(account: AccountId) -> Response {
    Redirect::to(&fill(paths::PROPERTIES, &[&account.to_string()])).into_response()
}

/// Which revision a form saw.
pub(super) fn revision(typed: &Typed) -> Result<u32, Error> {
    typed
        .text("revision")
        .parse()
        .map_err(|_| wrong("revision", "is not of this page: open it again"))
}

/// Whether somebody else changed the thing meanwhile.
pub(super) fn is_changed(error: &Error) -> bool {
    matches!(error, Error::Refused(Refusal::Changed { .. }))
}

/// Changes the properties.
pub(super) async fn edit(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::EditAccount, account)?)?;
    let changed = ChangedAccount {
        name: typed.text("name"),
        country: typed.text("country").to_uppercase(),
        full_domain: None,
    };
    let done = match revision(&typed) {
        Ok(revision) => app.edit_account(&ask, account, revision, changed).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let Err(error) = done else { return Ok(to_properties(account)) };
    let mut page = page(&app, &guest, account).await?;
    if is_changed(&error) {
        page.meanwhile = page
            .facts
            .iter()
            .filter(|(word, _)| ["Name", "Country"].contains(word))
            .cloned()
            .collect();
    }
    let form = page.edit.take().ok_or(Refusal::NotFound { what: "account" })?;
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.edit = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

/// Makes an account of limited use a full one.
pub(super) async fn upgrade(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let edits = guest.may(Action::EditAccount, account)?;
    let ask = typed.ask(&guest, edits)?;
    let own = app.account(&guest.may(Action::ReadAccount, account)?, account).await?;
    let changed = ChangedAccount {
        name: own.name,
        country: own.country,
        full_domain: Some(typed.text("domain")),
    };
    let done = match revision(&typed) {
        Ok(revision) => app.edit_account(&ask, account, revision, changed).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let Err(error) = done else { return Ok(to_properties(account)) };
    let mut page = page(&app, &guest, account).await?;
    let Some(form) = page.upgrade.take() else { return Err(error.into()) };
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.upgrade = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

/// Accepts the newest terms.
pub(super) async fn accept(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::AcceptTerms, account)?)?;
    let version = typed.text("version").parse().unwrap_or(0);
    let Err(error) = app.accept_terms(&ask, account, version).await else {
        return Ok(to_properties(account));
    };
    let mut page = page(&app, &guest, account).await?;
    let Some(form) = page.accept.take() else { return Err(error.into()) };
    page.accept = Some(Form { error: Some(error.to_string()), ..form });
    Ok(with_status(shown(&page, &headers)?, StatusCode::CONFLICT))
}

/// A field of several lines.
pub(super) fn lines(name: &'static str, label: &'static str, help: &str) -> FormField {
    FormField::line(name, label, help).kind(FieldKind::Lines)
}
