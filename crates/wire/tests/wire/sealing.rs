//! What a seal promises.

use wire::key::{Realm, SigningKey};
use wire::message::{Policy, TrustBundle};
use wire::report::Report;
use wire::seal::{Carried, Countersigned, OpenError, Position, SealError, Sealed, SealedReport};
use wire::time::Span;

use crate::sample;

#[test]
fn a_sealed_report_opens_to_what_was_sealed() {
    let sealed = sample::sealed(2, [7; 32]);
    let Carried::Sealed(carried) = SealedReport::from_json(&sealed.to_json()).unwrap() else {
        panic!("one of ours was taken for another maker's")
    };
    assert_eq!(carried, sealed);
    let opened = carried.open(&sample::device().verifying(), sample::realm()).unwrap();
    assert_eq!(*opened, sample::report(2));
    assert_eq!(opened.header(), carried.peek().unwrap());
    assert_eq!(opened.hash(), carried.hash());
    assert_eq!(opened.header().key, sample::device().id());
    assert_eq!(opened.header().realm, Some(sample::realm()));
    assert_eq!(opened.header().position, sample::position(2));
    assert_eq!(opened.header().previous, [7; 32]);
    assert_eq!(opened.into_inner(), sample::report(2));
}

#[test]
fn a_report_closed_before_the_first_trust_opens_anywhere() {
    let report = sample::report(1);
    let sealed =
        SealedReport::seal(&report, sample::position(1), [0; 32], None, &sample::device()).unwrap();
    assert_eq!(sealed.peek().unwrap().realm, None);
    assert!(sealed.open(&sample::device().verifying(), Realm::from_bytes([5; 16])).is_ok());
}

#[test]
fn a_report_of_another_installation_is_not_opened() {
    let opened =
        sample::sealed(1, [0; 32]).open(&sample::device().verifying(), Realm::from_bytes([5; 16]));
    let error = opened.unwrap_err();
    assert_eq!((error.code(), error), ("report.realm", OpenError::Realm));
}

#[test]
fn a_report_opens_with_its_own_key_alone() {
    let opened = sample::sealed(1, [0; 32]).open(&sample::node().verifying(), sample::realm());
    let error = opened.unwrap_err();
    assert_eq!((error.code(), error), ("report.unknown_key", OpenError::Key));
}

#[test]
fn a_changed_report_is_not_opened() {
    let sealed = sample::sealed(1, [0; 32]);
    let payload = sealed.payload().replace(r#""value":"1""#, r#""value":"0""#);
    assert_ne!(payload, sealed.payload());
    let changed = SealedReport::from_parts(payload, sealed.cose().to_vec());
    let error = changed.open(&sample::device().verifying(), sample::realm()).unwrap_err();
    assert_eq!((error.code(), error), ("report.signature", OpenError::Signature));
    assert_ne!(changed.hash(), sealed.hash());
}

#[test]
fn a_soundly_signed_thing_that_is_no_report_is_told_apart() {
    let sealed = sample::sealed(1, [0; 32]);
    let other = SealedReport::from_parts(String::new(), sealed.cose().to_vec());
    assert!(other.open(&sample::device().verifying(), sample::realm()).is_err());
    assert!(other.to_json().contains(r#""sudi":{}"#));
}

#[test]
fn a_forged_report_cannot_spoil_the_file_that_carries_it_on() {
    for sudi in [
        r#"{"udi_pid":2}"#,
        r#"{"udi_pid":"a\u0000"}"#,
        "[",
        "{",
        &format!(r#"{{"uuid":"{}"}}"#, "x".repeat(3000)),
    ] {
        let forged =
            SealedReport::from_parts(format!(r#""instance":{{"sudi":{sudi}}}"#), vec![1, 2, 3]);
        assert_eq!(SealedReport::from_json(&forged.to_json()), Ok(Carried::Sealed(forged)));
    }
    let payload = r#""instance":{"sudi":{"udi_pid":"C9300-24UX"}}"#.to_owned()
        + &"x".repeat(wire::limits::REPORT_BYTES - 120);
    let bare = format!(
        r#"{{"payload":{},"signature":{{"signing_type":"cose","value":""}}}}"#,
        serde_json::Value::from(payload)
    );
    assert!(bare.len() <= wire::limits::REPORT_BYTES);
    assert_eq!(SealedReport::from_json(&bare), Err(wire::report::ReportError::Size));
}

#[test]
fn a_report_is_sealed_under_the_id_of_its_position_only() {
    let seal = |epoch, number| {
        let position = Position { epoch, number };
        SealedReport::seal(&sample::report(1), position, [0; 32], None, &sample::device())
    };
    assert!(seal(sample::EPOCH, 1).is_ok());
    assert_eq!(seal(sample::EPOCH, 2), Err(SealError::Position));
    assert_eq!(seal(sample::EPOCH + 1, 0), Err(SealError::Position));
    assert_eq!(seal(u64::MAX, 1), Err(SealError::Position));
}

#[test]
fn a_report_that_grows_too_large_is_not_sealed() {
    let mut report = sample::report(1);
    report.measurements = (0..512).map(sample::measurement).collect();
    let seal = |report: &Report| {
        SealedReport::seal(report, sample::position(1), [0; 32], None, &sample::device())
    };
    let sealed = seal(&report).unwrap();
    assert!(
        matches!(SealedReport::from_json(&sealed.to_json()), Ok(Carried::Sealed(same)) if same == sealed)
    );
    report.measurements.push(sample::measurement(512));
    assert_eq!(
        seal(&report).unwrap_err().to_string(),
        "the report has more than 512 measurements: split it (report.too_many)"
    );
    report.measurements = vec![sample::measurement(0)];
    report.measurements[0].added = vec![sample::udi(); 5_000];
    assert!(
        matches!(seal(&report), Err(SealError::Report(error)) if error.code() == "report.size")
    );
}

#[test]
fn a_sealed_message_opens_to_what_was_sealed() {
    let sealed = sample::sealed_ack();
    let again = Sealed::from_bytes(sealed.as_bytes()).unwrap();
    assert_eq!(again, sealed);
    assert_eq!(again.peek_key(), sample::node().id());
    let opened = again.open(&sample::node().verifying()).unwrap();
    assert_eq!(*opened, sample::ack());
    assert_eq!(opened.key(), sample::node().id());
    assert_eq!(opened.claims().audience, Some(*sample::instance().as_bytes()));
    assert_eq!(opened.claims().issued_at.seconds(), sample::now().seconds());
    assert_eq!(again.open(&sample::root().verifying()).unwrap_err(), OpenError::MessageKey);
}

#[test]
fn audience_and_expiry_are_checked() {
    let opened = sample::sealed_request().open_self_signed().unwrap();
    let realm = *sample::realm().as_bytes();
    let end = opened.claims().expires_at.unwrap();
    assert_eq!(opened.check(realm, sample::now()), Ok(()));
    assert_eq!(opened.check([5; 16], sample::now()), Err(OpenError::Audience));
    assert_eq!(opened.check(realm, end.minus(Span::from_millis(1))), Ok(()));
    assert_eq!(opened.check(realm, end), Err(OpenError::Expired));
    assert_eq!(OpenError::Expired.code(), "request.expired");
    let bundle = sample::sealed_bundle().open(&[&sample::root().verifying()]).unwrap();
    assert_eq!(bundle.check(realm, sample::now()), Err(OpenError::Audience));
    assert_eq!(bundle.check_time(wire::time::Timestamp::MAX), Ok(()));
}

#[test]
fn a_trust_request_is_signed_with_the_key_inside_it() {
    assert_eq!(*sample::sealed_request().open_self_signed().unwrap(), sample::trust_request());
    let stolen = Sealed::seal(&sample::trust_request(), sample::for_all(), &sample::node());
    assert_eq!(stolen.open_self_signed().unwrap_err(), OpenError::MessageKey);
    let mut weak = sample::trust_request();
    weak.key = [0; 32];
    let weak = Sealed::seal(&weak, sample::for_all(), &sample::device());
    assert!(matches!(weak.open_self_signed(), Err(OpenError::Malformed { .. })));
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?} {:?}", sample::trust_request(), sample::sealed_request());
    assert!(!printed.contains(&sample::token().to_string()));
}

#[test]
fn a_message_is_not_taken_for_another_kind() {
    let policy = Sealed::seal(&Policy::default(), sample::for_all(), &sample::node());
    let taken = Sealed::<wire::message::Ack>::from_bytes(policy.as_bytes());
    assert_eq!(taken.unwrap_err(), OpenError::Type { expected: "scrip.ack.v1" });
    let taken = SealedReport::from_parts(String::new(), policy.into_bytes()).peek();
    assert!(taken.is_err());
    let taken = Sealed::<Policy>::from_bytes(sample::sealed(1, [0; 32]).cose());
    assert_eq!(taken.unwrap_err(), OpenError::Type { expected: "scrip.policy.v1" });
}

#[test]
fn a_bundle_needs_every_root_that_is_required() {
    let (old, new) = (sample::root(), SigningKey::from_seed([5; 32]));
    let (old_key, new_key) = (old.verifying(), new.verifying());
    let both = Countersigned::sign(&sample::bundle(), sample::for_all(), &[&old, &new]);
    let both = Countersigned::<TrustBundle>::from_bytes(both.as_bytes()).unwrap();
    assert_eq!(both.peek_keys().len(), 2);
    assert_eq!(*both.open(&[&old_key, &new_key]).unwrap(), sample::bundle());
    assert_eq!(both.open(&[&new_key]).unwrap().key(), new.id());
    let one = sample::sealed_bundle();
    assert!(one.open(&[&old_key]).is_ok());
    assert_eq!(one.open(&[&old_key, &new_key]).unwrap_err(), OpenError::MessageKey);
    assert_eq!(one.open(&[]).unwrap_err(), OpenError::MessageKey);
    let twice = Countersigned::sign(&sample::bundle(), sample::for_all(), &[&old, &old]);
    assert_eq!(twice, one);
}

#[test]
fn a_first_bundle_must_come_from_the_realm_of_the_token() {
    let bundle = sample::sealed_bundle();
    let opened = bundle.open_in(sample::token().realm).unwrap();
    assert_eq!(opened.find(sample::node().id()), Some(sample::node().verifying()));
    assert_eq!(opened.find(sample::device().id()), None);
    assert_eq!(bundle.open_in(Realm::from_bytes([5; 16])).unwrap_err(), OpenError::Realm);
    let forged = Countersigned::sign(&sample::bundle(), sample::for_all(), &[&sample::node()]);
    assert_eq!(forged.open_in(sample::realm()).unwrap_err(), OpenError::MessageKey);
}
