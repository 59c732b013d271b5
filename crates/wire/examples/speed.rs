//! How long a server takes over one push, beyond the signature itself.
//!
//! `cargo run --release -p wire --example speed`

use std::hint::black_box;
use std::time::Instant;

use wire::file::{Room, UsageFile};
use wire::key::{Realm, SigningKey};
use wire::quantity::Count;
use wire::report::{Measurement, Member, MemberRole, Report};
use wire::seal::{Carried, Position, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::udi::Udi;

const EPOCH: u64 = 1_767_225_600;

fn measurement(index: u32) -> Measurement {
    let start = Timestamp::from_seconds(EPOCH as i64 + 900 * i64::from(index));
    Measurement {
        log_time: start,
        start_time: start,
        end_time: start,
        sample_interval: 900,
        num_samples: 2,
        value: Count::new(u64::from(index)).unwrap_or(Count::ZERO),
        added: Vec::new(),
        removed: Vec::new(),
        termination_reason: Some("CurrentUsageRequested".into()),
        close_reason: None,
        clock_change_delta: None,
    }
}

fn report(measurements: u32) -> Report {
    let udi = Udi::pid_serial("C9300-24UX", "FCW2303D16Y");
    let tag = |name: &str| {
        format!("regid.2017-05.org.example.{name},1.0_411773c3-2116-4c10-94a4-5d357fe6ff18")
    };
    Report {
        report_id: EPOCH,
        software: SoftwareTag::new(&tag("switch")).expect("a tag"),
        udi: udi.clone(),
        entitlement: EntitlementTag::new(&tag("advantage")).expect("a tag"),
        software_version: Some("17.09.02".into()),
        hostname: Some("core-switch-1".into()),
        utility_enabled: false,
        members: vec![Member { role: MemberRole::Active, udi }],
        measurements: (0..measurements).map(measurement).collect(),
        notes: Vec::new(),
        country: None,
    }
}

/// The least time of one run, in microseconds, over many rounds: what the work costs undisturbed.
#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is for")]
fn microseconds(mut work: impl FnMut()) -> f64 {
    let rounds = (0..200).map(|_| {
        let start = Instant::now();
        (0..100).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e4
    });
    rounds.fold(f64::MAX, f64::min)
}

fn main() {
    let key = SigningKey::from_seed([1; 32]);
    let public = key.verifying();
    let realm = Realm::from_bytes([7; 16]);
    let position = Position { epoch: EPOCH, number: 1 };
    let sealed =
        SealedReport::seal(&report(4), position, [0; 32], Some(realm), &key).expect("a report");
    let json = sealed.to_json();
    let file = UsageFile { system: None, reports: vec![Carried::Sealed(sealed.clone())] }.to_xml();
    let message = vec![b'x'; sealed.payload().len() + 150];
    let signature = key.sign(&message);
    println!("payload {} bytes, push {} bytes", sealed.payload().len(), file.len());

    let verify =
        microseconds(|| assert!(black_box(&public).verify(black_box(&message), &signature)));
    let parse = microseconds(|| {
        black_box(UsageFile::parse(black_box(file.as_bytes()), Room::Push)).expect("a file");
    });
    let frame = microseconds(|| {
        black_box(SealedReport::from_json(black_box(&json))).expect("a report");
    });
    let peek = microseconds(|| {
        black_box(black_box(&sealed).peek()).expect("a report");
    });
    let open = microseconds(|| {
        black_box(black_box(&sealed).open(&public, realm)).expect("a report");
    });
    let read = microseconds(|| {
        black_box(Report::from_payload(black_box(sealed.payload()))).expect("a report");
    });
    let hash = microseconds(|| {
        black_box(black_box(&sealed).hash());
    });
    println!("verify alone         {verify:6.2} µs");
    println!("parse the push       {parse:6.2} µs  (of it the frame {frame:.2})");
    println!("peek                 {peek:6.2} µs");
    println!(
        "open                 {open:6.2} µs  (of it the payload {read:.2}, the hash {hash:.2})"
    );
    println!("all beyond verifying {:6.2} µs", parse + peek + open - verify);
}
