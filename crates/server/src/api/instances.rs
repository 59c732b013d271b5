//! Product instances: what they use, what they reported, and which keys speak for them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::instance as book;
use ledger::license as defined;
use ledger::report::{Counting, Level, Recorded};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::key::KeyId;
use wire::report as sent;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;

use super::asking::{Allowed, Asking, PathOf, QueryOf};
use super::json::{KeyState, KnownBy, MemberRole, Moment, Route, Udi, some_text};
use super::paging::{Limit, Page, Paging, answer, page, place};
use super::schema;
use crate::app::App;
use crate::app::inventory::{InstanceQuestion, InstanceView};
use crate::app::paging::List;
use crate::keys::to_hex;
use crate::problem::Problem;

/// A product instance: a device or an installed product.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Instance {
    /// Its id.
    #[schema(value_type = schema::InstanceId)]
    id: InstanceId,
    /// Its identity.
    udi: Udi,
    /// The newest reported host name.
    name: Option<String>,
    /// The software tag last reported.
    #[schema(value_type = Option<String>)]
    software: Option<SoftwareTag>,
    /// The software version last reported.
    software_version: Option<String>,
    /// The virtual account in which it is.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The virtual account's name.
    virtual_account_name: Option<String>,
    /// When its first key was bound; null if nobody vouches for it.
    bound_at: Option<Moment>,
    /// When a report of it was last heard.
    heard_at: Option<Moment>,
    /// When its levels turn stale under its policy; null if never.
    stale_at: Option<Moment>,
    /// Whether its levels are stale now.
    stale: bool,
    /// When it was first seen.
    created_at: Moment,
    /// The country in which it is used, as last known: two letters as in ISO 3166.
    country_of_use: Option<String>,
    /// How that is known: the device says it, or the network that it reports from tells.
    country_known_by: Option<KnownBy>,
    /// Since when it is known to be this country.
    country_since: Option<Moment>,
    /// Since when it is used outside the account's country of purchase, which may have tax
    /// consequences and stops nothing; null if it is not, or either country is not known.
    elsewhere_since: Option<Moment>,
    /// When a person removed it, unless it was taken back. Lists leave out what is removed. Who it
    /// was is told by the event log.
    removed_at: Option<Moment>,
    /// Since when it measures again though it was removed; null once somebody kept, moved, trusted
    /// or removed it.
    reports_again_since: Option<Moment>,
    /// What it has in use.
    uses: Vec<Use>,
}

/// What an instance has in use of one license.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Use {
    /// The license.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// The license's name; null if the catalogue does not know it.
    license_name: Option<String>,
    /// The pool in which it counts.
    #[schema(value_type = schema::PoolId)]
    pool: PoolId,
    /// How many.
    level: u32,
    /// Whether a bound key vouches for it.
    verified: bool,
    /// Since when the level has been so.
    since: Moment,
    /// Since when a complete save of the device leaves it out: then a person may end it.
    unconfirmed_since: Option<Moment>,
    /// When a person ended it.
    ended_at: Option<Moment>,
}

fn one_use((one, license): (book::Use, Option<defined::License>)) -> Use {
    Use {
        ended_at: one.ended_at().map(Moment),
        tag: one.tag,
        license_name: license.map(|license| license.name),
        pool: one.pool,
        level: one.level,
        verified: one.proof == book::Proof::Verified,
        since: Moment(one.since),
        unconfirmed_since: one.unconfirmed_since.map(Moment),
    }
}

fn instance(view: InstanceView, now: Timestamp) -> Instance {
    let one = view.instance;
    Instance {
        udi: Udi::from(&one.udi),
        name: some_text(&one.name),
        software_version: some_text(&one.software_version),
        virtual_account: one.virtual_account(),
        virtual_account_name: view.virtual_account.map(|one| one.name),
        bound_at: one.bound_at.map(Moment),
        heard_at: one.heard_at.map(Moment),
        stale_at: one.stale_at.map(Moment),
        stale: one.stale_at.is_some_and(|at| at <= now),
        created_at: Moment(one.created_at),
        country_of_use: one.country_of_use.map(|known| known.country.to_string()),
        country_known_by: one.country_of_use.map(|known| known.known_by.into()),
        country_since: one.country_of_use.map(|known| Moment(known.since)),
        elsewhere_since: one.country_of_use.and_then(|known| known.elsewhere_since).map(Moment),
        removed_at: one.removed().or(one.reports_again()).map(|removal| Moment(removal.at)),
        reports_again_since: one
            .reports_again()
            .and_then(|removal| removal.measured_again)
            .map(Moment),
        uses: view.uses.into_iter().map(one_use).collect(),
        id: one.id,
        software: one.software,
    }
}

/// Which instances.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InstanceFilter {
    /// In one virtual account only.
    #[param(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// Whose name begins so, regardless of case.
    name: Option<String>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an account's product instances, the one heard last first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/instances",
    tag = "instances",
    params(InstanceFilter),
    responses((status = 200, body = Page<Instance>))
)]
pub(super) async fn list_instances(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<InstanceFilter>,
) -> Result<Json<Page<Instance>>, Problem> {
    let question = InstanceQuestion {
        virtual_account: filter.virtual_account,
        name_begins: filter.name,
        after: place(&app, List::Instances, filter.cursor.as_deref())?,
    };
    let found = app.instances(&permit, account, question, filter.limit.get()).await?;
    let now = app.world.now();
    Ok(answer(&app, List::Instances, found, |view| instance(view, now)))
}

/// Everything about a product instance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstanceDetail {
    /// The instance and its uses.
    #[serde(flatten)]
    instance: Instance,
    /// Where it was since when, oldest first.
    placements: Vec<Placement>,
    /// The members of its stack or pair, as last reported.
    members: Vec<Member>,
    /// The keys that speak for it.
    keys: Vec<DeviceKey>,
    /// The names that it has or had.
    names: Vec<Name>,
    /// How far the reports under each key were heard.
    progress: Vec<Progress>,
    /// What it reported, the report heard last first; `limit` and `cursor` walk this list.
    reports: Page<Report>,
    /// The report of the highest position, with its consumers.
    newest_report: Option<NewestReport>,
}

/// Where an instance is from a moment on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Placement {
    /// The virtual account.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// From when on; null for the first.
    since: Option<Moment>,
}

/// A device of a stack or pair.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    /// Its part.
    role: MemberRole,
    /// Its identity.
    udi: Udi,
}

/// A key that speaks for an instance, or did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceKey {
    /// Its id, which reports name.
    #[schema(value_type = schema::KeyId)]
    id: KeyId,
    /// Whether it may still speak.
    state: KeyState,
    /// Why it was revoked.
    reason: Option<String>,
    /// When it was bound.
    bound_at: Moment,
}

/// A name that an instance has or had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Name {
    /// The name.
    name: String,
    /// When it was first heard.
    first_heard_at: Moment,
}

/// How far the reports under one key were heard.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Progress {
    /// The key; of unverified reports one that stands for the reporting device.
    #[schema(value_type = schema::KeyId)]
    key: KeyId,
    /// The epoch of the newest report.
    epoch: u64,
    /// Its number.
    number: u64,
    /// How many reports of that epoch are missing below it.
    gaps: u64,
}

/// A usage report as the book keeps it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Report {
    /// The key that sealed it; of an unverified one a key that stands for the reporting device.
    #[schema(value_type = schema::KeyId)]
    key: KeyId,
    /// Its epoch; 0 of an unverified one.
    epoch: u64,
    /// Its number within the epoch; of an unverified one its report id.
    number: u64,
    /// The license.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// The identity of the device that reported.
    reporter: String,
    /// Whether a bound key vouches for it.
    verified: bool,
    /// Whether its levels count in pools.
    counted: bool,
    /// The road by which it came.
    route: Route,
    /// What a person may want to look at: `clock_ahead`, `consumers_disagree`, `forked`,
    /// `store_reset`, `chain_broken`, `too_many_licenses`.
    flags: Vec<String>,
    /// The levels, in the order in which the device measured them.
    levels: Vec<ReportedLevel>,
    /// When it was heard.
    heard_at: Moment,
    /// The SHA-256 by which acknowledgements name it, in hexadecimal digits.
    hash: String,
}

/// A level over a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportedLevel {
    /// From when.
    starts_at: Moment,
    /// Until when.
    ends_at: Moment,
    /// How many were in use.
    level: u32,
}

impl From<&Level> for ReportedLevel {
    fn from(level: &Level) -> Self {
        let (starts_at, ends_at) = (Moment(level.start), Moment(level.end));
        Self { starts_at, ends_at, level: level.value }
    }
}

impl From<Recorded> for Report {
    fn from(report: Recorded) -> Self {
        Self {
            key: report.key,
            epoch: report.position.epoch,
            number: report.position.number,
            verified: report.proof == book::Proof::Verified,
            counted: report.counting == Counting::Counted,
            route: report.route.into(),
            flags: report.flags.iter().map(|flag| flag.word().to_owned()).collect(),
            levels: report.levels.iter().map(ReportedLevel::from).collect(),
            heard_at: Moment(report.heard_at),
            hash: to_hex(&report.hash),
            tag: report.tag,
            reporter: report.reporter,
        }
    }
}

/// A report as the device sent it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewestReport {
    /// The number that people see.
    report_id: u64,
    /// The license.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// What the device has to say of itself, such as `store-reset`.
    notes: Vec<String>,
    /// Its measurements.
    measurements: Vec<Measurement>,
}

/// A measurement with its consumers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Measurement {
    /// From when the level held, by the device's clock.
    starts_at: Moment,
    /// Until when.
    ends_at: Moment,
    /// How many were in use.
    level: u32,
    /// Consumers, such as access points or phones, that came.
    added: Vec<Udi>,
    /// Consumers that went.
    removed: Vec<Udi>,
    /// Why the measurement ended.
    termination_reason: Option<String>,
    /// Why the report closed.
    close_reason: Option<String>,
    /// By how many seconds the device's clock was set, negative if back.
    clock_change_seconds: Option<i64>,
}

impl From<sent::Measurement> for Measurement {
    fn from(measured: sent::Measurement) -> Self {
        Self {
            starts_at: Moment(measured.start_time),
            ends_at: Moment(measured.end_time),
            level: measured.value.get(),
            added: measured.added.iter().map(Udi::from).collect(),
            removed: measured.removed.iter().map(Udi::from).collect(),
            termination_reason: measured.termination_reason,
            close_reason: measured.close_reason,
            clock_change_seconds: measured.clock_change_delta,
        }
    }
}

impl From<sent::Report> for NewestReport {
    fn from(report: sent::Report) -> Self {
        Self {
            report_id: report.report_id,
            tag: report.entitlement,
            notes: report.notes,
            measurements: report.measurements.into_iter().map(Measurement::from).collect(),
        }
    }
}

impl From<book::DeviceKey> for DeviceKey {
    fn from(key: book::DeviceKey) -> Self {
        Self {
            id: key.id,
            state: key.state.into(),
            reason: some_text(&key.reason),
            bound_at: Moment(key.bound_at),
        }
    }
}

impl From<&book::Progress> for Progress {
    fn from(progress: &book::Progress) -> Self {
        Self {
            key: progress.key,
            epoch: progress.newest.epoch,
            number: progress.newest.number,
            gaps: progress.gaps(),
        }
    }
}

/// Shows a product instance with its keys, names and reports.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/instances/{instance}",
    tag = "instances",
    params(Paging),
    responses((status = 200, body = InstanceDetail))
)]
pub(super) async fn show_instance(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf((account, id)): PathOf<(AccountId, InstanceId)>,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<InstanceDetail>, Problem> {
    let after = place(&app, List::Reports, paging.cursor.as_deref())?;
    let found = app.instance(&permit, account, id, after, paging.limit.get()).await?;
    let one = &found.view.instance;
    let placements = one.placements.iter().map(|placement| Placement {
        virtual_account: placement.virtual_account,
        since: Moment::unless_never(placement.from),
    });
    let members = one.members.iter();
    let members =
        members.map(|member| Member { role: member.role.into(), udi: Udi::from(&member.udi) });
    let names = found
        .names
        .into_iter()
        .map(|name| Name { name: name.name, first_heard_at: Moment(name.first_heard_at) });
    Ok(Json(InstanceDetail {
        placements: placements.collect(),
        members: members.collect(),
        progress: one.progress.iter().map(Progress::from).collect(),
        keys: found.keys.into_iter().map(DeviceKey::from).collect(),
        names: names.collect(),
        reports: page(&app, List::Reports, found.reports, Report::from),
        newest_report: found.newest.map(NewestReport::from),
        instance: instance(found.view, app.world.now()),
    }))
}

/// A request that says nothing more than its path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoMore {}

/// Ends a use that a complete save of the device left out.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/instances/{instance}/uses/{tag}/end",
    tag = "instances",
    responses((status = 204, description = "It is ended."))
)]
pub(super) async fn end_use(
    State(app): State<App>,
    PathOf((account, id, tag)): PathOf<(AccountId, InstanceId, EntitlementTag)>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.end_use(&ask, account, id, tag).await?;
    Ok(StatusCode::NO_CONTENT)
}
