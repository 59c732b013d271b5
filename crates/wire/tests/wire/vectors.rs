//! Golden messages: what is made from fixed seeds is just what lies in `vectors/`,
//! and what lies there opens. Other implementations can be held against them.
//!
//! After a deliberate change of the format: `SCRIP_WRITE_VECTORS=1 cargo test -p wire vectors`.

use std::fmt::Write;
use std::path::PathBuf;

use wire::file::{AckFile, Room, TrustFile, UsageFile};
use wire::message::{Ack, Checkpoint, Policy, TrustBundle, TrustCode, TrustRequest};
use wire::report::Report;
use wire::seal::{Carried, Countersigned, Sealed, SealedReport};
use wire::token::IdToken;

use crate::sample;

/// The text of a vector, after it was compared with `made`.
fn golden(name: &str, made: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors")).join(name);
    let made = format!("{made}\n");
    if std::env::var_os("SCRIP_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(made, kept, "{name}");
    kept.trim_end().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn golden_bytes(name: &str, made: &[u8]) -> Vec<u8> {
    let text = golden(name, &hex(made));
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_chain_of_reports_is_golden() {
    let (key, realm) = (sample::device().verifying(), sample::realm());
    let mut previous = [0; 32];
    let mut chain = String::from("epoch number previous hash");
    for number in 1..=3 {
        let made = sample::sealed(number, previous);
        let kept = golden(&format!("report-{number}.json"), &made.to_json());
        let Carried::Sealed(kept) = SealedReport::from_json(&kept).unwrap() else {
            panic!("not one of ours")
        };
        assert_eq!(kept, made);
        let opened = kept.open(&key, realm).unwrap();
        assert_eq!(*opened, sample::report(number));
        assert_eq!(opened.header().previous, previous);
        let _ = write!(
            chain,
            "\n{} {number} {} {}",
            sample::EPOCH,
            hex(&previous),
            hex(&opened.hash())
        );
        previous = opened.hash();
    }
    golden("report-chain.txt", &chain);
}

#[test]
fn a_report_that_names_its_country_is_golden() {
    let report = Report { country: Some("DE".parse().unwrap()), ..sample::report(1) };
    let position = sample::position(1);
    let (key, realm) = (sample::device(), sample::realm());
    let made = SealedReport::seal(&report, position, [0; 32], Some(realm), &key).unwrap();
    let kept = golden("report-country.json", &made.to_json());
    let Carried::Sealed(kept) = SealedReport::from_json(&kept).unwrap() else {
        panic!("not one of ours")
    };
    assert!(kept.payload().contains(r#""customer_info":{"country":"DE"}}"#), "in its place");
    assert_eq!(*kept.open(&key.verifying(), realm).unwrap(), report);
}

#[test]
fn a_sealed_acknowledgement_is_golden() {
    let kept = golden_bytes("ack.hex", sample::sealed_ack().as_bytes());
    let kept = Sealed::<Ack>::from_bytes(kept).unwrap();
    assert_eq!(*kept.open(&sample::node().verifying()).unwrap(), sample::ack());
}

#[test]
fn a_sealed_policy_is_golden() {
    let made = Sealed::seal(&Policy::default(), sample::for_all(), &sample::node());
    let kept = Sealed::<Policy>::from_bytes(golden_bytes("policy.hex", made.as_bytes())).unwrap();
    assert_eq!(*kept.open(&sample::node().verifying()).unwrap(), Policy::default());
}

#[test]
fn a_checkpoint_is_golden() {
    let checkpoint = Checkpoint {
        account: wire::id::AccountId::derive(&[b"northwind"]),
        size: 4711,
        root: [0x5A; 32],
        at: sample::now(),
    };
    let made = Sealed::seal(&checkpoint, sample::for_all(), &sample::node());
    let kept = golden_bytes("checkpoint.hex", made.as_bytes());
    let kept = Sealed::<Checkpoint>::from_bytes(kept).unwrap();
    assert_eq!(*kept.open(&sample::node().verifying()).unwrap(), checkpoint);
}

#[test]
fn a_trust_request_and_its_code_are_golden() {
    let kept = golden_bytes("trust-request.hex", sample::sealed_request().as_bytes());
    let kept = Sealed::<TrustRequest>::from_bytes(kept).unwrap();
    assert_eq!(*kept.open_self_signed().unwrap(), sample::trust_request());
    let made = Sealed::seal(&sample::trust_code(), sample::for_instance(), &sample::node());
    let kept =
        Sealed::<TrustCode>::from_bytes(golden_bytes("trust-code.hex", made.as_bytes())).unwrap();
    assert_eq!(*kept.open(&sample::node().verifying()).unwrap(), sample::trust_code());
}

#[test]
fn a_trust_bundle_is_golden() {
    let kept = golden_bytes("trust-bundle.hex", sample::sealed_bundle().as_bytes());
    let kept = Countersigned::<TrustBundle>::from_bytes(kept).unwrap();
    assert_eq!(*kept.open_in(sample::realm()).unwrap(), sample::bundle());
}

#[test]
fn an_id_token_is_golden() {
    assert_eq!(
        golden("token.txt", &sample::token().to_string()).parse::<IdToken>(),
        Ok(sample::token())
    );
}

#[test]
fn files_are_golden() {
    let usage = UsageFile {
        system: Some(wire::file::System {
            timestamp: Some(sample::now()),
            nonce: Some("0123456789abcdef".into()),
            udi: Some(sample::udi()),
            hostname: Some("größer".into()),
            software: None,
        }),
        reports: vec![
            Carried::Sealed(sample::sealed(1, [0; 32])),
            SealedReport::from_json(sample::FOREIGN).unwrap(),
        ],
    };
    let kept = golden("usage.xml", &usage.to_xml());
    assert_eq!(UsageFile::parse(kept.as_bytes(), Room::Push), Ok(usage));
    let answer = AckFile {
        ack: Some(sample::sealed_ack()),
        bundle: Some(sample::sealed_bundle()),
        ..AckFile::default()
    };
    let kept = golden("ack.xml", &answer.to_xml());
    assert_eq!(AckFile::parse(kept.as_bytes()), Ok(answer));
    let request = TrustFile { request: sample::sealed_request() };
    assert_eq!(TrustFile::parse(golden("trust.xml", &request.to_xml()).as_bytes()), Ok(request));
}
