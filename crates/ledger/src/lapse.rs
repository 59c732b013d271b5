//! The passing of time, which is a fact too: terms begin and end, quiet alarms are told settled.
//!
//! Whoever touches a pool first brings it to now by [`terms`]; a job does so when nobody comes.

use wire::id::{AccountId, AlarmId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::alarm::{Alarm, Happening, Telling};
use crate::entitlement::{Bucket, Entitlement};
use crate::page::{Page, Unread};
use crate::pen::{Line, Pen, news_of};
use crate::pool::Pool;
use crate::posting::{Effect, Posting};

/// Brings a pool, its lots and its alarm to `now`.
///
/// # Errors
/// [`Unread`] for rows that the page has not read yet.
pub fn lapse(
    page: &Page,
    account: AccountId,
    virtual_account: VirtualAccountId,
    tag: &EntitlementTag,
    now: Timestamp,
) -> Result<Posting, Unread> {
    let mut pen = Pen::new(page, account, now);
    pen.touch(virtual_account, tag)?;
    pen.finish()
}

/// Tells that an alarm settled, once it has been quiet for long enough.
///
/// # Errors
/// [`Unread`] for rows that the page has not read yet.
pub fn tell(
    page: &Page,
    account: AccountId,
    alarm: AlarmId,
    now: Timestamp,
) -> Result<Posting, Unread> {
    let mut posting = Posting::nothing();
    if let Some(alarm) = page.alarm(account, alarm)?
        && alarm.owes_settled(now)
    {
        let told = Alarm { telling: Telling::Done, ..alarm.clone() };
        posting.put(Effect::News(news_of(&told, Happening::Settled, now)));
        posting.put(Effect::Alarm(told));
    }
    Ok(posting)
}

/// A quantity that moves from one bucket of a lot to another at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Passage {
    /// Which of the lots.
    pub(crate) lot: usize,
    /// How much, and from when.
    pub(crate) line: Line,
    pub(crate) from: Bucket,
    pub(crate) to: Bucket,
}

/// What the terms of a pool's lots move until `now`, in order of time.
pub(crate) fn passages(lots: &[Entitlement], now: Timestamp) -> Vec<Passage> {
    let mut all = Vec::new();
    for (nth, lot) in lots.iter().enumerate() {
        let mut free = lot.buckets.future;
        let subject = *lot.id.as_bytes();
        if free > 0 && lot.term.start <= now {
            let line = Line { at: lot.term.start, subject, quantity: free };
            all.push(Passage { lot: nth, line, from: Bucket::Future, to: Bucket::Available });
        } else {
            free = 0;
        }
        free += lot.buckets.available;
        if let Some(end) = lot.term.end
            && end <= now
            && free > 0
        {
            let line = Line { at: end, subject, quantity: free };
            all.push(Passage { lot: nth, line, from: Bucket::Available, to: Bucket::Retired });
        }
    }
    all.sort_by_key(|passage| passage.line.at);
    all
}

/// The next moment after `now` at which a term of the lots begins or ends.
pub(crate) fn next_boundary(lots: &[Entitlement], now: Timestamp) -> Timestamp {
    lots.iter().filter_map(|lot| lot.term.next_boundary(now)).min().unwrap_or(Timestamp::MAX)
}

/// Whether a pool has to be brought to `now`.
pub(crate) fn is_due(pool: &Pool, now: Timestamp) -> bool {
    pool.next_boundary <= now
}
