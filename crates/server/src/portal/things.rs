//! The pages of alarms, one pool, one product instance.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::alarm::{AlarmKind, AlarmState};
use ledger::country::{CountryOfUse, KnownBy};
use ledger::entitlement::{Bucket, Entitlement};
use ledger::refusal::Refusal;
use ledger::report::{Counting, Flag, Recorded};
use ledger::role::{Action, Permit};
use wire::id::{AccountId, InstanceId, PoolId};
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{
    alarm, counted, frame, in_use, instance_name, instance_state, license_name, may, moment,
    pool_alert, proof, severity, whole,
};
use super::overview::{Narrow, account_id};
use super::pages::alarms::{Alarm, AlarmList, Alarms, SettledAlarm};
use super::pages::instance::{
    ConsumerRow, CountryRow, Elsewhere, Instance, InstanceActs, KeyRow, LevelRow, LevelStanding,
    MemberRow, RemovalNote, ReportLine, ReportRow, ReportState,
};
use super::pages::moment::Moment;
use super::pages::parts::{Counted, LicenseLink, PoolAlert};
use super::pages::paths::{self, fill};
use super::pages::pool::{
    Definition, EntitlementRow, Opened, Pool, PoolOpened, PoolUser, Standing, TermState,
};
use super::pastes;
use crate::app::App;
use crate::app::alarms::AlarmView;
use crate::app::events::EventQuestion;
use crate::app::inventory::{InstanceDetail, PoolDetail, PoolQuestion, PoolView, Short};

/// How many alarms a page shows.
const ALARMS: u32 = 500;
/// How many entitlements or users of a pool its page shows.
const LINES: u32 = 500;
/// How many reports an instance's page shows.
const REPORTS: u32 = 60;
/// How many consumers an instance's page shows.
const CONSUMERS: usize = 500;

/// The open alarms.
pub(super) async fn open_alarms(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(narrow): Query<Narrow>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    alarms(&app, &guest, account_id(&account)?, &narrow, AlarmState::Open, &headers).await
}

/// The alarms that settled.
pub(super) async fn settled_alarms(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(narrow): Query<Narrow>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    alarms(&app, &guest, account_id(&account)?, &narrow, AlarmState::Settled, &headers).await
}

async fn alarms(
    app: &App,
    guest: &Guest,
    account: AccountId,
    narrow: &Narrow,
    state: AlarmState,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let mut found = app.alarms(&reads, account, Some(state), None, ALARMS).await?.rows;
    match state {
        AlarmState::Open => {
            found.sort_by_key(|view| (view.alarm.severity, view.alarm.opened_at));
        }
        AlarmState::Settled => {
            // What never was open is not told of.
            found.retain(|view| view.alarm.seq > 0);
            found.sort_by_key(|view| std::cmp::Reverse(view.alarm.settled_at));
        }
    }
    let place = narrow.place();
    let here =
        found.iter().filter(|view| place.is_none_or(|place| view.alarm.virtual_account == place));
    let list = match state {
        AlarmState::Open => AlarmList::Open(here.map(|view| alarm(view, now)).collect()),
        AlarmState::Settled => AlarmList::Settled(here.map(|view| settled(view, now)).collect()),
    };
    let page = Alarms {
        frame: frame(app, guest, account, narrow.chosen()).await?,
        as_of: moment(now, now),
        list,
        open: counted(app.count_open_alarms(&reads, account).await?),
        settled: None,
    };
    shown(&page, headers)
}

fn settled(view: &AlarmView, now: Timestamp) -> SettledAlarm {
    let one = &view.alarm;
    let name = match (&view.license, wire::tag::EntitlementTag::new(&one.about)) {
        (license, Ok(tag)) => license_name(license.as_ref(), &tag),
        (_, Err(_)) => one.about.clone(),
    };
    let of_instance =
        || format!("/accounts/{}/instances/{}", one.account, InstanceId::from_bytes(one.subject));
    let (sentence, href) = match one.kind {
        AlarmKind::InsufficientLicenses => (
            format!("{name} was short by up to {}", one.largest_told),
            format!("/accounts/{}/pools/{}", one.account, PoolId::from_bytes(one.subject)),
        ),
        AlarmKind::ClonedInstance => (format!("{name} was reported by two devices"), of_instance()),
        AlarmKind::UsedElsewhere => {
            (format!("{name} was used outside the country of purchase"), of_instance())
        }
        AlarmKind::ReportsAgain => {
            (format!("{name} reported again after its removal"), of_instance())
        }
    };
    SettledAlarm {
        alarm: one.id.to_string(),
        severity: severity(one.severity),
        sentence,
        href: Some(href),
        virtual_account: view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        since: moment(one.short_since, now),
        settled: moment(one.settled_at, now),
        by: settled_by(one.kind).to_owned(),
    }
}

/// What settled an alarm of a kind.
fn settled_by(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::InsufficientLicenses => "the balance is not below zero any more",
        AlarmKind::ClonedInstance => {
            "no key that was copied may speak any more, or the product instance was removed"
        }
        AlarmKind::UsedElsewhere => {
            "the countries differ no more, or the product instance was removed"
        }
        AlarmKind::ReportsAgain => {
            "somebody kept it, moved it, trusted it anew or removed it again"
        }
    }
}

/// One pool.
pub(super) async fn pool(
    State(app): State<App>,
    guest: Guest,
    Path((account, pool)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let id: PoolId = pool.parse().map_err(|_| Refusal::NotFound { what: "pool" })?;
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let detail = app.pool(&reads, account, id, LINES).await?;
    let lots = app.entitlements(&reads, account, Some(id), None, LINES).await?;
    let view = &detail.view;
    let tag = view.pool.tag.as_str().to_owned();
    let place = view.virtual_account.as_ref();
    let page = Pool {
        frame: frame(&app, &guest, account, None).await?,
        as_of: moment(now, now),
        license: license_name(view.license.as_ref(), &view.pool.tag),
        tag,
        virtual_account: place.map_or_else(String::new, |place| place.name.clone()),
        definition: view.license.as_ref().map(|license| Definition {
            description: license.description.clone(),
            enforcement: license.enforcement.word().replace('_', " "),
            kind: license.kind.word().to_owned(),
        }),
        standing: standing(view),
        alert: pool_alert(&view.standing, view.license.as_ref()),
        alarm: detail.alarm.as_ref().map(|view| without_acts(alarm(view, now))),
        entitlements_total: whole(lots.rows.len()),
        entitlements: lots.rows.iter().map(|lot| entitlement(lot, now)).collect(),
        users_total: whole(detail.users.len()),
        users: users(&detail, now),
        grant: pastes::grant_to(&app, account, view.pool.virtual_account, &view.pool.tag),
    };
    shown(&page, &headers)
}

/// An alarm on the page that its acts would lead to.
fn without_acts(mut alarm: Alarm) -> Alarm {
    alarm.ways.iter_mut().for_each(|way| way.act = None);
    alarm
}

fn standing(view: &PoolView) -> Standing {
    let standing = &view.standing;
    Standing {
        in_force: standing.purchased,
        handed_out: standing.purchased - standing.available,
        in_use: in_use(view),
        borrowed: standing.borrowed,
        lent: standing.lent,
        balance: standing.balance(),
        future: standing.future,
        expired: standing.expired,
    }
}

fn entitlement(lot: &Entitlement, now: Timestamp) -> EntitlementRow {
    EntitlementRow {
        entitlement: lot.id.to_string(),
        source: lot.source.clone(),
        kind: lot.kind.word().to_owned(),
        quantity: i64::from(lot.quantity.get()),
        moved: lot.buckets.moved,
        came: lot.moved_from.is_some(),
        starts: moment(lot.term.start, now),
        ends: lot.term.end.map(|end| moment(end, now)),
        term: match lot.term.bucket_at(now) {
            Bucket::Future => TermState::Future,
            Bucket::Retired => TermState::Expired,
            _ => TermState::InForce,
        },
    }
}

fn users(detail: &PoolDetail, now: Timestamp) -> Vec<PoolUser> {
    let known =
        detail.users.iter().filter_map(|(share, instance)| Some((share, instance.as_ref()?)));
    known
        .map(|(share, instance)| PoolUser {
            instance: instance.id.to_string(),
            name: instance_name(instance),
            udi: instance.udi.to_string(),
            level: i64::from(share.level),
            since: moment(share.since, now),
            unconfirmed: None,
            state: instance_state(instance, now),
            last_report: instance.heard_at.map(|at| moment(at, now)),
        })
        .collect()
}

/// How many lots and users an opened row shows.
const OPENED: u32 = 6;

/// A pool's row, opened in place.
pub(super) async fn opened_pool(
    app: &App,
    reads: &Permit,
    account: AccountId,
    id: PoolId,
) -> Result<PoolOpened, Unshown> {
    let now = app.world.now();
    let detail = app.pool(reads, account, id, OPENED + 1).await?;
    let lots = app.entitlements(reads, account, Some(id), None, OPENED).await?;
    let view = &detail.view;
    let ids = [account.to_string(), id.to_string()];
    let users = users(&detail, now);
    let shown = users.len().min(OPENED as usize);
    let count = |shown: usize, total: usize| match total > shown {
        true => Counted::AtLeast(u64::try_from(shown).unwrap_or(u64::MAX)),
        false => whole(total),
    };
    Ok(PoolOpened {
        href: fill(paths::POOL, &[&ids[0], &ids[1]]),
        users_href: format!("{}?pool={}", fill(paths::INSTANCES, &[&ids[0]]), ids[1]),
        instance_base: fill(paths::INSTANCES, &[&ids[0]]),
        license: license_name(view.license.as_ref(), &view.pool.tag),
        virtual_account: view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        standing: standing(view),
        alarm: detail.alarm.as_ref().map(|view| {
            let told = alarm(view, now);
            let ways: Vec<String> =
                told.ways.iter().map(|way| format!("{}{}.", way.lead, way.rest)).collect();
            Opened {
                tone: severity(view.alarm.severity).tone(),
                missing: view.alarm.missing,
                since: told.since,
                ways: ways.join(" Or: "),
            }
        }),
        entitlements_total: match lots.next {
            Some(_) => Counted::AtLeast(u64::from(OPENED)),
            None => whole(lots.rows.len()),
        },
        entitlements: lots.rows.iter().map(|lot| entitlement(lot, now)).collect(),
        users_total: count(shown, users.len()),
        users: users.into_iter().take(shown).collect(),
    })
}

/// What a narrow page says of a pool under its name.
pub(super) fn pool_words(view: &PoolView) -> String {
    let used = in_use(view);
    let place = view.virtual_account.as_ref().map_or("", |place| &place.name);
    let mut words = vec![format!("{} in use of {}", used.total, view.standing.purchased)];
    words.extend(used.parts());
    if view.standing.future != 0 {
        words.push(format!("{} future", view.standing.future));
    }
    words.push(pool_alert(&view.standing, view.license.as_ref()).word());
    words.retain(|word| !word.is_empty());
    format!("{place}: {}", words.join(", "))
}

/// One product instance.
pub(super) async fn instance(
    State(app): State<App>,
    guest: Guest,
    Path((account, instance)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let id: InstanceId =
        instance.parse().map_err(|_| Refusal::NotFound { what: "product instance" })?;
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let mut detail = app.instance(&reads, account, id, None, REPORTS).await?;
    detail.reports.rows.sort_by_key(|report| std::cmp::Reverse(report.position));
    let one = &detail.view.instance;
    let consumers = consumers(&detail);
    let warnings = warnings(&app, &reads, one).await?;
    let own = app.account(&reads, account).await?;
    let page = Instance {
        frame: frame(&app, &guest, account, None).await?,
        as_of: moment(now, now),
        instance: id.to_string(),
        name: instance_name(one),
        old_names: old_names(&detail),
        udi: one.udi.to_string(),
        virtual_account: detail
            .view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        placed: placed(one, now),
        state: instance_state(one, now),
        stale_at: one.stale_at.map(|at| moment(at, now)),
        last_report: one.heard_at.map(|at| moment(at, now)),
        software: software(&detail),
        policy: own.policy.name,
        country: one.country_of_use.map(|known| country(&known, &own.country, now)),
        keys: keys(&detail, now),
        levels: levels(&detail, &warnings, now),
        reports: detail
            .reports
            .rows
            .iter()
            .map(|report| report_line(report, &detail, now))
            .collect(),
        reports_total: match detail.reports.next {
            Some(_) => Counted::AtLeast(u64::from(REPORTS)),
            None => whole(detail.reports.rows.len()),
        },
        members: members(&detail),
        consumers_total: whole(consumers.len()),
        consumers: consumers.into_iter().take(CONSUMERS).collect(),
        report_now: pastes::report_now(),
        removal: removal_note(&app, &guest, one, now).await?,
        acts: instance_acts(&guest, one),
    };
    shown(&page, &headers)
}

/// Since when the instance is where it is; `None` if from the beginning.
fn placed(one: &ledger::instance::Instance, now: Timestamp) -> Option<Moment> {
    let last = one.placements.last().filter(|last| last.from > Timestamp::MIN);
    last.map(|last| moment(last.from, now))
}

/// What is said of a removal; by whom it was is for who may read the log, and stands there alone.
async fn removal_note(
    app: &App,
    guest: &Guest,
    one: &ledger::instance::Instance,
    now: Timestamp,
) -> Result<Option<RemovalNote>, Unshown> {
    let Some(removal) = one.removed().or(one.reports_again()) else { return Ok(None) };
    let by = match may(guest, Action::ReadEvents, one.account) {
        Some(permit) => {
            let question = EventQuestion {
                action: Some("instance.removed".to_owned()),
                subject: Some(one.id.to_string()),
                ..EventQuestion::default()
            };
            let found = app.events(&permit, one.account, question, 1).await?;
            found.rows.into_iter().next().map(|one| one.event.actor)
        }
        None => None,
    };
    Ok(Some(RemovalNote {
        at: moment(removal.at, now),
        by: by.filter(|by| !by.is_empty()),
        again: removal.measured_again.map(|at| moment(at, now)),
    }))
}

/// Where the instance is moved, removed and kept, for who may.
fn instance_acts(guest: &Guest, one: &ledger::instance::Instance) -> Option<InstanceActs> {
    let permit = guest.may(Action::ManageInstances, one.account).ok()?;
    permit.covers(one.virtual_account()).ok()?;
    let path =
        |pattern| format!("{}?instance={}", fill(pattern, &[&one.account.to_string()]), one.id);
    Some(InstanceActs {
        move_path: path(paths::MOVE_INSTANCES),
        remove_path: path(paths::REMOVE_INSTANCES),
        keep_path: path(paths::KEEP_INSTANCES),
    })
}

/// What the pools of an instance's virtual account warn of, where they do.
async fn warnings(
    app: &App,
    reads: &Permit,
    one: &ledger::instance::Instance,
) -> Result<BTreeMap<PoolId, PoolAlert>, Unshown> {
    let around = PoolQuestion {
        virtual_account: Some(one.virtual_account()),
        short: Some(Short::Only),
        ..PoolQuestion::default()
    };
    let short = app.pools(reads, one.account, around, LINES).await?.rows;
    let warning =
        |view: &PoolView| (view.pool.id, pool_alert(&view.standing, view.license.as_ref()));
    Ok(short.iter().map(warning).collect())
}

fn country(known: &CountryOfUse, purchase: &str, now: Timestamp) -> CountryRow {
    CountryRow {
        country: known.country.to_string(),
        told: match known.known_by {
            KnownBy::Device => "as the device says",
            KnownBy::Network => "as its network is listed",
        },
        since: moment(known.since, now),
        elsewhere: known
            .elsewhere_since
            .map(|since| Elsewhere { purchase: purchase.to_owned(), since: moment(since, now) }),
    }
}

fn old_names(detail: &InstanceDetail) -> Vec<String> {
    let now = &detail.view.instance.name;
    detail.names.iter().filter(|name| name.name != *now).map(|name| name.name.clone()).collect()
}

fn software(detail: &InstanceDetail) -> String {
    let one = &detail.view.instance;
    let name = one.software.as_ref().map_or_else(String::new, |tag| tag.short_name().to_owned());
    format!("{name} {}", one.software_version).trim().to_owned()
}

fn keys(detail: &InstanceDetail, now: Timestamp) -> Vec<KeyRow> {
    let row = |key: &ledger::instance::DeviceKey| KeyRow {
        key: key.id.to_string(),
        bound: moment(key.bound_at, now),
        revoked: (key.state == ledger::instance::KeyState::Revoked).then(|| key.reason.clone()),
    };
    detail.keys.iter().map(row).collect()
}

fn levels(
    detail: &InstanceDetail,
    warnings: &BTreeMap<PoolId, PoolAlert>,
    now: Timestamp,
) -> Vec<LevelRow> {
    let one = &detail.view.instance;
    let standing =
        |used: &ledger::instance::Use| match (used.unconfirmed_since, used.proof, one.stale_at) {
            (Some(since), ..) => LevelStanding::Unconfirmed(moment(since, now)),
            (None, ledger::instance::Proof::Unverified, _) => LevelStanding::Unverified,
            (None, _, Some(at)) if at <= now => LevelStanding::Stale(moment(at, now)),
            _ => LevelStanding::Confirmed,
        };
    let row =
        |(used, license): &(ledger::instance::Use, Option<ledger::license::License>)| LevelRow {
            license: LicenseLink {
                name: license_name(license.as_ref(), &used.tag),
                pool: used.pool.to_string(),
            },
            tag: used.tag.as_str().to_owned(),
            level: i64::from(used.level),
            since: moment(used.since, now),
            standing: standing(used),
            pool: warnings.get(&used.pool).copied().unwrap_or(PoolAlert::Quiet),
        };
    detail.view.uses.iter().map(row).collect()
}

fn report_line(report: &Recorded, detail: &InstanceDetail, now: Timestamp) -> ReportLine {
    let used = detail.view.uses.iter().find(|(used, _)| used.tag == report.tag);
    let pool = used.map_or_else(String::new, |(used, _)| used.pool.to_string());
    let license = used.and_then(|(_, license)| license.as_ref());
    let newest = detail
        .reports
        .rows
        .iter()
        .filter(|one| one.tag == report.tag)
        .map(|one| one.position)
        .max();
    let state = match (report.flags.contains(&Flag::Forked), report.counting) {
        (true, _) => ReportState::Forked,
        (false, Counting::Shown) => ReportState::Kept,
        (false, Counting::Counted) if newest == Some(report.position) => ReportState::Newest,
        (false, Counting::Counted) => ReportState::Past,
    };
    let to = report.levels.iter().map(|level| level.end).max().unwrap_or(report.last_start);
    ReportLine::Heard(ReportRow {
        number: report.position.number,
        license: LicenseLink { name: license_name(license, &report.tag), pool },
        from: moment(report.first_start, now),
        to: moment(to, now),
        heard: moment(report.heard_at, now),
        level: report.levels.last().map_or(0, |level| i64::from(level.value)),
        state,
        proof: proof(report.proof),
        flags: report.flags.iter().map(|flag| flag.word().replace('_', " ")).collect(),
    })
}

fn members(detail: &InstanceDetail) -> Vec<MemberRow> {
    let members = detail.view.instance.members.iter();
    members
        .map(|member| MemberRow { role: format!("{:?}", member.role), udi: member.udi.to_string() })
        .collect()
}

/// The consumers that the newest report lists: added in it and not removed again.
fn consumers(detail: &InstanceDetail) -> Vec<ConsumerRow> {
    let Some(report) = &detail.newest else { return Vec::new() };
    let used = detail.view.uses.iter().find(|(used, _)| used.tag == report.entitlement);
    let license = LicenseLink {
        name: license_name(used.and_then(|(_, license)| license.as_ref()), &report.entitlement),
        pool: used.map_or_else(String::new, |(used, _)| used.pool.to_string()),
    };
    let mut listed: Vec<String> = Vec::new();
    for measurement in &report.measurements {
        listed.extend(measurement.added.iter().map(ToString::to_string));
        listed.retain(|udi| !measurement.removed.iter().any(|gone| gone.to_string() == *udi));
    }
    let row = |udi| ConsumerRow { udi, license: license.clone(), also_under: None };
    listed.into_iter().map(row).collect()
}
