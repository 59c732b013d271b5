//! Our files before a reader that is not ours: libxml2, by its `xmllint`, with the schema in `docs`.
//! Absent, these tests say so and pass.

use std::io::Write as _;
use std::process::{Command, Stdio};

use wire::file::{AckFile, Room, System, TrustFile, UsageFile};
use wire::message::Policy;
use wire::seal::{Carried, Sealed};

use crate::fixtures::fixtures;
use crate::sample;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/smart-license.xsd");

/// What `xmllint` makes of a file: what it prints, or its complaint; `None` where it is absent.
fn xmllint(words: &[&str], xml: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let mut command = Command::new("xmllint");
    command.args(["--nonet"]).args(words).arg("-");
    let spawned =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: xmllint is not there");
        return None;
    };
    child.stdin.take().expect("its input").write_all(xml).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(output.stdout) } else { Err(complaint) })
}

fn is_valid(name: &str, xml: &[u8]) {
    let judged = xmllint(&["--noout", "--schema", SCHEMA], xml);
    assert!(judged.as_ref().is_none_or(Result::is_ok), "{name}: {judged:?}");
}

fn usage() -> UsageFile {
    let system = System {
        timestamp: Some(sample::now()),
        nonce: Some("a & b".to_owned()),
        udi: Some(sample::udi()),
        hostname: Some("größer <&> ]]>".to_owned()),
        software: None,
    };
    let first = sample::sealed(1, [0; 32]);
    let second = sample::sealed(2, first.hash());
    UsageFile {
        system: Some(system),
        reports: vec![Carried::Sealed(first), Carried::Sealed(second)],
    }
}

fn policy() -> Sealed<Policy> {
    Sealed::seal(&Policy::default(), sample::for_all(), &sample::node())
}

fn answers() -> [(&'static str, AckFile); 4] {
    let none = AckFile::default;
    let code = Sealed::seal(&sample::trust_code(), sample::for_instance(), &sample::node());
    let (ack, bundle) = (Some(sample::sealed_ack()), Some(sample::sealed_bundle()));
    [
        ("trust", AckFile { trust: Some(code), bundle: bundle.clone(), ..none() }),
        ("bundle and acknowledgement", AckFile { ack: ack.clone(), bundle, ..none() }),
        ("acknowledgement and policy", AckFile { ack, policy: Some(policy()), ..none() }),
        ("policy", AckFile { policy: Some(policy()), ..none() }),
    ]
}

#[test]
fn our_files_are_valid_by_the_schema_that_others_may_use() {
    is_valid("usage", usage().to_xml().as_bytes());
    let request = TrustFile { request: sample::sealed_request() };
    is_valid("trust request", request.to_xml().as_bytes());
    for (name, file) in answers() {
        is_valid(name, file.to_xml().as_bytes());
    }
    let policy = AckFile { policy: Some(policy()), ..AckFile::default() }.to_xml();
    let bare = policy.trim_start_matches("<smartLicense>").trim_end_matches("</smartLicense>");
    is_valid("a bare policy", bare.as_bytes());
    for path in fixtures("xml") {
        is_valid("a file of a real device", &std::fs::read(&path).expect("a fixture"));
    }
}

#[test]
fn the_schema_refuses_what_is_no_file_of_ours() {
    let answer = answers()[1].1.to_xml();
    for wrong in [
        "<smartLicense/>".to_owned(),
        answer.replace("RumAck", "Rumour"),
        "<smartLicensePolicy><data>AA==</data></smartLicensePolicy>".to_owned(),
        answer.replace("</smartLicense>", "<RUMReport/></smartLicense>"),
    ] {
        let judged = xmllint(&["--noout", "--schema", SCHEMA], wrong.as_bytes());
        assert!(judged.is_none_or(|judged| judged.is_err()), "{wrong}");
    }
}

#[test]
fn a_file_that_another_writer_wrote_anew_holds_the_same_messages() {
    for words in [&["--c14n"][..], &["--format"], &["--nocdata"], &["--encode", "UTF-8"]] {
        let file = usage();
        let Some(written) = xmllint(words, file.to_xml().as_bytes()) else { return };
        let written = written.expect("it is well-formed");
        assert_eq!(UsageFile::parse(&written, Room::File), Ok(file), "{words:?}");
        for (name, file) in answers() {
            let written = xmllint(words, file.to_xml().as_bytes()).expect("it is there");
            let written = written.expect("it is well-formed");
            assert_eq!(AckFile::parse(&written), Ok(file), "{name}, {words:?}");
        }
    }
}
