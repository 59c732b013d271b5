//! How fast a long event log is looked into.

use std::collections::BTreeSet;

use ledger::log::Sphere;
use store::events::EventQuestion;
use wire::id::VirtualAccountId;
use wire::time::Timestamp;

use crate::homes::{Home, both};
use crate::stage::Stage;

/// The questions that a page asks, by what they are called in figures.
fn questions(stage: &Stage) -> Vec<(&'static str, EventQuestion)> {
    let text = |text: &str| Some(text.to_owned());
    let none = EventQuestion::default;
    let deep = stage.read(|r| {
        let until = Some(Timestamp::from_millis(500_000));
        r.events(stage.account, &EventQuestion { until, ..none() }, 50)
    });
    let span = |since, until| EventQuestion {
        since: Some(Timestamp::from_millis(since)),
        until: Some(Timestamp::from_millis(until)),
        ..none()
    };
    vec![
        ("newest", none()),
        ("next page, half way down", EventQuestion { after: deep.next, ..none() }),
        ("frequent action", EventQuestion { action: text("action.3"), ..none() }),
        ("rare action", EventQuestion { action: text("account.created"), ..none() }),
        ("subject", EventQuestion { subject: text("va_4711"), ..none() }),
        ("one person", EventQuestion { actor: text("person 1234"), ..none() }),
        ("many people", EventQuestion { actor: text("PERSON"), ..none() }),
        (
            "person and action",
            EventQuestion { actor: text("person 12"), action: text("action.12"), ..none() },
        ),
        (
            "person and rare action",
            EventQuestion { actor: text("operator"), action: text("account.created"), ..none() },
        ),
        ("one virtual account", EventQuestion { within: Some([place(7)].into()), ..none() }),
        (
            "forty virtual accounts and a frequent action",
            EventQuestion {
                within: Some((0..40).map(place).collect()),
                action: text("action.3"),
                ..none()
            },
        ),
        (
            "administration, which is rare",
            EventQuestion { sphere: Some(Sphere::Administration), ..none() },
        ),
        (
            "administration and a frequent action",
            EventQuestion {
                sphere: Some(Sphere::Administration),
                action: text("action.0"),
                ..none()
            },
        ),
        ("nobody", EventQuestion { actor: text("nobody"), ..none() }),
        ("thousands who acted once", EventQuestion { actor: text("token"), ..none() }),
        ("who acts most", EventQuestion { actor: text("person 0"), ..none() }),
        (
            "who acts most and a frequent action",
            EventQuestion { actor: text("person 0"), action: text("action.3"), ..none() },
        ),
        ("span", span(1_000, 2_000)),
    ]
}

/// The same for who reaches two thousand virtual accounts.
fn questions_of_many_places(stage: &Stage) -> Vec<(String, EventQuestion)> {
    let reach: BTreeSet<VirtualAccountId> = (0..2_000).map(place).collect();
    let all = questions(stage).into_iter().filter(|(_, question)| question.within.is_none());
    let within = |question| EventQuestion { within: Some(reach.clone()), ..question };
    all.map(|(name, question)| (format!("{name}, in 2,000"), within(question))).collect()
}

/// A virtual account of the many.
fn place(n: u64) -> VirtualAccountId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    VirtualAccountId::from_bytes(bytes)
}

fn fill_with_a_million(home: &Home) {
    let (bytes, hash, none, place) = if home.takes_several_nodes() {
        let place = "int8send(0) || int8send(n % 5000)";
        ("int8send(n) || int8send(n)", "sha256(int8send(n))", "''::BYTEA", place)
    } else {
        let place = "unhex(printf('%032X', n % 5000))";
        ("CAST(printf('%016d', n) AS BLOB)", "randomblob(32)", "x''", place)
    };
    let account = "(SELECT account_id FROM account)";
    let who = "CASE WHEN n % 3 = 0 THEN 'person 0' WHEN n % 200 = 1 THEN 'token ' || n ELSE 'person ' || (n % 2000) END";
    let many = "WITH RECURSIVE many(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM many WHERE n < 1000000)";
    home.sql(&format!(
        "{many} INSERT INTO event SELECT {account}, n, {bytes}, 'user', 'action.' || (n % 20), 'va_' || (n % 5000), '{{}}', n + 1, {hash}, {hash}, {place}, CASE WHEN n % 1000 = 0 THEN 0 ELSE 1 END FROM many"
    ));
    home.sql(&format!(
        "{many} INSERT INTO event_personal SELECT {account}, n, {bytes}, {none}, {who}, '', '192.0.2.1', NULL FROM many"
    ));
    home.sql(ACTORS);
}

/// The names of all who acted, as they are written with their events.
pub(crate) const ACTORS: &str = "DELETE FROM event_actor; INSERT INTO event_actor (account_id, actor) \
    SELECT DISTINCT account_id, actor FROM event_personal WHERE actor <> ''";

/// Events of two kinds that never meet: `odd` ones to `left`, `even` ones to `right`.
fn fill_with_two_kinds(home: &Home, count: u32) {
    let (bytes, hash, none) = if home.takes_several_nodes() {
        ("int8send(n) || int8send(n)", "sha256(int8send(n))", "''::BYTEA")
    } else {
        ("CAST(printf('%016d', n) AS BLOB)", "randomblob(32)", "x''")
    };
    let account = "(SELECT account_id FROM account)";
    let many = format!(
        "WITH RECURSIVE many(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM many WHERE n < {count})"
    );
    home.sql(&format!(
        "{many} INSERT INTO event SELECT {account}, n, {bytes}, 'user', CASE WHEN n % 2 = 1 THEN 'odd' ELSE 'even' END, CASE WHEN n % 2 = 1 THEN 'left' ELSE 'right' END, '{{}}', n + 1, {hash}, {hash}, NULL, 1 FROM many"
    ));
    home.sql(&format!(
        "{many} INSERT INTO event_personal SELECT {account}, n, {bytes}, {none}, 'person ' || (n % 100), '', '192.0.2.1', NULL FROM many"
    ));
    home.sql(ACTORS);
}

both! {
    fn a_page_looks_only_so_far_back_and_the_next_ones_find_the_rest(home: &Home) {
        let stage = Stage::new(home.open());
        fill_with_two_kinds(home, 26_000);
        let ask = |action: &str, subject: &str, actor: Option<&str>| {
            let mut question = EventQuestion {
                action: Some(action.to_owned()),
                subject: Some(subject.to_owned()),
                actor: actor.map(str::to_owned),
                ..EventQuestion::default()
            };
            let (mut found, mut pages) = (BTreeSet::new(), 0);
            loop {
                let page = stage.read(|r| r.events(stage.account, &question, 1_000));
                let before = found.len();
                found.extend(page.rows.iter().map(|one| (one.event.at, one.event.id)));
                assert_eq!(found.len(), before + page.rows.len(), "nothing comes twice");
                pages += 1;
                match page.next {
                    Some(next) => question.after = Some(next),
                    None => return (found.len(), pages),
                }
            }
        };
        assert_eq!(ask("odd", "right", None), (0, 3), "13,000 are looked at, 5,000 at once");
        assert_eq!(ask("odd", "left", None).0, 13_000);
        assert_eq!(ask("odd", "left", Some("PERSON 17")), (260, 1), "few are by one person");
        assert_eq!(ask("odd", "left", Some("person")).0, 13_000);
        assert_eq!(ask("even", "left", Some("person")), (0, 3));
    }

    #[ignore = "it writes a million events; its figures are printed"]
    fn a_page_of_a_million_events_comes_within_100_ms(home: &Home) {
        let stage = Stage::new(home.open());
        stage.sequence();
        fill_with_a_million(home);
        if home.takes_several_nodes() {
            home.sql("ANALYZE");
        }
        let mut slow = Vec::new();
        let all = questions(&stage).into_iter().map(|(name, question)| (name.to_owned(), question));
        for (name, question) in all.chain(questions_of_many_places(&stage)) {
            let mut times: Vec<u128> = (0..5).map(|_| {
                timed(|| stage.read(|r| r.events(stage.account, &question, 50)).rows.len()).1
            }).collect();
            times.sort_unstable();
            println!("{name}: {} µs", times[2]);
            slow.extend(Some(name).filter(|_| times[2] > 100_000));
        }
        assert_eq!(slow, Vec::<String>::new());
        let (_, spent) = timed(|| stage.read(|r| r.event_actions(stage.account)));
        println!("actions: {spent} µs");
        let (_, spent) = timed(|| stage.house(|r| r.unplaced(500)));
        println!("nothing waits: {spent} µs");
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, u128) {
    let begun = std::time::Instant::now();
    let done = work();
    (done, begun.elapsed().as_micros())
}
