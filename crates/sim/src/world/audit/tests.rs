//! The auditor has teeth: one row that is not as it must be, and it complains.

use ledger::alarm::{AlarmKind, AlarmState};
use wire::time::Span;

use super::{Comparison, Differences, Extent, Timestamp};
use crate::world::World;
use crate::world::shelf::Shelf;

/// A world in which much has happened, with everything read.
fn world() -> World {
    let mut world = World::new(3).expect("a world");
    while world.figures.steps < 600 || world.server.app().is_none() {
        world.advance().expect("the world is whole");
    }
    let app = world.server.app().expect("a server");
    let account = world.model.account;
    world.auditor.shelf.read(&app.book, account, Extent::Everything).expect("rows");
    world
}

fn compare(world: &World, shelf: &Shelf) -> Differences {
    Comparison::new(shelf, &world.model, world.now, Timestamp::MIN).compare()
}

/// What the auditor says when rows are altered.
fn altered(alter: impl FnOnce(&mut Shelf, &World)) -> String {
    let world = world();
    let mut shelf = world.auditor.shelf.clone();
    alter(&mut shelf, &world);
    compare(&world, &shelf).join("\n")
}

#[track_caller]
fn says(said: &str, what: &str) {
    assert!(said.contains(what), "the auditor says: {said}");
}

#[test]
fn a_book_as_it_must_be_passes() {
    let world = world();
    assert_eq!(compare(&world, &world.auditor.shelf), Differences::new());
    assert!(
        world.auditor.shelf.reports.len() > 50,
        "{} reports",
        world.auditor.shelf.reports.len()
    );
    assert!(world.auditor.shelf.lots.len() > 1, "{} lots", world.auditor.shelf.lots.len());
}

#[test]
fn one_unit_more_in_use_is_seen() {
    let said = altered(|shelf, _| shelf.pools[0].used += 1);
    says(&said, "used and its lines");
    says(&said, " used: the store says");
}

#[test]
fn one_unit_more_in_use_with_a_line_for_it_is_seen() {
    let said = altered(|shelf, _| {
        let pool = &mut shelf.pools[0];
        let entries = shelf.entries.get_mut(&pool.id).expect("lines");
        let is_use =
            |entry: &&mut ledger::posting::Entry| entry.bucket == ledger::entitlement::Bucket::Used;
        entries.iter_mut().find(is_use).expect("a line").quantity += 1;
        pool.used += 1;
    });
    says(&said, " used: the store says");
}

#[test]
fn a_missing_report_is_seen() {
    let said = altered(|shelf, _| {
        shelf.reports.remove(11);
        shelf.counted.1 -= 1;
    });
    says(&said, "is missing");
    says(&said, "was acknowledged and is not there");
}

#[test]
fn a_report_that_lies_there_twice_is_seen() {
    let said = altered(|shelf, _| {
        let twin = shelf.reports[11].clone();
        shelf.reports.push(twin);
        shelf.counted.1 += 1;
    });
    says(&said, "lies there twice");
}

#[test]
fn a_report_that_nobody_sent_is_seen() {
    let said = altered(|shelf, _| {
        let mut stranger = shelf.reports[11].clone();
        stranger.position.number += 100_000;
        shelf.reports.push(stranger);
        shelf.counted.1 += 1;
    });
    says(&said, "reports: the store says");
}

#[test]
fn an_altered_level_is_seen() {
    let said = altered(|shelf, _| shelf.reports[3].levels[0].value += 1);
    says(&said, "levels of report");
}

#[test]
fn an_alarm_left_open_is_seen() {
    let said = altered(|shelf, world| {
        // An alarm of a pool that is not short.
        let used = world.model.in_use(world.now);
        let pool = shelf.pools.iter().find(|pool| {
            let used = used.get(&(pool.virtual_account, &pool.tag)).copied().unwrap_or(0);
            used <= pool.buckets.available
        });
        let pool = pool.expect("a pool that is not short").clone();
        let mut alarm = ledger::alarm::Alarm::of_pool(&pool);
        alarm.state = AlarmState::Open;
        shelf.alarms.retain(|one| one.id != alarm.id);
        shelf.alarms.push(alarm);
    });
    says(&said, "open alarm: the store says Some");
}

#[test]
fn an_alarm_settled_too_early_is_seen() {
    let said = altered(|shelf, _| {
        let is_open = |alarm: &&mut ledger::alarm::Alarm| {
            alarm.state == AlarmState::Open && alarm.kind == AlarmKind::InsufficientLicenses
        };
        let alarm = shelf.alarms.iter_mut().find(is_open).expect("an open alarm");
        alarm.state = AlarmState::Settled;
    });
    says(&said, "open alarm: the store says None");
}

#[test]
fn a_quantity_in_the_wrong_bucket_is_seen() {
    let said = altered(|shelf, _| {
        let lot = shelf.lots.iter_mut().find(|lot| lot.buckets.available > 0).expect("a lot");
        lot.buckets.available -= 1;
    });
    says(&said, "were granted");
}

#[test]
fn a_lost_line_is_seen() {
    let said = altered(|shelf, _| {
        let entries = shelf.entries.values_mut().max_by_key(|entries| entries.len());
        entries.expect("lines").remove(2);
    });
    says(&said, "lines: the store says");
    says(&said, "its lines are not numbered");
}

#[test]
fn a_use_at_another_level_or_in_another_pool_is_seen() {
    let said = altered(|shelf, _| shelf.uses[5].level += 1);
    says(&said, " level: the store says");
    let said = altered(|shelf, _| {
        let other = shelf.pools.iter().find(|pool| pool.id != shelf.uses[5].pool);
        shelf.uses[5].pool = other.expect("another pool").id;
    });
    says(&said, "counts in");
}

#[test]
fn a_forgotten_move_and_a_forgotten_use_of_a_token_are_seen() {
    let said = altered(|shelf, world| {
        let here = shelf.instances[4].placements[0].virtual_account;
        let other = world.model.places.iter().find(|(place, _)| *place != here);
        shelf.instances[4].placements[0].virtual_account = other.expect("another place").0;
    });
    says(&said, "placements of");
    let said = altered(|shelf, _| {
        shelf.tokens.iter_mut().find(|token| token.uses > 0).expect("a used token").uses -= 1;
    });
    says(&said, "uses of tok_");
}

#[test]
fn a_line_moved_to_another_time_is_seen() {
    let mut world = world();
    for entries in world.auditor.shelf.entries.values_mut() {
        for entry in entries {
            entry.effective_at = entry.effective_at.minus(Span::from_minutes(10));
        }
    }
    let (model, now) = (&world.model, world.now);
    let found: usize = (0..40).map(|_| world.auditor.look_back(model, now).len()).sum();
    assert!(found > 0, "no past moment differs");
}

#[test]
fn a_memory_that_differs_is_seen() {
    let mut world = world();
    world.model.grants.iter_mut().for_each(|grant| grant.quantity += 1);
    for _ in 0..1_000 {
        world.auditor.remember(&world.model, world.now);
    }
    let app = world.server.app().expect("a server");
    let found: usize =
        (0..40).map(|_| world.auditor.recall(app, &world.model).expect("standings").len()).sum();
    assert!(found > 0, "no memory differs");
}

#[test]
fn a_device_that_drops_what_was_not_acknowledged_is_seen() {
    let mut world = world();
    let unit = world.units.iter().position(|unit| unit.is_on()).expect("a device that is on");
    let key = wire::key::KeyId::from_bytes([1; 16]);
    world.units[unit].waiting.insert((key, 1, 77, [0; 32]));
    let wrong = world.look(unit).expect_err("a complaint");
    says(&wrong.0.join("\n"), "dropped #77, which was not acknowledged");
}
