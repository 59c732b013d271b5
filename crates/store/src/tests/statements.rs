//! Every statement is prepared, and run on an empty book, by both engines.

use ledger::house::ClaimKind;
use wire::id::{AccountId, AlarmId, InstanceId, PoolId, TokenId, VirtualAccountId};
use wire::key::KeyId;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::Bare;
use crate::chore::Chore;
use crate::engine::Engine;
use crate::fsck::Findings;
use crate::outbox::Channel;
use crate::pool::Sight;
use crate::read::Reading;
use crate::rows::{Change, Target};
use crate::schema;
use crate::table::{Hold, Kind, Table, Write};
use crate::value::Value;

/// A value of a kind that says which column and row it is of.
fn value(kind: Kind, row: u8, column: usize) -> Value {
    let column = u8::try_from(column).expect("a small number");
    match kind {
        Kind::Int => Value::Int(i64::from(row) * 1000 + i64::from(column)),
        Kind::Text => Value::Text(format!("row {row} column {column} \u{e9}\u{1f600}'\"\\")),
        Kind::Bytes => Value::Bytes(vec![row, column, 0, 255]),
    }
}

fn row(table: &Table, row: u8) -> Vec<Value> {
    table.columns.iter().enumerate().map(|(n, column)| value(column.kind, row, n)).collect()
}

fn read(engine: &mut Engine, table: &'static Table, keys: &[Value], hold: Hold) -> Vec<Vec<Value>> {
    let target = Target { table, keys: keys.to_vec(), hold };
    let found = engine.read(&[target]).unwrap_or_else(|fault| panic!("{fault}: {}", table.name));
    found.into_iter().flat_map(|(_, rows)| rows).collect()
}

/// Writes in a transaction of its own and reads back what is there then.
fn write(engine: &mut Engine, table: &'static Table, write: Write, rows: &[Vec<Value>]) {
    engine.begin().expect("it begins");
    // Held as rows are that are revised; nothing is opened where nothing is missing.
    for row in rows {
        read(engine, table, &row[..table.key], Hold::Yes);
    }
    let change = Change { table, write, rows: rows.to_vec() };
    engine.finish(&[change]).unwrap_or_else(|fault| panic!("{fault}: {write:?} {}", table.name));
}

fn all(engine: &mut Engine, table: &'static Table) -> Vec<Vec<Value>> {
    engine.begin().expect("it begins");
    let sql = format!("SELECT {} FROM {}", table.names(""), table.name);
    let mut rows = engine.query(&sql, &[]).expect("it is read");
    engine.rollback();
    rows.sort();
    rows
}

#[test]
fn every_table_is_written_read_held_revised_and_emptied() {
    for mut bare in Bare::all() {
        let engine = bare.engine();
        for table in schema::ALL {
            let (one, two) = (row(table, 1), row(table, 2));
            write(engine, table, Write::Append, &[one.clone(), two.clone()]);
            assert_eq!(all(engine, table), [one.clone(), two.clone()], "{}", table.name);
            engine.begin().expect("it begins");
            for keys in 1..=table.key {
                for hold in [Hold::No, Hold::Yes, Hold::EvenAbsent] {
                    assert_eq!(read(engine, table, &one[..keys], hold), [one.clone()]);
                }
            }
            let absent = row(table, 3);
            assert!(read(engine, table, &absent[..table.key], Hold::EvenAbsent).is_empty());
            assert!(read(engine, table, &absent[..table.key], Hold::Yes).is_empty());
            engine.rollback();
            let mut other = one.clone();
            for (n, column) in table.columns.iter().enumerate().skip(table.key) {
                let nothing = column.null && !table.indexed().any(|indexed| indexed == n);
                other[n] = if nothing { Value::Null } else { value(column.kind, 9, n) };
            }
            write(engine, table, Write::Ensure, std::slice::from_ref(&other));
            assert_eq!(all(engine, table)[0], one, "{}", table.name);
            let arguments = table.arguments(Write::Revise);
            if arguments.len() > table.key {
                write(engine, table, Write::Revise, std::slice::from_ref(&other));
                let revised: Vec<Value> = (0..other.len())
                    .map(|n| if arguments.contains(&n) { other[n].clone() } else { one[n].clone() })
                    .collect();
                assert_eq!(all(engine, table)[0], revised, "{}", table.name);
            }
            write(engine, table, Write::Put, &[other.clone(), absent.clone()]);
            assert_eq!(all(engine, table), [other.clone(), two, absent.clone()], "{}", table.name);
            let keys = |row: &[Value]| row[..table.key].to_vec();
            write(engine, table, Write::Remove, &[keys(&other), keys(&absent)]);
            assert_eq!(all(engine, table).len(), 1, "{}", table.name);
        }
    }
}

#[test]
fn a_clash_is_refused_and_leaves_the_transaction_to_be_taken_back() {
    for mut bare in Bare::all() {
        let engine = bare.engine();
        for table in schema::ALL {
            let one = row(table, 1);
            write(engine, table, Write::Append, std::slice::from_ref(&one));
            engine.begin().expect("it begins");
            let rows = vec![row(table, 2), one.clone()];
            let refused = engine.finish(&[Change { table, write: Write::Append, rows }]);
            assert_eq!(refused.expect_err("it clashes").code(), "store.refused", "{}", table.name);
            engine.rollback();
            assert_eq!(all(engine, table), [one], "{}", table.name);
        }
    }
}

#[test]
fn what_was_put_only_to_be_held_is_taken_away() {
    let Some(mut bare) = Bare::postgres() else { return };
    let engine = bare.engine();
    for table in [&schema::ACCOUNT, &schema::POOL] {
        let keys = row(table, 1)[..table.key].to_vec();
        engine.begin().expect("it begins");
        for _ in 0..2 {
            assert!(read(engine, table, &keys, Hold::EvenAbsent).is_empty());
        }
        let other = Change {
            table: &schema::HOUSE_FACT,
            write: Write::Put,
            rows: vec![row(&schema::HOUSE_FACT, 1)],
        };
        engine.finish(&[other]).expect("it is written");
        assert!(all(engine, table).is_empty(), "{}", table.name);
        engine.begin().expect("it begins");
        assert!(read(engine, table, &keys, Hold::EvenAbsent).is_empty());
        let used = Change { table, write: Write::Put, rows: vec![row(table, 1)] };
        engine.finish(&[used]).expect("it is written");
        assert_eq!(all(engine, table), [row(table, 1)], "{}", table.name);
    }
}

/// A pool and its alarm, as a report wants them in one round.
fn pool_and_alarm() -> [Target; 2] {
    [(&schema::POOL, Hold::EvenAbsent), (&schema::ALARM, Hold::Yes)].map(|(table, hold)| Target {
        table,
        keys: row(table, 1)[..table.key].to_vec(),
        hold,
    })
}

#[test]
fn what_came_with_a_row_that_was_waited_for_is_read_as_it_came() {
    let Some(mut bare) = Bare::postgres() else { return };
    let mut other = bare.reader();
    let engine = bare.engine();
    engine.begin().expect("it begins");
    let found = engine.read(&pool_and_alarm()).expect("it is read");
    assert!(found.iter().all(|(_, rows)| rows.is_empty()));
    std::thread::scope(|scope| {
        let waits = scope.spawn(move || {
            other.begin().expect("it begins");
            let found = other.read(&pool_and_alarm()).expect("it is read");
            other.rollback();
            found
        });
        // Long enough that the other has found both absent and waits for the pool.
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(!waits.is_finished(), "it has to wait for who opened the pool first");
        let put = |table| Change { table, write: Write::Put, rows: vec![row(table, 1)] };
        engine.finish(&[put(&schema::POOL), put(&schema::ALARM)]).expect("it is written");
        for (table, rows) in waits.join().expect("it ends") {
            assert_eq!(rows, [row(table, 1)], "{}", table.name);
        }
    });
}

#[test]
fn every_chore_runs() {
    for mut bare in Bare::all() {
        let news = (
            AccountId::from_bytes([1; 16]),
            wire::id::MessageId::from_bytes([2; 16]),
            Channel::Mail,
        );
        let (now, error) = (Timestamp::MIN, String::new());
        let chores = [
            Chore::ClaimNews { channel: Channel::Syslog, now, until: now, most: 1 },
            Chore::FinishNews { news, now, error: error.clone() },
            Chore::RetryNews { news, due_at: now, error },
            Chore::Lease { name: "sequencer", holder: [1; 16], now, until: now },
            Chore::NoteForwarded { account: AccountId::from_bytes([1; 16]), place: 1 },
            Chore::ErasePersonal {
                account: AccountId::from_bytes([1; 16]),
                events: vec![(now, wire::id::EventId::from_bytes([2; 16]))],
                now,
            },
            Chore::Ready,
            Chore::ReleaseClaims { before: now, owner: None },
            Chore::ReleaseClaims { before: now, owner: Some([1; 16]) },
            Chore::Forget { before: now },
        ];
        for chore in chores {
            let engine = bare.engine();
            engine.begin().expect("it begins");
            chore.run(engine).unwrap_or_else(|fault| panic!("{fault}: {chore:?}"));
            engine.commit().expect("it is done");
        }
    }
}

#[test]
fn every_question_is_answered_by_an_empty_book() {
    for bare in Bare::all() {
        let mut engine = bare.reader();
        for sight in [Sight::House, Sight::Account(AccountId::from_bytes([1; 16]))] {
            crate::pool::begin(&mut engine, sight).expect("it begins");
            ask_everything(&mut Reading::new(&mut engine, sight)).expect("it is answered");
            engine.rollback();
        }
    }
}

fn ask_everything(reading: &mut Reading<'_>) -> Result<(), crate::fault::Fault> {
    let account = AccountId::from_bytes([1; 16]);
    let (pool, now) = (PoolId::from_bytes([2; 16]), Timestamp::from_seconds(1));
    let (instance, key) = (InstanceId::from_bytes([3; 16]), KeyId::from_bytes([4; 16]));
    let tag = EntitlementTag::new("advantage").expect("a tag");
    assert!(reading.accounts(9)?.is_empty());
    assert!(reading.accounts_after(("a", account), 9)?.is_empty());
    assert!(reading.licenses(9)?.is_empty());
    assert!(reading.licenses_after("a", 9)?.is_empty());
    assert!(reading.known_key(key)?.is_none());
    assert!(reading.reports_of(account, instance)?.is_empty());
    assert!(reading.history(account, pool)?.entries.is_empty());
    assert!(reading.users_of(account, pool, 9)?.is_empty());
    assert!(reading.stale_shares(account, now)?.is_empty());
    assert!(reading.pools_due(now, 9)?.is_empty());
    assert!(reading.pools_of_tag(&tag, 9)?.is_empty());
    assert!(reading.alarms_to_tell(now, 9)?.is_empty());
    assert_eq!(reading.totals()?, crate::read::Totals::default());
    assert_eq!(reading.waiting()?.news, 0);
    assert!(reading.account(account)?.is_none());
    assert!(reading.virtual_account(account, VirtualAccountId::from_bytes([5; 16]))?.is_none());
    assert!(reading.license(&tag)?.is_none());
    assert!(reading.instance(account, instance)?.is_none());
    assert!(reading.identity(account, "P:a,S:b")?.is_none());
    assert!(reading.device_key(account, key)?.is_none());
    assert!(reading.pool(account, pool)?.is_none());
    assert!(reading.alarm(account, AlarmId::from_bytes([6; 16]))?.is_none());
    assert!(reading.token(account, TokenId::from_bytes([7; 16]))?.is_none());
    assert!(reading.claim(ClaimKind::Number, "1")?.is_none());
    assert!(reading.house_fact("realm")?.is_none());
    assert!(reading.session([8; 32])?.is_none());
    ask_of_events(reading, account)?;
    let mut findings = Findings::default();
    reading.check_account(account, &mut findings)?;
    reading.check_log(account, &[], &mut findings)?;
    assert!(findings.wrong.is_empty());
    Ok(())
}

fn ask_of_events(reading: &mut Reading<'_>, account: AccountId) -> Result<(), crate::fault::Fault> {
    let text = || Some("a".to_owned());
    let within = Some([VirtualAccountId::from_bytes([1; 16])].into());
    let question = crate::events::EventQuestion {
        within,
        sphere: Some(ledger::log::Sphere::Licenses),
        since: Some(Timestamp::MIN),
        until: Some(Timestamp::MIN),
        action: text(),
        subject: text(),
        actor: text(),
        after: None,
    };
    assert!(reading.events(account, &question, 9)?.rows.is_empty());
    assert!(reading.event_actions(account)?.is_empty());
    assert!(reading.unplaced(9)?.is_empty());
    assert!(reading.events_from(account, 0, 9)?.is_empty());
    assert!(reading.event_tree(account)?.is_none());
    assert!(reading.checkpoints(account)?.is_empty());
    assert!(reading.unsigned(Timestamp::MIN, 9)?.is_empty());
    assert!(reading.unforwarded(9)?.is_empty());
    Ok(())
}

#[test]
fn prepared_statements_do_not_pile_up() {
    let Some(mut bare) = Bare::postgres() else { return };
    for n in 0..1200 {
        bare.rows(&format!("SELECT {n} + 0"));
    }
    let kept = bare.rows("SELECT COUNT(*) FROM pg_prepared_statements").remove(0).remove(0);
    assert!(matches!(kept, Value::Int(kept) if kept <= 600), "{kept:?}");
}
