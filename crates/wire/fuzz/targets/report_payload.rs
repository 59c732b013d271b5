//! Payloads of our own: what is taken is written again as the same report.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::report::Report;

fuzz_target!(|text: &str| {
    if let Ok(report) = Report::from_payload(text) {
        let again = report.to_payload().expect("what was read can be written");
        assert_eq!(Report::from_payload(&again).as_ref(), Ok(&report));
    }
});
