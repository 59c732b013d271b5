//! Pools: where they stand, who uses them, and where they stood.

use axum::Json;
use axum::extract::State;
use ledger::license as defined;
use ledger::pool::Standing as Stands;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::tag::EntitlementTag;

use super::asking::{Allowed, PathOf, QueryOf};
use super::json::{Concern, Enforcement, Kind, Moment, some_text};
use super::paging::{Limit, Page, answer, place};
use super::schema;
use crate::app::App;
use crate::app::inventory::{PoolDetail, PoolQuestion, PoolView, Short};
use crate::app::paging::List;
use crate::problem::Problem;

/// How many users of a pool are shown if nothing is said.
const USERS: u32 = 100;

/// Where a pool stands, in units of the license.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Standing {
    /// In force: available, reserved, delegated or in transfer.
    purchased: i64,
    /// In force and free.
    available: i64,
    /// Owned, the term not begun.
    future: i64,
    /// The term is over.
    expired: i64,
    /// Handed out by reservation.
    reserved: i64,
    /// In use, the unverified part included.
    in_use: i64,
    /// The part of the use that no bound key vouches for.
    unverified: i64,
    /// Available less in use; negative when short.
    balance: i64,
    /// What is missing.
    shortage: i64,
    /// Whether there are enough.
    state: PoolState,
}

/// Whether there are enough.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PoolState {
    /// There are.
    Sufficient,
    /// More are in use than there are.
    Short,
}

impl From<Stands> for Standing {
    fn from(stands: Stands) -> Self {
        let short = stands.shortage() > 0;
        Self {
            purchased: stands.purchased,
            available: stands.available,
            future: stands.future,
            expired: stands.expired,
            reserved: stands.reserved,
            in_use: stands.in_use,
            unverified: stands.unverified,
            balance: stands.balance(),
            shortage: stands.shortage(),
            state: if short { PoolState::Short } else { PoolState::Sufficient },
        }
    }
}

/// What the catalogue says of a license, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Known {
    /// The shown name.
    name: String,
    /// How strictly products treat it.
    enforcement: Enforcement,
    /// How long the right to use lasts.
    kind: Kind,
}

impl From<&defined::License> for Known {
    fn from(license: &defined::License) -> Self {
        Self {
            name: license.name.clone(),
            enforcement: license.enforcement.into(),
            kind: license.kind.into(),
        }
    }
}

/// A pool: a license in a virtual account, shared by the instances there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pool {
    /// Its id.
    #[schema(value_type = schema::PoolId)]
    id: PoolId,
    /// The virtual account.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The virtual account's name.
    virtual_account_name: Option<String>,
    /// The license.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// The name within the tag, for licenses that the catalogue does not know.
    short_name: String,
    /// What the catalogue says of the license; null if nothing.
    license: Option<Known>,
    /// Whether a shortage raises an alarm.
    concern: Concern,
    /// Where it stands.
    #[serde(flatten)]
    standing: Standing,
    /// The part of the use stated by instances that have not reported for too long.
    stale: i64,
    /// Since when it is short, measured; null while it is not.
    short_since: Option<Moment>,
}

fn pool(view: PoolView) -> Pool {
    Pool {
        id: view.pool.id,
        virtual_account: view.pool.virtual_account,
        virtual_account_name: view.virtual_account.map(|one| one.name),
        short_name: view.pool.tag.short_name().to_owned(),
        tag: view.pool.tag,
        license: view.license.as_ref().map(Known::from),
        concern: view.pool.concern.into(),
        stale: view.stale,
        short_since: view.pool.short_since.filter(|_| view.standing.shortage() > 0).map(Moment),
        standing: view.standing.into(),
    }
}

/// Which pools.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PoolFilter {
    /// Of one virtual account only.
    #[param(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// Of one license only.
    #[param(value_type = Option<schema::EntitlementTag>)]
    tag: Option<EntitlementTag>,
    /// `true`: short ones only.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    short: bool,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an account's pools, the lowest balance first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/pools",
    tag = "pools",
    params(PoolFilter),
    responses((status = 200, body = Page<Pool>))
)]
pub(super) async fn list_pools(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<PoolFilter>,
) -> Result<Json<Page<Pool>>, Problem> {
    let question = PoolQuestion {
        virtual_account: filter.virtual_account,
        tag: filter.tag,
        short: filter.short.then_some(Short::Only),
        after: place(&app, List::Pools, filter.cursor.as_deref())?,
    };
    let found = app.pools(&permit, account, question, filter.limit.get()).await?;
    Ok(answer(&app, List::Pools, found, pool))
}

/// A pool with who uses it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolWithUsers {
    /// The pool.
    #[serde(flatten)]
    pool: Pool,
    /// Who uses it, the largest level first.
    users: Vec<PoolUser>,
}

/// A product instance that uses a pool.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolUser {
    /// The instance.
    #[schema(value_type = schema::InstanceId)]
    instance: InstanceId,
    /// Its name.
    name: Option<String>,
    /// Its identity, as `show license udi` prints it.
    udi: Option<String>,
    /// How many it has in use.
    level: u32,
    /// Since when.
    since: Moment,
}

/// How many users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UserFilter {
    /// How many users at most, the largest first; 100 if left out.
    #[param(value_type = Option<schema::Limit>)]
    limit: Option<Limit>,
}

/// Shows a pool and who uses it.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/pools/{pool}",
    tag = "pools",
    params(UserFilter),
    responses((status = 200, body = PoolWithUsers))
)]
pub(super) async fn show_pool(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf((account, id)): PathOf<(AccountId, PoolId)>,
    QueryOf(filter): QueryOf<UserFilter>,
) -> Result<Json<PoolWithUsers>, Problem> {
    let most = filter.limit.map_or(USERS, Limit::get);
    let PoolDetail { view, users, short_since, .. } = app.pool(&permit, account, id, most).await?;
    let pool = Pool { short_since: short_since.map(Moment), ..pool(view) };
    let users = users.into_iter().map(|(share, instance)| PoolUser {
        instance: share.instance,
        udi: instance.as_ref().map(|one| one.udi.to_string()),
        name: instance.and_then(|one| some_text(&one.name)),
        level: share.level,
        since: Moment(share.since),
    });
    Ok(Json(PoolWithUsers { pool, users: users.collect() }))
}

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AsOf {
    /// At which moment; now, if left out.
    at: Option<Moment>,
    /// As far as was known at this moment; now, if left out.
    known_at: Option<Moment>,
}

/// Where a pool stood.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandingAsOf {
    /// At which moment.
    at: Moment,
    /// As far as was known at this moment.
    known_at: Moment,
    /// Where it stood.
    #[serde(flatten)]
    standing: Standing,
}

/// Shows where a pool stood at a moment, as far as was known at another.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/pools/{pool}/standing",
    tag = "pools",
    params(AsOf),
    responses((status = 200, body = StandingAsOf))
)]
pub(super) async fn show_standing(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf((account, id)): PathOf<(AccountId, PoolId)>,
    QueryOf(asked): QueryOf<AsOf>,
) -> Result<Json<StandingAsOf>, Problem> {
    let now = Moment(app.world.now());
    let (at, known_at) = (asked.at.unwrap_or(now), asked.known_at.unwrap_or(now));
    let stood = app.pool_as_of(&permit, account, id, at.0, known_at.0).await?;
    Ok(Json(StandingAsOf { at, known_at, standing: stood.into() }))
}
