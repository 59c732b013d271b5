//! Where a pool stood: one function of two times, over the lines of the book.

use std::collections::BTreeMap;

use wire::time::Timestamp;

use crate::entitlement::{Bucket, Buckets, Term};
use crate::license::Concern;
use crate::pool::Standing;
use crate::posting::Entry;

/// Where a pool stood at `at`, as far as was known at `known_at`.
///
/// `terms` gives the term of each lot by the bytes of its id; a term that began or ended
/// until `at` counts even if nobody came to write that down. A pool's stored standing is
/// the value at (now, now).
pub fn standing(
    entries: &[Entry],
    terms: &BTreeMap<[u8; 16], Term>,
    concern: Concern,
    at: Timestamp,
    known_at: Timestamp,
) -> Standing {
    let mut lots: BTreeMap<[u8; 16], Buckets> = BTreeMap::new();
    let (mut used, mut unverified) = (0, 0);
    let known =
        entries.iter().filter(|entry| entry.effective_at <= at && entry.recorded_at <= known_at);
    for entry in known {
        match entry.bucket {
            Bucket::Used => used += entry.quantity,
            Bucket::UsedUnverified => unverified += entry.quantity,
            bucket => lots.entry(entry.subject).or_default().add(bucket, entry.quantity),
        }
    }
    let mut sum = Buckets::default();
    for (id, mut lot) in lots {
        if let Some(term) = terms.get(&id) {
            let free = lot.future + lot.available;
            (lot.future, lot.available) = (0, 0);
            lot.add(term.bucket_at(at), free);
        }
        sum.future += lot.future;
        sum.available += lot.available;
        sum.reserved += lot.reserved;
        sum.delegated += lot.delegated;
        sum.in_transfer += lot.in_transfer;
        sum.retired += lot.retired;
        sum.moved += lot.moved;
    }
    Standing {
        purchased: sum.in_force(),
        available: sum.available,
        future: sum.future,
        expired: sum.retired,
        reserved: sum.reserved,
        in_use: used + unverified,
        unverified,
        borrowed: 0,
        lent: 0,
        concern,
    }
}

/// Since when a pool has been short without a break, measured; `None` if it is not short at
/// `now`, or for information only.
///
/// This is exact, from all entries of the pool. A pool's stored `short_since` is what was known
/// when it turned short: a report that comes late may say that it was short before that.
pub fn short_since(
    entries: &[Entry],
    terms: &BTreeMap<[u8; 16], Term>,
    concern: Concern,
    now: Timestamp,
) -> Option<Timestamp> {
    if concern == Concern::InformationOnly {
        return None;
    }
    let mut changes: BTreeMap<Timestamp, i64> = BTreeMap::new();
    let mut change = |at: Timestamp, quantity: i64| {
        *changes.entry(at).or_default() += quantity;
    };
    for entry in entries.iter().filter(|entry| entry.recorded_at <= now) {
        match (entry.bucket, terms.get(&entry.subject)) {
            (Bucket::Used | Bucket::UsedUnverified, _) => {
                change(entry.effective_at, -entry.quantity);
            }
            (Bucket::Future | Bucket::Available, Some(term)) => {
                let from = entry.effective_at.max(term.start);
                let until = term.end.unwrap_or(Timestamp::MAX);
                if from < until {
                    change(from, entry.quantity);
                    change(until, -entry.quantity);
                }
            }
            (Bucket::Available, None) => change(entry.effective_at, entry.quantity),
            _ => {}
        }
    }
    let (mut balance, mut since) = (0, None);
    for (at, quantity) in changes.range(..=now) {
        balance += quantity;
        since = if balance < 0 { since.or(Some(*at)) } else { None };
    }
    since
}
