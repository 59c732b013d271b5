//! Payloads of other makers: whatever is taken keeps the limits of our own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::report::Report;

fuzz_target!(|text: &str| {
    if let Ok(report) = Report::from_foreign_payload(text)
        && let Ok(payload) = report.to_payload()
    {
        let again = Report::from_payload(&payload).expect("what was written can be read");
        assert_eq!(again.udi, report.udi);
        assert_eq!(again.measurements.len(), report.measurements.len());
    }
});
