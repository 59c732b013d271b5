//! Any order of arrival gives the same book: in use, standings at every time, open alarms.

use ledger::command::Completeness;
use ledger::pool::{Pool, Standing};
use ledger::posting::{Effect, Entry};
use ledger::standing::standing;
use proptest::prelude::{Just, Strategy, prop_assert_eq, proptest};
use proptest::sample::select;
use wire::id::AlarmId;
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

use crate::audit::{audit, entries_of, terms_of};
use crate::book::Reading;
use crate::model::{Device, Fact, Figures, Lot, Measured, Model};
use crate::scene::{MAIN, Scene, place};

const TAGS: [&str; 2] = ["advantage", "dna"];
const LAB: &str = "lab";
/// Measurements begin in the first minutes.
const MEASURED: u32 = 24;
/// Nothing happens any more from this minute on.
const OVER: u32 = 180;

/// Who reports: an instance, its members, and whether its key is bound from the start.
const DEVICES: [(&str, [&str; 2], bool); 6] = [
    ("sw1", ["sw1", "sw1"], true),
    ("st1", ["st1", "st2"], true),
    ("fo1", ["fo1", "fo1"], false),
    ("fo2", ["fo2", "fo3"], false),
    ("rm1", ["rm1", "rm1"], true),
    ("rs1", ["rs1", "rs2"], true),
];
/// The minute in which somebody removes `rm1` and `rs1`.
const REMOVED: u32 = 14;

/// A case: what is reported and bought, and in which order it arrives.
#[derive(Clone, Debug)]
struct Case {
    /// What arrives before `fo1` is bound, in order.
    early: Vec<Fact>,
    /// What arrives after it.
    late: Vec<Fact>,
    lots: Vec<Lot>,
}

fn levels() -> impl Strategy<Value = Vec<Measured>> {
    proptest::collection::vec((0..MEASURED, 0..6u32), 1..4)
}

fn fact() -> impl Strategy<Value = Fact> {
    let who = (0..DEVICES.len(), 0..2usize, 0..20u32);
    (who, 1..3u64, 1..5u64, select(&TAGS[..]), levels()).prop_map(
        |((device, member, lasted), epoch, number, tag, mut levels)| {
            // Two members at one moment and one position would be anybody's guess.
            levels.iter_mut().for_each(|level| level.0 = level.0 / 2 * 2 + member as u32);
            let (handle, members, verified) = DEVICES[device];
            let position = if verified { (epoch, number) } else { (0, 10 * epoch + number) };
            Fact { handle, reporter: members[member], verified, position, tag, levels, lasted }
        },
    )
}

/// The bound device's own reports, after it was heard unverified.
fn own_fact() -> impl Strategy<Value = Fact> {
    (1..4u64, select(&TAGS[..]), levels()).prop_map(|(number, tag, levels)| Fact {
        handle: "fo1",
        reporter: "fo1",
        verified: true,
        position: (7, number),
        tag,
        levels,
        lasted: 0,
    })
}

fn lot() -> impl Strategy<Value = Lot> {
    let term = (0..60u32, proptest::option::of(1..90u32));
    (select(&[MAIN, LAB][..]), select(&TAGS[..]), 1..15u32, term).prop_map(
        |(name, tag, quantity, (start, length))| Lot {
            place: place(name),
            tag,
            quantity,
            granted_at: 20,
            start,
            end: length.map(|length| start + length),
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let facts = proptest::collection::vec(fact(), 1..14);
    let own = proptest::collection::vec(own_fact(), 0..3);
    (facts, own, proptest::collection::vec(lot(), 0..5)).prop_map(|(facts, own, lots)| {
        let (early, mut late): (Vec<Fact>, Vec<Fact>) =
            facts.into_iter().partition(|fact| !fact.verified);
        late.extend(own);
        Case { early, late, lots }
    })
}

/// A case and another order of the same, with repetitions.
fn shuffled() -> impl Strategy<Value = (Case, Case)> {
    case().prop_flat_map(|one| {
        let twice = |facts: &[Fact]| facts.iter().chain(facts.iter().take(2)).cloned().collect();
        let early = Just::<Vec<Fact>>(twice(&one.early)).prop_shuffle();
        let late = Just::<Vec<Fact>>(twice(&one.late)).prop_shuffle();
        let lots = one.lots.clone();
        let other =
            (early, late).prop_map(move |(early, late)| Case { early, late, lots: lots.clone() });
        (Just(in_order(one)), other)
    })
}

/// As devices would send it: most of it takes the quick way.
fn in_order(mut case: Case) -> Case {
    for facts in [&mut case.early, &mut case.late] {
        facts.sort_by_key(|fact| (fact.position, fact.levels.iter().map(|level| level.0).min()));
    }
    case
}

fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", 8 + minute / 60, minute % 60)
}

/// The line of a scene that says a fact.
fn line(fact: &Fact) -> String {
    let Fact { handle, reporter, verified, position, tag, levels, lasted } = fact;
    let level = |(from, level): &Measured| {
        format!("{level} from {} until {}", clock(*from), clock(from + lasted))
    };
    let said: Vec<String> = levels.iter().map(level).collect();
    let said = said.join(" then ");
    // In one country, in another, or in none that is told.
    let country = ["", " country DE", " country FR"][(position.1 % 3) as usize];
    let name = format!("named n{}{country}", position.1 % 3);
    let members = match *handle {
        "st1" => " with st1+st2",
        "fo2" => " with fo2+fo3",
        "rs1" => " with rs1+rs2",
        _ => "",
    };
    if *verified {
        let (epoch, number) = position;
        format!("report {handle}/{reporter} e{epoch}.{number} {tag} {said} {name}{members}")
    } else {
        format!("import {reporter} {} {tag} {said} {name}{members}", position.1)
    }
}

fn tell(scene: &mut Scene, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = scene.happens(&words).expect("something happens");
    assert!(!said.contains("refused"), "{line}: {said}");
}

/// The minute at which `fo1` is bound.
fn bound_at(case: &Case) -> u32 {
    MEASURED + u32::try_from(case.early.len()).expect("few") + 1
}

fn play(case: &Case) -> Scene {
    let mut scene = Scene::new(Reading::Whole);
    for line in begin(case) {
        tell(&mut scene, &line);
    }
    for fact in &case.early {
        tell(&mut scene, "wait 1 minute");
        tell(&mut scene, &line(fact));
    }
    tell(&mut scene, "wait 1 minute");
    tell(&mut scene, "bind fo1 door");
    for fact in &case.late {
        tell(&mut scene, "wait 1 minute");
        tell(&mut scene, &line(fact));
    }
    end(&mut scene);
    scene
}

/// Instances are bound and one of them moves, lots are granted: the same in every order.
fn begin(case: &Case) -> Vec<String> {
    let mut lines: Vec<String> = [
        "bought in DE",
        "virtual account lab",
        "token t-lab in lab",
        "clock 08:12",
        "bind sw1 door",
        "bind st1 door with st1+st2",
        "bind rm1 door",
        "bind rs1 door with rs1+rs2",
        "clock 08:14",
        "remove rm1+rs1",
        "clock 08:18",
        "bind sw1 t-lab",
        "clock 08:20",
    ]
    .map(str::to_owned)
    .to_vec();
    for Lot { place: at, tag, quantity, start, end, .. } in &case.lots {
        let name = if *at == place(LAB) { LAB } else { MAIN };
        let until = end.map_or(String::new(), |end| format!(" until {}", clock(end)));
        lines.push(format!("grant {tag} {quantity} in {name} from {}{until}", clock(*start)));
    }
    lines.push(format!("clock {}", clock(MEASURED)));
    lines
}

fn end(scene: &mut Scene) {
    tell(scene, &format!("clock {}", clock(OVER)));
    for tag in TAGS {
        for name in [MAIN, LAB] {
            tell(scene, &format!("lapse {tag} in {name}"));
        }
    }
}

fn model(case: &Case, bound: u32) -> Model {
    let mut facts: Vec<Fact> = case.early.iter().chain(&case.late).cloned().collect();
    facts.sort();
    facts.dedup();
    let main = vec![(0, place(MAIN))];
    let devices = DEVICES.iter().map(|(handle, ..)| Device {
        handle,
        bound_at: (*handle == "fo1").then_some(bound),
        removed_at: handle.starts_with('r').then_some(REMOVED),
        places: if *handle == "sw1" { vec![main[0], (18, place(LAB))] } else { main.clone() },
    });
    Model { facts, devices: devices.collect(), lots: case.lots.clone() }
}

/// What must be the same in every order.
#[derive(Debug, PartialEq)]
struct Outcome {
    uses: Vec<Effect>,
    instances: Vec<Effect>,
    reports: Vec<Effect>,
    names: Vec<String>,
    pools: Vec<(Pool, Vec<Standing>)>,
    alarms: Vec<AlarmId>,
}

fn minute(scene: &Scene, at: u32) -> Timestamp {
    let midnight = scene.clock.millis() - scene.clock.millis().rem_euclid(86_400_000);
    Timestamp::from_millis(midnight).plus(Span::from_minutes(i64::from(8 * 60 + at)))
}

fn standings(scene: &Scene, pool: &Pool, entries: &[Entry]) -> Vec<Standing> {
    let terms = terms_of(&scene.book, pool.id);
    let at = |nth| minute(scene, nth);
    (0..OVER).map(|nth| standing(entries, &terms, pool.concern, at(nth), scene.clock)).collect()
}

fn outcome(scene: &Scene) -> Outcome {
    let rows = scene.book.rows();
    let instances = rows.iter().filter_map(|row| match row {
        Effect::Instance(one) => {
            let mut one = one.clone();
            (one.heard_at, one.stale_at) = (None, None);
            (one.created_at, one.udi) = (Timestamp::MIN, Udi::default());
            if let Some(known) = &mut one.country_of_use {
                known.since = Timestamp::MIN;
                known.elsewhere_since = known.elsewhere_since.map(|_| Timestamp::MIN);
            }
            // A clock ahead is cut off at the moment of hearing.
            for removal in &mut one.removals {
                removal.measured_again = removal.measured_again.map(|_| Timestamp::MIN);
            }
            one.progress.iter_mut().for_each(|progress| progress.tip = [0; 32]);
            one.progress.sort_by_key(|progress| progress.key);
            Some(Effect::Instance(one))
        }
        _ => None,
    });
    let instances: Vec<Effect> = instances.collect();
    let mut reports = Vec::new();
    for row in &instances {
        let Effect::Instance(one) = row else { continue };
        let kept = scene.book.page.reports_of(one.account, one.id).expect("the book is read");
        for mut report in kept {
            report.heard_at = Timestamp::MIN;
            report.flags.clear();
            report.levels.iter_mut().for_each(|level| level.end = Timestamp::MIN);
            reports.push(Effect::Report(Box::new(report), Vec::new()));
        }
    }
    let names = scene.book.page.names.changed();
    let pools = scene.book.page.pools.changed().map(|pool| {
        let entries = entries_of(&scene.book, pool.id);
        let known = standings(scene, pool, &entries);
        let mut pool = pool.clone();
        (pool.seq, pool.moved_at, pool.short_since) = (0, Timestamp::MIN, None);
        (pool, known)
    });
    Outcome {
        uses: rows.iter().filter(|row| matches!(row, Effect::Use(_))).cloned().collect(),
        instances: instances.clone(),
        reports,
        names: names.map(|name| format!("{} {}", name.instance, name.name)).collect(),
        pools: pools.collect(),
        alarms: scene.open_alarms().into_keys().collect(),
    }
}

/// As `play`, but what arrives is written in batches, as the store's writer does: what misses
/// a row waits while the others go on.
fn play_together(case: &Case, most: usize) -> Scene {
    let mut scene = Scene::new(if most < 4 { Reading::AsAsked } else { Reading::Kept });
    for line in begin(case) {
        tell(&mut scene, &line);
    }
    arrive_together(&mut scene, &case.early, most);
    tell(&mut scene, "wait 1 minute");
    tell(&mut scene, "bind fo1 door");
    arrive_together(&mut scene, &case.late, most);
    end(&mut scene);
    scene
}

fn arrive_together(scene: &mut Scene, facts: &[Fact], most: usize) {
    for batch in facts.chunks(most) {
        let mut commands = Vec::new();
        for fact in batch {
            scene.clock = scene.clock.plus(Span::from_minutes(1));
            let line = line(fact);
            let words: Vec<&str> = line.split_whitespace().collect();
            let command = match words.as_slice() {
                ["report", device, said @ ..] => scene.push_of(device, said),
                said => scene.import_of(&said[1..], Completeness::Partial),
            };
            commands.push((command, scene.clock));
        }
        for answer in scene.book.run_together(&commands) {
            answer.expect("a report is not refused");
        }
        audit(&scene.book, scene.clock);
    }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn commands_written_together_give_the_same_book(one in case(), most in 1..9usize) {
        let (alone, together) = (outcome(&play(&one)), outcome(&play_together(&one, most)));
        prop_assert_eq!(alone.uses, together.uses);
        prop_assert_eq!(alone.instances, together.instances);
        prop_assert_eq!(alone.reports, together.reports);
        prop_assert_eq!(alone.pools, together.pools);
        prop_assert_eq!(alone.alarms, together.alarms);
    }

    #[test]
    fn any_order_of_arrival_gives_the_same_book((one, other) in shuffled()) {
        // Both are bound at the same minute.
        let pad = other.early.len() - one.early.len();
        let repeated = one.early.iter().take(pad).cloned().collect::<Vec<_>>();
        let one = Case { early: [one.early.clone(), repeated].concat(), ..one };
        let (one, other) = (outcome(&play(&one)), outcome(&play(&other)));
        prop_assert_eq!(one.uses, other.uses);
        prop_assert_eq!(one.instances, other.instances);
        prop_assert_eq!(one.reports, other.reports);
        prop_assert_eq!(one.names, other.names);
        prop_assert_eq!(one.pools, other.pools);
        prop_assert_eq!(one.alarms, other.alarms);
    }

    #[test]
    fn every_standing_is_what_a_naive_model_says(one in case(), order in 0..2usize) {
        let one = if order == 0 { one } else { in_order(one) };
        let scene = play(&one);
        let model = model(&one, bound_at(&one));
        for name in [MAIN, LAB] {
            for tag in TAGS {
                let id = Pool::id_of(scene.account, place(name), &crate::words::tag(tag));
                let entries = entries_of(&scene.book, id);
                let terms = terms_of(&scene.book, id);
                for nth in 0..OVER {
                    let at = minute(&scene, nth);
                    let concern = ledger::license::Concern::Counted;
                    let known = standing(&entries, &terms, concern, at, scene.clock);
                    let known = Figures {
                        purchased: known.purchased,
                        future: known.future,
                        expired: known.expired,
                        in_use: known.in_use,
                        unverified: known.unverified,
                    };
                    prop_assert_eq!(known, model.figures(place(name), tag, nth), "{} {} {}", name, tag, nth);
                }
            }
        }
    }
}
