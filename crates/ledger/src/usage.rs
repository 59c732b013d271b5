//! Usage: what a device states is recorded, never refused.
//!
//! A report states levels, not steps, and counts itself: one that comes twice changes
//! nothing, one that comes late changes only the past.

use wire::id::AccountId;
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

use crate::alarm::{Alarm, Cause, clone_alarm_id};
use crate::curve::{Curves, curves, difference};
use crate::entitlement::Bucket;
use crate::instance::{Identity, Instance, Name, Proof, Use};
use crate::license::{Enforcement, Kind};
use crate::page::{Page, Unread};
use crate::pen::{Line, Pen};
use crate::posting::{Effect, Posting};
use crate::report::{Counting, Flag, Heard, Level, Recorded, Route};

/// A device's clock that is further ahead than this is flagged.
const CLOCK_FLAG: Span = Span::from_hours(1);

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is new and is in the book now.
    Recorded,
    /// It was in the book already.
    Already,
}

/// Records what a device used.
///
/// A report states levels, not steps, and counts itself: one that comes twice changes
/// nothing, one that comes late changes only the past. A pool that nobody bought anything
/// for opens empty and short. There is no refusal.
///
/// # Errors
/// [`Unread`] for rows that the page has not read yet.
pub fn record(
    page: &Page,
    instance: &Instance,
    heard: &Heard,
    route: Route,
    now: Timestamp,
) -> Result<(Posting, Reception), Unread> {
    let (account, id) = (instance.account, instance.id);
    let surely_new =
        instance.progress_of(heard.key).is_none_or(|known| heard.position > known.newest);
    let twins = if surely_new {
        Vec::new()
    } else {
        page.reports_at(account, id, heard.key, heard.position)?
    };
    if twins.iter().any(|twin| twin.hash == heard.hash) {
        return Ok((Posting::nothing(), Reception::Already));
    }
    let fresh = twins.is_empty();
    let mut recorded = enter(instance, heard, route, now);
    if !fresh {
        recorded.flags.push(Flag::Forked);
    }
    let mut next = hear(instance, heard, &recorded, now);
    if fresh {
        next.advance(heard.key, heard.position, heard.hash);
    }
    next.stale_at = stale_at(page, instance, &recorded, now)?;
    let mut pen = Pen::new(page, account, now);
    if recorded.counting == Counting::Counted {
        match quick(page, instance, &recorded)? {
            Some(old) => follow(&mut pen, &mut next, &recorded, old.as_ref())?,
            None => rewrite(page, &mut pen, instance, &mut next, &recorded)?,
        }
    }
    keep(page, &mut pen, instance, next)?;
    if !fresh {
        accuse(page, &mut pen, instance, now)?;
    }
    pen.put(Effect::Report(Box::new(recorded), heard.evidence.clone()));
    Ok((pen.finish()?, Reception::Recorded))
}

/// The report as the book keeps it.
fn enter(instance: &Instance, heard: &Heard, route: Route, now: Timestamp) -> Recorded {
    let report = &heard.report;
    let levels: Vec<Level> = report
        .measurements
        .iter()
        .map(|m| Level { start: m.start_time.min(now), end: m.end_time, value: m.value.get() })
        .collect();
    let counts = heard.proof == Proof::Verified || instance.bound_at.is_none();
    Recorded {
        account: instance.account,
        instance: instance.id,
        key: heard.key,
        position: heard.position,
        hash: heard.hash,
        tag: report.entitlement.clone(),
        reporter: report.udi.identity().unwrap_or_default(),
        proof: heard.proof,
        counting: if counts { Counting::Counted } else { Counting::Shown },
        route,
        flags: flags(instance, heard, now),
        first_start: levels.iter().map(|level| level.start).min().unwrap_or(now),
        last_start: levels.iter().map(|level| level.start).max().unwrap_or(now),
        levels,
        heard_at: now,
    }
}

fn flags(instance: &Instance, heard: &Heard, now: Timestamp) -> Vec<Flag> {
    let report = &heard.report;
    let mut flags = Vec::new();
    if report.measurements.iter().any(|m| m.start_time > now.plus(CLOCK_FLAG)) {
        flags.push(Flag::ClockAhead);
    }
    let mut before: Option<i64> = None;
    let mut disagree = false;
    for m in &report.measurements {
        let level = i64::from(m.value.get());
        let named =
            i64::try_from(m.added.len()).unwrap_or(0) - i64::try_from(m.removed.len()).unwrap_or(0);
        if !m.added.is_empty() || !m.removed.is_empty() {
            disagree |= before.map_or(named > level, |before| before + named != level);
        }
        before = Some(level);
    }
    if disagree {
        flags.push(Flag::ConsumersDisagree);
    }
    let follows = instance.progress_of(heard.key).filter(|known| {
        known.newest.epoch == heard.position.epoch
            && known.newest.number + 1 == heard.position.number
    });
    if heard.proof == Proof::Verified && follows.is_some_and(|known| known.tip != heard.previous) {
        flags.push(Flag::ChainBroken);
    }
    if report.notes.iter().any(|note| note == "store-reset") {
        flags.push(Flag::StoreReset);
    }
    flags
}

/// The instance after hearing the report: its newest name, version and members.
fn hear(instance: &Instance, heard: &Heard, recorded: &Recorded, now: Timestamp) -> Instance {
    let mut next = instance.clone();
    let report = &heard.report;
    next.heard_at = Some(instance.heard_at.map_or(now, |before| before.max(now)));
    next.last_start = instance.last_start.max(recorded.last_start);
    if heard.position >= instance.named_at {
        next.named_at = heard.position;
        if let Some(name) = &report.hostname {
            next.name.clone_from(name);
        }
        next.software = Some(report.software.clone());
        if let Some(version) = &report.software_version {
            next.software_version.clone_from(version);
        }
        if !report.members.is_empty() {
            next.members.clone_from(&report.members);
        }
    }
    next
}

/// When the levels turn stale: with the frequency that the policy asks of such a license; never if it asks none.
fn stale_at(
    page: &Page,
    instance: &Instance,
    recorded: &Recorded,
    now: Timestamp,
) -> Result<Option<Timestamp>, Unread> {
    let Some(account) = page.account(instance.account)? else { return Ok(instance.stale_at) };
    let terms = match page.license(&recorded.tag)? {
        Some(license) => match (license.enforcement, license.kind) {
            (Enforcement::ExportControlled, _) => &account.policy.export,
            (Enforcement::Enforced, _) => &account.policy.enforced,
            (Enforcement::NotEnforced, Kind::Subscription) => &account.policy.subscription,
            (Enforcement::NotEnforced, Kind::Perpetual) => &account.policy.perpetual,
        },
        None => &account.policy.perpetual,
    };
    Ok(match terms.frequency_days {
        0 => instance.stale_at,
        days => Some(now.plus(Span::from_days(i64::from(days)))),
    })
}

/// Whether the report simply follows what is known, so that no history is needed:
/// the use that it follows, or `None` for the long way.
fn quick(
    page: &Page,
    instance: &Instance,
    recorded: &Recorded,
) -> Result<Option<Option<Use>>, Unread> {
    let old = page.use_of(instance.account, instance.id, &recorded.tag)?.cloned();
    let in_order = recorded.levels.is_sorted_by_key(|level| level.start);
    let same_reporter = instance.active.is_empty() || instance.active == recorded.reporter;
    let newest_place = instance.placements[instance.placements.len() - 1].from;
    let bound = recorded.proof == Proof::Verified || instance.bound_at.is_none();
    let follows = old.as_ref().is_none_or(|old| recorded.first_start >= old.since);
    let newest = instance.progress.is_empty() || recorded.position > instance.newest();
    let plain = !recorded.flags.contains(&Flag::Forked)
        && in_order
        && same_reporter
        && bound
        && follows
        && newest
        && recorded.first_start >= newest_place
        && recorded.first_start >= instance.active_since;
    Ok(plain.then_some(old))
}

/// Writes the levels of a report that follows what is known.
fn follow(
    pen: &mut Pen<'_>,
    next: &mut Instance,
    recorded: &Recorded,
    old: Option<&Use>,
) -> Result<(), Unread> {
    if next.active.is_empty() {
        next.active.clone_from(&recorded.reporter);
        next.active_since = recorded.first_start;
    }
    let place = next.virtual_account();
    let pool = pen.touch(place, &recorded.tag)?;
    let subject = *recorded.instance.as_bytes();
    let (mut level, mut proof) = old.map_or((0, recorded.proof), |old| (old.level, old.proof));
    let mut since = old.map_or(recorded.first_start, |old| old.since);
    for step in &recorded.levels {
        if step.value == level && proof == recorded.proof {
            continue;
        }
        if proof == recorded.proof {
            let quantity = i64::from(step.value) - i64::from(level);
            pen.write(pool, bucket(proof), Line { at: step.start, subject, quantity });
        } else {
            let (less, more) = (-i64::from(level), i64::from(step.value));
            pen.write(pool, bucket(proof), Line { at: step.start, subject, quantity: less });
            pen.write(
                pool,
                bucket(recorded.proof),
                Line { at: step.start, subject, quantity: more },
            );
        }
        (level, proof, since) = (step.value, recorded.proof, step.start);
    }
    if old.is_some_and(|old| {
        old.level == level && old.since == since && old.unconfirmed_since.is_none()
    }) {
        return Ok(());
    }
    pen.put(Effect::Use(Use {
        account: recorded.account,
        instance: recorded.instance,
        tag: recorded.tag.clone(),
        pool,
        level,
        proof,
        since,
        unconfirmed_since: None,
        ended_at: old.and_then(|old| old.ended_at),
    }));
    Ok(())
}

/// Writes what a report changes in the past, from all that is known of the instance.
fn rewrite(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    next: &mut Instance,
    recorded: &Recorded,
) -> Result<(), Unread> {
    let (account, id) = (instance.account, instance.id);
    let mut reports = page.reports_of(account, id)?;
    let uses = page.uses_of(account, id)?;
    let ended: Vec<_> =
        uses.iter().filter_map(|one| one.ended_at.map(|at| (one.tag.clone(), at))).collect();
    let before = curves(reports.iter(), instance, &ended);
    reports.push(recorded.clone());
    let after = curves(reports.iter(), next, &ended);
    correct(pen, instance, &before, &after)?;
    next.active.clone_from(&after.active);
    next.active_since = after.active_since;
    put_uses(page, pen, instance, &after, Some(&recorded.tag))
}

/// Writes the entries that turn the old curves into the new ones.
pub(crate) fn correct(
    pen: &mut Pen<'_>,
    instance: &Instance,
    before: &Curves,
    after: &Curves,
) -> Result<(), Unread> {
    let subject = *instance.id.as_bytes();
    let places: std::collections::BTreeSet<_> =
        before.steps.keys().chain(after.steps.keys()).collect();
    for place in places {
        let (tag, virtual_account) = place;
        let none = Vec::new();
        let old = before.steps.get(place).unwrap_or(&none);
        let new = after.steps.get(place).unwrap_or(&none);
        let pool = pen.touch(*virtual_account, tag)?;
        for (at, change) in difference(old, new) {
            for (bucket, quantity) in
                [(Bucket::Used, change.verified), (Bucket::UsedUnverified, change.unverified)]
            {
                if quantity != 0 {
                    pen.write(pool, bucket, Line { at, subject, quantity });
                }
            }
        }
    }
    Ok(())
}

/// Puts the uses that differ from the book's.
pub(crate) fn put_uses(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    after: &Curves,
    confirmed: Option<&EntitlementTag>,
) -> Result<(), Unread> {
    let (account, id) = (instance.account, instance.id);
    for (tag, last) in &after.last {
        let pool = pen.touch(last.virtual_account, tag)?;
        let known = page.use_of(account, id, tag)?;
        let unconfirmed =
            known.and_then(|one| one.unconfirmed_since).filter(|_| confirmed != Some(tag));
        let row = Use {
            account,
            instance: id,
            tag: tag.clone(),
            pool,
            level: last.step.level,
            proof: last.step.proof,
            since: last.step.at,
            unconfirmed_since: unconfirmed,
            ended_at: known.and_then(|one| one.ended_at),
        };
        if known != Some(&row) {
            pen.put(Effect::Use(row));
        }
    }
    Ok(())
}

/// Keeps the instance, its key's progress, its names and its members' identities.
fn keep(page: &Page, pen: &mut Pen<'_>, before: &Instance, next: Instance) -> Result<(), Unread> {
    let account = next.account;
    if next.name != before.name
        && !next.name.is_empty()
        && page.name(account, next.id, &next.name)?.is_none()
    {
        let name = Name {
            account,
            instance: next.id,
            name: next.name.clone(),
            first_heard_at: next.heard_at.unwrap_or(next.created_at),
        };
        pen.put(Effect::Name(name));
    }
    if next.members != before.members {
        identify(page, pen, account, &next)?;
    }
    pen.put(Effect::Instance(Box::new(next)));
    Ok(())
}

/// Makes the instance findable by every member that no other instance has.
fn identify(
    page: &Page,
    pen: &mut Pen<'_>,
    account: AccountId,
    next: &Instance,
) -> Result<(), Unread> {
    for identity in Instance::identities(&next.udi, &next.members) {
        if page.identity(account, &identity)?.is_none() {
            pen.put(Effect::Identity(Identity { account, identity, instance: next.id }));
        }
    }
    Ok(())
}

/// Raises the alarm that two devices report under one identity.
fn accuse(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    now: Timestamp,
) -> Result<(), Unread> {
    let known = page.alarm(instance.account, clone_alarm_id(instance.id))?.cloned();
    let identity = instance.udi.identity().unwrap_or_default();
    let alarm = known.unwrap_or_else(|| {
        Alarm::of_clone(instance.account, instance.id, instance.virtual_account(), &identity)
    });
    pen.raise(&alarm, Cause { needed: 2, missing: 1, since: now });
    Ok(())
}

fn bucket(proof: Proof) -> Bucket {
    match proof {
        Proof::Verified => Bucket::Used,
        Proof::Unverified => Bucket::UsedUnverified,
    }
}
