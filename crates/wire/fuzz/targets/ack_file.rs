//! Answers and trust requests: what is taken is written again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::file::{AckFile, TrustFile};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = AckFile::parse(bytes) {
        assert_eq!(AckFile::parse(file.to_xml().as_bytes()), Ok(file));
    }
    if let Ok(file) = TrustFile::parse(bytes) {
        let _ = file.request.open_self_signed();
        assert_eq!(TrustFile::parse(file.to_xml().as_bytes()), Ok(file));
    }
});
