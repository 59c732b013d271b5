//! Random walks: anything happens to a book, in any order, with any clock.

use ledger::license::Concern;
use ledger::pool::{Pool, Standing};
use ledger::standing::{short_since, standing};
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use wire::time::{Span, Timestamp};

use crate::audit::{entries_of, terms_of};
use crate::book::Reading;
use crate::scene::Scene;

const TAGS: [&str; 2] = ["advantage", "dna"];
const PLACES: [&str; 2] = ["main", "lab"];

fn tag() -> impl Strategy<Value = &'static str> {
    select(&TAGS[..])
}

fn hour() -> impl Strategy<Value = String> {
    (0..24u32, select(&["00", "30"][..])).prop_map(|(hour, minute)| format!("{hour:02}:{minute}"))
}

fn said() -> impl Strategy<Value = String> {
    let level = (0..9u32, hour()).prop_map(|(level, from)| format!("{level} from {from}"));
    (tag(), proptest::collection::vec(level, 1..3))
        .prop_map(|(tag, levels)| format!("{tag} {}", levels.join(" then ")))
}

/// Devices are moved, removed and kept.
fn decides() -> impl Strategy<Value = String> {
    let fate = prop_oneof![
        select(&["to main", "to lab"][..]).prop_map(|to| ("move", to)),
        select(&["remove", "remove", "keep"][..]).prop_map(|what| (what, "")),
    ];
    (fate, select(&["sw1", "sw2", "sw9", "st1", "sw1+sw8", "sw1+sw2+sw9"][..]))
        .prop_map(|((what, to), devices)| format!("{what} {devices} {to}"))
}

/// A line of a scene; some ask for what is refused.
fn line() -> impl Strategy<Value = String> {
    let epoch = select(&["", "e2.", "e3."][..]);
    let device = select(&["sw1", "sw2", "st1/st1", "st1/st2"][..]);
    let report = (device, epoch, 1..6u32, said()).prop_map(|(device, epoch, number, said)| {
        format!("report {device} {epoch}{number} {said}")
    });
    let import = (
        select(&["import", "import complete"][..]),
        select(&["sw2", "sw8", "sw9"][..]),
        100..106u32,
        said(),
        select(&["", " with sw8+sw9"][..]),
    )
        .prop_map(|(how, device, number, said, set)| {
            format!("{how} {device} {number} {said}{set}")
        });
    let term = (hour(), hour()).prop_map(|(from, until)| format!("from {from} until {until}"));
    let grant = (tag(), 1..20u32, select(&PLACES[..]), term)
        .prop_map(|(tag, count, place, term)| format!("grant {tag} {count} in {place} {term}"));
    let bind = (
        select(&["sw1", "sw2", "sw9", "st1"][..]),
        select(&["door", "t-lab"][..]),
        select(&["", " by second", " with st1+st2"][..]),
    )
        .prop_map(|(device, token, rest)| format!("bind {device} {token}{rest}"));
    let define = (tag(), select(&["", "information-only", "subscription"][..]))
        .prop_map(|(tag, how)| format!("define {tag} {how}"));
    let end_use = (select(&["sw8", "sw9", "sw1"][..]), tag())
        .prop_map(|(device, tag)| format!("end use {device} {tag}"));
    let lapse =
        (tag(), select(&PLACES[..])).prop_map(|(tag, place)| format!("lapse {tag} in {place}"));
    let moves = (select(&PLACES[..]), select(&PLACES[..]))
        .prop_map(|(from, to)| format!("move everything from {from} to {to}"));
    let question = (
        select(&["uses", "names", "where", "active", "gaps", "stale", "reports", "removed"][..]),
        select(&["sw1", "sw9", "st1"][..]),
    );
    let question = prop_oneof![
        question.prop_map(|(what, device)| format!("{what} {device}")),
        select(&["alarms", "news", "events"][..]).prop_map(str::to_owned),
    ];
    prop_oneof![
        6 => report,
        3 => import,
        2 => grant,
        2 => bind,
        1 => define,
        1 => end_use,
        2 => lapse,
        1 => moves,
        2 => decides(),
        1 => tag().prop_map(|tag| format!("tell {tag}")),
        1 => select(&["sw1", "st1"][..]).prop_map(|device| format!("revoke key {device} cloned")),
        1 => question,
        4 => (1..300u32).prop_map(|count| format!("wait {count} minutes")),
    ]
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(line(), 1..40)
}

fn begin(reading: Reading) -> Scene {
    let mut scene = Scene::new(reading);
    tell(&mut scene, "virtual account lab");
    tell(&mut scene, "token t-lab in lab for 2");
    scene
}

fn tell(scene: &mut Scene, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    scene.happens(&words).unwrap_or_else(|| scene.asks(&words))
}

/// The standing of each pool at some moments, as far as was known at one.
fn standings(scene: &Scene, known_at: Timestamp) -> Vec<(String, Timestamp, Standing)> {
    let mut all = Vec::new();
    for pool in scene.book.page.pools.changed() {
        let (entries, terms) = (entries_of(&scene.book, pool.id), terms_of(&scene.book, pool.id));
        for half_hours in 0..200 {
            let at = beginning().plus(Span::from_minutes(30 * half_hours));
            let known = standing(&entries, &terms, Concern::Counted, at, known_at);
            let name = format!("{} {}", pool.virtual_account, pool.tag);
            if known != Pool::opening(pool.account, pool.virtual_account, &pool.tag).standing() {
                all.push((name, at, known));
            }
        }
    }
    all.sort_by_key(|(name, at, _)| (name.clone(), *at));
    all
}

fn beginning() -> Timestamp {
    "2025-03-03T00:00:00Z".parse().expect("a moment")
}

/// Since when a pool is short, found by looking at every moment.
fn short_since_naively(scene: &Scene, pool: &Pool) -> Option<Timestamp> {
    let (entries, terms) = (entries_of(&scene.book, pool.id), terms_of(&scene.book, pool.id));
    let mut moments: Vec<Timestamp> = entries.iter().map(|entry| entry.effective_at).collect();
    moments.extend(terms.values().flat_map(|term| [Some(term.start), term.end]).flatten());
    moments.retain(|moment| *moment <= scene.clock);
    moments.sort();
    let short = |at: Timestamp| {
        standing(&entries, &terms, Concern::Counted, at, scene.clock).shortage() > 0
    };
    moments.into_iter().rev().take_while(|at| short(*at)).last()
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn rows_given_when_asked_for_give_the_same_book(lines in lines()) {
        let mut whole = begin(Reading::Whole);
        let mut others = [begin(Reading::AsAsked), begin(Reading::Kept)];
        for line in &lines {
            let said = tell(&mut whole, line);
            for other in &mut others {
                prop_assert_eq!(&said, &tell(other, line), "{}", line);
            }
        }
        for other in others {
            prop_assert_eq!(whole.book.rows(), other.book.rows());
            prop_assert_eq!(&whole.book.entries, &other.book.entries);
            prop_assert_eq!(&whole.book.alarm_changes, &other.book.alarm_changes);
            prop_assert_eq!(&whole.book.news, &other.book.news);
        }
    }

    #[test]
    fn everything_twice_changes_nothing_in_totals(lines in lines()) {
        let mut scene = begin(Reading::Whole);
        for line in &lines {
            tell(&mut scene, line);
        }
        // Whoever comes first brings a pool to now, be it a report that came before.
        for (tag, place) in TAGS.iter().flat_map(|tag| PLACES.map(|place| (tag, place))) {
            tell(&mut scene, &format!("lapse {tag} in {place}"));
        }
        let (before, clock) = (standings(&scene, scene.clock), scene.clock);
        let reports = |line: &&String| line.starts_with("report ") || line.starts_with("import ");
        for line in lines.iter().filter(reports) {
            let said = tell(&mut scene, line);
            let known = said.starts_with("0 posted") || said.contains("refused");
            prop_assert!(known, "{}: {}", line, said);
        }
        prop_assert_eq!(before, standings(&scene, clock));
    }

    #[test]
    fn what_was_known_is_what_a_book_of_that_time_says(lines in lines(), cut in 0..40usize) {
        let mut scene = begin(Reading::Whole);
        let mut known_at = scene.clock;
        let mut until = 0;
        for (nth, line) in lines.iter().enumerate() {
            tell(&mut scene, line);
            if nth <= cut {
                known_at = scene.clock;
            }
            if scene.clock == known_at {
                until = nth + 1;
            }
        }
        let mut past = begin(Reading::Whole);
        for line in &lines[..until] {
            tell(&mut past, line);
        }
        prop_assert_eq!(standings(&scene, known_at), standings(&past, Timestamp::MAX));
    }

    #[test]
    fn short_since_is_the_first_of_the_short_moments(lines in lines()) {
        let mut scene = begin(Reading::Whole);
        for line in &lines {
            tell(&mut scene, line);
        }
        for pool in scene.book.page.pools.changed() {
            let (entries, terms) = (entries_of(&scene.book, pool.id), terms_of(&scene.book, pool.id));
            let since = short_since(&entries, &terms, Concern::Counted, scene.clock);
            prop_assert_eq!(since, short_since_naively(&scene, pool));
        }
    }

    #[test]
    fn the_stored_short_since_is_exact_while_all_comes_in_order(
        steps in proptest::collection::vec((0..4usize, 0..8u32, 1..90u32, tag()), 1..40)
    ) {
        let mut scene = begin(Reading::Whole);
        for (nth, (what, count, minutes, tag)) in steps.into_iter().enumerate() {
            let until = scene.clock.plus(Span::from_minutes(i64::from(minutes) * 2)).to_string();
            let line = match what {
                0 => format!("grant {tag} {} until {}", count + 1, &until[..16]),
                1 => format!("bind sw1 {}", if count < 4 { "door" } else { "t-lab" }),
                device => format!("report sw{device} {} {tag} {count}", nth + 1),
            };
            tell(&mut scene, &line);
            for pool in scene.book.page.pools.changed() {
                if pool.next_boundary > scene.clock {
                    prop_assert_eq!(pool.short_since, short_since_naively(&scene, pool));
                }
            }
            tell(&mut scene, &format!("wait {minutes} minutes"));
        }
    }
}
