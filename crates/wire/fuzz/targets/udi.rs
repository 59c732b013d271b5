//! Device identifiers, as text and as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::udi::Udi;

fuzz_target!(|text: &str| {
    if let Ok(udi) = text.parse::<Udi>() {
        assert_eq!(udi.validate(), Ok(()));
        assert_eq!(udi.to_string().parse(), Ok(udi));
    }
});
