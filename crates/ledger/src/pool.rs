//! Pools: a license in a virtual account, shared by all devices there.

use wire::id::{AccountId, AlarmId, PoolId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::entitlement::{Bucket, Buckets};
use crate::license::Concern;

/// A pool with its stored standing, which equals the fold of its entries at (now, now).
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// The account.
    pub account: AccountId,
    /// Its id, derived from account, virtual account and tag.
    pub id: PoolId,
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The license, by its entitlement tag.
    pub tag: EntitlementTag,
    /// The pools that substitution links are held as one: the least pool id among them.
    pub family: PoolId,
    /// Whether a shortage is anybody's business; copied from the definition.
    pub concern: Concern,
    /// The sums of its lots' buckets.
    pub buckets: Buckets,
    /// The level in use that verified reports state.
    pub used: i64,
    /// The level in use that unverified reports state.
    pub used_unverified: i64,
    /// The next moment at which a lot's term begins or ends; `Timestamp::MAX` if none.
    pub next_boundary: Timestamp,
    /// Since when it has been short without a break, measured; `None` while it is not.
    pub short_since: Option<Timestamp>,
    /// The number of the last entry of the pool.
    pub seq: u64,
    /// The latest effective time of any of its entries.
    pub moved_at: Timestamp,
}

impl Pool {
    /// The id of the pool of a license in a virtual account.
    pub fn id_of(
        account: AccountId,
        virtual_account: VirtualAccountId,
        tag: &EntitlementTag,
    ) -> PoolId {
        PoolId::derive(&[account.as_bytes(), virtual_account.as_bytes(), tag.as_str().as_bytes()])
    }

    /// A pool that nobody bought anything for: it opens empty, and short as soon as something is used.
    pub fn opening(
        account: AccountId,
        virtual_account: VirtualAccountId,
        tag: &EntitlementTag,
    ) -> Self {
        let id = Self::id_of(account, virtual_account, tag);
        Self {
            account,
            id,
            virtual_account,
            tag: tag.clone(),
            family: id,
            concern: Concern::Counted,
            buckets: Buckets::default(),
            used: 0,
            used_unverified: 0,
            next_boundary: Timestamp::MAX,
            short_since: None,
            seq: 0,
            moved_at: Timestamp::MIN,
        }
    }

    /// Where the pool stands.
    pub fn standing(&self) -> Standing {
        Standing {
            purchased: self.buckets.in_force(),
            available: self.buckets.available,
            future: self.buckets.future,
            expired: self.buckets.retired,
            reserved: self.buckets.reserved,
            in_use: self.used + self.used_unverified,
            unverified: self.used_unverified,
            borrowed: 0,
            lent: 0,
            concern: self.concern,
        }
    }

    /// Carries an entry's quantity into the sums.
    pub(crate) fn add(&mut self, bucket: Bucket, quantity: i64) {
        match bucket {
            Bucket::Used => self.used += quantity,
            Bucket::UsedUnverified => self.used_unverified += quantity,
            lot => self.buckets.add(lot, quantity),
        }
    }
}

/// Where a pool stands at a moment. Units of the license; what is handed out never exceeds what is owned, use can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In force: available, reserved, delegated or in transfer.
    pub purchased: i64,
    /// In force and free.
    pub available: i64,
    /// Owned, the term not begun.
    pub future: i64,
    /// Over.
    pub expired: i64,
    /// Handed out by reservation.
    pub reserved: i64,
    /// Counted use, the unverified part included.
    pub in_use: i64,
    /// The part of the use that no bound key vouches for.
    pub unverified: i64,
    /// Lent to this pool by a higher tier.
    pub borrowed: i64,
    /// Lent by this pool to lower tiers.
    pub lent: i64,
    /// Whether a shortage is anybody's business.
    pub concern: Concern,
}

impl Standing {
    /// `available − counted use + borrowed − lent`; negative when short, and shown so.
    pub fn balance(&self) -> i64 {
        self.available - self.in_use + self.borrowed - self.lent
    }

    /// What is missing; zero when entitled equals in use.
    pub fn shortage(&self) -> i64 {
        (-self.balance()).max(0)
    }

    /// Whether the shortage opens an alarm.
    pub fn alarmable(&self) -> bool {
        self.shortage() > 0 && self.concern == Concern::Counted
    }
}

/// What a pool's alarm is named by: one per pool and kind.
pub fn alarm_id(pool: PoolId) -> AlarmId {
    AlarmId::derive(&[pool.as_bytes(), b"insufficient_licenses"])
}
