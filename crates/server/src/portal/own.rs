//! A person's own page: who they are, which roles they have, and asking for more.

use std::collections::{BTreeMap, BTreeSet};

use axum::Form;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::account::{Account, AccountKind};
use ledger::house::HOUSE;
use ledger::person::{DateForm, Grant, Preferences, Theme};
use ledger::refusal::Refusal;
use ledger::role::{Action, Role};
use serde::Deserialize;
use wire::id::{AccountId, VirtualAccountId};

use super::answer::{Unshown, shown};
use super::door::{Hidden, Own, escaped};
use super::facts::moment;
use super::pages::own::{AccessForm, AccountForm, Around, Me, Pick, RoleRow};
use super::pages::paths::{self, fill};
use super::pages::tokens::Field;
use crate::app::customers::WantedAccount;
use crate::app::grants::WantedAccess;
use crate::app::{App, Error};
use crate::problem::Problem;

/// How many of somebody's roles their page shows.
const ROLES: usize = 100;

/// What was done just before a page of these is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Saved,
    AccessAsked,
    AccountAsked,
    PasswordChanged,
    AppRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    ProviderAdded,
    ProviderRemoved,
    SessionEnded,
    OthersEnded,
    TokenRevoked,
}

impl Done {
    const ALL: [Self; 12] = [
        Self::Saved,
        Self::AccessAsked,
        Self::AccountAsked,
        Self::PasswordChanged,
        Self::AppRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::ProviderAdded,
        Self::ProviderRemoved,
        Self::SessionEnded,
        Self::OthersEnded,
        Self::TokenRevoked,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::AccessAsked => "access-asked",
            Self::AccountAsked => "account-asked",
            Self::PasswordChanged => "password-changed",
            Self::AppRemoved => "app-removed",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::ProviderAdded => "provider-added",
            Self::ProviderRemoved => "provider-removed",
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::TokenRevoked => "token-revoked",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Saved => "Your name and preferences are saved.",
            Self::AccessAsked => {
                "If there is an account of this domain, its administrators were told by mail and decide."
            }
            Self::AccountAsked => {
                "The account is asked for. Its approver was sent a link by which they accept the terms or decline; you hear of it by mail."
            }
            Self::PasswordChanged => {
                "Your password is changed. You were signed out everywhere else."
            }
            Self::AppRemoved => {
                "The authenticator app is removed. You were signed out everywhere else."
            }
            Self::PasskeyAdded => "The passkey is added.",
            Self::PasskeyRemoved => "The passkey is removed. You were signed out everywhere else.",
            Self::ProviderAdded => "The identity provider is added.",
            Self::ProviderRemoved => {
                "The identity provider is removed. You were signed out everywhere else."
            }
            Self::SessionEnded => "The session is ended.",
            Self::OthersEnded => "You were signed out everywhere else.",
            Self::TokenRevoked => "The token is revoked.",
        }
    }
}

/// The query of these pages.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OwnQuery {
    #[serde(default)]
    done: String,
}

impl OwnQuery {
    pub(super) fn note(&self) -> Option<Done> {
        Done::ALL.into_iter().find(|one| one.word() == self.done)
    }
}

/// Goes on to a page that says what was done.
pub(super) fn done(path: &str, done: Done) -> Response {
    Redirect::to(&format!("{path}?done={}", done.word())).into_response()
}

/// What stands around a page.
pub(super) fn around(own: &Own, app: &App, note: Option<Done>) -> Around {
    Around { visitor: own.visitor(app), note: note.map(Done::text), error: None }
}

/// An error at one of these pages: who has to prove it again does, and goes on there.
pub(super) fn refused(error: Error, next: &str) -> Unshown {
    match error {
        Error::Refused(Refusal::StepUp) => {
            Unshown::GoOn(format!("{}?next={}", paths::PROVE, escaped(next)))
        }
        other => other.into(),
    }
}

/// Whether an error is one that whoever typed can mend, so that the page is shown again with it.
pub(super) fn is_mendable(error: &Error) -> bool {
    !matches!(error, Error::Refused(Refusal::StepUp | Refusal::NotFound { .. }) | Error::Fault(_))
}

/// The page again, with what is wrong.
pub(super) fn with_status(mut response: Response, error: &Error) -> Response {
    *response.status_mut() = Problem::of(error).status_code();
    response
}

/// Confirms that a new password was typed twice alike.
pub(super) fn same(password: &str, again: &str) -> Result<(), Error> {
    if password == again {
        return Ok(());
    }
    let text = "the two passwords differ: type the new one twice";
    Err(Error::bad("password.again", text))
}

/// What the forms of the page send.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    dates: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    account_name: String,
    #[serde(default)]
    account_domain: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    approver: String,
}

impl Typed {
    /// With what the person said of themself before.
    fn with_profile(self, own: &Own) -> Self {
        let Preferences { zone, theme, dates } = own.person.preferences.clone();
        let (theme, dates) = (theme.word().to_owned(), dates.word().to_owned());
        Self { name: own.person.name.clone(), zone, theme, dates, ..self }
    }
}

/// The themes, and what people read of them.
const THEMES: [(Theme, &str); 3] =
    [(Theme::System, "As my system has it"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];

/// The forms of dates, each as one.
const DATES: [(DateForm, &str); 3] = [
    (DateForm::DayFirst, "31 Dec 2027"),
    (DateForm::MonthFirst, "Dec 31, 2027"),
    (DateForm::Iso, "2027-12-31"),
];

/// A form with its hidden fields.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    #[serde(flatten)]
    hidden: Hidden,
    #[serde(flatten)]
    typed: Typed,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    own: Own,
    Query(query): Query<OwnQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let typed = Typed::default().with_profile(&own);
    let around = around(&own, &app, query.note());
    shown(&page(&app, &own, &typed, around).await?, &headers)
}

async fn page(app: &App, own: &Own, typed: &Typed, around: Around) -> Result<Me, Unshown> {
    let field = |value: &String| Field { value: value.clone(), error: None };
    let roles = ASKED_ROLES.map(|role| (role.word(), role.word() == typed.role)).to_vec();
    Ok(Me {
        own: around,
        guards: [own.guest.guard(app), own.guest.guard(app), own.guest.guard(app)],
        email: own.person.email.clone(),
        name: field(&typed.name),
        zone: field(&typed.zone),
        zones: jiff::tz::db().available().map(|zone| zone.to_string()).collect(),
        themes: THEMES.map(|(theme, words)| Pick::of(theme.word(), words, &typed.theme)),
        dates: DATES.map(|(dates, words)| Pick::of(dates.word(), words, &typed.dates)),
        roles: roles_of(app, own).await?,
        more_roles: own.member.grants().len().saturating_sub(ROLES),
        access: AccessForm { domain: field(&typed.domain), roles, message: field(&typed.message) },
        account: AccountForm {
            name: field(&typed.account_name),
            domain: field(&typed.account_domain),
            limited: typed.kind == AccountKind::LimitedUse.word(),
            country: field(&typed.country),
            approver: field(&typed.approver),
        },
    })
}

/// The roles that can be asked for: those in a whole account, the most usual first.
const ASKED_ROLES: [Role; 4] = [Role::User, Role::Viewer, Role::Administrator, Role::Approver];

async fn roles_of(app: &App, own: &Own) -> Result<Vec<RoleRow>, Unshown> {
    let accounts = app.accounts_of(own.person.id).await?;
    let shown = own.member.grants().iter().take(ROLES);
    let mut parts: BTreeMap<AccountId, BTreeSet<VirtualAccountId>> = BTreeMap::new();
    for grant in shown.clone() {
        parts.entry(grant.account).or_default().extend(grant.virtual_account);
    }
    let mut names = BTreeMap::new();
    for (account, parts) in parts {
        if let Ok(reads) = own.guest.may(Action::Read, account) {
            names.extend(app.virtual_account_names(&reads, account, parts).await?);
        }
    }
    let account = |grant: &Grant| accounts.iter().find(|account| account.id == grant.account);
    Ok(shown.map(|grant| role_row(app, grant, account(grant), &names)).collect())
}

fn role_row(
    app: &App,
    grant: &Grant,
    account: Option<&Account>,
    names: &BTreeMap<VirtualAccountId, String>,
) -> RoleRow {
    let now = app.world.now();
    let named = |id| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let part = grant.virtual_account.map(named);
    let house = || {
        if grant.account == HOUSE { "This server".to_owned() } else { grant.account.to_string() }
    };
    RoleRow {
        place: account.map_or_else(house, |account| account.name.clone()),
        path: account.map(|account| fill(paths::OVERVIEW, &[&account.id.to_string()])),
        role: grant.role.word(),
        part,
        ends: grant.ends_at.map(|at| moment(at, now)),
    }
}

/// Which form is shown again.
#[derive(Clone, Copy)]
enum Form3 {
    Profile,
    Access,
    Account,
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    app: &App,
    own: &Own,
    (form, typed): (Form3, Typed),
    error: Error,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    if !is_mendable(&error) {
        return Err(refused(error, paths::ME));
    }
    let mut typed = typed;
    if !matches!(form, Form3::Profile) {
        typed = typed.with_profile(own);
    }
    let mut page = page(app, own, &typed, around(own, app, None)).await?;
    mark(&mut page, form, &error, &typed);
    Ok(with_status(shown(&page, headers)?, &error))
}

/// Puts what is wrong beside its field.
fn mark(page: &mut Me, form: Form3, error: &Error, typed: &Typed) {
    if let Error::Refused(Refusal::Taken { .. }) = error {
        page.own.error = Some(
            "There is an account of this domain already: ask its administrators for access below."
                .to_owned(),
        );
        page.access.domain.value = typed.account_domain.clone();
        return;
    }
    page.own.error = Some(error.to_string());
    let Error::Refused(Refusal::Invalid { field, why }) = error else { return };
    let place = match (form, *field) {
        (Form3::Profile, "name") => &mut page.name,
        (Form3::Profile, "zone") => &mut page.zone,
        (Form3::Access, "message") => &mut page.access.message,
        (Form3::Account, "name") => &mut page.account.name,
        (Form3::Account, "domain") => &mut page.account.domain,
        (Form3::Account, "country") => &mut page.account.country,
        (Form3::Account, "approver" | "email") => &mut page.account.approver,
        _ => return,
    };
    place.error = Some(format!("{field} {why}"));
    page.own.error =
        Some("Nothing was done: see the marked field. What you typed is kept.".to_owned());
}

/// Changes what a person says of themself.
pub(super) async fn edit(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Unshown> {
    let typed = sent.typed;
    let content = [typed.name.as_str(), &typed.zone, &typed.theme, &typed.dates].join("\0");
    let ask = own.ask(&sent.hidden, &content)?;
    let edited = match app.preferences(&typed.zone, &typed.theme, &typed.dates) {
        Ok(preferences) => app.edit_profile(ask, typed.name.clone(), preferences).await,
        Err(error) => Err(error),
    };
    match edited {
        Ok(()) => Ok(done(paths::ME, Done::Saved)),
        Err(error) => again(&app, &own, (Form3::Profile, typed), error, &headers).await,
    }
}

/// Asks for a role in the account of a domain.
pub(super) async fn ask_access(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Unshown> {
    let typed = sent.typed;
    let content = [typed.domain.as_str(), &typed.role, &typed.message].join("\0");
    let ask = own.ask(&sent.hidden, &content)?;
    let role = ASKED_ROLES.into_iter().find(|role| role.word() == typed.role);
    let role = role.ok_or(Refusal::Invalid { field: "role", why: "must be chosen".to_owned() });
    let asked = match role {
        Ok(role) => {
            let (domain, message) = (typed.domain.clone(), typed.message.clone());
            app.ask_access(ask, &own.member, WantedAccess { domain, role, message }).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match asked {
        Ok(()) => Ok(done(paths::ME, Done::AccessAsked)),
        Err(error) => again(&app, &own, (Form3::Access, typed), error, &headers).await,
    }
}

/// Asks for an account.
pub(super) async fn request_account(
    State(app): State<App>,
    own: Own,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Unshown> {
    let typed = sent.typed;
    let Typed { account_name, account_domain, kind, country, approver, .. } = &typed;
    let content = [account_name.as_str(), account_domain, kind, country, approver].join("\0");
    let ask = own.ask(&sent.hidden, &content)?;
    let kind = match kind.as_str() {
        "limited_use" => AccountKind::LimitedUse,
        _ => AccountKind::Customer,
    };
    let wanted = WantedAccount {
        name: account_name.clone(),
        domain: account_domain.clone(),
        kind,
        country: country.clone(),
        approver: approver.clone(),
    };
    match app.request_account(ask, &own.member, wanted).await {
        Ok(_) => Ok(done(paths::ME, Done::AccountAsked)),
        Err(error) => again(&app, &own, (Form3::Account, typed), error, &headers).await,
    }
}
