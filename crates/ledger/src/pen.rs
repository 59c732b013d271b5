//! The pen: writes entries into pools, brings each pool it touches to now, and judges alarms.

use std::collections::BTreeMap;

use wire::id::{AccountId, MessageId, PoolId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::alarm::{Alarm, Cause, Happening};
use crate::entitlement::{Bucket, Entitlement};
use crate::lapse::{is_due, next_boundary, passages};
use crate::page::{Page, Unread};
use crate::pool::{Pool, alarm_id};
use crate::posting::{AlarmChange, Effect, Entry, News, Posting};

/// A quantity of something that counts from a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// From when it counts.
    pub(crate) at: Timestamp,
    /// The entitlement or instance, as bytes of its id.
    pub(crate) subject: [u8; 16],
    /// How much.
    pub(crate) quantity: i64,
}

struct Touched {
    pool: Pool,
    short_before: Option<Timestamp>,
    crossed_at: Option<Timestamp>,
}

/// Writes into the pools of one account at one moment.
pub(crate) struct Pen<'a> {
    page: &'a Page,
    account: AccountId,
    now: Timestamp,
    pools: BTreeMap<PoolId, Touched>,
    posting: Posting,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(page: &'a Page, account: AccountId, now: Timestamp) -> Self {
        Self { page, account, now, pools: BTreeMap::new(), posting: Posting::nothing() }
    }

    /// Adds a row that is no pool's.
    pub(crate) fn put(&mut self, effect: Effect) {
        self.posting.put(effect);
    }

    /// Takes a pool in hand and brings it to now; says which it is.
    pub(crate) fn touch(
        &mut self,
        place: VirtualAccountId,
        tag: &EntitlementTag,
    ) -> Result<PoolId, Unread> {
        let id = Pool::id_of(self.account, place, tag);
        if self.pools.contains_key(&id) {
            return Ok(id);
        }
        let mut pool = self.page.pool(self.account, place, tag)?;
        if let Some(license) = self.page.license(tag)? {
            pool.concern = license.concern;
        }
        let short_before = pool.short_since;
        let due = is_due(&pool, self.now);
        self.pools.insert(id, Touched { pool, short_before, crossed_at: None });
        if due {
            self.lapse(id)?;
        }
        Ok(id)
    }

    fn lapse(&mut self, id: PoolId) -> Result<(), Unread> {
        let mut lots = self.page.entitlements_of(self.account, id)?;
        for passage in passages(&lots, self.now) {
            let lot = &mut lots[passage.lot];
            lot.buckets.add(passage.from, -passage.line.quantity);
            lot.buckets.add(passage.to, passage.line.quantity);
            self.write(id, passage.from, Line { quantity: -passage.line.quantity, ..passage.line });
            self.write(id, passage.to, passage.line);
            self.posting.put(Effect::Entitlement(lot.clone()));
        }
        self.set_boundary(id, next_boundary(&lots, self.now));
        Ok(())
    }

    fn set_boundary(&mut self, id: PoolId, boundary: Timestamp) {
        if let Some(touched) = self.pools.get_mut(&id) {
            touched.pool.next_boundary = boundary;
        }
    }

    /// Grants a lot: two entries, and the lot itself.
    pub(crate) fn grant(&mut self, mut lot: Entitlement) {
        let id = lot.pool;
        let bucket = lot.term.bucket_at(self.now);
        let quantity = i64::from(lot.quantity.get());
        let at = lot.term.start.min(self.now);
        let line = Line { at, subject: *lot.id.as_bytes(), quantity };
        self.write(id, Bucket::Granted, Line { quantity: -quantity, ..line });
        self.write(id, bucket, line);
        lot.buckets.add(bucket, quantity);
        let earliest = lot.term.next_boundary(self.now).unwrap_or(Timestamp::MAX);
        if let Some(touched) = self.pools.get_mut(&id) {
            touched.pool.next_boundary = touched.pool.next_boundary.min(earliest);
        }
        self.posting.put(Effect::Entitlement(lot));
    }

    /// Writes one entry into a pool in hand.
    pub(crate) fn write(&mut self, id: PoolId, bucket: Bucket, line: Line) {
        let (account, now) = (self.account, self.now);
        let Some(touched) = self.pools.get_mut(&id) else { return };
        let was_short = touched.pool.standing().shortage() > 0;
        let pool = &mut touched.pool;
        pool.add(bucket, line.quantity);
        pool.seq += 1;
        pool.moved_at = pool.moved_at.max(line.at);
        if !was_short && pool.standing().shortage() > 0 {
            touched.crossed_at = Some(line.at);
        }
        self.posting.put(Effect::Entry(Entry {
            account,
            pool: id,
            seq: pool.seq,
            effective_at: line.at,
            recorded_at: now,
            subject: line.subject,
            bucket,
            quantity: line.quantity,
        }));
    }

    /// Judges the alarm of every pool in hand and yields the posting.
    pub(crate) fn finish(mut self) -> Result<Posting, Unread> {
        for (id, mut touched) in std::mem::take(&mut self.pools) {
            let short = touched.pool.standing().shortage() > 0;
            let first = touched.short_before.or(touched.crossed_at).unwrap_or(self.now);
            touched.pool.short_since = short.then_some(first);
            self.judge(&touched.pool)?;
            let unchanged = self.page.pools_row(self.account, id) == Some(&touched.pool);
            if !unchanged {
                self.posting.put(Effect::Pool(touched.pool));
            }
        }
        Ok(self.posting)
    }

    fn judge(&mut self, pool: &Pool) -> Result<(), Unread> {
        let standing = pool.standing();
        let missing = if standing.alarmable() { standing.shortage() } else { 0 };
        let since = pool.short_since.unwrap_or(self.now);
        let cause = Cause { needed: standing.in_use, missing, since };
        let known = self.page.alarm(self.account, alarm_id(pool.id))?;
        if known.is_none() && missing == 0 {
            return Ok(());
        }
        let alarm = known.cloned().unwrap_or_else(|| Alarm::of_pool(pool));
        self.raise(&alarm, cause);
        Ok(())
    }

    /// Brings an alarm into line with its cause, keeps its history and queues the news.
    pub(crate) fn raise(&mut self, alarm: &Alarm, cause: Cause) {
        let Some(judgement) = alarm.judge(cause, self.now) else { return };
        let alarm = judgement.alarm;
        if let Some(happening) = judgement.happening {
            self.posting.put(Effect::AlarmChange(AlarmChange {
                account: alarm.account,
                alarm: alarm.id,
                seq: alarm.seq,
                happening,
                effective_at: if happening == Happening::Opened { cause.since } else { self.now },
                recorded_at: self.now,
                needed: cause.needed,
                missing: cause.missing,
            }));
        }
        if let Some(told) = judgement.told {
            self.posting.put(Effect::News(news_of(&alarm, told, self.now)));
        }
        self.posting.put(Effect::Alarm(alarm));
    }
}

/// The news that something happened to an alarm. Its id is derived, so that a repeat is the same news.
pub(crate) fn news_of(alarm: &Alarm, happening: Happening, now: Timestamp) -> News {
    let word = happening.word().as_bytes();
    News {
        account: alarm.account,
        id: MessageId::derive(&[alarm.id.as_bytes(), &alarm.seq.to_be_bytes(), word]),
        happening,
        alarm: alarm.id,
        virtual_account: alarm.virtual_account,
        about: alarm.about.clone(),
        needed: alarm.needed,
        missing: alarm.missing,
        since: if happening == Happening::Opened { alarm.short_since } else { alarm.settled_at },
        at: now,
    }
}
