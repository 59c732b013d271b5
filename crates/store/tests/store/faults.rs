//! When something is wrong with the database: who is told, what stays, how it goes on.

use std::time::Duration;

use ledger::command::{Answer, Command, KeepFact};
use ledger::house::HouseFact;
use ledger::pool::Pool;
use store::fsck::Findings;
use store::{NotWritten, Order, Written};
use wire::time::Span;

use crate::homes::{Home, both, sql_on};
use crate::stage::{Device, Stage, code, pushed, tag};

impl Stage {
    pub(crate) fn check(&self) -> Vec<String> {
        let mut findings = Findings::default();
        self.house(|reading| reading.check_account(self.account, &mut findings));
        findings.wrong
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A literal of bytes for either engine.
fn literal(home: &Home, bytes: &[u8]) -> String {
    let hex = hex(bytes);
    if home.takes_several_nodes() { format!("'\\x{hex}'::BYTEA") } else { format!("x'{hex}'") }
}

/// Pushes of one device to eight pools, each its own order.
fn pushes(stage: &Stage, devices: &[Device], number: u64) -> Vec<Order> {
    stage.wait(Span::from_minutes(1));
    let orders = devices.iter().zip(0..);
    orders
        .map(|(device, nth)| {
            stage.order(stage.push(device, number, &format!("license-{nth}"), number))
        })
        .collect()
}

both! {
    fn only_the_command_that_the_database_refuses_fails(home: &Home) {
        let stage = Stage::new(home.open());
        let devices: Vec<Device> = (0..8).map(|nth| stage.bind(&format!("edge-{nth}"))).collect();
        let before = stage.book.write_together(pushes(&stage, &devices, 1));
        assert!(before.iter().all(Result::is_ok));
        // A line that is in the way of the next one.
        let pool = Pool::id_of(stage.account, stage.main, &tag("license-5"));
        let (account, pool) = (literal(home, stage.account.as_bytes()), literal(home, pool.as_bytes()));
        let subject = literal(home, &[1; 16]);
        home.sql(&format!("INSERT INTO entry VALUES ({account}, {pool}, 2, 0, 0, {subject}, 7, 5)"));
        let written = stage.book.write_together(pushes(&stage, &devices, 2));
        let codes: Vec<bool> = written.iter().map(Result::is_ok).collect();
        assert_eq!(codes, [true, true, true, true, true, false, true, true]);
        assert_eq!(code(written[5].clone()), "store.refused");
        assert_eq!(home.number("SELECT COUNT(*) FROM report"), 15);
        assert_eq!(home.number("SELECT COUNT(*) FROM evidence"), 15);
        home.sql(&format!("DELETE FROM entry WHERE pool_id = {pool} AND seq = 2"));
        let again = stage.order(stage.push(&devices[5], 2, "license-5", 2));
        assert!(stage.book.write_waiting(again).is_ok());
        assert_eq!(stage.check(), Vec::<String>::new());
    }

    fn of_a_crowd_too_only_the_command_that_the_database_refuses_fails(home: &Home) {
        let stage = Stage::new(home.open());
        let devices: Vec<Device> = (0..40).map(|nth| stage.bind(&format!("edge-{nth}"))).collect();
        let before = stage.book.write_together(pushes(&stage, &devices, 1));
        assert!(before.iter().all(Result::is_ok));
        let pool = Pool::id_of(stage.account, stage.main, &tag("license-5"));
        let (account, pool) = (literal(home, stage.account.as_bytes()), literal(home, pool.as_bytes()));
        let subject = literal(home, &[1; 16]);
        home.sql(&format!("INSERT INTO entry VALUES ({account}, {pool}, 2, 0, 0, {subject}, 7, 5)"));
        // Handed in one by one, so that batches are taken while others are being committed.
        let orders: Vec<Order> = (2..12).flat_map(|number| pushes(&stage, &devices, number)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let writes = orders.into_iter().map(|order| stage.book.write(order));
        let written = runtime.block_on(futures_util::future::join_all(writes));
        for (nth, one) in written.into_iter().enumerate() {
            match one {
                Err(NotWritten::Fault(fault)) if nth % 40 == 5 => assert_eq!(fault.code(), "store.refused"),
                other => assert!(nth % 40 != 5 && other.is_ok(), "{nth}: {other:?}"),
            }
        }
        home.sql(&format!("DELETE FROM entry WHERE pool_id = {pool} AND seq = 2"));
        assert_eq!(stage.check(), Vec::<String>::new());
        assert_eq!(home.number("SELECT COUNT(*) FROM report"), 40 + 39 * 10);
    }

    fn only_the_command_that_meets_a_damaged_row_fails(home: &Home) {
        let stage = Stage::new(home.open());
        let devices: Vec<Device> = (0..8).map(|nth| stage.bind(&format!("edge-{nth}"))).collect();
        stage.book.write_together(pushes(&stage, &devices, 1));
        drop(stage);
        let pool = |stage: &Stage| Pool::id_of(stage.account, stage.main, &tag("license-3"));
        let stage = Stage::again(home.open(), 1);
        let damaged = literal(home, pool(&stage).as_bytes());
        home.sql(&format!("UPDATE pool SET concern = 77 WHERE pool_id = {damaged}"));
        stage.wait(Span::from_hours(1));
        let written = stage.book.write_together(pushes(&stage, &devices, 2));
        for (nth, one) in written.into_iter().enumerate() {
            match one {
                Err(NotWritten::Fault(fault)) if nth == 3 => {
                    assert_eq!(fault.code(), "store.corrupt");
                    assert!(fault.to_string().contains("table pool"), "{fault}");
                    assert!(fault.to_string().contains("column concern"), "{fault}");
                }
                other => assert!(nth != 3 && other.is_ok(), "{nth}: {other:?}"),
            }
        }
    }
}

#[test]
fn text_that_postgres_cannot_hold_fails_alone() {
    let Some(home) = Home::postgres() else { return };
    let stage = Stage::new(home.open());
    let fact = |name: &str| {
        let fact = HouseFact { name: name.to_owned(), value: vec![1], changed_at: stage.now() };
        stage.order(Command::KeepFact(KeepFact { fact }))
    };
    let orders = vec![fact("one"), fact("two"), fact("th\0ree"), fact("four")];
    let written = stage.book.write_together(orders);
    let refused: Vec<bool> = written.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, false, true, false]);
    assert_eq!(code(written[2].clone()), "store.refused");
    assert_eq!(home.number("SELECT COUNT(*) FROM house_fact"), 3);
}

/// The address of a home's database, and of the cluster's own one.
fn addresses(home: &Home) -> (String, String) {
    let store::Place::Postgres(url) = home.options(store::Runner::Threads).place else { panic!() };
    (url, std::env::var("SCRIP_TEST_POSTGRES").expect("it is set"))
}

fn terminate(home: &Home, which: &str) -> i64 {
    let (url, cluster) = addresses(home);
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let ended = sql_on(
        &cluster,
        &format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = '{name}' AND pid <> pg_backend_pid() AND {which}"
        ),
    );
    ended.expect("a row").parse().expect("a number")
}

#[test]
fn a_connection_lost_between_batches_is_made_again_unseen() {
    let Some(home) = Home::postgres() else { return };
    let stage = Stage::new(home.open());
    for _ in 0..5 {
        stage.read(|reading| reading.account(stage.account));
        assert!(terminate(&home, "TRUE") >= 2);
        std::thread::sleep(Duration::from_millis(100));
        stage.must(stage.grant("advantage", 1));
        stage.read(|reading| reading.account(stage.account));
    }
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 5);
}

#[test]
fn a_connection_lost_within_a_batch_is_told_and_a_repeat_finds_the_truth() {
    let Some(home) = Home::postgres() else { return };
    let stage = Stage::new(home.open());
    let device = stage.bind("edge-1");
    stage.must(stage.grant("advantage", 1));
    let (url, _) = addresses(&home);
    let holder = std::thread::spawn(move || {
        sql_on(&url, "BEGIN; SELECT 1 FROM pool FOR UPDATE; SELECT pg_sleep(2); COMMIT");
    });
    std::thread::sleep(Duration::from_millis(500));
    stage.wait(Span::from_minutes(1));
    let orders: Vec<Order> = vec![
        stage.order(stage.push(&device, 1, "advantage", 3)),
        stage.order(stage.grant("advantage", 4)),
        stage.order(stage.new_place("Lab")),
    ];
    let book = stage.book.clone();
    let sent = orders.clone();
    let writing = std::thread::spawn(move || book.write_together(sent));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(terminate(&home, "wait_event_type = 'Lock'"), 1, "the writer waits for the row");
    let written: Vec<Written> = writing.join().expect("it ends");
    assert!(written.into_iter().all(|one| code(one) == "store.down"));
    holder.join().expect("it ends");
    let again = stage.book.write_together(orders);
    let standing = pushed(again[0].clone().expect("it is written")).standings[0].standing;
    assert_eq!(standing.in_use, 3);
    assert_eq!(again[1..], [Ok(Answer::Done), Ok(Answer::Done)]);
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 5);
    assert_eq!(stage.check(), Vec::<String>::new());
}

/// A small disk of its own, if this process may make one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn new(folder: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&folder).ok()?;
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "none"])
            .arg(&folder)
            .output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("no small disk can be made here: skipped");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_told_loses_nothing_and_goes_on_when_there_is_room() {
    let home = Home::sqlite();
    let Some(disk) = SmallDisk::new(home.folder()) else { return };
    std::fs::write(disk.0.join("ballast"), vec![0; 1 << 20]).expect("there is room");
    let stage = Stage::new(home.open());
    let mut granted = 0;
    let full = loop {
        let orders = (0..50).map(|_| stage.order(stage.grant("advantage", 1))).collect();
        let written = stage.book.write_together(orders);
        match written.iter().find_map(|one| one.as_ref().err()) {
            None => granted += 50,
            Some(NotWritten::Fault(fault)) => break fault.clone(),
            Some(other) => panic!("{other:?}"),
        }
        assert!(granted < 100_000, "the disk is never full");
    };
    assert_eq!(full.code(), "store.down");
    assert!(full.to_string().contains("disk is full"), "{full}");
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, granted);
    // Where many find no room, one may yet.
    while stage.write(stage.grant("advantage", 1)).is_ok() {
        granted += 1;
        assert!(granted < 100_000, "the disk is never full");
    }
    std::fs::remove_file(disk.0.join("ballast")).expect("it is removed");
    stage.must(stage.grant("advantage", 1));
    granted += 1;
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, granted);
    assert_eq!(stage.check(), Vec::<String>::new());
    drop(stage);
    let stage = Stage::again(home.open(), 1);
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, granted);
    assert_eq!(stage.check(), Vec::<String>::new());
}
