//! Accounts and virtual accounts, and the figures of the whole house.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::account as book;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::AccountId;
use wire::message as sent;

use super::asking::{Allowed, Asking, PathOf, QueryOf};
use super::customers::Tag;
use super::json::{AccountKind, AccountState, Moment, some_text};
use super::paging::{Limit, Page, Paging, answer, place};
use super::schema;
use crate::app::App;
use crate::app::accounts::{NewAccount as Wanted, NewVirtualAccount as WantedPart};
use crate::app::paging::List;
use crate::problem::Problem;

/// An account: a customer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// Its id.
    #[schema(value_type = schema::AccountId)]
    id: AccountId,
    /// The nine-digit number under which the documented REST profile knows it.
    number: u32,
    /// The shown name.
    name: String,
    /// The company's domain, unique in this installation.
    domain: String,
    /// How often its devices report.
    policy: Policy,
    /// When it was made.
    created_at: Moment,
    /// What kind of customer it is for.
    kind: AccountKind,
    /// How far it has come.
    state: AccountState,
    /// The country of purchase, two letters as in ISO 3166.
    country: Option<String>,
    /// Why it was declined.
    reason: Option<String>,
    /// The version of the End User License Agreement that was accepted; 0 for none.
    terms_version: u32,
    /// How often its properties were changed: whoever changes them names it.
    revision: u32,
}

impl From<book::Account> for Account {
    fn from(account: book::Account) -> Self {
        Self {
            id: account.id,
            number: account.number,
            name: account.name,
            domain: account.domain,
            policy: account.policy.into(),
            created_at: Moment(account.created_at),
            kind: account.kind.into(),
            state: account.state.into(),
            country: some_text(&account.country),
            reason: some_text(&account.reason),
            terms_version: account.terms_version,
            revision: account.revision,
        }
    }
}

/// How often devices report, and whether they need an acknowledgement.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// What `show license` calls it.
    name: String,
    /// Whether reports must be acknowledged.
    ack_required: bool,
    /// For perpetual licenses that are not enforced.
    perpetual: Terms,
    /// For subscriptions that are not enforced.
    subscription: Terms,
    /// For enforced licenses.
    enforced: Terms,
    /// For export-controlled licenses.
    export: Terms,
    /// How often a device pushes by itself, in seconds.
    push_interval_seconds: u32,
}

/// When reports are due, in days; 0 means that none is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    /// The first report after use begins.
    first_report_days: u32,
    /// The reports after that.
    frequency_days: u32,
    /// A report after the use changes.
    on_change_days: u32,
}

impl From<sent::Terms> for Terms {
    fn from(terms: sent::Terms) -> Self {
        Self {
            first_report_days: terms.first_report_days,
            frequency_days: terms.frequency_days,
            on_change_days: terms.on_change_days,
        }
    }
}

impl From<Terms> for sent::Terms {
    fn from(terms: Terms) -> Self {
        Self::days(terms.first_report_days, terms.frequency_days, terms.on_change_days)
    }
}

impl From<sent::Policy> for Policy {
    fn from(policy: sent::Policy) -> Self {
        Self {
            name: policy.name,
            ack_required: policy.ack_required,
            perpetual: policy.perpetual.into(),
            subscription: policy.subscription.into(),
            enforced: policy.enforced.into(),
            export: policy.export.into(),
            push_interval_seconds: policy.push_interval_seconds,
        }
    }
}

impl From<Policy> for sent::Policy {
    fn from(policy: Policy) -> Self {
        Self {
            name: policy.name,
            ack_required: policy.ack_required,
            perpetual: policy.perpetual.into(),
            subscription: policy.subscription.into(),
            enforced: policy.enforced.into(),
            export: policy.export.into(),
            push_interval_seconds: policy.push_interval_seconds,
        }
    }
}

/// What a new account is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// The shown name.
    name: String,
    /// The company's domain.
    domain: String,
    /// How often its devices report; what the field's devices start with, if left out.
    policy: Option<Policy>,
}

/// Makes an account with its default virtual account.
#[utoipa::path(
    post,
    path = "/api/v1/accounts",
    tag = "accounts",
    request_body = NewAccount,
    responses((status = 201, body = Account))
)]
pub(super) async fn create_account(
    State(app): State<App>,
    Asking { ask, body }: Asking<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let policy = body.policy.map(Into::into).unwrap_or_default();
    let wanted = Wanted { name: body.name, domain: body.domain, policy };
    let made = app.create_account(&ask, wanted).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Lists accounts by name.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    tag = "accounts",
    params(Paging),
    responses((status = 200, body = Page<Account>))
)]
pub(super) async fn list_accounts(
    State(app): State<App>,
    Allowed(permit): Allowed,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<Account>>, Problem> {
    let after = place(&app, List::Accounts, paging.cursor.as_deref())?;
    let found = app.list_accounts(&permit, after, paging.limit.get()).await?;
    Ok(answer(&app, List::Accounts, found, Account::from))
}

/// Shows an account.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}",
    tag = "accounts",
    responses((status = 200, body = Account))
)]
pub(super) async fn show_account(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(app.account(&permit, account).await?.into()))
}

/// A virtual account: a part of an account with pools of its own.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VirtualAccount {
    /// Its id.
    #[schema(value_type = schema::VirtualAccountId)]
    id: wire::id::VirtualAccountId,
    /// The nine-digit number under which the documented REST profile knows it.
    number: u32,
    /// The shown name, unique in the account regardless of case.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Whether it takes what names no other.
    default: bool,
    /// When it was made.
    created_at: Moment,
    /// Custom tags.
    tags: Vec<Tag>,
    /// When it was archived; null if it is in use.
    archived_at: Option<Moment>,
    /// How often it was changed: whoever changes it names it.
    revision: u32,
}

impl From<book::VirtualAccount> for VirtualAccount {
    fn from(part: book::VirtualAccount) -> Self {
        Self {
            id: part.id,
            number: part.number,
            name: part.name,
            description: some_text(&part.description),
            default: part.default == book::Default::Yes,
            created_at: Moment(part.created_at),
            tags: part.tags.into_iter().map(Tag::from).collect(),
            archived_at: part.archived_at.map(Moment),
            revision: part.revision,
        }
    }
}

/// What a new virtual account is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVirtualAccount {
    /// The shown name.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Custom tags.
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Makes a virtual account.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/virtual-accounts",
    tag = "accounts",
    request_body = NewVirtualAccount,
    responses((status = 201, body = VirtualAccount))
)]
pub(super) async fn create_virtual_account(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<NewVirtualAccount>,
) -> Result<(StatusCode, Json<VirtualAccount>), Problem> {
    let wanted = WantedPart {
        name: body.name,
        description: body.description,
        tags: body.tags.into_iter().map(Into::into).collect(),
    };
    let made = app.create_virtual_account(&ask, account, wanted).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Which virtual accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VirtualAccountFilter {
    /// Whose name begins so, regardless of case.
    name: Option<String>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an account's virtual accounts by name.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/virtual-accounts",
    tag = "accounts",
    params(VirtualAccountFilter),
    responses((status = 200, body = Page<VirtualAccount>))
)]
pub(super) async fn list_virtual_accounts(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<VirtualAccountFilter>,
) -> Result<Json<Page<VirtualAccount>>, Problem> {
    let after = place(&app, List::VirtualAccounts, filter.cursor.as_deref())?;
    let limit = filter.limit.get();
    let found = app.virtual_accounts(&permit, account, filter.name, after, limit).await?;
    Ok(answer(&app, List::VirtualAccounts, found, VirtualAccount::from))
}

/// Figures of the whole house.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Totals {
    /// Accounts.
    accounts: i64,
    /// Product instances.
    product_instances: i64,
    /// Reports in the book.
    reports: i64,
    /// Pools that are short and whose shortage counts.
    pools_short: i64,
    /// Open alarms.
    alarms_open: i64,
}

/// Shows figures of the whole house.
#[utoipa::path(
    get,
    path = "/api/v1/totals",
    tag = "house",
    responses((status = 200, body = Totals))
)]
pub(super) async fn show_totals(
    State(app): State<App>,
    Allowed(_permit): Allowed,
) -> Result<Json<Totals>, Problem> {
    let totals = app.totals().await?;
    Ok(Json(Totals {
        accounts: totals.accounts,
        product_instances: totals.product_instances,
        reports: totals.reports,
        pools_short: totals.pools_short,
        alarms_open: totals.alarms_open,
    }))
}
