//! Pools and alarms: what stands there is what was granted and is used, now and at past moments.

use std::collections::BTreeSet;

use ledger::alarm::{Alarm, AlarmKind, AlarmState};
use ledger::entitlement::Bucket;
use ledger::license::Concern;
use ledger::pool::Pool;
use wire::id::{AlarmId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

use super::lines::{sum, until};
use super::{Auditor, Comparison, Differences, same};
use crate::world::model::{Model, Owned};

/// How many past moments are looked at each time.
const LOOKS: usize = 6;

impl Comparison<'_> {
    /// How the scene names a pool.
    pub(super) fn label(&self, pool: &Pool) -> String {
        format!("{}/{}", self.model.place_name(pool.virtual_account), pool.tag.short_name())
    }

    /// A pool may lag behind the terms of its lots until somebody touches it: this is the moment
    /// of which its row speaks.
    fn moment(&self, pool: &Pool) -> Timestamp {
        self.now.min(pool.next_boundary.minus(Span::from_millis(1)))
    }

    pub(super) fn check_pools(&self, found: &mut Differences) {
        for pool in &self.shelf.pools {
            let (place, tag) = (pool.virtual_account, &pool.tag);
            let owned = self.model.owned(place, tag, self.moment(pool));
            let buckets = &pool.buckets;
            let stored = Owned {
                future: buckets.future,
                in_force: buckets.available,
                over: buckets.retired,
            };
            same(found, || format!("{} owned", self.label(pool)), stored, owned);
            let used = self.used(pool);
            same(found, || format!("{} used", self.label(pool)), pool.used, used);
            same(found, || format!("{} unverified", self.label(pool)), pool.used_unverified, 0);
            same(
                found,
                || format!("{} concern", self.label(pool)),
                pool.concern,
                self.model.concern(tag),
            );
            let short = buckets.available < used;
            same(
                found,
                || format!("{} short", self.label(pool)),
                pool.short_since.is_some(),
                short,
            );
            if let Some(next) = self.model.next_boundary(place, tag, self.now)
                && pool.next_boundary > next
            {
                found.push(format!("{}: nobody will notice its term at {next}", self.label(pool)));
            }
        }
        self.check_that_none_is_missing(found);
    }

    fn check_that_none_is_missing(&self, found: &mut Differences) {
        let known = |place: VirtualAccountId, tag: &EntitlementTag| {
            self.shelf.pools.iter().any(|pool| pool.virtual_account == place && pool.tag == *tag)
        };
        for grant in &self.model.grants {
            if !known(grant.place, &grant.tag) {
                found.push(format!("there is no pool for {}", grant.id));
            }
        }
        for set in &self.model.sets {
            for tag in set.tags() {
                if set.place(self.now).is_some_and(|place| !known(place, tag)) {
                    found.push(format!("there is no pool of {} for its use", tag.short_name()));
                }
            }
        }
    }

    /// An alarm is open iff its pool is short and that is somebody's business; or iff an instance
    /// was forked.
    pub(super) fn check_alarms(&self, found: &mut Differences) {
        for pool in &self.shelf.pools {
            let owned = self.model.owned(pool.virtual_account, &pool.tag, self.moment(pool));
            let used = self.used(pool);
            let missing = (used - owned.in_force).max(0);
            let cause = missing > 0 && self.model.concern(&pool.tag) == Concern::Counted;
            let stored = self
                .alarm(AlarmKind::InsufficientLicenses, pool.id.as_bytes())
                .filter(|alarm| alarm.state == AlarmState::Open)
                .map(|alarm| (alarm.needed, alarm.missing));
            let known = cause.then_some((used, missing));
            same(found, || format!("{} open alarm", self.label(pool)), stored, known);
        }
        for set in &self.model.sets {
            let Some(id) = set.id else { continue };
            let alarm = self.alarm(AlarmKind::ClonedInstance, id.as_bytes());
            let open = alarm.is_some_and(|alarm| alarm.state == AlarmState::Open);
            same(found, || format!("{id} is cloned"), open, set.forks() > 0);
        }
    }

    fn alarm(&self, kind: AlarmKind, subject: &[u8; 16]) -> Option<&Alarm> {
        self.shelf.alarms.iter().find(|alarm| alarm.kind == kind && alarm.subject == *subject)
    }
}

impl Auditor {
    /// The alarms that are open.
    pub(crate) fn open_alarms(&self) -> BTreeSet<AlarmId> {
        let is_open = |alarm: &&Alarm| alarm.state == AlarmState::Open;
        self.shelf.alarms.iter().filter(is_open).map(|alarm| alarm.id).collect()
    }

    /// Picks past moments: what the lines say of them must be what is known of them now.
    pub(super) fn look_back(&mut self, model: &Model, now: Timestamp) -> Differences {
        let mut found = Differences::new();
        let first = self.shelf.entries.values().flatten().map(|entry| entry.effective_at).min();
        let Some(first) = first.filter(|_| !self.shelf.pools.is_empty()) else { return found };
        for _ in 0..LOOKS {
            let pool = self.shelf.pools[self.dice.below(self.shelf.pools.len())].clone();
            let at = Timestamp::from_millis(self.dice.between(first.millis(), now.millis()));
            let entries = self.shelf.entries.get(&pool.id).map_or(&[][..], Vec::as_slice);
            let sums = until(entries, at);
            let used = model.used(pool.virtual_account, &pool.tag, at);
            let label = || {
                let place = model.place_name(pool.virtual_account);
                format!("{place}/{} used at {at}", pool.tag.short_name())
            };
            same(&mut found, label, sum(&sums, Bucket::Used), used);
        }
        found
    }
}
