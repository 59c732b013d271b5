//! Entitlements: lots of a license in one pool, with a term and seven buckets.
//!
//! Conservation is the one law here: what was granted lies in exactly one bucket, so
//! `granted = future + available + reserved + delegated + in_transfer + retired + moved`, and
//! no bucket is ever negative.

use wire::id::{AccountId, EntitlementId, PoolId};
use wire::quantity::Count;
use wire::time::{Span, Timestamp};

use crate::license::{Kind, codes};

/// Where a part of a lot is. `Granted` is the other side of the entry that opens a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// The source: what was granted, as a negative sum.
    Granted,
    /// Owned, its term not begun.
    Future,
    /// In force and free to be used or handed out.
    Available,
    /// Handed out by reservation.
    Reserved,
    /// Delegated to an on-prem server.
    Delegated,
    /// On the way to another pool.
    InTransfer,
    /// Over: expired or cancelled.
    Retired,
    /// Not of a lot: the level in use that verified reports state.
    Used,
    /// Not of a lot: the level in use that unverified reports state.
    UsedUnverified,
    /// Gone to another pool, where it is a lot of its own.
    Moved,
}

codes!(Bucket {
    Granted = 0 / "granted",
    Future = 1 / "future",
    Available = 2 / "available",
    Reserved = 3 / "reserved",
    Delegated = 4 / "delegated",
    InTransfer = 5 / "in_transfer",
    Retired = 6 / "retired",
    Used = 7 / "used",
    UsedUnverified = 8 / "used_unverified",
    Moved = 9 / "moved",
});

/// The seven buckets of a lot, or their sums in a pool. Units of the license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    /// Owned, the term not begun.
    pub future: i64,
    /// In force and free.
    pub available: i64,
    /// Reserved.
    pub reserved: i64,
    /// Delegated to an on-prem server.
    pub delegated: i64,
    /// On the way to another pool.
    pub in_transfer: i64,
    /// Over: expired or cancelled.
    pub retired: i64,
    /// Gone to another pool.
    pub moved: i64,
}

impl Buckets {
    /// Everything that was ever granted.
    pub fn granted(&self) -> i64 {
        self.future
            + self.available
            + self.reserved
            + self.delegated
            + self.in_transfer
            + self.retired
            + self.moved
    }

    /// What is in force now, wherever it was handed out to.
    pub fn in_force(&self) -> i64 {
        self.available + self.reserved + self.delegated + self.in_transfer
    }

    /// Adds `quantity` (negative to take) to one bucket; the contra and usage buckets hold nothing here.
    pub fn add(&mut self, bucket: Bucket, quantity: i64) {
        match bucket {
            Bucket::Future => self.future += quantity,
            Bucket::Available => self.available += quantity,
            Bucket::Reserved => self.reserved += quantity,
            Bucket::Delegated => self.delegated += quantity,
            Bucket::InTransfer => self.in_transfer += quantity,
            Bucket::Retired => self.retired += quantity,
            Bucket::Moved => self.moved += quantity,
            Bucket::Granted | Bucket::Used | Bucket::UsedUnverified => {}
        }
    }
}

/// A half-open span of time in UTC: from `start`, up to but not at `end`.
///
/// A date-only end counts through 23:59:59Z of that day, so its exclusive end is 00:00Z of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The first moment in force.
    pub start: Timestamp,
    /// The first moment no longer in force; `None` for a perpetual right.
    pub end: Option<Timestamp>,
}

impl Term {
    /// The term that counts through the end of a day, whichever moment of that day is given.
    pub fn through(start: Timestamp, last_day: Timestamp) -> Self {
        let day = Span::from_days(1).millis();
        let midnight = last_day.millis() - last_day.millis().rem_euclid(day);
        Self { start, end: Some(Timestamp::from_millis(midnight).plus(Span::from_days(1))) }
    }

    /// A moment of the last day in force, which pages show; `None` for a perpetual right.
    pub fn last_day(&self) -> Option<Timestamp> {
        self.end.map(|end| end.minus(Span::from_millis(1)))
    }

    /// The bucket that the free part of a lot belongs in at a moment.
    pub fn bucket_at(&self, at: Timestamp) -> Bucket {
        if at < self.start {
            Bucket::Future
        } else if self.end.is_some_and(|end| end <= at) {
            Bucket::Retired
        } else {
            Bucket::Available
        }
    }

    /// The next moment after `at` at which the term begins or ends.
    pub fn next_boundary(&self, at: Timestamp) -> Option<Timestamp> {
        if at < self.start { Some(self.start) } else { self.end.filter(|end| at < *end) }
    }
}

/// A lot: a quantity of a license in a pool, from one source, with a term.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    /// The account.
    pub account: AccountId,
    /// The pool.
    pub pool: PoolId,
    /// Its id.
    pub id: EntitlementId,
    /// What was granted.
    pub quantity: Count,
    /// Where the parts of it are.
    pub buckets: Buckets,
    /// When it is in force.
    pub term: Term,
    /// Perpetual or subscription.
    pub kind: Kind,
    /// Where it came from: an order number or a reason, in words.
    pub source: String,
    /// When it was granted; a lot that came from another pool keeps the moment.
    pub granted_at: Timestamp,
    /// The lot that it was a part of, in the pool that it came from.
    pub moved_from: Option<EntitlementId>,
}
