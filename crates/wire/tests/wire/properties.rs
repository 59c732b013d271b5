//! What holds for every value, tried on many.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wire::file::{AckFile, Room, TrustFile, UsageFile};
use wire::message::{Ack, Policy, Terms, TrustBundle, TrustRequest};
use wire::quantity::Count;
use wire::report::{Measurement, Member, MemberRole, Report};
use wire::seal::{Carried, Countersigned, Position, Sealed, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::udi::Udi;

use crate::sample;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{1,20}", "\\PC{1,12}"]
}

fn udi() -> impl Strategy<Value = Udi> {
    (option::of(text()), option::of(text()), option::of(text()), text(), option::of(text()))
        .prop_map(|(pid, serial, vid, uuid, mac_address)| Udi {
            pid,
            serial,
            vid,
            uuid: Some(uuid),
            mac_address,
            ..Udi::default()
        })
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.seconds()).prop_map(Timestamp::from_seconds)
}

const WHOLE: u64 = wire::limits::WHOLE_NUMBER;

fn measurement() -> impl Strategy<Value = Measurement> {
    let times = (time(), time(), time(), 0..=WHOLE, 0..=WHOLE);
    let lists = (vec(udi(), 0..3), vec(udi(), 0..3));
    let reasons =
        (option::of(text()), option::of(text()), option::of(-(WHOLE as i64)..=WHOLE as i64));
    (times, 0..=1_000_000_000_u64, lists, reasons).prop_map(
        |(times, value, (added, removed), reasons)| {
            let (log_time, start_time, end_time, sample_interval, num_samples) = times;
            let (termination_reason, close_reason, clock_change_delta) = reasons;
            Measurement {
                log_time,
                start_time,
                end_time,
                sample_interval,
                num_samples,
                value: Count::new(value).unwrap(),
                added,
                removed,
                termination_reason,
                close_reason,
                clock_change_delta,
            }
        },
    )
}

fn member() -> impl Strategy<Value = Member> {
    let role =
        prop_oneof![Just(MemberRole::Active), Just(MemberRole::Standby), Just(MemberRole::Member)];
    (role, udi()).prop_map(|(role, udi)| Member { role, udi })
}

prop_compose! {
    fn report()(
        epoch in 0..=WHOLE - 1000,
        number in 1..=1000_u64,
        udi in udi(),
        tags in ("[!-~]{1,30}", "[!-~]{1,30}"),
        texts in (option::of(text()), option::of(text())),
        utility_enabled: bool,
        members in vec(member(), 0..4),
        measurements in vec(measurement(), 0..4),
        notes in vec(text(), 0..3),
        country in option::of("[A-Z]{2}"),
    ) -> (Position, Report) {
        let report = Report {
            report_id: epoch + number - 1,
            software: SoftwareTag::new(&tags.0).unwrap(),
            udi,
            entitlement: EntitlementTag::new(&tags.1).unwrap(),
            software_version: texts.0,
            hostname: texts.1,
            utility_enabled,
            members,
            measurements,
            notes,
            country: country.map(|letters| letters.parse().unwrap()),
        };
        (Position { epoch, number }, report)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_report_reads_back((position, report) in report(), previous: [u8; 32], at_home: bool) {
        let payload = report.to_payload().unwrap();
        prop_assert_eq!(Report::from_payload(&payload).unwrap(), report.clone());
        let realm = at_home.then(sample::realm);
        let sealed = SealedReport::seal(&report, position, previous, realm, &sample::device()).unwrap();
        let file = UsageFile { system: None, reports: vec![Carried::Sealed(sealed)] };
        let read = UsageFile::parse(file.to_xml().as_bytes(), Room::Push).unwrap();
        let [Carried::Sealed(read)] = &read.reports[..] else { panic!("not one of ours") };
        let opened = read.open(&sample::device().verifying(), sample::realm()).unwrap();
        prop_assert_eq!(opened.header().position, position);
        prop_assert_eq!(opened.header().previous, previous);
        prop_assert_eq!(opened.header().realm, realm);
        prop_assert_eq!(opened.into_inner(), report);
    }

    #[test]
    fn every_acknowledgement_reads_back(names in (text(), text()), days: [u32; 3], count: u64, available in option::of(any::<i64>())) {
        let mut ack = sample::ack();
        (ack.account_name, ack.virtual_account_name) = names;
        ack.policy.export = Terms::days(days[0], days[1], days[2]);
        ack.highest_epoch = count;
        ack.standings[0].available = available;
        let sealed = Sealed::seal(&ack, sample::for_instance(), &sample::node());
        let file = AckFile { ack: Some(sealed), ..AckFile::default() };
        let read = AckFile::parse(file.to_xml().as_bytes()).unwrap().ack.unwrap();
        prop_assert_eq!(read.open(&sample::node().verifying()).unwrap().into_inner(), ack);
    }

    #[test]
    fn every_trust_request_reads_back(udi in udi(), members in vec(member(), 0..4), hostname in option::of(text()), nonce: [u8; 16]) {
        let request = TrustRequest { udi, members, hostname, nonce, ..sample::trust_request() };
        let file = TrustFile { request: Sealed::seal(&request, sample::for_all(), &sample::device()) };
        let read = TrustFile::parse(file.to_xml().as_bytes()).unwrap().request;
        prop_assert_eq!(read.open_self_signed().unwrap().into_inner(), request);
    }

    #[test]
    fn an_identifier_without_commas_reads_back(fields in proptest::array::uniform4("[!-+./0-9;-~]{1,12}")) {
        let [pid, serial, uuid, suvi] = fields.map(Some);
        let udi = Udi { pid, serial, uuid, suvi, ..Udi::default() };
        prop_assert_eq!(udi.to_string().parse::<Udi>().unwrap(), udi);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Sealed::<Ack>::from_bytes(&bytes[..]);
        let _ = Countersigned::<TrustBundle>::from_bytes(&bytes[..]);
        let _ = UsageFile::parse(&bytes, Room::Push);
        let _ = AckFile::parse(&bytes);
        let _ = SealedReport::from_parts(String::new(), bytes).peek();
    }

    #[test]
    fn no_change_to_a_message_makes_a_reader_panic(at in any::<prop::sample::Index>(), with: u8) {
        let mut bytes = sample::sealed_ack().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(ack) = Sealed::<Ack>::from_bytes(bytes) {
            let _ = ack.open(&sample::node().verifying());
        }
        let mut payload = sample::report(1).to_payload().unwrap().into_bytes();
        let at = at % payload.len();
        payload[at] = with;
        if let Ok(payload) = String::from_utf8(payload) {
            let _ = Report::from_payload(&payload);
            let _ = Report::from_foreign_payload(&payload);
        }
        let _ = Sealed::<Policy>::from_bytes(payload_of_length(at));
    }
}

fn payload_of_length(length: usize) -> Vec<u8> {
    vec![0x81; length]
}
