//! Carried reports: what is taken is carried on as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::seal::{Carried, SealedReport};

fuzz_target!(|text: &str| {
    let Ok(carried) = SealedReport::from_json(text) else { return };
    let json = carried.to_json();
    match &carried {
        Carried::Foreign(foreign) => {
            assert_eq!(json, text);
            let _ = foreign.read();
        }
        Carried::Sealed(report) => {
            let _ = report.peek();
            assert_eq!(SealedReport::from_json(&json).as_ref(), Ok(&carried));
        }
    }
    let _ = carried.hash();
});
