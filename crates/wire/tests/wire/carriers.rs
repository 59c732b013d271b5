//! What carriers do to a report on its way, and what must survive it.

use serde_json::{Value, json};
use wire::file::{Room, UsageFile};
use wire::report::Report;
use wire::seal::{Carried, SealedReport};

use crate::sample;

/// Prints JSON anew with a space after each colon and comma, as a well-known client does.
fn spaced(payload: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for character in payload.chars() {
        out.push(character);
        inside ^= character == '"';
        if !inside && matches!(character, ':' | ',') {
            out.push(' ');
        }
    }
    out
}

fn open(carried: &Carried) -> Report {
    let Carried::Sealed(sealed) = carried else {
        panic!("one of ours was taken for another maker's")
    };
    sealed.open(&sample::device().verifying(), sample::realm()).unwrap().into_inner()
}

#[test]
fn a_payload_holds_nothing_that_a_carrier_changes() {
    let payload = sample::report(1).to_payload().unwrap();
    assert!(
        payload.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\'<>&".contains(&byte)),
        "{payload}"
    );
    let value: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(value["meta"]["hostname"], "gr%C3%B6%C3%9Fer%20%3C%26%27%5C%3E%20switch%20]]%3E");
    assert_eq!(value["signature"]["value"], "");
}

#[test]
fn a_client_that_prints_the_payload_anew_and_deletes_its_spaces_keeps_it_whole() {
    let sealed = sample::sealed(1, [0; 32]);
    let payload = spaced(sealed.payload());
    assert_ne!(payload, sealed.payload());
    let again = SealedReport::from_parts(payload.replace(' ', ""), sealed.cose().to_vec());
    assert_eq!(open(&Carried::Sealed(again)), sample::report(1));
}

#[test]
fn a_client_that_prints_the_frame_anew_keeps_it_whole() {
    let sealed = sample::sealed(1, [0; 32]);
    let mut frame: Value = serde_json::from_str(&sealed.to_json()).unwrap();
    frame["carrier"] = json!({"seen": [1, 2, 3], "note": "größer"});
    let pretty = serde_json::to_string_pretty(&frame).unwrap();
    assert_eq!(open(&SealedReport::from_json(&pretty).unwrap()), sample::report(1));
}

#[test]
fn the_frame_names_device_and_key_for_carriers_to_read() {
    let frame: Value = serde_json::from_str(&sample::sealed(1, [0; 32]).to_json()).unwrap();
    assert_eq!(
        frame["signature"]["sudi"],
        json!({"udi_pid": "C9300-24UX", "udi_serial_number": "FCW2303D16Y"})
    );
    assert_eq!(frame["signature"]["signing_type"], "cose");
    assert_eq!(frame["signature"]["key"], sample::device().id().to_string());
    assert_eq!(frame["header"], json!({"type": "rum"}));
}

#[test]
fn a_client_that_turns_single_quotes_into_double_ones_keeps_a_file_whole() {
    let file =
        UsageFile { system: None, reports: vec![Carried::Sealed(sample::sealed(1, [0; 32]))] };
    let xml = file.to_xml();
    assert!(!xml.contains('\''));
    assert_eq!(UsageFile::parse(xml.replace('\'', "\"").as_bytes(), Room::Push), Ok(file));
}

#[test]
fn a_foreign_report_keeps_its_bytes_and_is_one_however_it_is_spaced() {
    let Ok(Carried::Foreign(foreign)) = SealedReport::from_json(sample::FOREIGN) else {
        panic!("another maker's report was not taken as one")
    };
    let frame: Value = serde_json::from_str(sample::FOREIGN).unwrap();
    assert_eq!(foreign.payload, frame["payload"]);
    assert_eq!(foreign.json, sample::FOREIGN);
    assert_eq!((foreign.signing_type.as_str(), foreign.value.len()), ("builtin", 44));
    let mut spaced_out = foreign.clone();
    spaced_out.payload = spaced(&foreign.payload);
    assert_ne!(spaced_out.payload, foreign.payload);
    assert_eq!(spaced_out.hash(), foreign.hash());
    spaced_out.payload.push('x');
    assert_ne!(spaced_out.hash(), foreign.hash());
}

#[test]
fn a_foreign_report_is_read_leniently() {
    let Ok(Carried::Foreign(foreign)) = SealedReport::from_json(sample::FOREIGN) else {
        panic!("another maker's report was not taken as one")
    };
    let report = foreign.read().unwrap();
    assert_eq!(report.report_id, 1_700_000_000);
    assert_eq!(report.udi.to_string(), "PID:SWITCH-48,SN:EX0001");
    assert_eq!(report.udi.vid, None);
    assert_eq!(report.entitlement.short_name(), "ADVANTAGE");
    assert_eq!(report.software_version.as_deref(), Some("17.9 \"a\""));
    let [measurement] = &report.measurements[..] else { panic!("not one measurement") };
    assert_eq!(measurement.value.get(), 3);
    assert_eq!(measurement.log_time.seconds(), 1_700_000_060);
    assert_eq!(measurement.clock_change_delta, Some(-3433));
    assert!(foreign.payload.contains("\"later\""));
}

#[test]
fn a_usage_file_carries_reports_of_both_kinds_byte_for_byte() {
    let mut file =
        UsageFile { system: None, reports: vec![Carried::Sealed(sample::sealed(1, [0; 32]))] };
    // An end mark within the report must not end it.
    let hostile = sample::FOREIGN.replace("\\\"a\\\"", "]]>]]&gt;<x/>&amp;");
    file.reports.push(SealedReport::from_json(&hostile).unwrap());
    assert_eq!(UsageFile::parse(file.to_xml().as_bytes(), Room::Push), Ok(file));
}
