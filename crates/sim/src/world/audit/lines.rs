//! The lines of the book: complete, paired, and adding up to every pool and lot.

use std::collections::BTreeMap;

use ledger::entitlement::Bucket;
use ledger::posting::Entry;
use wire::time::Timestamp;

use super::{Comparison, Differences, same};

/// How much lies in each bucket.
pub(super) type Sums = BTreeMap<Bucket, i64>;

/// The lines added up, as far as a test lets them.
pub(super) fn fold<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    mut counts: impl FnMut(&Entry) -> bool,
) -> Sums {
    let mut sums = Sums::new();
    for entry in entries.filter(|entry| counts(entry)) {
        *sums.entry(entry.bucket).or_default() += entry.quantity;
    }
    sums
}

/// What lies in a bucket.
pub(super) fn sum(sums: &Sums, bucket: Bucket) -> i64 {
    sums.get(&bucket).copied().unwrap_or(0)
}

impl Comparison<'_> {
    /// Lines are numbered without gaps, none is of the future, and they make up the pools' rows.
    pub(super) fn check_lines(&self, found: &mut Differences) {
        let total: usize = self.shelf.entries.values().map(Vec::len).sum();
        same(found, || "lines".to_owned(), self.shelf.counted.0, as_count(total));
        for pool in &self.shelf.pools {
            let entries = self.shelf.entries.get(&pool.id).map_or(&[][..], Vec::as_slice);
            let label = || self.label(pool);
            let numbers = entries.iter().map(|entry| entry.seq);
            if !numbers.eq(1..=pool.seq) {
                found.push(format!("{}: its lines are not numbered 1 to {}", label(), pool.seq));
            }
            let early = |entry: &&Entry| {
                entry.effective_at > entry.recorded_at || entry.recorded_at > self.now
            };
            if let Some(entry) = entries.iter().find(early) {
                found.push(format!("{}: line {} is of the future", label(), entry.seq));
            }
            let sums = fold(entries.iter(), |_| true);
            let folded = |bucket| sum(&sums, bucket);
            same(
                found,
                || format!("{} used and its lines", label()),
                pool.used,
                folded(Bucket::Used),
            );
            let unverified = folded(Bucket::UsedUnverified);
            same(
                found,
                || format!("{} unverified and its lines", label()),
                pool.used_unverified,
                unverified,
            );
            let stored = [
                pool.buckets.future,
                pool.buckets.available,
                pool.buckets.reserved,
                pool.buckets.delegated,
                pool.buckets.in_transfer,
                pool.buckets.retired,
                pool.buckets.moved,
            ];
            let buckets = [
                Bucket::Future,
                Bucket::Available,
                Bucket::Reserved,
                Bucket::Delegated,
                Bucket::InTransfer,
                Bucket::Retired,
                Bucket::Moved,
            ];
            same(found, || format!("{} and its lines", label()), stored, buckets.map(folded));
        }
    }

    /// Every grant is one lot, and what was granted lies in exactly one bucket each.
    pub(super) fn check_lots(&self, found: &mut Differences) {
        same(found, || "lots".to_owned(), self.shelf.lots.len(), self.model.grants.len());
        for lot in &self.shelf.lots {
            let Some(grant) = self.model.grants.iter().find(|grant| grant.id == lot.id) else {
                found.push(format!("{} was never granted", lot.id));
                continue;
            };
            let buckets = &lot.buckets;
            let parts = [
                buckets.future,
                buckets.available,
                buckets.reserved,
                buckets.delegated,
                buckets.in_transfer,
                buckets.retired,
                buckets.moved,
            ];
            if parts.iter().any(|part| *part < 0) || parts.iter().sum::<i64>() != grant.quantity {
                found.push(format!(
                    "{}: {} were granted, {parts:?} is there",
                    lot.id, grant.quantity
                ));
            }
            let entries = self.shelf.entries.get(&lot.pool).map_or(&[][..], Vec::as_slice);
            let of_lot = |entry: &Entry| entry.subject == *lot.id.as_bytes();
            let sums = fold(entries.iter(), of_lot);
            if sums.values().sum::<i64>() != 0 {
                found.push(format!("{}: its lines do not cancel out: {sums:?}", lot.id));
            }
        }
    }
}

/// The lines up to a moment of a pool.
pub(super) fn until(entries: &[Entry], at: Timestamp) -> Sums {
    fold(entries.iter(), |entry| entry.effective_at <= at)
}

pub(super) fn as_count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
