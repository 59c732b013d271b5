//! The pen: writes entries into pools, brings each pool it touches to now, and judges alarms.

use std::collections::BTreeMap;

use wire::id::{AccountId, MessageId, PoolId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::alarm::{Alarm, Cause, Happening};
use crate::entitlement::{Bucket, Entitlement};
use crate::lapse::{Passage, is_due, next_boundary, passages};
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
    /// The pool as it was.
    before: Pool,
    /// The pool as it is now.
    pool: Pool,
    /// What the lines written change in its balance, and from when.
    changes: Vec<(Timestamp, i64)>,
}

impl Touched {
    /// When the balance last became what it is, short or sufficient; `None` if no line did it.
    ///
    /// What a line changes before the pool's latest entry is not looked up: it counts from
    /// there. Lines come in order of time nearly always, and then this is exact.
    fn turned_at(&self) -> Option<Timestamp> {
        let mut changes: BTreeMap<Timestamp, i64> = BTreeMap::new();
        for (at, quantity) in &self.changes {
            *changes.entry((*at).max(self.before.moved_at)).or_default() += quantity;
        }
        let mut balance = self.before.standing().balance();
        let mut turned = None;
        for (at, quantity) in changes {
            if (balance < 0) != (balance + quantity < 0) {
                turned = Some(at);
            }
            balance += quantity;
        }
        turned
    }
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
        let due = is_due(&pool, self.now);
        self.pools.insert(id, Touched { before: pool.clone(), pool, changes: Vec::new() });
        if due {
            self.lapse(id)?;
        }
        Ok(id)
    }

    fn lapse(&mut self, id: PoolId) -> Result<(), Unread> {
        let mut lots = self.page.entitlements_of(self.account, id)?;
        for passage in passages(&lots, self.now) {
            let lot = &mut lots[passage.lot];
            self.pass(id, lot, &passage);
            self.posting.put(Effect::Entitlement(lot.clone()));
        }
        self.set_boundary(id, next_boundary(&lots, self.now));
        Ok(())
    }

    /// Moves a quantity of a lot from one bucket to another: two entries that cancel out.
    pub(crate) fn pass(&mut self, id: PoolId, lot: &mut Entitlement, passage: &Passage) {
        let Passage { line, from, to, .. } = *passage;
        self.write(id, from, Line { quantity: -line.quantity, ..line });
        self.write(id, to, line);
        lot.buckets.add(from, -line.quantity);
        lot.buckets.add(to, line.quantity);
    }

    fn set_boundary(&mut self, id: PoolId, boundary: Timestamp) {
        if let Some(touched) = self.pools.get_mut(&id) {
            touched.pool.next_boundary = boundary;
        }
    }

    /// Grants a lot: two entries that cancel out, two more if its term is over, and the lot itself.
    pub(crate) fn grant(&mut self, mut lot: Entitlement) {
        let id = lot.pool;
        let begun = lot.term.start <= self.now;
        let to = if begun { Bucket::Available } else { Bucket::Future };
        let line = Line {
            at: lot.term.start.min(self.now),
            subject: *lot.id.as_bytes(),
            quantity: i64::from(lot.quantity.get()),
        };
        self.pass(id, &mut lot, &Passage { lot: 0, line, from: Bucket::Granted, to });
        for passage in passages(std::slice::from_ref(&lot), self.now) {
            self.pass(id, &mut lot, &passage);
        }
        let earliest = lot.term.next_boundary(self.now).unwrap_or(Timestamp::MAX);
        if let Some(touched) = self.pools.get_mut(&id) {
            touched.pool.next_boundary = touched.pool.next_boundary.min(earliest);
        }
        self.posting.put(Effect::Entitlement(lot));
    }

    /// Takes in a lot that came from another pool: it counts here from now, whenever its term began.
    pub(crate) fn receive(&mut self, mut lot: Entitlement) {
        let line = Line {
            at: self.now,
            subject: *lot.id.as_bytes(),
            quantity: i64::from(lot.quantity.get()),
        };
        let to = lot.term.bucket_at(self.now);
        self.pass(lot.pool, &mut lot, &Passage { lot: 0, line, from: Bucket::Granted, to });
        let earliest = lot.term.next_boundary(self.now).unwrap_or(Timestamp::MAX);
        if let Some(touched) = self.pools.get_mut(&lot.pool) {
            touched.pool.next_boundary = touched.pool.next_boundary.min(earliest);
        }
        self.posting.put(Effect::Entitlement(lot));
    }

    /// Writes one entry into a pool in hand; none for a quantity of zero.
    pub(crate) fn write(&mut self, id: PoolId, bucket: Bucket, line: Line) {
        let (account, now) = (self.account, self.now);
        let Some(touched) = self.pools.get_mut(&id).filter(|_| line.quantity != 0) else { return };
        let pool = &mut touched.pool;
        let balance = pool.standing().balance();
        pool.add(bucket, line.quantity);
        pool.seq += 1;
        pool.moved_at = pool.moved_at.max(line.at);
        touched.changes.push((line.at, pool.standing().balance() - balance));
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
        for (_, mut touched) in std::mem::take(&mut self.pools) {
            let turned = touched.turned_at();
            let pool = &mut touched.pool;
            let short = pool.standing().shortage() > 0;
            let since = turned.or(touched.before.short_since).unwrap_or(self.now);
            pool.short_since = short.then_some(since);
            self.judge(pool, turned)?;
            if self.page.pools_row(self.account, pool.id) != Some(pool) {
                self.posting.put(Effect::Pool(touched.pool));
            }
        }
        Ok(self.posting)
    }

    /// Judges the alarm of a pool, which may have turned short or sufficient at a moment.
    fn judge(&mut self, pool: &Pool, turned: Option<Timestamp>) -> Result<(), Unread> {
        let standing = pool.standing();
        let cause = if standing.alarmable() {
            let since = pool.short_since.unwrap_or(self.now);
            Cause { needed: standing.in_use, missing: standing.shortage(), since }
        } else {
            // Nothing turned: the pool is for information only as of now.
            let since = turned.unwrap_or(self.now);
            Cause { needed: standing.in_use, missing: 0, since }
        };
        let known = self.page.alarm(self.account, alarm_id(pool.id))?;
        if known.is_none() && cause.missing == 0 {
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
                effective_at: cause.since,
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
