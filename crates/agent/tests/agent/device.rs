//! What a device measures, keeps and closes, with clocks set by hand.

use crate::office::{Mood, Office};
use crate::{ADVANTAGE, tag};
use agent::device::{Device, Ending, Habits, Saving, State, WAITING_REPORTS};
use agent::seat::{Carrier, Keeping, step};
use wire::limits::MEASUREMENTS_PER_REPORT;
use wire::time::{Span, Timestamp};

use crate::world::{PREMIER, START, World, count, profile};

#[test]
fn reports_are_numbered_without_gaps_and_chained() {
    let mut world = World::trusted();
    for level in 1..6 {
        world.set(ADVANTAGE, level);
        world.set(PREMIER, level);
        world.pass(100);
        world.sync();
    }
    let epoch = world.device.state().epoch;
    assert_eq!(epoch, START.unsigned_abs());
    let mut before = [0; 32];
    for (place, (number, ((at, at_number), one))) in (1u64..).zip(&world.manager.book).enumerate() {
        assert_eq!((*at, *at_number), (epoch, number));
        assert_eq!(one.report.report_id, epoch + place as u64);
        assert_eq!(one.previous, before);
        before = one.hash;
    }
    assert_eq!(world.manager.book.len(), 10);
}

#[test]
fn a_clock_turned_back_is_reported_and_counting_goes_on() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 4);
    world.pass(1_000);
    world.device.tick(world.now());
    world.wall -= 5_000;
    world.monotonic += 1_000;
    world.device.tick(world.now());
    world.wall += 500;
    world.monotonic += 500;
    world.sync();
    assert_eq!(world.manager.weighted(ADVANTAGE), 4 * 2_500);
    let report = world.manager.reports_of(ADVANTAGE)[0].clone();
    assert_eq!(report.measurements.len(), 1);
    assert_eq!(report.measurements[0].clock_change_delta, Some(-6_000));
    assert_eq!(report.measurements[0].end_time, Timestamp::from_seconds(START + 2_500));
}

#[test]
fn a_clock_set_forward_begins_a_new_measurement_and_invents_no_use() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 4);
    world.pass(1_000);
    world.device.tick(world.now());
    world.wall += 1_000_000;
    world.sync();
    assert_eq!(world.manager.weighted(ADVANTAGE), 4 * 1_000);
    let report = world.manager.reports_of(ADVANTAGE)[0].clone();
    assert_eq!(report.measurements[0].clock_change_delta, Some(1_000_000));
    assert_eq!(report.measurements[1].start_time, Timestamp::from_seconds(START + 1_001_000));
}

#[test]
fn a_restart_closes_the_report_at_the_last_moment_that_was_kept() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 4);
    for _ in 0..4 {
        world.pass(900);
        world.device.tick(world.now());
        world.kept.keep(&mut world.device).expect("kept");
    }
    // Fourteen minutes that nobody kept, then a day off.
    world.pass(840 + 86_400);
    world.restart();
    world.device.reloaded(world.now());
    world.pass(100);
    world.sync();
    let reports = world.manager.reports_of(ADVANTAGE);
    let last =
        reports.iter().find(|report| report.measurements[0].value.get() == 4).expect("a report");
    let end = last.measurements.last().expect("a measurement");
    assert_eq!(end.termination_reason.as_deref(), Some("ProductReload"));
    assert_eq!(end.close_reason.as_deref(), Some("ProductReload"));
    assert_eq!(world.manager.weighted(ADVANTAGE), 4 * (3_600 + 100));
    let now = reports.last().expect("a report").measurements[0].clone();
    assert_eq!(
        (now.value.get(), now.start_time),
        (4, Timestamp::from_seconds(START + 3_600 + 840 + 86_400))
    );
}

#[test]
fn at_a_thousand_waiting_reports_closing_stops_and_nothing_is_lost() {
    let mut profile = profile();
    profile.habits = Habits { report_every: Some(Span::from_seconds(60)), ..Habits::default() };
    let mut world = World::with(profile);
    world.trust();
    world.manager.mood = Mood::Away;
    let mut weighted = 0;
    for minute in 0..3_000u64 {
        let level = minute % 7 + 1;
        world.set(ADVANTAGE, level);
        weighted += level * 60;
        world.pass(60);
        let now = world.now();
        step(&mut world.device, &mut world.kept, &mut world.manager, &mut || now).expect("kept");
    }
    let state = world.device.state();
    assert_eq!(state.waiting.len(), WAITING_REPORTS);
    let runs = state.open[&tag(ADVANTAGE)].runs.len();
    assert!((MEASUREMENTS_PER_REPORT - 4..MEASUREMENTS_PER_REPORT).contains(&runs), "{runs}");
    world.manager.mood = Mood::Good;
    world.sync();
    world.sync();
    assert_eq!(world.manager.weighted(ADVANTAGE), weighted);
    assert!(world.device.state().waiting.is_empty());
}

#[test]
fn a_level_of_nothing_ends_the_reports_of_a_license() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    world.pass(10);
    world.set(ADVANTAGE, 0);
    world.sync();
    world.sync();
    let levels: Vec<_> = world
        .manager
        .reports_of(ADVANTAGE)
        .iter()
        .flat_map(|one| &one.measurements)
        .map(|one| one.value.get())
        .collect();
    assert_eq!(levels, [3, 0]);
    assert!(world.device.state().open.is_empty());
}

#[test]
fn more_than_256_licenses_are_not_measured_and_the_first_ones_go_on() {
    let mut world = World::new();
    for number in 0..256 {
        world.set(&format!("tag-{number}"), 1);
    }
    let now = world.now();
    assert!(world.device.usage(&tag("tag-256"), count(1), now).is_err());
    world.device.usage(&tag("tag-7"), count(2), now).expect("a known license");
}

#[test]
fn the_deadline_follows_the_policy_by_kind_of_license() {
    let mut world = World::new();
    world.set(ADVANTAGE, 1);
    let day = |days: i64| Some(Timestamp::from_seconds(START).plus(Span::from_days(days)));
    assert_eq!(world.device.ack_deadline(), day(365));
    world.set(PREMIER, 1);
    assert_eq!(world.device.ack_deadline(), day(90));
    world.trust();
    assert_eq!(world.device.ack_deadline(), day(90));
    world.set(PREMIER, 0);
    world.sync();
    assert_eq!(world.device.ack_deadline(), day(90), "a subscription is reported every 90 days");
}

#[test]
fn records_replayed_from_the_start_give_the_state_that_the_device_has() {
    let mut world = World::new();
    let mut records = world.device.drain_records();
    let mut replayed: Option<State> = None;
    let mut manager = Office::new(Timestamp::from_seconds(START));
    for round in 0..30u64 {
        world.pass(400);
        let now = world.now();
        manager.now = now.wall;
        world.device.usage(&tag(ADVANTAGE), count(round % 5), now).expect("it can be measured");
        match round {
            3 => world.device.trust(&manager.token(), now),
            11 => drop(world.device.save(Saving::All, now)),
            17 => world.device.reloaded(now),
            _ if round % 4 == 0 => world.device.sync(now),
            _ => {}
        }
        while let Some(outgoing) = world.device.tick(now) {
            let reply = manager.carry(outgoing).expect("an answer");
            world.device.receive(reply, now);
        }
        records.extend(world.device.drain_records());
    }
    for record in records {
        match (&mut replayed, record) {
            (Some(state), record) => state.apply(record),
            (empty, agent::device::Record::Whole { state }) => *empty = Some(*state),
            (None, other) => panic!("{other:?} comes first"),
        }
    }
    assert_eq!(replayed.as_ref(), Some(world.device.state()));
    assert!(world.device.state().acknowledged > 5);
    assert_eq!(Ending::Plain.word(), None);
}

#[test]
fn a_device_can_be_moved_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Device>();
}
