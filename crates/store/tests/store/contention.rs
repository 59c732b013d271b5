//! Many at once: two nodes on one PostgreSQL database, or many threads on one SQLite book.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::command::{Answer, Command, Completeness, Import, MakeClaim};
use ledger::house::{Claim, ClaimKind};
use ledger::pool::Pool;
use ledger::role::Action;
use ledger::usage::Reception;
use store::fsck::Findings;
use store::listing::Query;
use store::{Book, Order, Written};
use wire::time::Span;

use crate::homes::{Home, both};
use crate::stage::{Device, Stage, code, pushed};

const LICENSES: u64 = 6;
const DEVICES: u64 = 12;
const ROUNDS: u64 = 30;
const THREADS: u64 = 6;

/// Numbers that look random and are the same in every run.
fn dice(state: &mut u64, sides: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % sides
}

fn nodes(home: &Home, first: Book) -> Vec<Book> {
    if home.takes_several_nodes() { vec![first, home.open()] } else { vec![first.clone(), first] }
}

fn check(stage: &Stage) {
    let mut findings = Findings::default();
    stage.house(|reading| reading.check_account(stage.account, &mut findings));
    assert_eq!(findings.wrong, Vec::<String>::new());
    assert!(findings.pools > 0);
}

/// What is expected: granted and in use of each license.
#[derive(Default)]
struct Model {
    granted: BTreeMap<u64, i64>,
    levels: BTreeMap<(u64, u64), i64>,
}

/// A device in somebody's hand, with the number of its last report.
struct Hand {
    device: Device,
    number: u64,
}

/// One thread: takes any device, reports several licenses at once or grants, on any node.
fn work(nodes: &[Stage], hands: &[Mutex<Hand>], model: &Mutex<Model>, mut seed: u64) {
    for _ in 0..ROUNDS {
        let node = &nodes[usize::try_from(dice(&mut seed, 2)).unwrap()];
        if dice(&mut seed, 4) == 0 {
            let (license, quantity) = (dice(&mut seed, LICENSES), 1 + dice(&mut seed, 5));
            node.must(node.grant(&format!("license-{license}"), quantity));
            let mut model = model.lock().unwrap();
            *model.granted.entry(license).or_default() += i64::try_from(quantity).unwrap();
            continue;
        }
        let nth = dice(&mut seed, DEVICES);
        let mut hand = hands[usize::try_from(nth).unwrap()].lock().unwrap();
        node.wait(Span::from_seconds(1));
        let mut reports = Vec::new();
        for _ in 0..=dice(&mut seed, 3) {
            let (license, level) = (dice(&mut seed, LICENSES), dice(&mut seed, 9));
            hand.number += 1;
            reports.push(node.heard(
                &hand.device,
                hand.number,
                &format!("license-{license}"),
                level,
            ));
            let level = i64::try_from(level).unwrap();
            model.lock().unwrap().levels.insert((nth, license), level);
        }
        let count = reports.len();
        let order = node.order(node.push_all(&hand.device, reports));
        // The same push by two roads at once: it is recorded once.
        let both: Vec<Written> = std::thread::scope(|scope| {
            let twice = dice(&mut seed, 3) == 0;
            let roads = if twice { nodes } else { std::slice::from_ref(node) };
            let sent: Vec<_> = roads
                .iter()
                .map(|road| {
                    let order = order.clone();
                    scope.spawn(move || road.book.write_waiting(order))
                })
                .collect();
            sent.into_iter().map(|one| one.join().expect("it ends")).collect()
        });
        let answers = both.into_iter().map(|one| pushed(one.expect("nothing surfaces")));
        let new: usize = answers
            .map(|one| one.receptions.iter().filter(|r| **r == Reception::Recorded).count())
            .sum();
        assert_eq!(new, count);
    }
}

both! {
    fn nothing_is_lost_when_many_cross_in_the_same_pools(home: &Home) {
        let stage = Stage::new(home.open());
        let hands: Vec<Mutex<Hand>> = (0..DEVICES)
            .map(|nth| Mutex::new(Hand { device: stage.bind(&format!("edge-{nth}")), number: 0 }))
            .collect();
        let model = Mutex::new(Model::default());
        let books = nodes(home, stage.book.clone());
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let of = |(n, book): (u64, &Book)| Stage::again(book.clone(), 10 + 2 * thread + n);
                let mine: Vec<Stage> = (0..).zip(&books).map(of).collect();
                let (hands, model) = (&hands, &model);
                scope.spawn(move || work(&mine, hands, model, thread + 1));
            }
        });
        let model = model.into_inner().unwrap();
        for license in 0..LICENSES {
            let pool = stage.pool(&format!("license-{license}")).expect("it was used");
            let used: i64 = model.levels.iter().filter(|(key, _)| key.1 == license).map(|(_, level)| level).sum();
            let granted = model.granted.get(&license).copied().unwrap_or(0);
            assert_eq!((pool.used, pool.buckets.available), (used, granted), "license {license}");
        }
        let reports: u64 = hands.iter().map(|hand| hand.lock().unwrap().number).sum();
        assert_eq!(home.number("SELECT COUNT(*) FROM report"), i64::try_from(reports).unwrap());
        assert_eq!(home.number("SELECT COUNT(*) FROM evidence"), i64::try_from(reports).unwrap());
        check(&stage);
    }

    fn two_that_open_one_pool_and_its_alarm_at_once_both_count(home: &Home) {
        let stage = Stage::new(home.open());
        let devices = [stage.bind("edge-0"), stage.bind("edge-1")];
        let books = nodes(home, stage.book.clone());
        for nth in 1..=60 {
            let license = format!("license-{nth}");
            let push = |n: u8| stage.order(stage.push(&devices[usize::from(n)], nth, &license, 3));
            let written = at_once(&books, push);
            assert!(written.iter().all(Result::is_ok), "{nth}: {written:?}");
            assert_eq!(stage.pool(&license).expect("it was used").used, 6);
        }
        let alarms = home.number("SELECT COUNT(*) FROM alarm WHERE state = 0");
        assert_eq!(alarms, 60, "one alarm for each license that is short");
        check(&stage);
    }

    fn of_two_that_claim_one_thing_at_once_one_wins(home: &Home) {
        let stage = Stage::new(home.open());
        let books = nodes(home, stage.book.clone());
        for nth in 0..40_u8 {
            let claim = |owner| Claim {
                kind: ClaimKind::Domain,
                value: format!("{nth}.example"),
                account: stage.account,
                owner,
                claimed_at: stage.now(),
            };
            let command = |owner| Command::MakeClaim(MakeClaim { claim: claim(owner) });
            let written = at_once(&books, |n| stage.order(command([n; 16])));
            let mut codes: Vec<String> = written.into_iter().map(code).collect();
            codes.sort();
            assert_eq!(codes, ["exists", "written: Done"]);
            let same = at_once(&books, |_| stage.order(command([9; 16])));
            assert!(same.into_iter().all(|one| code(one) == "exists"));
        }
    }

    fn two_that_ask_the_same_at_once_agree(home: &Home) {
        let stage = Stage::new(home.open());
        let books = nodes(home, stage.book.clone());
        for nth in 0..25 {
            let other = Stage::beside(stage.book.clone(), &format!("customer-{nth}"));
            let order = other.order(other.new_account(&format!("Customer {nth}")));
            let written = at_once(&books, |_| order.clone());
            assert!(written.iter().all(|one| *one == Ok(Answer::Done)), "{written:?}");
            let again = Stage::beside(stage.book.clone(), &format!("customer-{nth}"));
            let other_request = again.order(again.new_account(&format!("Customer {nth}")));
            let grant = stage.order(stage.grant(&format!("license-{nth}"), 5));
            let written = at_once(&books, |n| if n == 0 { other_request.clone() } else { grant.clone() });
            assert!(written.iter().all(Result::is_ok), "{written:?}");
            let written = at_once(&books, |_| grant.clone());
            assert!(written.iter().all(|one| *one == Ok(Answer::Done)), "{written:?}");
        }
        assert_eq!(home.number("SELECT COUNT(*) FROM account"), 26);
        assert_eq!(home.number("SELECT COUNT(*) FROM virtual_account"), 26);
        assert_eq!(home.number("SELECT COUNT(*) FROM entitlement"), 25);
        check(&stage);
    }

    fn two_that_make_one_account_at_once_make_one(home: &Home) {
        let stage = Stage::new(home.open());
        let books = nodes(home, stage.book.clone());
        for nth in 0..25 {
            let name = format!("customer-{nth}");
            // Two requests with different words for the same id.
            let order = |n: u8| {
                let other = Stage::beside(stage.book.clone(), &name);
                if n == 1 {
                    other.asked(Action::Read);
                }
                other.order(other.new_account(&format!("Customer {nth}{}", ["a", "b"][usize::from(n)])))
            };
            let mut codes: Vec<String> = at_once(&books, order).into_iter().map(code).collect();
            codes.sort();
            assert_eq!(codes, ["exists", "written: Done"]);
        }
        assert_eq!(home.number("SELECT COUNT(*) FROM account"), 26);
        assert_eq!(home.number("SELECT COUNT(*) FROM virtual_account"), 26);
    }

    fn two_that_bind_one_device_at_once_bind_one(home: &Home) {
        let stage = Stage::new(home.open());
        let books = nodes(home, stage.book.clone());
        for nth in 0..25 {
            let name = format!("edge-{nth}");
            let order = |n: u8| {
                let Command::Bind(mut bind) = stage.binding(&name, "door") else { panic!() };
                bind.fresh_id = wire::id::InstanceId::derive(&[name.as_bytes(), &[n]]);
                bind.key = stage.key(&format!("{name} {n}"));
                stage.order(Command::Bind(bind))
            };
            let written = at_once(&books, order);
            let instances: Vec<_> = written
                .into_iter()
                .map(|one| match one {
                    Ok(Answer::Bound(bound)) => bound.instance,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(instances[0], instances[1]);
        }
        assert_eq!(home.number("SELECT COUNT(*) FROM instance"), 25);
        assert_eq!(home.number("SELECT COUNT(*) FROM device_key"), 50);
        let token = stage.read(|r| r.token(stage.account, stage.token("door"))).expect("it is there");
        assert_eq!(token.uses, 25);
    }

    fn two_accounts_that_bind_one_key_at_once_do_not_share_it(home: &Home) {
        let stage = Stage::new(home.open());
        let other = Stage::beside(stage.book.clone(), "other");
        other.must(other.new_account("Other"));
        other.must(other.new_token("door"));
        let books = nodes(home, stage.book.clone());
        for nth in 0..25 {
            let name = format!("edge-{nth}");
            let order = |n: u8| {
                let mine = if n == 0 { &stage } else { &other };
                let Command::Bind(mut bind) = mine.binding(&name, "door") else { panic!() };
                bind.key = stage.key(&name);
                mine.order(Command::Bind(bind))
            };
            let written = at_once(&books, order);
            let bound = written.iter().filter(|one| matches!(one, Ok(Answer::Bound(_)))).count();
            assert_eq!(bound, 1, "{written:?}");
            assert!(written.into_iter().any(|one| code(one) == "exists"));
        }
        assert_eq!(home.number("SELECT COUNT(*) FROM device_key"), 25);
        assert_eq!(home.number("SELECT COUNT(*) FROM instance"), 25);
    }

    fn files_and_pushes_of_the_same_devices_cross(home: &Home) {
        let stage = Stage::new(home.open());
        let devices: Vec<Device> = (0..8).map(|nth| stage.bind(&format!("edge-{nth}"))).collect();
        let books = nodes(home, stage.book.clone());
        let file = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for (thread, book) in (1_u64..).zip(books.iter().chain(&books)) {
                let mine = Stage::again(book.clone(), thread);
                let (devices, file) = (&devices, &file);
                scope.spawn(move || {
                    for round in 1..=6_u64 {
                        mine.wait(Span::from_minutes(1));
                        if thread % 2 == 0 {
                            let number = file.fetch_add(1, Ordering::Relaxed);
                            mine.must(import(&mine, number));
                            continue;
                        }
                        for device in devices.iter().skip(usize::from(thread == 3)).step_by(2) {
                            mine.must(mine.push(device, round, &format!("license-{}", round % 3), round));
                        }
                    }
                });
            }
        });
        assert_eq!(home.number("SELECT COUNT(*) FROM report WHERE proof = 1"), 48);
        check(&stage);
        let pools = stage.read(|r| r.list::<Pool>(stage.account, &Query::all(99))).rows;
        assert!(pools.iter().all(|pool| pool.seq > 0), "a pool was opened for nothing");
    }
}

/// A file of the bound devices and of some that nobody knows, backwards in every other file.
fn import(stage: &Stage, number: u64) -> Command {
    let mut reports: Vec<_> = (0..8)
        .map(|nth| stage.foreign(&format!("edge-{nth}"), number + 1, "license-1", 1))
        .chain((0..20).map(|nth| {
            let license = format!("license-{}", (nth + number) % 5);
            stage.foreign(&format!("old-{nth}"), number + 1, &license, 2)
        }))
        .collect();
    if number % 2 == 1 {
        reports.reverse();
    }
    Command::Import(Import {
        asked: stage.asked(Action::ImportUsage),
        account: stage.account,
        virtual_account: stage.main,
        reports,
        completeness: Completeness::Partial,
    })
}

/// Writes an order on each of two nodes at the same time.
fn at_once(books: &[Book], order: impl Fn(u8) -> Order) -> Vec<Written> {
    let orders = [order(0), order(1)];
    std::thread::scope(|scope| {
        let writing: Vec<_> = books
            .iter()
            .zip(orders)
            .map(|(book, order)| scope.spawn(move || book.write_waiting(order)))
            .collect();
        writing.into_iter().map(|one| one.join().expect("it ends")).collect()
    })
}
