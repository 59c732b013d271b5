//! What must hold in every book at every moment, whatever happened to it.

use std::collections::BTreeMap;

use ledger::alarm::{Alarm, AlarmState, clone_alarm_id};
use ledger::country::elsewhere_alarm_id;
use ledger::entitlement::{Bucket, Buckets, Entitlement, Term};
use ledger::instance::Instance;
use ledger::pool::{Pool, alarm_id};
use ledger::posting::Entry;
use ledger::removal::again_alarm_id;
use ledger::standing::standing;
use wire::id::{AlarmId, PoolId};
use wire::time::Timestamp;

use crate::book::Book;

/// Checks the whole book.
pub(crate) fn audit(book: &Book, now: Timestamp) {
    for pool in book.page.pools.changed() {
        let entries = entries_of(book, pool.id);
        numbered(pool, &entries);
        lots_are_conserved(book, pool, &entries);
        uses_add_up(book, pool, &entries);
        stored_is_computed(book, pool, &entries, now);
        alarm_is_open_while_short(book, pool);
    }
    for instance in book.page.instances.changed() {
        alarm_is_open_while_elsewhere(book, instance);
        alarm_is_open_while_it_reports_again(book, instance);
        what_is_removed_asks_for_nothing(book, instance);
    }
}

fn alarm_is_open_while_elsewhere(book: &Book, instance: &Instance) {
    let alarm = book.page.alarm(instance.account, elsewhere_alarm_id(instance.id));
    let open = alarm.expect("the book is read").filter(|alarm| alarm.state == AlarmState::Open);
    let elsewhere = instance.country_of_use.and_then(|known| known.elsewhere_since);
    assert_eq!(open.map(|alarm| alarm.short_since), elsewhere, "open exactly while elsewhere");
    let place = instance.virtual_account();
    assert!(open.is_none_or(|alarm| alarm.virtual_account == place), "where its instance is");
}

fn open_alarm(book: &Book, instance: &Instance, id: AlarmId) -> Option<Alarm> {
    let alarm = book.page.alarm(instance.account, id).expect("the book is read");
    alarm.filter(|alarm| alarm.state == AlarmState::Open).cloned()
}

fn alarm_is_open_while_it_reports_again(book: &Book, instance: &Instance) {
    let open = open_alarm(book, instance, again_alarm_id(instance.id));
    assert_eq!(open.is_some(), instance.reports_again().is_some(), "open exactly while it does");
    let place = instance.virtual_account();
    assert!(open.is_none_or(|alarm| alarm.virtual_account == place), "where its instance is");
}

fn what_is_removed_asks_for_nothing(book: &Book, instance: &Instance) {
    if instance.removed().is_none() {
        return;
    }
    let uses = book.page.uses_of(instance.account, instance.id).expect("the book is read");
    assert!(uses.iter().all(|one| one.level == 0), "what is removed uses nothing: {uses:?}");
    assert_eq!(instance.stale_at, None, "what is removed is not late");
    for id in [clone_alarm_id(instance.id), elsewhere_alarm_id(instance.id)] {
        assert_eq!(open_alarm(book, instance, id), None, "what is removed alarms nobody");
    }
}

/// The entries of a pool, in the order of writing.
pub(crate) fn entries_of(book: &Book, pool: PoolId) -> Vec<Entry> {
    book.entries.iter().filter(|entry| entry.pool == pool).cloned().collect()
}

/// The lots of a pool.
pub(crate) fn lots_of(book: &Book, pool: PoolId) -> Vec<Entitlement> {
    book.page.entitlements.changed().filter(|lot| lot.pool == pool).cloned().collect()
}

/// The terms of a pool's lots, by the bytes of their ids.
pub(crate) fn terms_of(book: &Book, pool: PoolId) -> BTreeMap<[u8; 16], Term> {
    lots_of(book, pool).iter().map(|lot| (*lot.id.as_bytes(), lot.term)).collect()
}

fn numbered(pool: &Pool, entries: &[Entry]) {
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(numbers, (1..=pool.seq).collect::<Vec<_>>(), "entries are numbered without gaps");
    let latest = entries.iter().map(|entry| entry.effective_at).max();
    assert_eq!(pool.moved_at, latest.unwrap_or(Timestamp::MIN));
    assert!(entries.iter().all(|entry| entry.quantity != 0), "an entry moves something");
    let early = entries.iter().all(|entry| entry.effective_at <= entry.recorded_at);
    assert!(early, "nothing counts before it is known and later than now");
}

fn lots_are_conserved(book: &Book, pool: &Pool, entries: &[Entry]) {
    let of_lots: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !matches!(entry.bucket, Bucket::Used | Bucket::UsedUnverified))
        .collect();
    for pair in of_lots.chunks(2) {
        let [out, into] = pair else { panic!("movements of lots come in twos: {pair:?}") };
        assert_eq!(out.subject, into.subject);
        assert_eq!((out.effective_at, out.quantity), (into.effective_at, -into.quantity));
        assert_eq!(out.seq + 1, into.seq);
    }
    let mut sum = Buckets::default();
    for lot in lots_of(book, pool.id) {
        let mut fold = Buckets::default();
        let mut source = 0;
        for entry in of_lots.iter().filter(|entry| entry.subject == *lot.id.as_bytes()) {
            fold.add(entry.bucket, entry.quantity);
            source -= if entry.bucket == Bucket::Granted { entry.quantity } else { 0 };
            assert!(parts(&fold).iter().all(|part| *part >= 0), "no bucket is ever negative");
        }
        assert_eq!(fold, lot.buckets, "a lot is the fold of its entries");
        assert_eq!(fold.granted(), i64::from(lot.quantity.get()), "nothing is lost or doubled");
        assert_eq!(source, fold.granted());
        for bucket in [Bucket::Future, Bucket::Available, Bucket::Reserved] {
            sum.add(bucket, part_in(&lot.buckets, bucket));
        }
        for bucket in [Bucket::Delegated, Bucket::InTransfer, Bucket::Retired, Bucket::Moved] {
            sum.add(bucket, part_in(&lot.buckets, bucket));
        }
    }
    assert_eq!(sum, pool.buckets, "a pool is the sum of its lots");
}

fn parts(buckets: &Buckets) -> [i64; 7] {
    let Buckets { future, available, reserved, delegated, in_transfer, retired, moved } = *buckets;
    [future, available, reserved, delegated, in_transfer, retired, moved]
}

fn part_in(buckets: &Buckets, bucket: Bucket) -> i64 {
    match bucket {
        Bucket::Future => buckets.future,
        Bucket::Available => buckets.available,
        Bucket::Reserved => buckets.reserved,
        Bucket::Delegated => buckets.delegated,
        Bucket::InTransfer => buckets.in_transfer,
        Bucket::Retired => buckets.retired,
        Bucket::Moved => buckets.moved,
        Bucket::Granted | Bucket::Used | Bucket::UsedUnverified => 0,
    }
}

/// At every moment each instance's use is what its entries say, and never below zero.
fn uses_add_up(book: &Book, pool: &Pool, entries: &[Entry]) {
    let mut by_instance: BTreeMap<[u8; 16], BTreeMap<Timestamp, i64>> = BTreeMap::new();
    for entry in entries {
        if matches!(entry.bucket, Bucket::Used | Bucket::UsedUnverified) {
            let steps = by_instance.entry(entry.subject).or_default();
            *steps.entry(entry.effective_at).or_default() += entry.quantity;
        }
    }
    for steps in by_instance.values() {
        let mut level = 0;
        for step in steps.values() {
            level += step;
            assert!(level >= 0, "a level is never negative: {steps:?}");
        }
    }
    for one in book.page.uses.changed().filter(|one| one.pool == pool.id) {
        let steps = by_instance.remove(one.instance.as_bytes()).unwrap_or_default();
        let level: i64 = steps.values().sum();
        assert_eq!(level, i64::from(one.level), "a use is what its entries say");
    }
    for steps in by_instance.values() {
        assert_eq!(steps.values().sum::<i64>(), 0, "who went elsewhere uses nothing here");
    }
}

fn stored_is_computed(book: &Book, pool: &Pool, entries: &[Entry], now: Timestamp) {
    let lots = lots_of(book, pool.id);
    if pool.next_boundary > now {
        let computed = standing(entries, &terms_of(book, pool.id), pool.concern, now, now);
        assert_eq!(pool.standing(), computed, "the stored standing is the computed one");
        let next = lots.iter().filter_map(|lot| lot.term.next_boundary(now)).min();
        assert_eq!(pool.next_boundary, next.unwrap_or(Timestamp::MAX));
    }
    assert_eq!(pool.short_since.is_some(), pool.standing().shortage() > 0);
}

fn alarm_is_open_while_short(book: &Book, pool: &Pool) {
    let alarm = book.page.alarm(pool.account, alarm_id(pool.id)).expect("the whole book is read");
    let open = alarm.filter(|alarm| alarm.state == AlarmState::Open);
    assert_eq!(open.is_some(), pool.standing().alarmable(), "an alarm is open while its cause is");
    if let Some(alarm) = open {
        assert_eq!(alarm.missing, pool.standing().shortage());
        assert_eq!(alarm.needed, pool.standing().in_use);
        assert_eq!(Some(alarm.short_since), pool.short_since);
    }
}
