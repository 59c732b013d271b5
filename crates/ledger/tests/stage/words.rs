//! The words of a scene that say what a device reports.
//!
//! `3 advantage 6 from 10:00 until 11:00 then 7 from 11:00 named edge-1 with sw1+sw2`

use ledger::instance::Proof;
use ledger::report::{Heard, foreign_key};
use wire::id::EventId;
use wire::key::KeyId;
use wire::quantity::Count;
use wire::report::{Measurement, Member, MemberRole, Report};
use wire::seal::Position;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::udi::Udi;

/// The epoch of reports that name none.
const FIRST_EPOCH: u64 = 1;

/// The identifier of a device: `vm…` by its UUID, `app…` by its SUVI, all others by their serial number.
pub(crate) fn udi(device: &str) -> Udi {
    if device.starts_with("vm") {
        Udi { pid: Some("VM".to_owned()), uuid: Some(device.to_owned()), ..Udi::default() }
    } else if device.starts_with("app") {
        Udi { suvi: Some(device.to_owned()), ..Udi::default() }
    } else {
        Udi::pid_serial("C9300-24UX", device.to_uppercase())
    }
}

/// The identity text of a device.
pub(crate) fn identity(device: &str) -> String {
    udi(device).identity().expect("a device has an identity")
}

/// The key of a device by its name.
pub(crate) fn key(device: &str, name: &str) -> KeyId {
    KeyId::from_bytes(*EventId::derive(&[device.as_bytes(), name.as_bytes()]).as_bytes())
}

/// A license by its name.
pub(crate) fn tag(name: &str) -> EntitlementTag {
    EntitlementTag::new(name).expect("a tag")
}

/// A moment: `10:00` on the day of the clock, `2025-03-04` or `2025-03-04T10:00`.
pub(crate) fn moment(text: &str, clock: Timestamp) -> Timestamp {
    let day = clock.to_string()[..10].to_owned();
    let full = match (text.contains('-'), text.contains(':')) {
        (true, true) => format!("{text}:00Z"),
        (true, false) => format!("{text}T00:00:00Z"),
        (false, _) => format!("{day}T{text}:00Z"),
    };
    full.parse().unwrap_or_else(|_| panic!("{text:?} is no moment"))
}

/// A position: `3`, or `e2.3` in another epoch; of an unverified report its number alone.
pub(crate) fn position(text: &str, proof: Proof) -> Position {
    let number = |digits: &str| digits.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
    match (proof, text.strip_prefix('e').and_then(|rest| rest.split_once('.'))) {
        (Proof::Unverified, _) => Position { epoch: 0, number: number(text) },
        (Proof::Verified, None) => Position { epoch: FIRST_EPOCH, number: number(text) },
        (Proof::Verified, Some((epoch, rest))) => {
            Position { epoch: number(epoch), number: number(rest) }
        }
    }
}

/// The members that `sw1+sw2` names, the first as active.
pub(crate) fn members(text: &str) -> Vec<Member> {
    let role = |nth| if nth == 0 { MemberRole::Active } else { MemberRole::Standby };
    let devices = text.split('+').enumerate();
    devices.map(|(nth, device)| Member { role: role(nth), udi: udi(device) }).collect()
}

/// Who reports, and how well that is known.
pub(crate) struct Reporter<'a> {
    /// The device.
    pub(crate) device: &'a str,
    /// The key that vouches for it; `None` for an unverified report.
    pub(crate) key: Option<KeyId>,
}

/// Reads what a device reports.
pub(crate) fn heard(reporter: &Reporter<'_>, words: &[&str], clock: Timestamp) -> Heard {
    let proof = if reporter.key.is_some() { Proof::Verified } else { Proof::Unverified };
    let [at, license, said @ ..] = words else { panic!("a report names position and license") };
    let mut report = Report {
        report_id: 1,
        software: SoftwareTag::new("switch-software").expect("a tag"),
        udi: udi(reporter.device),
        entitlement: tag(license),
        software_version: None,
        hostname: None,
        utility_enabled: false,
        members: Vec::new(),
        measurements: Vec::new(),
        notes: Vec::new(),
        country: None,
    };
    let (said, network) = match said {
        [said @ .., "via", network] => (said, Some(network.parse().expect("a country"))),
        all => (all, None),
    };
    let mut ends = Vec::new();
    let mut rest = said;
    while let [word, tail @ ..] = rest {
        rest = say(&mut report, &mut ends, word, tail, clock);
    }
    finish(&mut report, &ends, clock);
    let hash = hash_of(&[reporter.device, &words.join(" ")]);
    Heard {
        key: reporter.key.unwrap_or_else(|| foreign_key(&identity(reporter.device))),
        position: position(at, proof),
        hash,
        previous: [0; 32],
        proof,
        report,
        network,
        evidence: hash.to_vec(),
    }
}

/// Takes in one word and what belongs to it; returns the words after that.
fn say<'a>(
    report: &mut Report,
    ends: &mut Vec<Option<Timestamp>>,
    word: &str,
    tail: &'a [&'a str],
    clock: Timestamp,
) -> &'a [&'a str] {
    let [next, rest @ ..] = tail else {
        match word {
            "reset" => report.notes.push("store-reset".to_owned()),
            "nothing" => {}
            level => measure(report, ends, level, clock),
        }
        return tail;
    };
    match (word, report.measurements.last_mut()) {
        ("from", Some(one)) => one.start_time = moment(next, clock),
        ("until", Some(_)) => *ends.last_mut().expect("an end") = Some(moment(next, clock)),
        ("added", Some(one)) => one.added = next.split('+').map(udi).collect(),
        ("removed", Some(one)) => one.removed = next.split('+').map(udi).collect(),
        ("running", _) => report.software_version = Some((*next).to_owned()),
        ("country", _) => report.country = Some(next.parse().expect("a country")),
        ("named", _) => report.hostname = Some((*next).to_owned()),
        ("with", _) => report.members = members(next),
        ("then", _) => measure(report, ends, next, clock),
        (level, _) => {
            measure(report, ends, level, clock);
            return tail;
        }
    }
    rest
}

fn measure(report: &mut Report, ends: &mut Vec<Option<Timestamp>>, level: &str, clock: Timestamp) {
    let value = level.parse().unwrap_or_else(|_| panic!("{level:?} is no level"));
    ends.push(None);
    report.measurements.push(Measurement {
        log_time: clock,
        start_time: clock,
        end_time: clock,
        sample_interval: 900,
        num_samples: 1,
        value: Count::new(value).expect("a count"),
        added: Vec::new(),
        removed: Vec::new(),
        termination_reason: None,
        close_reason: None,
        clock_change_delta: None,
    });
}

/// A measurement without an end lasts until the next one, the last one until the clock.
fn finish(report: &mut Report, ends: &[Option<Timestamp>], clock: Timestamp) {
    let starts: Vec<Timestamp> = report.measurements.iter().map(|one| one.start_time).collect();
    for (nth, one) in report.measurements.iter_mut().enumerate() {
        let next = starts.get(nth + 1).copied().unwrap_or(clock);
        one.end_time = ends[nth].unwrap_or(next);
    }
}

/// A hash of words.
pub(crate) fn hash_of(words: &[&str]) -> [u8; 32] {
    let parts: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let half = EventId::derive(&parts);
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(half.as_bytes());
    hash[16..].copy_from_slice(EventId::derive(&[half.as_bytes()]).as_bytes());
    hash
}
