//! Product instances moved, removed and kept, many at once; and what that would come to.

use axum::Json;
use axum::extract::State;
use ledger::command::{Fate, PoolShift};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::tag::EntitlementTag;

use super::asking::{Asking, PathOf};
use super::schema;
use crate::app::decide_instances::{
    self as deciding, Doing, InstancesDecided, Unclear, UnclearLine, alarm_turn, lines_of,
};
use crate::app::{App, Ask};
use crate::problem::Problem;

/// Which product instances are to be moved, and where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceMove {
    /// The virtual account that they go to.
    #[schema(value_type = schema::VirtualAccountId)]
    to: VirtualAccountId,
    /// The product instances, by their ids.
    #[serde(default)]
    #[schema(value_type = Vec<schema::InstanceId>)]
    instances: Vec<InstanceId>,
    /// More of them, one a line: an id, a name, a serial number or a UDI; at most 5,000 lines and
    /// 256 KiB.
    #[serde(default)]
    lines: String,
    /// Whether it is only said what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// Which product instances are to be removed or kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceChoice {
    /// The product instances, by their ids.
    #[serde(default)]
    #[schema(value_type = Vec<schema::InstanceId>)]
    instances: Vec<InstanceId>,
    /// More of them, one a line: an id, a name, a serial number or a UDI; at most 5,000 lines and
    /// 256 KiB.
    #[serde(default)]
    lines: String,
    /// Whether it is only said what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What became of product instances, or would become of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedInstances {
    /// Whether nothing was done.
    dry_run: bool,
    /// How many product instances were named.
    found: usize,
    /// How many were moved, removed or kept, or would be.
    changed: u32,
    /// How many were so already.
    unchanged: u32,
    /// The lines that name no single product instance; each has to be corrected or left out.
    unclear: Vec<UnclearInstance>,
    /// The pools in which use comes or goes.
    pools: Vec<ShiftedPool>,
}

/// A line that names no single product instance.
#[derive(Debug, Serialize, ToSchema)]
struct UnclearInstance {
    /// Its number: first those of `instances`, then those of `lines`, from 1.
    line: usize,
    /// What it says.
    text: String,
    /// Why that is not clear.
    why: Why,
    /// Some of those that it may mean: their UDIs.
    candidates: Vec<String>,
}

/// Why a line names no single product instance.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Why {
    /// There is none, or it is not the asker's to see.
    Unknown,
    /// It was removed.
    Removed,
    /// It means several.
    Several,
}

/// A pool in which use comes or goes.
#[derive(Debug, Serialize, ToSchema)]
struct ShiftedPool {
    /// The virtual account.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The virtual account's name.
    virtual_account_name: Option<String>,
    /// The license.
    #[schema(value_type = schema::EntitlementTag)]
    tag: EntitlementTag,
    /// The license's name; null if the catalogue does not know it.
    license_name: Option<String>,
    /// In use before.
    in_use_before: i64,
    /// In use after it.
    in_use: i64,
    /// The balance before; negative when short.
    balance_before: i64,
    /// The balance after it; negative when short.
    balance: i64,
    /// What happens to the pool's alarm; null if nothing does.
    alarm: Option<AlarmTurn>,
}

/// What happens to the alarm of a pool.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AlarmTurn {
    /// It opens.
    Opens,
    /// It settles.
    Settles,
}

impl From<UnclearLine> for UnclearInstance {
    fn from(line: UnclearLine) -> Self {
        let (why, candidates) = match line.why {
            Unclear::Unknown => (Why::Unknown, Vec::new()),
            Unclear::Removed => (Why::Removed, Vec::new()),
            Unclear::Several(udis) => (Why::Several, udis),
        };
        Self { line: line.number, text: line.text, why, candidates }
    }
}

fn answer(doing: Doing, decided: InstancesDecided) -> DecidedInstances {
    let InstancesDecided { licenses, places, .. } = &decided;
    let pool = |shift: &PoolShift| ShiftedPool {
        virtual_account: shift.virtual_account,
        virtual_account_name: places.get(&shift.virtual_account).cloned(),
        tag: shift.tag.clone(),
        license_name: licenses.get(&shift.tag).map(|license| license.name.clone()),
        in_use_before: shift.before.in_use,
        in_use: shift.after.in_use,
        balance_before: shift.before.balance(),
        balance: shift.after.balance(),
        alarm: alarm_turn(shift).map(|turn| match turn {
            deciding::AlarmTurn::Opens => AlarmTurn::Opens,
            deciding::AlarmTurn::Settles => AlarmTurn::Settles,
        }),
    };
    DecidedInstances {
        dry_run: doing == Doing::Preview,
        found: decided.chosen.len(),
        changed: decided.changed,
        unchanged: decided.unchanged,
        pools: decided.pools.iter().map(pool).collect(),
        unclear: decided.unclear.into_iter().map(UnclearInstance::from).collect(),
    }
}

async fn decide(
    app: &App,
    ask: &Ask,
    account: AccountId,
    fate: Fate,
    chosen: InstanceChoice,
) -> Result<Json<DecidedInstances>, Problem> {
    let doing = if chosen.dry_run { Doing::Preview } else { Doing::Act };
    let mut lines: Vec<String> = chosen.instances.iter().map(ToString::to_string).collect();
    lines.extend(lines_of(&chosen.lines)?);
    let decided = app.decide_instances(ask, account, &lines, (fate, doing)).await?;
    Ok(Json(answer(doing, decided)))
}

/// Moves product instances to another virtual account of the account. What they use counts there
/// from now on; licenses stay.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/instances/move",
    tag = "instances",
    request_body = InstanceMove,
    responses((status = 200, body = DecidedInstances))
)]
pub(super) async fn move_instances(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<InstanceMove>,
) -> Result<Json<DecidedInstances>, Problem> {
    let InstanceMove { to, instances, lines, dry_run } = body;
    let chosen = InstanceChoice { instances, lines, dry_run };
    decide(&app, &ask, account, Fate::Move(to), chosen).await
}

/// Removes product instances: what they use ends now, their history stays. A device that measures
/// on comes back by itself.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/instances/remove",
    tag = "instances",
    request_body = InstanceChoice,
    responses((status = 200, body = DecidedInstances))
)]
pub(super) async fn remove_instances(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<InstanceChoice>,
) -> Result<Json<DecidedInstances>, Problem> {
    decide(&app, &ask, account, Fate::Remove, body).await
}

/// Keeps product instances that were removed and report again: the alarm about it settles.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/instances/keep",
    tag = "instances",
    request_body = InstanceChoice,
    responses((status = 200, body = DecidedInstances))
)]
pub(super) async fn keep_instances(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<InstanceChoice>,
) -> Result<Json<DecidedInstances>, Problem> {
    decide(&app, &ask, account, Fate::Keep, body).await
}
