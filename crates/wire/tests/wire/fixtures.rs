//! Reports of real devices, kept outside this repository; absent, these tests say so and pass.

use std::path::{Path, PathBuf};

use serde_json::Value;
use wire::file::{Room, UsageFile};
use wire::report::Report;
use wire::seal::Carried;

pub(crate) fn fixtures(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/rum"));
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The payload as an independent reader finds it: the JSON between the marks.
fn payload_of(xml: &str) -> String {
    let start = xml.find("<![CDATA[").unwrap() + "<![CDATA[".len();
    let end = xml.find("]]>").unwrap();
    let frame: Value = serde_json::from_str(&xml[start..end]).unwrap();
    frame["payload"].as_str().unwrap().to_owned()
}

#[test]
fn reports_of_real_devices_are_taken_and_keep_their_bytes() {
    for path in fixtures("xml") {
        let xml = std::fs::read_to_string(&path).unwrap();
        let file = UsageFile::parse(xml.as_bytes(), Room::File).unwrap();
        let [Carried::Foreign(foreign)] = &file.reports[..] else { panic!("{}", path.display()) };
        assert_eq!(foreign.payload, payload_of(&xml));
        let report = foreign.read().unwrap();
        assert_eq!(report.udi, foreign.sudi);
        assert!(!report.measurements.is_empty());
        assert_eq!(UsageFile::parse(file.to_xml().as_bytes(), Room::File), Ok(file));
    }
}

#[test]
fn payloads_of_real_devices_are_read() {
    for path in fixtures("json") {
        let report =
            Report::from_foreign_payload(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(report.report_id > 0 && !report.measurements.is_empty(), "{}", path.display());
    }
}
