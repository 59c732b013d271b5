//! Usage files: what is taken is written again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::file::{Room, UsageFile};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = UsageFile::parse(bytes, Room::Push) {
        assert_eq!(UsageFile::parse(file.to_xml().as_bytes(), Room::File), Ok(file));
    }
});
