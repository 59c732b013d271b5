//! The store against bad luck: cuts at every byte, flipped bits, disks that fail.

use crate::disk::{Disk, Faults};
use crate::tag;
use agent::device::{Clock, Device, Profile, STORE_RESET, Saving, Seed, State};
use agent::journal::{Found, JOURNAL, Journal};
use agent::seat::{Keeping, Nowhere, prepare};
use wire::key::SigningKey;
use wire::quantity::Count;
use wire::tag::SoftwareTag;
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

const START: i64 = 1_800_000_000;

fn floor() -> Timestamp {
    Timestamp::from_seconds(START)
}

fn clock(seconds: i64) -> Clock {
    Clock { wall: Timestamp::from_seconds(START + seconds), monotonic: Span::from_seconds(seconds) }
}

fn profile() -> Profile {
    let software = SoftwareTag::new("regid.2026-01.com.example.OS,1.0_c").expect("a tag");
    Profile::new(Udi::pid_serial("SW-48", "SN1"), software)
}

fn seed() -> Seed {
    Seed { key: SigningKey::from_seed([5; 32]), floor: floor(), noise: [6; 32] }
}

/// Round `round` of a life: levels change, and now and then reports close.
fn live(device: &mut Device, round: i64) {
    let now = clock(round * 500);
    for license in ["tag-a", "tag-b"] {
        let level = Count::new(round.unsigned_abs() % 9).expect("a count");
        device.usage(&tag(license), level, now).expect("it can be measured");
    }
    if round % 3 == 2 {
        device.save(Saving::All, now).expect("something to save");
    }
}

/// Lives some rounds with a store, and returns the states after each, the first one included.
fn life(disk: &Disk, rounds: i64) -> Vec<State> {
    let (mut journal, state, found) = Journal::open(disk.clone(), floor()).expect("a journal");
    assert_eq!((state, found), (None, Found::New));
    let mut device = Device::new(profile(), seed());
    journal.keep(&mut device).expect("kept");
    let mut states = vec![device.state().clone()];
    for round in 0..rounds {
        live(&mut device, round);
        journal.keep(&mut device).expect("kept");
        states.push(device.state().clone());
    }
    states
}

/// Opens a store whose journal became these bytes.
fn reopen(bytes: &[u8], epoch: Option<Vec<u8>>) -> (Option<State>, Found, Disk) {
    let disk = Disk::default();
    disk.put(JOURNAL, bytes);
    if let Some(epoch) = epoch {
        disk.put("epoch", &epoch);
    }
    let (_, state, found) = Journal::open(disk.clone(), floor()).expect("a journal");
    (state, found, disk)
}

#[test]
fn a_store_cut_at_any_byte_opens_as_it_was_after_an_earlier_round() {
    let disk = Disk::default();
    let states = life(&disk, 4);
    let bytes = disk.get(JOURNAL).expect("a journal");
    let mut reached = 0;
    for cut in 0..=bytes.len() {
        let (state, found, mended) = reopen(&bytes[..cut], None);
        let Some(state) = state else {
            assert_eq!((found, reached), (Found::New, 0), "cut at {cut}");
            continue;
        };
        assert_eq!(found, Found::Sound, "cut at {cut}");
        let place = states
            .iter()
            .position(|one| *one == state)
            .unwrap_or_else(|| panic!("no prefix at {cut}"));
        assert!(place >= reached, "cut at {cut}");
        reached = place;
        if cut % 13 != 0 {
            continue;
        }
        // What was mended opens again alike, and can be written to.
        let (mut journal, again, _) = Journal::open(mended.clone(), floor()).expect("a journal");
        let mut device = Device::restore(profile(), seed(), again.expect("a state"));
        assert_eq!(*device.state(), state);
        live(&mut device, 20);
        journal.keep(&mut device).expect("kept");
        let (_, after, _) = Journal::open(mended, floor()).expect("a journal");
        assert_eq!(after.as_ref(), Some(device.state()), "cut at {cut}");
    }
    assert_eq!(reached, states.len() - 1);
}

#[test]
fn a_flipped_byte_sets_the_store_aside_begins_an_epoch_and_keeps_what_can_be_read() {
    let disk = Disk::default();
    let states = life(&disk, 4);
    let last = states.last().expect("a state");
    let bytes = disk.get(JOURNAL).expect("a journal");
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        let (state, found, mended) = reopen(&flipped, disk.get("epoch"));
        let Found::SetAside(name) = found else { panic!("byte {place} was not noticed") };
        assert_eq!(mended.get(&name), Some(flipped));
        let state = state.expect("a state");
        assert!(state.epoch > last.epoch, "byte {place}: numbers may be given twice");
        assert_eq!((state.next_number, state.previous), (1, [0; 32]));
        assert!(state.notes.iter().any(|note| note == STORE_RESET));
        // One frame is lost at most: a round closes two reports, every third time.
        assert!(state.waiting.len() + 2 >= last.waiting.len(), "byte {place}");
        let (_, again, found) = Journal::open(mended, floor()).expect("a journal");
        assert_eq!((again, found), (Some(state), Found::Sound), "byte {place}");
    }
}

#[test]
fn corrupt_stores_are_kept_side_by_side_up_to_a_bound() {
    let disk = Disk::default();
    for round in 0..12u8 {
        disk.put(JOURNAL, &[round + 1; 40]);
        let (_, _, found) = Journal::open(disk.clone(), floor()).expect("a journal");
        let number = (round + 1).min(9);
        assert_eq!(found, Found::SetAside(format!("journal.corrupt-{number}")));
    }
}

#[test]
fn nothing_is_sent_while_it_cannot_be_kept_and_nothing_is_lost() {
    let disk = Disk::default();
    let (mut journal, _, _) = Journal::open(disk.clone(), floor()).expect("a journal");
    let mut device = Device::new(profile(), seed());
    journal.keep(&mut device).expect("kept");
    disk.fail(Faults::Full);
    let token = wire::token::IdToken {
        id: wire::id::TokenId::from_bytes([1; 16]),
        secret: [2; 16],
        realm: wire::key::Realm::from_bytes([3; 16]),
    };
    device.trust(&token, clock(1));
    for round in 0..50 {
        live(&mut device, round);
        let error = journal.keep(&mut device).expect_err("the disk is full");
        assert_eq!(error.code, "store.full");
    }
    let refused = prepare(&mut device, &mut journal, clock(30_000));
    assert_eq!(refused.expect_err("nothing may be sent").code, "store.full");
    disk.fail(Faults::None);
    journal.keep(&mut device).expect("kept");
    let (_, state, _) = Journal::open(disk, floor()).expect("a journal");
    assert_eq!(state.as_ref(), Some(device.state()));
    let sent = prepare(&mut device, &mut Nowhere, clock(40_000)).expect("kept");
    assert!(sent.is_some(), "it is sent once it is durable");
}

#[test]
fn a_crash_at_any_write_leaves_a_state_that_was_told_or_a_later_one() {
    for fault in 1..60 {
        for torn in [Faults::CrashBefore(fault), Faults::CrashDuring(fault)] {
            let disk = Disk::default();
            disk.fail(torn);
            let mut device = Device::new(profile(), seed());
            let mut told: Option<State> = None;
            let mut states = vec![device.state().clone()];
            if let Ok((mut journal, None, _)) = Journal::open(disk.clone(), floor()) {
                for round in 0..20 {
                    if journal.keep(&mut device).is_err() {
                        break;
                    }
                    told = Some(device.state().clone());
                    live(&mut device, round);
                    states.push(device.state().clone());
                }
            }
            disk.fail(Faults::None);
            let (_, state, found) = Journal::open(disk, floor()).expect("a journal");
            assert!(matches!(found, Found::New | Found::Sound), "{torn:?}: {found:?}");
            let place = |wanted: &Option<State>| {
                wanted.as_ref().and_then(|one| states.iter().position(|state| state == one))
            };
            assert!(place(&state) >= place(&told), "{torn:?}: something told was lost");
            assert_eq!(place(&state).is_some(), state.is_some(), "{torn:?}");
        }
    }
}

#[test]
fn the_file_stays_within_a_multiple_of_its_state() {
    let disk = Disk::default();
    let (mut journal, _, _) = Journal::open(disk.clone(), floor()).expect("a journal");
    let mut device = Device::new(profile(), seed());
    let mut longest = 0;
    for round in 0..4_000 {
        let now = clock(round * 60);
        let level = Count::new(round.unsigned_abs() % 9).expect("a count");
        device.usage(&tag("tag-a"), level, now).expect("it can be measured");
        journal.keep(&mut device).expect("kept");
        longest = longest.max(disk.get(JOURNAL).expect("a journal").len());
    }
    assert!(longest < 300 * 1024, "{longest}");
    let (_, state, _) = Journal::open(disk, floor()).expect("a journal");
    assert_eq!(state.as_ref(), Some(device.state()));
}

#[test]
fn a_journal_that_is_gone_takes_no_epoch_a_second_time() {
    let disk = Disk::default();
    let states = life(&disk, 2);
    let again = Disk::default();
    again.put("epoch", &disk.get("epoch").expect("an epoch"));
    let (_, state, found) = Journal::open(again, floor()).expect("a journal");
    assert_eq!(found, Found::Lost);
    assert!(state.expect("a state").epoch > states[0].epoch);
}
