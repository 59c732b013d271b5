//! Pages of the event log are what a plain filter over all events finds, whatever leads the way.

use std::collections::BTreeSet;

use ledger::log::Sphere;
use wire::id::{AccountId, EventId, VirtualAccountId};
use wire::time::Timestamp;

use super::Bare;
use crate::events::EventQuestion;
use crate::pool::{Sight, begin};
use crate::read::Reading;
use crate::rows::Change;
use crate::schema;
use crate::table::{Table, Write};
use crate::value::{Stored as _, Value, row};

/// More than a page looks back over several times: [`MANY`](crate::events) is small in tests.
const EVENTS: u64 = 420;
const ACCOUNT: AccountId = AccountId::from_bytes([7; 16]);
const ACTORS: [&str; 9] =
    ["Ann", "ANNA ärmel", "ben", "Carla", "dan", "Token 1", "token 2", "TOKEN 3", "rare one"];

/// A number that looks drawn by lot, the same in every run.
fn lot(n: u64, salt: u64) -> u64 {
    let mixed =
        (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

/// What a filter sees of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    at: i64,
    id: EventId,
    action: String,
    subject: String,
    actor: &'static str,
    place: Option<VirtualAccountId>,
    sphere: i64,
}

fn place(n: u64) -> VirtualAccountId {
    VirtualAccountId::from_bytes([u8::try_from(n).expect("it is small"); 16])
}

fn plain(n: u64) -> Plain {
    // Half of the log is one action by one person; three events fall on the same moment.
    let common = lot(n, 1).is_multiple_of(2);
    let actor = if n == 13 {
        8
    } else if common {
        0
    } else {
        lot(n, 2) % 8
    };
    Plain {
        at: i64::try_from(n / 3).expect("it is small"),
        id: EventId::derive(&[&n.to_be_bytes()]),
        action: if n % 50 == 7 { "rare".to_owned() } else { format!("a{}", lot(n, 3) % 2) },
        subject: if common { "all".to_owned() } else { format!("s{}", lot(n, 4) % 9) },
        actor: ACTORS[usize::try_from(actor).expect("it is small")],
        place: Some(lot(n, 5) % 10).filter(|n| *n > 0).map(place),
        sphere: i64::from(!lot(n, 6).is_multiple_of(4)),
    }
}

fn write(bare: &mut Bare, all: &[Plain]) {
    let open = |one: &Plain| {
        let none = None::<Vec<u8>>;
        row![
            ACCOUNT,
            one.at,
            one.id,
            "user".to_owned(),
            one.action,
            one.subject,
            "{}".to_owned(),
            None::<i64>,
            none,
            none,
            one.place,
            one.sphere
        ]
    };
    let personal = |one: &Plain| {
        let (text, salt) = (String::new, vec![1_u8; 16]);
        row![ACCOUNT, one.at, one.id, salt, one.actor.to_owned(), text(), text(), None::<i64>]
    };
    let actors: BTreeSet<_> = all.iter().map(|one| row![ACCOUNT, one.actor.to_owned()]).collect();
    let change =
        |table: &'static Table, rows: Vec<Vec<Value>>| Change { table, write: Write::Append, rows };
    let engine = bare.engine();
    engine.begin().expect("it begins");
    let changes = [
        change(&schema::EVENT, all.iter().map(open).collect()),
        change(&schema::EVENT_PERSONAL, all.iter().map(personal).collect()),
        change(&schema::EVENT_ACTOR, actors.into_iter().collect()),
    ];
    engine.finish(&changes).expect("it is written");
}

/// Every combination of conditions: none, common, rare, of several, of very many, of none.
fn questions() -> Vec<EventQuestion> {
    let texts = |texts: &[&str]| -> Vec<Option<String>> {
        std::iter::once(None).chain(texts.iter().map(|one| Some((*one).to_owned()))).collect()
    };
    let reach = |last: u64| Some((1..=last).map(place).collect::<BTreeSet<_>>());
    let spans = [(None, None), (Some(20), Some(90))];
    let mut all = Vec::new();
    for action in texts(&["a0", "rare", "absent"]) {
        for subject in texts(&["all", "s3"]) {
            for actor in texts(&["", "n", "ANN", "ärmel", "token", "RARE", "nobody", "carl"]) {
                for within in [None, reach(0), reach(1), reach(2), reach(4), reach(8)] {
                    for sphere in [None, Some(Sphere::Licenses), Some(Sphere::Administration)] {
                        for (since, until) in spans {
                            all.push(EventQuestion {
                                since: since.map(Timestamp::from_millis),
                                until: until.map(Timestamp::from_millis),
                                action: action.clone(),
                                subject: subject.clone(),
                                actor: actor.clone(),
                                within: within.clone(),
                                sphere,
                                after: None,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

fn meets(one: &Plain, question: &EventQuestion) -> bool {
    let part = |text: &String| one.actor.to_lowercase().contains(&text.to_lowercase());
    question.since.is_none_or(|since| one.at >= since.millis())
        && question.until.is_none_or(|until| one.at < until.millis())
        && question.action.as_ref().is_none_or(|it| one.action == *it)
        && question.subject.as_ref().is_none_or(|it| one.subject == *it)
        && question.actor.as_ref().is_none_or(part)
        && question.within.as_ref().is_none_or(|all| one.place.is_some_and(|it| all.contains(&it)))
        && question.sphere.is_none_or(|sphere| sphere.store() == Value::Int(one.sphere))
}

/// All pages of a question, and how many they were.
fn walk(reading: &mut Reading<'_>, question: &EventQuestion, limit: u32) -> (Vec<EventId>, u64) {
    let (mut question, mut found, mut pages) = (question.clone(), Vec::new(), 0);
    loop {
        let page = reading.events(ACCOUNT, &question, limit).expect("it is read");
        assert!(page.rows.len() <= limit as usize);
        found.extend(page.rows.iter().map(|one| one.event.id));
        pages += 1;
        question.after = page.next;
        if question.after.is_none() {
            return (found, pages);
        }
    }
}

#[test]
fn every_combination_of_conditions_finds_what_a_plain_filter_finds_on_all_its_pages() {
    let mut all: Vec<Plain> = (0..EVENTS).map(plain).collect();
    for mut bare in Bare::all() {
        write(&mut bare, &all);
        all.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
        let mut reader = bare.reader();
        // A server takes longer to answer; it is asked a part of them.
        let nth = if bare.engine().holds() { 5 } else { 1 };
        for (n, question) in questions().iter().enumerate().filter(|(n, _)| n % nth == 0) {
            begin(&mut reader, Sight::House).expect("it begins");
            let limit = [3, 10, 50][n % 3];
            let (found, pages) =
                walk(&mut Reading::new(&mut reader, Sight::House), question, limit);
            reader.rollback();
            let meant = all.iter().filter(|one| meets(one, question)).map(|one| one.id);
            assert_eq!(found, meant.collect::<Vec<_>>(), "{question:?}");
            let most = found.len() as u64 / u64::from(limit) + EVENTS / 60 + 2;
            assert!(pages <= most, "{pages} pages for {}: {question:?}", found.len());
        }
    }
}
