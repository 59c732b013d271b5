//! Instances, what they use, and the tokens that bound them.

use std::collections::BTreeSet;

use ledger::instance::{Instance, Proof, Use};
use wire::id::VirtualAccountId;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::{Comparison, Differences, same};
use crate::world::model::Set;

impl Comparison<'_> {
    pub(super) fn check_instances(&self, found: &mut Differences) {
        let bound = self.model.sets.iter().filter(|set| set.id.is_some()).count();
        same(found, || "product instances".to_owned(), self.shelf.instances.len(), bound);
        for set in &self.model.sets {
            let Some(id) = set.id else { continue };
            let Some(instance) = self.shelf.instances.iter().find(|one| one.id == id) else {
                found.push(format!("{id} is missing"));
                continue;
            };
            let placements: Vec<(Timestamp, VirtualAccountId)> =
                instance.placements.iter().map(|one| (one.from, one.virtual_account)).collect();
            same(found, || format!("placements of {id}"), &placements, &set.placements);
            check_progress(found, set, instance);
        }
    }

    pub(super) fn check_uses(&self, found: &mut Differences) {
        let mut known = 0;
        for set in &self.model.sets {
            let levels = set.levels(self.now);
            for (tag, level) in levels {
                known += 1;
                let is_this = |one: &&Use| Some(one.instance) == set.id && one.tag == *tag;
                match self.shelf.uses.iter().find(is_this) {
                    Some(row) => self.check_use(found, set, (tag, level), row),
                    None => {
                        found.push(format!("{:?} use of {} is missing", set.id, tag.short_name()))
                    }
                }
            }
        }
        same(found, || "uses".to_owned(), self.shelf.uses.len(), known);
    }

    fn check_use(
        &self,
        found: &mut Differences,
        set: &Set,
        (tag, level): (&EntitlementTag, u32),
        row: &Use,
    ) {
        let label = |what: &str| format!("{} of {} {what}", row.instance, tag.short_name());
        same(found, || label("level"), row.level, level);
        let stands = (row.proof, row.unconfirmed_since, row.ended_at());
        same(found, || label("stands"), stands, (Proof::Verified, None, None));
        let pool = self.shelf.pools.iter().find(|pool| pool.id == row.pool);
        let counts_in = pool.map(|pool| (pool.virtual_account, &pool.tag));
        let place = set.place(self.now).map(|place| (place, tag));
        same(found, || label("counts in"), counts_in, place);
        // Where two speak for one instance, one moment may hold several words, and which of them
        // began a level is not told.
        let is_one = !set.is_pair() && set.forks() == 0;
        if is_one && self.since == Timestamp::MIN {
            same(found, || label("since"), Some(row.since), set.since(tag, self.now));
        }
    }

    pub(super) fn check_tokens(&self, found: &mut Differences) {
        same(found, || "tokens".to_owned(), self.shelf.tokens.len(), self.model.tokens.len());
        for token in &self.shelf.tokens {
            let Some(known) = self.model.tokens.get(&token.id) else {
                found.push(format!("{} was never made", token.id));
                continue;
            };
            same(found, || format!("uses of {}", token.id), token.uses, known.uses);
            let revoked = token.revoked_at.is_some();
            same(found, || format!("{} is revoked", token.id), revoked, known.is_revoked);
            if token.max_uses.is_some_and(|most| token.uses > most) {
                found.push(format!("{} bound more than it may", token.id));
            }
        }
    }
}

/// How far each key was heard: the newest position, and how many numbers of its epoch.
fn check_progress(found: &mut Differences, set: &Set, instance: &Instance) {
    let keys: BTreeSet<_> = set.all().map(|told| told.mark.0).collect();
    same(found, || format!("keys of {}", instance.id), instance.progress.len(), keys.len());
    for progress in &instance.progress {
        let own = || set.all().filter(|told| told.mark.0 == progress.key);
        let newest = own().map(|told| told.position()).max();
        let stored = (progress.newest.epoch, progress.newest.number);
        same(found, || format!("newest of {}", instance.id), Some(stored), newest);
        let numbers: BTreeSet<u64> =
            own().filter(|told| told.mark.1 == stored.0).map(|told| told.mark.2).collect();
        let heard = usize::try_from(progress.heard).unwrap_or(usize::MAX);
        same(found, || format!("heard of {}", instance.id), heard, numbers.len());
    }
}
