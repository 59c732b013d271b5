//! Usage: what a device states is recorded, never refused.
//!
//! A report states levels, not steps, and counts itself: one that comes twice changes
//! nothing, one that comes late changes only the past.

use std::collections::BTreeSet;

use wire::limits::{CLOCK_FLAG, TAGS_PER_INSTANCE};
use wire::report::Report;
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

use crate::alarm::{Alarm, AlarmState, Cause, clone_alarm_id};
use crate::country;
use crate::curve::{Curves, curves, difference};
use crate::entitlement::Bucket;
use crate::instance::{Identity, Instance, Name, Proof, Use};
use crate::license::{Enforcement, Kind};
use crate::page::{Page, Unread};
use crate::pen::{Line, Pen};
use crate::pool::Pool;
use crate::posting::{Effect, Posting};
use crate::removal;
use crate::report::{Counting, Flag, Heard, Level, Recorded, Route};

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
    let forked = !twins.is_empty();
    let mut recorded = enter(instance, heard, route, now);
    if forked {
        recorded.flags.push(Flag::Forked);
    }
    let mut next = instance.clone();
    if !forked {
        next.advance(heard.key, heard.position, heard.hash);
    }
    if is_beyond_limit(page, instance, &recorded)? {
        recorded.counting = Counting::Shown;
        recorded.flags.push(Flag::TooManyLicenses);
    }
    let mut pen = Pen::new(page, account, now);
    if recorded.counting == Counting::Counted {
        hear(&mut next, instance, heard, &recorded);
        if next.removed().is_none() {
            next.stale_at = stale_at(page, instance, &recorded, now)?;
        }
        count(page, &mut pen, instance, &mut next, &recorded)?;
        name(page, &mut pen, instance, heard, now)?;
        identify(page, &mut pen, instance, heard, &recorded)?;
        country::locate(page, &mut pen, &mut next, heard, now)?;
        if instance.reports_again().is_none() {
            removal::bring_back(page, &mut pen, &next, &recorded, now)?;
        }
    } else if recorded.reporter != instance.active {
        // The same report must find the same instance again.
        join(page, &mut pen, instance, &recorded.reporter, recorded.first_start)?;
    }
    if forked && is_of_now(instance, &twins, &recorded) {
        accuse(page, &mut pen, instance, now)?;
    }
    pen.put(Effect::Instance(Box::new(next)));
    pen.put(Effect::Report(Box::new(recorded), heard.evidence.clone()));
    Ok((pen.finish()?, Reception::Recorded))
}

/// The report as the book keeps it.
fn enter(instance: &Instance, heard: &Heard, route: Route, now: Timestamp) -> Recorded {
    let report = &heard.report;
    let levels: Vec<Level> = report
        .measurements
        .iter()
        .map(|m| Level {
            start: m.start_time.min(now),
            end: m.end_time.min(now),
            value: m.value.get(),
        })
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

/// Tells the instance what the report says of it; what came late changes nothing that is newer.
fn hear(next: &mut Instance, before: &Instance, heard: &Heard, recorded: &Recorded) {
    let report = &heard.report;
    next.heard_at = before.heard_at.max(Some(recorded.heard_at));
    next.last_start = before.last_start.max(recorded.last_start);
    next.measured(recorded);
    if heard.position > before.newest() || before.progress.is_empty() {
        next.software = Some(report.software.clone());
        if let Some(version) = &report.software_version {
            next.software_version.clone_from(version);
        }
        if !report.members.is_empty() {
            next.members.clone_from(&report.members);
        }
    }
    if let Some(name) = stated_name(report)
        && heard.position > before.named_at
    {
        next.named_at = heard.position;
        name.clone_into(&mut next.name);
    }
}

/// The name that a report gives, if it gives one.
fn stated_name(report: &Report) -> Option<&str> {
    report.hostname.as_deref().filter(|name| !name.is_empty())
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

/// Whether the report names one license more than an instance may use: a device that makes up
/// names must not fill the book. It is kept and shown.
fn is_beyond_limit(page: &Page, instance: &Instance, recorded: &Recorded) -> Result<bool, Unread> {
    let (account, id) = (instance.account, instance.id);
    let first = !instance.progress.is_empty() && page.use_of(account, id, &recorded.tag)?.is_none();
    Ok(first && page.uses_of(account, id)?.len() >= TAGS_PER_INSTANCE)
}

/// Counts the levels of a report in the pools, the quick way if it is exact.
fn count(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    next: &mut Instance,
    recorded: &Recorded,
) -> Result<(), Unread> {
    if recorded.levels.is_empty() {
        return Ok(());
    }
    match quick(page, instance, recorded)? {
        Some(old) => follow(pen, next, recorded, old.as_ref()),
        None => rewrite(page, pen, instance, next, recorded),
    }
}

/// Whether the report simply follows what is known, so that no history is needed:
/// the use that it follows, or `None` for the long way.
fn quick(
    page: &Page,
    instance: &Instance,
    recorded: &Recorded,
) -> Result<Option<Option<Use>>, Unread> {
    let old = page.use_of(instance.account, instance.id, &recorded.tag)?.cloned();
    let newest = match recorded.proof {
        Proof::Verified => instance.progress.iter().all(|one| recorded.position > one.newest),
        // No key is bound yet, and every device without one has a stand-in of its own.
        Proof::Unverified => {
            instance.progress_of(recorded.key).is_none_or(|known| recorded.position > known.newest)
        }
    };
    let same_reporter = instance.active.is_empty() || instance.active == recorded.reporter;
    let newest_place = instance.placements[instance.placements.len() - 1].from;
    let start = recorded.first_start;
    let plain = newest
        && same_reporter
        && recorded.levels.is_sorted_by_key(|level| level.start)
        && old.as_ref().is_none_or(|old| start > old.since || restates(old, recorded))
        && start >= newest_place
        && instance.removal().is_none_or(|removal| start > removal.at)
        && start >= instance.active_since;
    Ok(plain.then_some(old))
}

/// Whether a report begins by saying once more what has been so since that very moment. Any other
/// level from then on takes back one that the use does not remember the level before of.
fn restates(old: &Use, recorded: &Recorded) -> bool {
    let first = recorded.levels[0];
    let alone = recorded.levels.get(1).is_none_or(|next| next.start > first.start);
    alone
        && (first.start, first.value, recorded.proof) == (old.since, old.level, old.proof)
        && !old.ends.contains(&first.start)
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
    let mut steps = recorded.levels.iter().peekable();
    while let Some(step) = steps.next() {
        let overtaken = steps.peek().is_some_and(|next| next.start == step.start);
        if overtaken || (step.value == level && proof == recorded.proof) {
            continue;
        }
        let (gone, come) = (i64::from(level), i64::from(step.value));
        let line = |quantity| Line { at: step.start, subject, quantity };
        if proof == recorded.proof {
            pen.write(pool, bucket(proof), line(come - gone));
        } else {
            pen.write(pool, bucket(proof), line(-gone));
            pen.write(pool, bucket(recorded.proof), line(come));
        }
        (level, proof, since) = (step.value, recorded.proof, step.start);
    }
    let unchanged = old.is_some_and(|old| {
        (old.level, old.proof, old.since) == (level, proof, since)
            && old.unconfirmed_since.is_none()
    });
    if unchanged {
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
        ends: old.map(|old| old.ends.clone()).unwrap_or_default(),
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
    let ended = ends_of(&uses);
    let before = curves(reports.iter(), instance, &ended);
    reports.push(recorded.clone());
    let after = curves(reports.iter(), next, &ended);
    correct(pen, instance, &before, &after)?;
    next.active.clone_from(&after.active);
    next.active_since = after.active_since;
    put_uses(page, pen, instance, &after, Some(recorded))
}

/// When uses were ended by hand: each license as often as it was.
pub(crate) fn ends_of(uses: &[Use]) -> Vec<(EntitlementTag, Timestamp)> {
    let ends = |one: &Use| one.ends.iter().map(|at| (one.tag.clone(), *at)).collect::<Vec<_>>();
    uses.iter().flat_map(ends).collect()
}

/// Writes the entries that turn the old curves into the new ones.
pub(crate) fn correct(
    pen: &mut Pen<'_>,
    instance: &Instance,
    before: &Curves,
    after: &Curves,
) -> Result<(), Unread> {
    let subject = *instance.id.as_bytes();
    let places: BTreeSet<_> = before.steps.keys().chain(after.steps.keys()).collect();
    for place in places {
        let steps = |curves: &Curves| curves.steps.get(place).cloned().unwrap_or_default();
        let changes = difference(&steps(before), &steps(after));
        if changes.is_empty() {
            continue;
        }
        let (tag, virtual_account) = place;
        let pool = pen.touch(*virtual_account, tag)?;
        for (at, change) in changes {
            pen.write(pool, Bucket::Used, Line { at, subject, quantity: change.verified });
            let unverified = Line { at, subject, quantity: change.unverified };
            pen.write(pool, Bucket::UsedUnverified, unverified);
        }
    }
    Ok(())
}

/// Puts the uses that differ from the book's; `stated` is the report that made the difference.
pub(crate) fn put_uses(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    after: &Curves,
    stated: Option<&Recorded>,
) -> Result<(), Unread> {
    let (account, id) = (instance.account, instance.id);
    for (tag, last) in &after.last {
        let known = page.use_of(account, id, tag)?;
        let confirms = |since: Timestamp| {
            last.step.level == 0
                || stated.is_some_and(|report| report.tag == *tag && report.last_end() > since)
        };
        let row = Use {
            account,
            instance: id,
            tag: tag.clone(),
            pool: Pool::id_of(account, last.virtual_account, tag),
            level: last.step.level,
            proof: last.step.proof,
            since: last.step.at,
            unconfirmed_since: known
                .and_then(|one| one.unconfirmed_since)
                .filter(|since| !confirms(*since)),
            ends: known.map(|one| one.ends.clone()).unwrap_or_default(),
        };
        if known != Some(&row) {
            pen.touch(last.virtual_account, tag)?;
            pen.put(Effect::Use(row));
        }
    }
    Ok(())
}

/// Keeps the name that a report gives, however late it comes, so that it can be searched for.
fn name(
    page: &Page,
    pen: &mut Pen<'_>,
    before: &Instance,
    heard: &Heard,
    now: Timestamp,
) -> Result<(), Unread> {
    match stated_name(&heard.report).filter(|name| **name != *before.name) {
        Some(name) => keep_name(page, pen, before, name, now),
        None => Ok(()),
    }
}

/// Keeps a name of an instance, unless it is known.
pub(crate) fn keep_name(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    name: &str,
    now: Timestamp,
) -> Result<(), Unread> {
    let (account, instance) = (instance.account, instance.id);
    if page.name(account, instance, name)?.is_none() {
        let name = name.to_owned();
        pen.put(Effect::Name(Name { account, instance, name, first_heard_at: now }));
    }
    Ok(())
}

/// Makes the instance findable by the device that reports and by every member that it names.
fn identify(
    page: &Page,
    pen: &mut Pen<'_>,
    before: &Instance,
    heard: &Heard,
    recorded: &Recorded,
) -> Result<(), Unread> {
    let report = &heard.report;
    let same_members = report.members.is_empty() || report.members == before.members;
    if same_members && recorded.reporter == before.active {
        return Ok(());
    }
    let known = Instance::identities(&before.udi, &before.members);
    let stated = Instance::identities(&report.udi, &report.members);
    for identity in stated.iter().filter(|one| !known.contains(one)) {
        join(page, pen, before, identity, recorded.first_start)?;
    }
    Ok(())
}

/// Makes an instance findable by a device. One that was an instance of its own before it joined
/// counts twice from then on, since the active's level holds its use too: what it uses by itself
/// is unconfirmed, for a person to end.
pub(crate) fn join(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    identity: &str,
    since: Timestamp,
) -> Result<(), Unread> {
    let account = instance.account;
    let Some(other) = page.identity(account, identity)?.map(|found| found.instance) else {
        let identity = identity.to_owned();
        pen.put(Effect::Identity(Identity { account, identity, instance: instance.id }));
        return Ok(());
    };
    if other != instance.id {
        page.instance(account, other)?;
        for one in page.uses_of(account, other)? {
            if one.level > 0 && one.unconfirmed_since.is_none() {
                let since = Some(since.max(one.since));
                pen.put(Effect::Use(Use { unconfirmed_since: since, ..one }));
            }
        }
    }
    Ok(())
}

/// Whether any report of a fork counts and measured after the last removal of its instance: what
/// two devices did before somebody removed it asks for nothing any more.
fn is_of_now(instance: &Instance, twins: &[&Recorded], recorded: &Recorded) -> bool {
    let fork = twins.iter().copied().chain([recorded]);
    let counted = fork.filter(|one| one.counting == Counting::Counted);
    let last = counted.map(Recorded::last_end).max();
    instance.removal().is_none_or(|removal| last > Some(removal.at))
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
    let since = if alarm.state == AlarmState::Open { alarm.short_since } else { now };
    pen.raise(&alarm, Cause { needed: 2, missing: 1, since });
    Ok(())
}

/// The bucket that counts levels of such proof.
pub(crate) fn bucket(proof: Proof) -> Bucket {
    match proof {
        Proof::Verified => Bucket::Used,
        Proof::Unverified => Bucket::UsedUnverified,
    }
}
