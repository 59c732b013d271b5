//! Alarms.

use axum::Json;
use axum::extract::State;
use ledger::alarm as book;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccountId, AlarmId, InstanceId, PoolId, VirtualAccountId};

use super::asking::{Allowed, PathOf, QueryOf};
use super::json::{AlarmKind, AlarmState, Moment, Severity, some_text};
use super::paging::{Limit, Page, answer, place};
use super::schema;
use crate::app::App;
use crate::app::alarms::AlarmView;
use crate::app::paging::List;
use crate::problem::Problem;

/// A cause for a person to act.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alarm {
    /// Its id.
    #[schema(value_type = schema::AlarmId)]
    id: AlarmId,
    /// What it is about.
    kind: AlarmKind,
    /// How bad it is.
    severity: Severity,
    /// Whether its cause is there now.
    state: AlarmState,
    /// The virtual account in which it shows.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The virtual account's name.
    virtual_account_name: Option<String>,
    /// The id of the pool or instance that it is about.
    subject: String,
    /// The license's tag, or the instance's identity.
    about: String,
    /// The license's name, if it is about one that the catalogue knows.
    license_name: Option<String>,
    /// How many are in use; null unless it is about a license.
    needed: Option<i64>,
    /// How many are missing; null unless it is about a license.
    missing: Option<i64>,
    /// The country in which the instance is used now; null unless it is about that.
    country_of_use: Option<String>,
    /// The account's country of purchase; null unless it is about that.
    country_of_purchase: Option<String>,
    /// Since when its cause was there, measured.
    short_since: Moment,
    /// When it was opened last.
    opened_at: Moment,
    /// When it was settled last; null if never.
    settled_at: Option<Moment>,
}

impl From<AlarmView> for Alarm {
    fn from(view: AlarmView) -> Self {
        let alarm = view.alarm;
        let elsewhere = view.elsewhere.as_ref();
        let counts = alarm.kind == book::AlarmKind::InsufficientLicenses;
        Self {
            id: alarm.id,
            kind: alarm.kind.into(),
            severity: alarm.severity.into(),
            state: alarm.state.into(),
            virtual_account: alarm.virtual_account,
            virtual_account_name: view.virtual_account.map(|one| one.name),
            subject: match alarm.kind {
                book::AlarmKind::InsufficientLicenses => {
                    PoolId::from_bytes(alarm.subject).to_string()
                }
                book::AlarmKind::ClonedInstance
                | book::AlarmKind::UsedElsewhere
                | book::AlarmKind::ReportsAgain => {
                    InstanceId::from_bytes(alarm.subject).to_string()
                }
            },
            about: alarm.about,
            license_name: view.license.map(|license| license.name),
            needed: counts.then_some(alarm.needed),
            missing: counts.then_some(alarm.missing),
            country_of_use: elsewhere.and_then(|one| some_text(&one.country_of_use())),
            country_of_purchase: elsewhere.and_then(|one| some_text(&one.country_of_purchase)),
            short_since: Moment(alarm.short_since),
            opened_at: Moment(alarm.opened_at),
            settled_at: Moment::unless_never(alarm.settled_at),
        }
    }
}

/// Which alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AlarmFilter {
    /// Of one state only.
    state: Option<AlarmState>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an account's alarms, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/alarms",
    tag = "alarms",
    params(AlarmFilter),
    responses((status = 200, body = Page<Alarm>))
)]
pub(super) async fn list_alarms(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<AlarmFilter>,
) -> Result<Json<Page<Alarm>>, Problem> {
    let after = place(&app, List::Alarms, filter.cursor.as_deref())?;
    let state = filter.state.map(Into::into);
    let found = app.alarms(&permit, account, state, after, filter.limit.get()).await?;
    Ok(answer(&app, List::Alarms, found, Alarm::from))
}
