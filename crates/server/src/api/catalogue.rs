//! License definitions, and the entitlements that are granted of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::entitlement::{self as book, Term};
use ledger::license as defined;
use ledger::pool::Pool;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccountId, EntitlementId, LicenseId, PoolId, VirtualAccountId};
use wire::quantity::Count;
use wire::tag::EntitlementTag;

use super::asking::{Allowed, Asking, PathOf, QueryOf};
use super::json::{Concern, DayOrMoment, Enforcement, Kind, Moment, some_text};
use super::paging::{Limit, Page, Paging, answer, place};
use super::schema;
use crate::app::App;
use crate::app::catalogue::NewEntitlement as Wanted;
use crate::app::paging::List;
use crate::problem::Problem;

/// A license definition.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct License {
    /// Its id.
    #[schema(value_type = schema::LicenseId)]
    id: LicenseId,
    /// The name under which devices report it.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// The shown name.
    name: String,
    /// A sentence about it.
    description: Option<String>,
    /// How strictly products treat it.
    enforcement: Enforcement,
    /// How long the right to use lasts.
    kind: Kind,
    /// Whether a shortage raises an alarm.
    concern: Concern,
    /// When it was last changed.
    changed_at: Moment,
}

impl From<defined::License> for License {
    fn from(license: defined::License) -> Self {
        Self {
            id: license.id,
            tag: license.tag,
            name: license.name,
            description: some_text(&license.description),
            enforcement: license.enforcement.into(),
            kind: license.kind.into(),
            concern: license.concern.into(),
            changed_at: Moment(license.changed_at),
        }
    }
}

/// What a license definition is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// The shown name.
    name: String,
    /// A sentence about it.
    #[serde(default)]
    description: String,
    /// How strictly products treat it; `not_enforced` if left out.
    enforcement: Option<Enforcement>,
    /// How long the right to use lasts; `perpetual` if left out.
    kind: Option<Kind>,
    /// Whether a shortage raises an alarm; `counted` if left out.
    concern: Option<Concern>,
}

/// Defines a license, or changes its definition as a whole.
#[utoipa::path(
    put,
    path = "/api/v1/licenses/{tag}",
    tag = "licenses",
    request_body = Definition,
    responses((status = 200, body = License))
)]
pub(super) async fn define_license(
    State(app): State<App>,
    PathOf(tag): PathOf<EntitlementTag>,
    Asking { ask, body }: Asking<Definition>,
) -> Result<Json<License>, Problem> {
    let license = defined::License {
        id: LicenseId::derive(&[tag.as_str().as_bytes()]),
        tag,
        name: body.name,
        description: body.description,
        enforcement: body.enforcement.unwrap_or(Enforcement::NotEnforced).into(),
        kind: body.kind.unwrap_or(Kind::Perpetual).into(),
        concern: body.concern.unwrap_or(Concern::Counted).into(),
        changed_at: app.world.now(),
    };
    Ok(Json(app.define_license(&ask, license).await?.into()))
}

/// Lists license definitions by tag.
#[utoipa::path(
    get,
    path = "/api/v1/licenses",
    tag = "licenses",
    params(Paging),
    responses((status = 200, body = Page<License>))
)]
pub(super) async fn list_licenses(
    State(app): State<App>,
    Allowed(permit): Allowed,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<License>>, Problem> {
    let after = place(&app, List::Licenses, paging.cursor.as_deref())?;
    let found = app.list_licenses(&permit, after, paging.limit.get()).await?;
    Ok(answer(&app, List::Licenses, found, License::from))
}

/// A lot of a license in a pool, with a term. What was granted lies in one of six parts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entitlement {
    /// Its id.
    #[schema(value_type = schema::EntitlementId)]
    id: EntitlementId,
    /// The pool.
    #[schema(value_type = schema::PoolId)]
    pool: PoolId,
    /// The virtual account.
    #[schema(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// The license.
    #[schema(value_type = Option<schema::EntitlementTag>)]
    tag: Option<EntitlementTag>,
    /// How many were granted.
    quantity: u32,
    /// How long the right to use lasts.
    kind: Kind,
    /// The first instant in force.
    starts_at: Moment,
    /// The first instant no longer in force; null if it has no end.
    ends_at: Option<Moment>,
    /// The last day in force, in UTC; null if it has no end.
    last_day: Option<String>,
    /// An order number or a reason.
    source: Option<String>,
    /// When it was granted.
    granted_at: Moment,
    /// Units whose term has not begun.
    future: i64,
    /// Units in force and free.
    available: i64,
    /// Units that are reserved.
    reserved: i64,
    /// Units that are delegated to an on-prem server.
    delegated: i64,
    /// Units on the way to another pool.
    in_transfer: i64,
    /// Units whose term is over.
    expired: i64,
    /// Units that went to another virtual account, where they are an entitlement of their own.
    moved: i64,
    /// The entitlement that this one was a part of before it was moved here; null if none.
    #[schema(value_type = Option<schema::EntitlementId>)]
    moved_from: Option<EntitlementId>,
}

fn entitlement((lot, pool): (book::Entitlement, Option<Pool>)) -> Entitlement {
    let (virtual_account, tag) = pool.map(|pool| (pool.virtual_account, pool.tag)).unzip();
    Entitlement {
        id: lot.id,
        pool: lot.pool,
        virtual_account,
        tag,
        quantity: lot.quantity.get(),
        kind: lot.kind.into(),
        starts_at: Moment(lot.term.start),
        ends_at: lot.term.end.map(Moment),
        last_day: lot.term.last_day().map(|at| Moment(at).day()),
        source: some_text(&lot.source),
        granted_at: Moment(lot.granted_at),
        future: lot.buckets.future,
        available: lot.buckets.available,
        reserved: lot.buckets.reserved,
        delegated: lot.buckets.delegated,
        in_transfer: lot.buckets.in_transfer,
        expired: lot.buckets.retired,
        moved: lot.buckets.moved,
        moved_from: lot.moved_from,
    }
}

/// What is to be granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEntitlement {
    /// The virtual account.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The license. It need not be defined yet.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// How many, at least 1.
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000_000)]
    quantity: Count,
    /// From when on; now, if left out.
    start: Option<DayOrMoment>,
    /// Until when; a subscription needs it, a perpetual right has none.
    end: Option<DayOrMoment>,
    /// `subscription` if there is an end, else `perpetual`, if left out.
    kind: Option<Kind>,
    /// An order number or a reason.
    #[serde(default)]
    source: String,
}

/// Grants a lot of a license to a virtual account.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/entitlements",
    tag = "licenses",
    request_body = NewEntitlement,
    responses((status = 201, body = Entitlement))
)]
pub(super) async fn grant_entitlement(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<NewEntitlement>,
) -> Result<(StatusCode, Json<Entitlement>), Problem> {
    let now = app.world.now();
    let by_end = if body.end.is_some() { Kind::Subscription } else { Kind::Perpetual };
    let wanted = Wanted {
        virtual_account: body.virtual_account,
        tag: body.tag.clone(),
        quantity: body.quantity,
        term: Term {
            start: body.start.map_or(now, DayOrMoment::start),
            end: body.end.map(DayOrMoment::end),
        },
        kind: body.kind.unwrap_or(by_end).into(),
        source: body.source,
    };
    let made = app.grant(&ask, account, wanted).await?;
    let pool = Pool::opening(account, body.virtual_account, &body.tag);
    Ok((StatusCode::CREATED, Json(entitlement((made, Some(pool))))))
}

/// Which entitlements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntitlementFilter {
    /// Of one pool only.
    #[param(value_type = Option<schema::PoolId>)]
    pool: Option<PoolId>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an account's entitlements, by pool.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/entitlements",
    tag = "licenses",
    params(EntitlementFilter),
    responses((status = 200, body = Page<Entitlement>))
)]
pub(super) async fn list_entitlements(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<EntitlementFilter>,
) -> Result<Json<Page<Entitlement>>, Problem> {
    let after = place(&app, List::Entitlements, filter.cursor.as_deref())?;
    let limit = filter.limit.get();
    let found = app.entitlements_with_pools(&permit, account, filter.pool, after, limit).await?;
    Ok(answer(&app, List::Entitlements, found, entitlement))
}
