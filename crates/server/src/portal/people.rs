//! An account's people: who has which role, granted, invited again, ended; requests for access.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::person::{AccessState, Grant, PersonState};
use ledger::refusal::Refusal;
use ledger::role::{Action, Breadth, Permit, Reach, Role};
use serde::Deserialize;
use wire::id::{AccessRequestId, AccountId, GrantId, PersonId, VirtualAccountId};
use wire::time::{Span, Timestamp};

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, may, moment};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::customer::Confirm;
use super::pages::form::{Choice, FieldKind, Form, FormField, Weight};
use super::pages::frame::Frame;
use super::pages::paths::{self, fill};
use super::pages::people::{Cell, GrantRow, Known, Matrix, People, Waiting};
use super::places;
use crate::app::grants::{Holder, NewGrant};
use crate::app::paging::List;
use crate::app::{App, Error};

/// How many rows a page of a list has.
pub(super) const ROWS: u32 = 50;
/// How many requests for access are shown.
const WAITING: u32 = 50;

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Searched {
    #[serde(default)]
    pub(super) begins: String,
    #[serde(default)]
    pub(super) cursor: String,
}

impl Searched {
    pub(super) fn begins(&self) -> Option<String> {
        Some(self.begins.trim().to_owned()).filter(|begins| !begins.is_empty())
    }

    pub(super) fn after(
        &self,
        app: &App,
        list: List,
    ) -> Result<Option<crate::app::paging::Cursor>, Unshown> {
        if self.cursor.is_empty() {
            return Ok(None);
        }
        Ok(Some(app.cursor(list, &self.cursor)?))
    }
}

/// Whether a person can sign in, in the page's words.
pub(super) fn known(state: PersonState) -> Known {
    match state {
        PersonState::Invited => Known::Invited,
        PersonState::Active => Known::Active,
        PersonState::Blocked => Known::Blocked,
    }
}

/// A role as its row; `places` names the virtual accounts.
pub(super) struct Rows<'a> {
    pub(super) app: &'a App,
    pub(super) guest: &'a Guest,
    pub(super) manages: Option<Permit>,
    pub(super) holders: BTreeMap<PersonId, Holder>,
    pub(super) places: BTreeMap<VirtualAccountId, String>,
    pub(super) paths: (&'static str, &'static str),
}

impl Rows<'_> {
    /// A grant's row, with the acts that are allowed.
    pub(super) fn row(&self, grant: &Grant) -> GrantRow {
        let now = self.app.world.now();
        let holder = self.holders.get(&grant.person);
        let (account, id) = (grant.account.to_string(), grant.id.to_string());
        let path = |pattern: &'static str| {
            let house = grant.account == ledger::house::HOUSE;
            if house { fill(pattern, &[&id]) } else { fill(pattern, &[&account, &id]) }
        };
        let (end, invite) = self.paths;
        let ends_it = self.manages.as_ref().is_some_and(|permit| match grant.virtual_account {
            Some(place) => permit.reach().covers(place),
            None => *permit.reach() == Reach::Whole,
        });
        let grants_it = self
            .manages
            .as_ref()
            .is_some_and(|permit| permit.may_grant(grant.role, grant.virtual_account).is_ok());
        let invited = holder.is_some_and(|holder| holder.state == PersonState::Invited);
        let again = || {
            let guard = self.guest.guard(self.app);
            Form::button(guard, path(invite), &format!("invite-{id}"), "Invite again")
        };
        GrantRow {
            grant: id.clone(),
            email: grant.email.clone(),
            name: holder.map_or_else(String::new, |holder| holder.name.clone()),
            state: holder.map_or(Known::Invited, |holder| known(holder.state)),
            role: grant.role.word(),
            place: match grant.virtual_account {
                None if grant.account == ledger::house::HOUSE => "the house".to_owned(),
                None => "whole account".to_owned(),
                Some(place) => {
                    self.places.get(&place).cloned().unwrap_or_else(|| place.to_string())
                }
            },
            granted_by: grant.granted_by.clone(),
            granted: moment(grant.granted_at, now),
            ends: grant.ends_at.map(|at| moment(at, now)),
            invite: (grants_it && invited).then(again),
            end: ends_it.then(|| path(end)),
        }
    }
}

/// Who has which role.
pub(super) async fn list(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(asked): Query<Searched>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::ReadPeople, account)?;
    let page = page(&app, &guest, account, &reads, &asked).await?;
    shown(&page, &headers)
}

async fn page(
    app: &App,
    guest: &Guest,
    account: AccountId,
    reads: &Permit,
    asked: &Searched,
) -> Result<People, Unshown> {
    let frame = frame(app, guest, account, None).await?;
    let after = asked.after(app, List::Grants)?;
    let now = app.world.now();
    let found = app.grants(reads, account, asked.begins(), after, ROWS).await?;
    let waiting = app.access_requests(reads, account, None, WAITING).await?.rows;
    let manages = may(guest, Action::ManagePeople, account);
    let places = found.rows.iter().filter_map(|grant| grant.virtual_account).collect();
    let rows = Rows {
        app,
        guest,
        holders: app.holders(reads, account, &found.rows).await?,
        places: app.virtual_account_names(reads, account, places).await?,
        manages: manages.clone(),
        paths: (paths::END_ROLE, paths::INVITE),
    };
    let waits = |one: &ledger::person::AccessRequest| {
        let (account, id) = (account.to_string(), one.id.to_string());
        let whole = manages.as_ref().filter(|permit| *permit.reach() == Reach::Whole);
        let form = |decision: &str, label: &str| {
            let path = fill(paths::DECIDE, &[&account, &id]);
            let form = Form::button(guest.guard(app), path, &format!("{decision}-{id}"), label);
            form.with(vec![FormField::hidden("decision", decision)])
        };
        Waiting {
            request: id.clone(),
            email: one.email.clone(),
            role: one.role.word(),
            message: one.message.clone(),
            asked: moment(one.asked_at, now),
            grant: whole.map(|_| form("granted", "Grant the role").weighing(Weight::Main)),
            decline: whole.map(|_| form("declined", "Decline")),
        }
    };
    Ok(People {
        begins: asked.begins.clone(),
        waiting: waiting.iter().map(waits).collect(),
        rows: found
            .rows
            .iter()
            .filter(|one| one.is_in_force(now))
            .map(|one| rows.row(one))
            .collect(),
        next: found.next.map(|cursor| app.cursor_text(List::Grants, &cursor)),
        trouble: None,
        form: manages.map(|permit| grant_form(app, guest, &frame, &permit)),
        matrix: matrix(),
        frame,
    })
}

fn grant_form(app: &App, guest: &Guest, frame: &Frame, permit: &Permit) -> Form {
    let whole = *permit.reach() == Reach::Whole;
    let roles = Role::ALL.into_iter().filter(|role| match role.breadth() {
        Breadth::House => false,
        Breadth::Account => whole,
        Breadth::VirtualAccount => true,
    });
    let roles: Vec<Choice> = roles.map(|role| Choice::new(role.word(), role.word())).collect();
    let mut places: Vec<Choice> =
        if whole { vec![Choice::new("", "Whole account")] } else { vec![] };
    places.extend(
        frame.virtual_accounts.iter().map(|one| Choice::new(&one.virtual_account, &one.name)),
    );
    let first = roles.last().map(|one| one.value.clone()).unwrap_or_default();
    let fields = vec![
        FormField::line("email", "E-mail address", "Who is not known yet is invited by mail.")
            .kind(FieldKind::Email),
        FormField::line("name", "Name", "If they are not known yet; they can change it."),
        FormField::line("role", "Role", "See below what each may do.")
            .kind(FieldKind::OneOf(roles))
            .holding(if whole { Role::User.word().to_owned() } else { first }),
        FormField::line(
            "virtual_account",
            "Where",
            if frame.has_more() {
                "For a role of a virtual account its whole name; empty for a role of the account."
            } else {
                "A role of a virtual account needs one; a role of the account has none."
            },
        )
        .kind(if frame.has_more() { FieldKind::Line } else { FieldKind::OneOf(places) }),
        FormField::line("ends_on", "Last day", "Empty if it has no end.").kind(FieldKind::Day),
    ];
    Form::button(guest.guard(app), frame.people_path(), "grant", "Grant the role")
        .with(fields)
        .weighing(Weight::Main)
}

/// The moment after a last day, or none for an empty text.
pub(super) fn after_day(text: &str, field: &'static str) -> Result<Option<Timestamp>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let day: Timestamp =
        text.parse().map_err(|_| wrong(field, "must be a day such as 2027-12-31, or empty"))?;
    Ok(Some(day.plus(Span::from_days(1))))
}

async fn new_grant(
    app: &App,
    reads: &Permit,
    account: AccountId,
    typed: &Typed,
) -> Result<NewGrant, Error> {
    let role = Role::from_word(&typed.text("role"));
    let place = typed.text("virtual_account");
    let virtual_account = places::named(app, reads, account, &place).await?;
    let role = role.ok_or_else(|| wrong("role", "must be one of the list"))?;
    match (role.breadth(), virtual_account) {
        (Breadth::VirtualAccount, None) => {
            Err(wrong("virtual_account", "must be chosen for this role"))
        }
        (Breadth::Account | Breadth::House, Some(_)) => {
            Err(wrong("virtual_account", "must be the whole account for this role"))
        }
        _ => Ok(NewGrant {
            email: typed.text("email"),
            name: typed.text("name"),
            role,
            virtual_account,
            ends_at: after_day(&typed.text("ends_on"), "ends_on")?,
        }),
    }
}

/// Grants a role.
pub(super) async fn grant(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let manages = guest.may(Action::ManagePeople, account)?;
    let ask = typed.ask(&guest, manages.clone())?;
    let sees = guest.may(Action::ReadAccount, account)?;
    let made = match new_grant(&app, &sees, account, &typed).await {
        Ok(new) => app.grant_role(&ask, account, new).await,
        Err(error) => Err(error),
    };
    let Err(error) = made else { return Ok(to_people(account)) };
    let error = match error {
        Error::Refused(Refusal::Invalid { field: "ends_at", why }) => wrong("ends_on", &why),
        Error::Refused(Refusal::NotFound { what: "virtual account" }) => {
            wrong("virtual_account", "is not there any more, or not yours: choose another")
        }
        other => other,
    };
    let reads = guest.may(Action::ReadPeople, account)?;
    let mut page = page(&app, &guest, account, &reads, &Searched::default()).await?;
    let form = grant_form(&app, &guest, &page.frame, &manages);
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.form = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

fn to_people(account: AccountId) -> Response {
    Redirect::to(&fill(paths::PEOPLE, &[&account.to_string()])).into_response()
}

fn grant_id(text: &str) -> Result<GrantId, Unshown> {
    Ok(text.parse().map_err(|_| Refusal::NotFound { what: "grant" })?)
}

/// The people again, with what went wrong with an act among them.
async fn trouble(
    app: &App,
    guest: &Guest,
    account: AccountId,
    error: Error,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let Error::Refused(refusal) = &error else { return Err(error.into()) };
    if matches!(refusal, Refusal::NotFound { .. } | Refusal::Denied { .. }) {
        return Err(error.into());
    }
    let text = match refusal {
        Refusal::Invalid { field: "person", .. } => {
            "They have accepted already, so no new invitation is sent.".to_owned()
        }
        other => other.to_string(),
    };
    let reads = guest.may(Action::ReadPeople, account)?;
    let mut page = page(app, guest, account, &reads, &Searched::default()).await?;
    page.trouble = Some(text);
    let status = crate::problem::Problem::of(&error).status_code();
    Ok(with_status(shown(&page, headers)?, status))
}

/// Sends an invitation again.
pub(super) async fn invite(
    State(app): State<App>,
    guest: Guest,
    Path((account, grant)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::ManagePeople, account)?)?;
    match app.invite_again(&ask, account, grant_id(&grant)?).await {
        Ok(()) => Ok(to_people(account)),
        Err(error) => trouble(&app, &guest, account, error, &headers).await,
    }
}

/// Decides on a request for access.
pub(super) async fn decide(
    State(app): State<App>,
    guest: Guest,
    Path((account, request)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::ManagePeople, account)?)?;
    let id: AccessRequestId =
        request.parse().map_err(|_| Refusal::NotFound { what: "access request" })?;
    let decision = match typed.text("decision").as_str() {
        "granted" => AccessState::Granted,
        _ => AccessState::Declined,
    };
    match app.decide_access(&ask, account, id, decision).await {
        Ok(()) => Ok(to_people(account)),
        Err(error) => trouble(&app, &guest, account, error, &headers).await,
    }
}

/// Asks before a role is ended.
pub(super) async fn ask_end(
    State(app): State<App>,
    guest: Guest,
    Path((account, grant)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let manages = guest.may(Action::ManagePeople, account)?;
    let grant = app.grant_to_end(&manages, account, grant_id(&grant)?).await?;
    shown(&confirm_end(&app, &guest, &grant), &headers)
}

/// The question before a role is ended.
pub(super) fn confirm_end(app: &App, guest: &Guest, grant: &Grant) -> Confirm {
    let (account, id) = (grant.account.to_string(), grant.id.to_string());
    let (path, back) = if grant.account == ledger::house::HOUSE {
        (fill(paths::END_HOUSE_ROLE, &[&id]), paths::HOUSE_ROLES.to_owned())
    } else {
        (fill(paths::END_ROLE, &[&account, &id]), fill(paths::PEOPLE, &[&account]))
    };
    Confirm {
        visitor: guest.visitor(app),
        title: format!("End the role {}?", grant.role.word()),
        text: format!(
            "From the next request on {} may nothing by it, and is told by mail. Other roles stay.",
            grant.email
        ),
        form: Form::button(guest.guard(app), path, "end", "End the role").weighing(Weight::Danger),
        back,
        back_label: "Keep it",
    }
}

/// Ends a role.
pub(super) async fn end(
    State(app): State<App>,
    guest: Guest,
    Path((account, grant)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let manages = guest.may(Action::ManagePeople, account)?;
    let (ask, id) = (typed.ask(&guest, manages.clone())?, grant_id(&grant)?);
    let Err(error) = app.end_grant(&ask, account, id).await else { return Ok(to_people(account)) };
    let grant = app.grant_to_end(&manages, account, id).await?;
    let mut page = confirm_end(&app, &guest, &grant);
    let (form, status) = refused(page.form, guest.guard(&app), &typed, error)?;
    page.form = form;
    Ok(with_status(shown(&page, &headers)?, status))
}

/// What each role of an account may do, from the rules themselves.
fn matrix() -> Matrix {
    let roles: Vec<Role> =
        Role::ALL.into_iter().filter(|role| role.breadth() != Breadth::House).collect();
    let cell = |role: &Role, action: Action| match (role.allows(action), role.breadth()) {
        (false, _) => Cell::Nowhere,
        (true, Breadth::VirtualAccount) => Cell::InItsPlace,
        (true, _) => Cell::Whole,
    };
    let row = |action: Action| {
        (act(action), roles.iter().map(|role| cell(role, action)).collect::<Vec<_>>())
    };
    let rows = Action::ALL.into_iter().map(row);
    Matrix {
        rows: rows.filter(|(_, cells)| cells.iter().any(|one| *one != Cell::Nowhere)).collect(),
        roles: roles.iter().map(|role| role.word()).collect(),
    }
}

/// An act as the matrix names it.
fn act(action: Action) -> &'static str {
    match action {
        Action::ReadAccount => "See the account's properties",
        Action::Read => "See licenses, product instances, alarms and ID tokens",
        Action::ReadEvents => "See the event log",
        Action::ReadPeople => "See people and their roles",
        Action::CreateAccount => "Make accounts",
        Action::EditAccount => "Change the account's properties",
        Action::AcceptTerms => "Accept the End User License Agreement",
        Action::PublishTerms => "Publish terms",
        Action::CreateVirtualAccount => "Make, change and archive virtual accounts",
        Action::ManagePeople => "Grant and end roles, decide on requests for access",
        Action::ManageClients => "Make and revoke API clients",
        Action::SeeAsCustomer => "See an account as its customer",
        Action::DefineLicense => "Define licenses",
        Action::GrantEntitlement => "Enter what was bought",
        Action::ManageTokens => "Make and revoke ID tokens",
        Action::ImportUsage => "Take in usage files and trust requests",
        Action::RevokeKey => "Revoke a device's key",
        Action::EndUse => "End a use that no device confirms",
        Action::ManageInstances => "Move and remove product instances",
    }
}
