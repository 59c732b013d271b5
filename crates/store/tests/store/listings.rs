//! Listings: every column, both ways, page by page, the same on both engines.

use std::fmt::Debug;

use ledger::account::VirtualAccount;
use ledger::alarm::Alarm;
use ledger::command::{Command, RevokeKey};
use ledger::entitlement::{Entitlement, Term};
use ledger::instance::{DeviceKey, Instance, Name, Use};
use ledger::pool::Pool;
use ledger::posting::{AlarmChange, Entry};
use ledger::report::Recorded;
use ledger::role::Action;
use ledger::token::Token;
use store::Sight;
use store::listing::{
    AlarmChangeColumn, AlarmColumn, COUNT_LIMIT, DeviceKeyColumn, Direction, EntitlementColumn,
    EntryColumn, Facet, InstanceColumn, Listed, NameColumn, PoolColumn, Query, ReportColumn, Test,
    TokenColumn, UseColumn, VirtualAccountColumn,
};
use store::{Stored as _, Value};
use wire::time::Span;

use crate::homes::{Home, both};
use crate::stage::Stage;

const NAMES: [&str; 12] = [
    "edge-1",
    "Edge-2",
    "EDGE-10",
    "\u{e9}dge",
    "Zug",
    "zug-2",
    "\u{df}",
    "a b",
    "\u{1f600}",
    "-",
    "\u{130}stanbul",
    "edge",
];

/// A customer with something of everything, and a stranger with some of it.
fn furnish(stage: &Stage) {
    for name in ["lab", "\u{c4}rger", "Zoo", "alpha"] {
        stage.must(stage.new_place(name));
        stage.must(stage.new_token_for(&format!("token {name}"), stage.place(name)));
    }
    for (nth, name) in NAMES.iter().enumerate() {
        let nth = u64::try_from(nth).unwrap();
        let token = if nth % 3 == 0 { "token Zoo" } else { "door" };
        let bound = stage.must(stage.binding(name, token));
        let ledger::command::Answer::Bound(bound) = bound else { panic!() };
        stage.wait(Span::from_minutes(25));
        if nth % 4 == 3 {
            continue;
        }
        let device = crate::stage::Device {
            name: (*name).to_owned(),
            key: stage.key(name),
            instance: bound.instance,
            place: bound.virtual_account,
        };
        for number in 1..=3 {
            stage.wait(Span::from_minutes(1));
            let license = format!("license-{}", (nth + number) % 5);
            stage.must(stage.push(&device, number, &license, number % 3 + nth % 2));
        }
        let end = (nth % 2 == 0)
            .then(|| stage.now().plus(Span::from_days(i64::try_from(nth).unwrap() + 1)));
        let term = Term { start: stage.now(), end };
        let license = format!("license-{}", nth % 5);
        stage.must(stage.grant_for(device.place, &license, nth * 3 + 1, term));
    }
    let asked = stage.asked(Action::RevokeKey);
    let (account, key) = (stage.account, stage.key("Zug"));
    stage.must(Command::RevokeKey(RevokeKey { asked, account, key, reason: "lost".to_owned() }));
    let stranger = Stage::beside(stage.book.clone(), "stranger");
    stranger.must(stranger.new_account("Stranger"));
    stranger.must(stranger.new_token("door"));
    stranger.must(stranger.grant("license-1", 7));
    stranger.bind("edge-1");
}

/// Goes through a listing in pages of every small size and compares with the whole.
fn walk<R>(stage: &Stage, columns: &[R::Column], told: &mut Vec<String>)
where
    R: Listed + Debug,
    R::Column: Debug,
{
    let account = stage.account;
    let mut queries = vec![Query::all(1000)];
    for column in columns {
        for direction in [Direction::Up, Direction::Down] {
            queries.push(Query::all(1000).sorted(*column, direction));
        }
    }
    for query in queries {
        let whole = stage.read(|reading| reading.list::<R>(account, &query));
        assert!(
            whole.rows.len() > 1 && whole.next.is_none(),
            "{query:?} has {} rows",
            whole.rows.len()
        );
        let whole: Vec<String> = whole.rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(
            stage.read(|reading| reading.count::<R>(account, &query)),
            i64::try_from(whole.len()).unwrap()
        );
        for limit in [1, 2, 3, 7] {
            let mut paged = Vec::new();
            let mut query = Query { limit, ..query.clone() };
            loop {
                let page = stage.read(|reading| reading.list::<R>(account, &query));
                assert!(page.rows.len() <= usize::try_from(limit).unwrap());
                paged.extend(page.rows.iter().map(|row| format!("{row:?}")));
                if page.next.is_none() {
                    break;
                }
                query = query.after(page.next);
            }
            assert_eq!(paged, whole, "{query:?} in pages of {limit}");
        }
        told.push(format!("{} {query:?}\n{}", std::any::type_name::<R>(), whole.join("\n")));
    }
}

fn walk_all(stage: &Stage) -> Vec<String> {
    let mut told = Vec::new();
    {
        use VirtualAccountColumn as C;
        walk::<VirtualAccount>(stage, &[C::Name, C::CreatedAt], &mut told);
    }
    {
        use PoolColumn as C;
        walk::<Pool>(
            stage,
            &[C::VirtualAccount, C::Tag, C::Balance, C::InUse, C::ShortSince, C::InForce],
            &mut told,
        );
        let all = [C::Future, C::Expired, C::Reserved, C::Name, C::Kind, C::Enforcement];
        walk::<Pool>(stage, &all, &mut told);
    }
    {
        use EntitlementColumn as C;
        walk::<Entitlement>(stage, &[C::Pool, C::Start, C::End, C::Quantity], &mut told);
    }
    {
        use InstanceColumn as C;
        let all = [C::Name, C::Identity, C::VirtualAccount, C::HeardAt, C::StaleAt, C::BoundAt];
        walk::<Instance>(stage, &all, &mut told);
        walk::<Instance>(stage, &[C::Software, C::Country, C::CreatedAt], &mut told);
    }
    {
        use UseColumn as C;
        walk::<Use>(stage, &[C::Instance, C::Pool, C::Tag, C::Level, C::Since], &mut told);
    }
    {
        use DeviceKeyColumn as C;
        walk::<DeviceKey>(stage, &[C::Instance, C::BoundAt], &mut told);
    }
    {
        use NameColumn as C;
        walk::<Name>(stage, &[C::Instance, C::Name, C::FirstHeardAt], &mut told);
    }
    {
        use AlarmColumn as C;
        let all = [C::State, C::Severity, C::VirtualAccount, C::OpenedAt, C::Missing, C::SettledAt];
        walk::<Alarm>(stage, &all, &mut told);
    }
    {
        use TokenColumn as C;
        walk::<Token>(stage, &[C::VirtualAccount, C::ExpiresAt, C::CreatedAt], &mut told);
    }
    walk_what_happened(stage, &mut told);
    told
}

fn walk_what_happened(stage: &Stage, told: &mut Vec<String>) {
    {
        use ReportColumn as C;
        let all = [C::Instance, C::Key, C::Epoch, C::Number, C::HeardAt, C::Tag];
        walk::<Recorded>(stage, &all, told);
    }
    {
        use AlarmChangeColumn as C;
        walk::<AlarmChange>(stage, &[C::Alarm, C::Happening, C::RecordedAt], told);
    }
    {
        use EntryColumn as C;
        walk::<Entry>(stage, &[C::Pool, C::Seq, C::EffectiveAt], told);
    }
}

#[test]
fn every_listing_is_the_same_on_both_engines_in_pages_of_any_size() {
    let told = |home: &Home| {
        let stage = Stage::new(home.open());
        furnish(&stage);
        walk_all(&stage)
    };
    let on_sqlite = told(&Home::sqlite());
    let Some(home) = Home::postgres() else { return };
    for (ours, theirs) in on_sqlite.iter().zip(&told(&home)) {
        assert_eq!(ours, theirs);
    }
}

/// All instances by name, with something done between the pages.
fn paged(stage: &Stage, direction: Direction, mut between: impl FnMut(usize)) -> Vec<Instance> {
    let mut query = Query::all(2).sorted(InstanceColumn::Name, direction);
    let mut seen = Vec::new();
    for page in 0.. {
        let rows = stage.read(|reading| reading.list::<Instance>(stage.account, &query));
        seen.extend(rows.rows);
        if rows.next.is_none() {
            return seen;
        }
        query = query.after(rows.next);
        between(page);
    }
    unreachable!("pages come to an end")
}

both! {
    fn pages_neither_repeat_nor_miss_while_rows_come_in(home: &Home) {
        let stage = Stage::new(home.open());
        furnish(&stage);
        for (direction, word) in [(Direction::Up, "up"), (Direction::Down, "down")] {
            let before = paged(&stage, direction, |_| {});
            let during = paged(&stage, direction, |page| {
                if page < 6 {
                    stage.bind(&format!("aaa {word} {page}"));
                    stage.bind(&format!("edge {word} {page}"));
                    stage.bind(&format!("zzz {word} {page}"));
                }
            });
            let mut ids: Vec<_> = during.iter().map(|one| one.id).collect();
            let old: Vec<_> = during.iter().filter(|one| before.contains(one)).collect();
            assert_eq!(old, before.iter().collect::<Vec<_>>());
            ids.sort();
            let count = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), count, "a row came twice");
        }
    }

    fn tests_choose_rows(home: &Home) {
        let stage = Stage::new(home.open());
        furnish(&stage);
        let names = |query: &Query<InstanceColumn>| -> Vec<String> {
            let rows = stage.read(|reading| reading.list::<Instance>(stage.account, query)).rows;
            assert_eq!(stage.read(|r| r.count::<Instance>(stage.account, query)), i64::try_from(rows.len()).unwrap());
            rows.into_iter().map(|one| one.name).collect()
        };
        let by_name = || Query::all(99).sorted(InstanceColumn::Name, Direction::Up);
        let begins = |start: &str| by_name().with(InstanceColumn::Name, Test::Begins(start.to_owned()));
        assert_eq!(names(&begins("edge")), ["edge", "edge-1", "EDGE-10", "Edge-2"]);
        assert_eq!(names(&begins("zug")), ["Zug", "zug-2"]);
        assert_eq!(names(&begins("\u{e9}")), ["\u{e9}dge"]);
        assert_eq!(names(&begins("%")), Vec::<String>::new(), "nothing is a pattern");
        assert_eq!(names(&begins("'; DROP TABLE instance; --")), Vec::<String>::new());
        assert_eq!(names(&begins("")).len(), NAMES.len());
        let silent = by_name().with(InstanceColumn::HeardAt, Test::Is(Value::Null));
        assert_eq!(names(&silent).len(), 3);
        let zoo = by_name().is(InstanceColumn::VirtualAccount, stage.place("Zoo"));
        assert_eq!(names(&zoo).len(), 4);
        assert_eq!(names(&zoo.with(InstanceColumn::Name, Test::Below("f".to_owned().store()))).len(), 2);
        let pools = stage.read(|r| r.list::<Pool>(stage.account, &Query::all(99))).rows;
        for pool in pools {
            let users = by_name().with(InstanceColumn::Id, Test::Uses(pool.id.store()));
            let told = stage.read(|r| r.users_of(stage.account, pool.id, 99));
            assert_eq!(names(&users).len(), told.len());
        }
        let heard = by_name().with(InstanceColumn::HeardAt, Test::AtLeast(stage.now().minus(Span::from_minutes(5)).store()));
        assert!(names(&heard).len() < 4);
    }

    fn facets_count_what_each_choice_would_show(home: &Home) {
        use InstanceColumn as C;
        let stage = Stage::new(home.open());
        furnish(&stage);
        let facet = |alternatives: Vec<Vec<(C, Test)>>, chosen: &[usize]| {
            Facet { alternatives, chosen: chosen.to_vec() }
        };
        let has = |part: &str| vec![(C::Name, Test::Contains(part.to_owned()))];
        let silent = vec![(C::HeardAt, Test::Is(Value::Null))];
        let heard = vec![(C::HeardAt, Test::Some), (C::Name, Test::Contains("e".to_owned()))];
        let place = |name: &str| vec![(C::VirtualAccount, Test::Is(stage.place(name).store()))];
        for (first, second) in [(vec![], vec![]), (vec![0], vec![]), (vec![0, 1], vec![1]), (vec![2], vec![0, 1])] {
            let facets = [
                facet(vec![has("edge"), has("zug"), has("%"), has("\0")], &first),
                facet(vec![silent.clone(), heard.clone()], &second),
                facet(vec![place("Zoo"), place("lab"), vec![]], &[]),
            ];
            let base = Query::all(99).sorted(C::Name, Direction::Up);
            let told = stage.read(|r| r.count_facets::<Instance>(stage.account, &base, &facets));
            for (n, one) in facets.iter().enumerate() {
                for (m, alternative) in one.alternatives.iter().enumerate() {
                    let mut query = base.clone().one_of(vec![alternative.clone()]);
                    for (_, facet) in facets.iter().enumerate().filter(|(other, _)| *other != n) {
                        query.groups.extend(facet.group());
                    }
                    let rows = stage.read(|r| r.list::<Instance>(stage.account, &query)).rows.len();
                    assert_eq!(told[n][m], i64::try_from(rows).unwrap(), "{n} {m} of {first:?} {second:?}");
                }
            }
        }
        let whole = stage.read(|r| r.count_facets::<Instance>(stage.account, &Query::all(99), &[
            facet(vec![has("edge"), silent.clone(), vec![]], &[]),
        ]));
        assert_eq!(whole, [[4, 3, 12]]);
        let by_place = stage.read(|r| r.count_by::<Instance>(stage.account, &Query::all(99), C::VirtualAccount, 5));
        assert_eq!(by_place, [(stage.main.store(), 8), (stage.place("Zoo").store(), 4)]);
        let none = Query::all(99).one_of(Vec::new());
        assert!(stage.read(|r| r.list::<Instance>(stage.account, &none)).rows.is_empty());
    }

    fn counts_are_exact_up_to_their_limit(home: &Home) {
        let stage = Stage::new(home.open());
        let count = |stage: &Stage| stage.read(|r| r.count::<AlarmChange>(stage.account, &Query::all(1)));
        assert_eq!(count(&stage), 0);
        let (account, bytes) = if home.takes_several_nodes() {
            ("(SELECT account_id FROM account)", "int8send(n)")
        } else {
            ("(SELECT account_id FROM account)", "CAST(printf('%08d', n) AS BLOB)")
        };
        home.sql(&format!(
            "WITH RECURSIVE many(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM many WHERE n < {COUNT_LIMIT} + 2) \
             INSERT INTO alarm_change SELECT {account}, {bytes}, n, 0, 0, 0, 0, 0 FROM many"
        ));
        assert_eq!(count(&stage), COUNT_LIMIT + 1);
        home.sql("DELETE FROM alarm_change WHERE seq BETWEEN 1 AND 3");
        assert_eq!(count(&stage), COUNT_LIMIT - 1);
    }

    fn a_read_within_an_account_sees_no_other(home: &Home) {
        let stage = Stage::new(home.open());
        furnish(&stage);
        let stranger = Stage::beside(stage.book.clone(), "stranger");
        let (own, other) = (stage.account, stranger.account);
        stage.read(|reading| {
            assert_eq!(reading.sight(), Sight::Account(own));
            assert_eq!(reading.account(other)?, None);
            assert_eq!(reading.virtual_account(other, stranger.main)?, None);
            assert_eq!(reading.token(other, stranger.token("door"))?, None);
            assert!(reading.list::<Pool>(other, &Query::all(9))?.rows.is_empty());
            assert_eq!(reading.count::<Pool>(other, &Query::all(9))?, 0);
            assert!(reading.known_key(stranger.key("edge-1"))?.is_none());
            assert_eq!(reading.accounts(9)?.len(), 1);
            assert_eq!(reading.totals()?.accounts, 1);
            let tag = crate::stage::tag("license-1");
            assert!(reading.pools_of_tag(&tag, 99)?.iter().all(|pool| pool.account == own));
            let pool = Pool::id_of(other, stranger.main, &tag);
            assert!(reading.history(other, pool)?.entries.is_empty());
            assert!(reading.users_of(other, pool, 9)?.is_empty());
            Ok(())
        });
        stage.house(|reading| {
            assert!(reading.known_key(stranger.key("edge-1"))?.is_some());
            assert_eq!(reading.accounts(9)?.len(), 2);
            assert!(!reading.history(other, Pool::id_of(other, stranger.main, &crate::stage::tag("license-1")))?.entries.is_empty());
            Ok(())
        });
    }
}
