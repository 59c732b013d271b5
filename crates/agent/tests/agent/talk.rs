//! What a device says to a manager and believes of it, with clocks set by hand.

use crate::office::{Mood, Office};
use crate::{ADVANTAGE, tag};
use agent::device::{Clock, Device, Reply, STORE_RESET, Saving, Seed};
use agent::seat::{Carrier as _, Keeping, drive};
use wire::file::{AckFile, Room, UsageFile};
use wire::key::SigningKey;
use wire::message::AckedReport;
use wire::seal::Carried;
use wire::time::{Span, Timestamp};

use crate::world::{PREMIER, START, World, profile, seed};

#[test]
fn usage_measured_before_trust_is_reported_after() {
    let mut world = World::new();
    world.set(ADVANTAGE, 3);
    world.pass(3_600);
    world.set(ADVANTAGE, 5);
    world.pass(3_600);
    world.device.save(Saving::All, world.now()).expect("something to save");
    world.pass(60);
    assert!(world.manager.book.is_empty());
    world.trust();
    assert_eq!(world.manager.weighted(ADVANTAGE), 3 * 3_600 + 5 * 3_660);
    let first = &world.manager.reports_of(ADVANTAGE)[0];
    assert_eq!(first.measurements.len(), 2);
    assert_eq!(first.measurements[0].num_samples, 5);
    assert_eq!(first.hostname.as_deref(), Some("switch 1 ü"));
    assert!(world.device.state().waiting.is_empty());
    assert_eq!(world.device.state().acknowledged, 2);
}

#[test]
fn a_report_names_the_country_of_the_profile_and_none_without_one() {
    let countries = |country: &str| {
        let mut profile = profile();
        profile.country = country.parse().ok();
        let mut world = World::with(profile);
        world.set(ADVANTAGE, 3);
        world.trust();
        let reports = world.manager.reports_of(ADVANTAGE);
        reports.iter().map(|report| report.country.map(|one| one.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(countries("DE"), [Some("DE".to_owned())]);
    assert_eq!(countries(""), [None]);
}

#[test]
fn a_report_that_closed_before_trust_names_no_realm_and_one_after_does() {
    let mut world = World::new();
    world.set(ADVANTAGE, 3);
    let before = world.device.save(Saving::All, world.now()).expect("something to save");
    world.trust();
    world.set(ADVANTAGE, 4);
    world.manager.mood = Mood::Away;
    let after = world.device.save(Saving::All, world.now()).expect("something to save");
    let realms = |file: &str| -> Vec<_> {
        let file = UsageFile::parse(file.as_bytes(), Room::File).expect("a usage file");
        let realm = |carried: Carried| match carried {
            Carried::Sealed(sealed) => sealed.peek().expect("sealed").realm,
            Carried::Foreign(_) => panic!("foreign"),
        };
        file.reports.into_iter().map(realm).collect()
    };
    assert_eq!(realms(&before), [None]);
    assert_eq!(realms(&after), [Some(world.manager.realm())]);
}

#[test]
fn after_a_lost_answer_the_same_bytes_come_again_and_count_once() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    world.pass(100);
    world.manager.mood = Mood::LosesAnswers;
    world.sync();
    assert_eq!(world.device.state().waiting.len(), 1);
    assert_eq!(world.trouble(), Some("client.unreachable"));
    world.manager.mood = Mood::Good;
    world.pass(3_600);
    world.drive();
    assert!(world.device.state().waiting.is_empty());
    assert_eq!(world.trouble(), None);
    let usage: Vec<_> = world
        .manager
        .bodies
        .iter()
        .filter(|(kind, _)| *kind == "usage")
        .map(|(_, body)| body)
        .collect();
    assert_eq!(usage.len(), 2);
    assert_eq!(usage[0], usage[1]);
    assert_eq!(world.manager.book.values().map(|one| one.times).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_refused_report_is_kept_shown_and_not_sent_again_by_itself() {
    let mut world = World::trusted();
    world.manager.mood = Mood::Refuses(PREMIER);
    world.set(ADVANTAGE, 3);
    world.set(PREMIER, 1);
    world.sync();
    let state = world.device.state();
    assert_eq!(state.acknowledged, 1);
    assert_eq!(
        state.waiting.values().map(|one| one.refused.as_deref()).collect::<Vec<_>>(),
        [Some("report.test")]
    );
    let sent = world.manager.bodies.len();
    for _ in 0..100 {
        world.pass(60);
        world.drive();
    }
    let again = world.manager.bodies.len() - sent;
    assert!(again <= 1, "one push after the start at most, {again}");
    world.manager.mood = Mood::Good;
    world.sync();
    assert!(world.device.state().waiting.is_empty(), "a person's sync tries again");
}

#[test]
fn one_report_that_makes_a_push_fail_does_not_hold_up_the_others() {
    one_is_refused("report.realm");
}

#[test]
fn one_report_whose_seal_was_damaged_does_not_hold_up_the_others() {
    one_is_refused("seal.malformed");
}

#[test]
fn one_report_that_is_blamed_in_any_words_does_not_hold_up_the_others() {
    for code in ["report.size", "report.form", "count.range", "seal.algorithm", "size.report"] {
        one_is_refused(code);
    }
}

/// Three reports wait; every push that holds the second is refused with this code.
fn one_is_refused(code: &str) {
    let mut world = World::trusted();
    for level in 1..4 {
        world.set(ADVANTAGE, level);
        world.device.save(Saving::All, world.now()).expect("something to save");
    }
    let poison = world.device.state().waiting.keys().nth(1).copied().expect("three reports");
    let mut manager = Office::new(Timestamp::from_seconds(START));
    manager.device = world.manager.device;
    let mut picky = |outgoing: agent::device::Outgoing| {
        let agent::device::Outgoing::Usage { body } = outgoing else { panic!("a push") };
        let file = UsageFile::parse(&body, Room::Push).expect("a usage file");
        let place = |carried: &Carried| match carried {
            Carried::Sealed(sealed) => {
                sealed.peek().map(|header| (header.position.epoch, header.position.number))
            }
            Carried::Foreign(_) => panic!("foreign"),
        };
        if file.reports.iter().any(|one| place(one) == Ok(poison)) {
            let body = format!(r#"{{"code":"{code}","detail":"it cannot be read"}}"#).into_bytes();
            return Ok(Reply { status: 422, body, retry_after: None });
        }
        Ok(Reply {
            status: 200,
            body: manager.usage(&body, Room::Push).to_xml().into_bytes(),
            retry_after: None,
        })
    };
    let now = world.now();
    world.device.sync(now);
    drive(&mut world.device, &mut world.kept, &mut picky, &mut || now).expect("kept");
    let waiting = &world.device.state().waiting;
    assert_eq!(waiting.keys().copied().collect::<Vec<_>>(), [poison]);
    assert_eq!(waiting[&poison].refused.as_deref(), Some(code));
}

#[test]
fn a_busy_manager_is_not_asked_before_it_said() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 1);
    world.manager.mood = Mood::Busy(300);
    world.sync();
    world.manager.mood = Mood::Good;
    world.pass(299);
    world.drive();
    assert_eq!(world.device.state().waiting.len(), 1);
    world.pass(31 + 1);
    world.drive();
    assert!(world.device.state().waiting.is_empty());
}

#[test]
fn failures_are_tried_again_ever_more_slowly_up_to_an_hour() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 1);
    world.manager.mood = Mood::Problem(500, "server.fault");
    world.sync();
    let mut pauses = Vec::new();
    let mut last = world.wall;
    for _ in 0..40_000 {
        world.pass(1);
        if let Some(_outgoing) = world.device.tick(world.now()) {
            pauses.push(world.wall - last);
            last = world.wall;
            let reply = Reply { status: 500, body: Vec::new(), retry_after: None };
            world.device.receive(reply, world.now());
        }
    }
    assert!((2..=5).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 3_601), "{pauses:?}");
    assert!(pauses.last().is_some_and(|pause| *pause >= 1_800), "{pauses:?}");
    assert!(pauses.len() < 40, "{}", pauses.len());
}

#[test]
fn an_acknowledgement_by_a_newer_key_is_believed_once_the_bundle_is_fetched() {
    let mut world = World::trusted();
    world.manager.rotate(77);
    world.set(ADVANTAGE, 2);
    world.sync();
    assert!(world.device.state().waiting.is_empty());
    assert_eq!(world.device.state().bundle.as_ref().map(|bundle| bundle.version), Some(2));
    assert_eq!(world.trouble(), None);
    let kinds: Vec<_> = world.manager.bodies.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["trust", "usage", "bundle", "usage"]);
}

#[test]
fn an_older_bundle_and_one_of_another_root_are_refused() {
    let mut world = World::trusted();
    let old = AckFile { bundle: Some(world.manager.bundle()), ..AckFile::default() }.to_xml();
    world.manager.rotate(77);
    let new = AckFile { bundle: Some(world.manager.bundle()), ..AckFile::default() }.to_xml();
    world.device.import(new.as_bytes(), world.now()).expect("a newer bundle");
    let refused = world.device.import(old.as_bytes(), world.now()).expect_err("an older bundle");
    assert_eq!(refused.code, "bundle.old");
    world.manager.root = SigningKey::from_seed([66; 32]);
    let foreign = AckFile { bundle: Some(world.manager.bundle()), ..AckFile::default() }.to_xml();
    let refused = world.device.import(foreign.as_bytes(), world.now()).expect_err("another root");
    assert_eq!(refused.code, "trust.realm");
}

#[test]
fn a_manager_of_another_realm_than_the_tokens_is_not_trusted() {
    let mut world = World::new();
    let token = world.manager.token();
    world.manager.root = SigningKey::from_seed([66; 32]);
    let mut imposter = |outgoing: agent::device::Outgoing| {
        let agent::device::Outgoing::Trust { .. } = &outgoing else { panic!("a trust request") };
        let mut file = AckFile::default();
        let mut manager = Office::new(Timestamp::from_seconds(START));
        std::mem::swap(&mut manager, &mut world.manager);
        file.bundle = Some(manager.bundle());
        let reply = Reply { status: 200, body: file.to_xml().into_bytes(), retry_after: None };
        Ok(reply)
    };
    let now = Clock { wall: Timestamp::from_seconds(START), monotonic: Span::from_seconds(0) };
    world.device.trust(&token, now);
    drive(&mut world.device, &mut world.kept, &mut imposter, &mut || now).expect("kept");
    assert!(!world.device.is_trusted());
}

#[test]
fn a_token_that_is_used_up_ends_the_attempt_and_says_so() {
    let mut world = World::new();
    world.manager.mood = Mood::Problem(403, "trust.token_used_up");
    world.trust();
    assert!(!world.device.is_trusted());
    assert!(world.device.state().asking.is_none());
    assert_eq!(world.trouble(), Some("trust.token_used_up"));
}

#[test]
fn a_refused_second_trust_request_does_not_hold_up_the_reports_of_a_trusted_device() {
    for (status, code) in [(409, "exists"), (403, "request.clock"), (403, "account.holding")] {
        let mut world = World::trusted();
        world.set(ADVANTAGE, 3);
        world.manager.mood = Mood::Problem(status, code);
        world.trust();
        assert!(world.device.state().asking.is_none(), "{code}");
        assert!(world.device.is_trusted(), "{code}");
        world.manager.mood = Mood::Good;
        world.sync();
        assert!(world.device.state().waiting.is_empty(), "{code}");
        assert_eq!(world.manager.book.len(), 1, "{code}");
    }
}

#[test]
fn reports_of_a_lost_key_do_not_hold_up_those_of_the_new_one() {
    for (status, code) in [(403, "trust.revoked"), (403, "report.unknown_key")] {
        let mut world = World::trusted();
        world.set(ADVANTAGE, 3);
        world.device.save(Saving::All, world.now()).expect("something to save");
        let old = *world.device.state().waiting.keys().next().expect("a report");
        world.kept.keep(&mut world.device).expect("kept");
        let state = world.kept.state().expect("kept").clone().rekeyed(world.now().wall);
        let renewed = Seed { key: SigningKey::from_seed([9; 32]), ..seed() };
        world.device = Device::restore(profile(), renewed, state);
        world.set(ADVANTAGE, 4);
        let own = world.device.key_id();
        let mut manager = Office::new(Timestamp::from_seconds(START));
        manager.device = world.manager.device;
        let mut strict = |outgoing: agent::device::Outgoing| {
            let agent::device::Outgoing::Usage { body } = outgoing else {
                return manager.carry(outgoing);
            };
            let file = UsageFile::parse(&body, Room::Push).expect("a usage file");
            let is_own = |carried: &Carried| match carried {
                Carried::Sealed(sealed) => sealed.peek().map(|header| header.key) == Ok(own),
                Carried::Foreign(_) => panic!("foreign"),
            };
            if !file.reports.iter().all(is_own) {
                let body = format!(r#"{{"code":"{code}","detail":"not this key"}}"#).into_bytes();
                return Ok(Reply { status, body, retry_after: None });
            }
            let body = manager.usage(&body, Room::Push).to_xml().into_bytes();
            Ok(Reply { status: 200, body, retry_after: None })
        };
        let now = world.now();
        world.device.trust(&world.manager.token(), now);
        drive(&mut world.device, &mut world.kept, &mut strict, &mut || now).expect("kept");
        assert!(world.device.is_trusted(), "{code}");
        world.device.sync(now);
        drive(&mut world.device, &mut world.kept, &mut strict, &mut || now).expect("kept");
        let waiting = &world.device.state().waiting;
        assert_eq!(waiting.keys().copied().collect::<Vec<_>>(), [old], "{code}");
        assert_eq!(waiting[&old].refused.as_deref(), Some(code));
        assert!(!manager.book.is_empty(), "{code}");
    }
}

#[test]
fn an_unanswered_trust_request_survives_a_restart() {
    let mut world = World::new();
    world.manager.mood = Mood::Away;
    world.trust();
    world.restart();
    world.manager.mood = Mood::Good;
    world.drive();
    assert!(world.device.is_trusted());
}

#[test]
fn usage_by_file_is_acknowledged_by_file() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    world.pass(100);
    let file = world.device.save(Saving::Unreported, world.now()).expect("something to save");
    let answer = world.manager.usage(file.as_bytes(), Room::File).to_xml();
    let heard = world.device.import(answer.as_bytes(), world.now()).expect("an acknowledgement");
    assert_eq!(heard.acknowledged, Some(1));
    assert!(world.device.state().waiting.is_empty());
    assert!(world.device.state().last_save.is_some());
    assert_eq!(world.device.state().last_push, None);
}

#[test]
fn an_acknowledgement_with_another_hash_or_for_another_instance_drops_nothing() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    world.device.save(Saving::All, world.now()).expect("something to save");
    let (epoch, number) = *world.device.state().waiting.keys().next().expect("a report");
    let wrong = AckedReport { key: world.device.key_id(), epoch, number, hash: [1; 32] };
    let file =
        AckFile { ack: Some(world.manager.ack(vec![wrong], Vec::new())), ..AckFile::default() };
    world.device.import(file.to_xml().as_bytes(), world.now()).expect("an acknowledgement");
    assert_eq!(world.device.state().waiting.len(), 1);
    assert_eq!(world.device.state().acknowledged, 0);
}

#[test]
fn a_higher_epoch_than_ours_begins_a_new_one_above_it() {
    let mut world = World::new();
    world.manager.highest_epoch = START.unsigned_abs() + 500;
    world.trust();
    world.set(ADVANTAGE, 3);
    world.sync();
    let places: Vec<_> = world.manager.book.keys().copied().collect();
    assert_eq!(places, [(START.unsigned_abs() + 501, 1)]);
    assert_eq!(world.manager.book.values().next().expect("a report").previous, [0; 32]);
}

#[test]
fn what_is_salvaged_of_a_broken_store_goes_on_in_a_new_epoch_and_says_so() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    world.pass(100);
    world.device.save(Saving::All, world.now()).expect("something to save");
    world.kept.keep(&mut world.device).expect("kept");
    let old = world.device.state().epoch;
    let floor = Timestamp::from_seconds(world.wall);
    let state = world.kept.state().expect("kept").clone().salvaged(floor);
    world.device = Device::restore(profile(), seed(), state);
    world.pass(50);
    world.sync();
    let notes: Vec<_> = world
        .manager
        .book
        .iter()
        .map(|(place, one)| (place.0 > old, place.1, one.report.notes.clone()))
        .collect();
    assert_eq!(notes, [(false, 1, vec![]), (true, 1, vec![STORE_RESET.to_owned()])]);
    assert_eq!(world.manager.weighted(ADVANTAGE), 3 * 150);
    world.sync();
    assert!(world.manager.book.values().last().expect("a report").report.notes.is_empty());
}

#[test]
fn the_first_push_comes_two_minutes_after_the_start_and_then_by_the_interval() {
    let mut world = World::trusted();
    world.set(PREMIER, 3);
    world.restart();
    world.drive();
    world.pass(119);
    world.drive();
    assert_eq!(world.manager.book.len(), 0);
    world.pass(1);
    world.drive();
    assert_eq!(world.manager.book.len(), 1);
    world.pass(30 * 86_400 - 1);
    world.drive();
    assert_eq!(world.manager.book.len(), 1);
    world.pass(1);
    world.drive();
    assert_eq!(world.manager.book.len(), 2);
}

#[test]
fn revoked_trust_stops_nothing_and_is_not_asked_again_in_a_loop() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 1);
    world.manager.mood = Mood::Problem(403, "trust.revoked");
    world.sync();
    assert_eq!(world.trouble(), Some("trust.revoked"));
    assert!(!world.device.is_busy());
    world.pass(10);
    world.set(ADVANTAGE, 2);
    assert_eq!(world.device.state().open[&tag(ADVANTAGE)].running.level, 2);
}

#[test]
fn trust_that_was_given_to_another_device_does_not_come_with_a_copied_store() {
    let mut world = World::trusted();
    world.set(ADVANTAGE, 3);
    let mut other = profile();
    other.udi.serial = Some("SN2".to_owned());
    let state = world.kept.state().expect("kept").clone();
    let copy = Device::restore(other, seed(), state);
    assert!(!copy.is_trusted());
    assert_eq!(copy.state().open[&tag(ADVANTAGE)].running.level, 3);
}
