//! What the fuzz targets were fed before, as plain tests: whatever once broke a parser stays mended
//! without a fuzzer.

// The targets name the fuzzer's crate; here this test stands in for it.
extern crate self as libfuzzer_sys;

use std::path::Path;

#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/ack_file.rs"]
mod ack_file;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/carried_json.rs"]
mod carried_json;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/cose_sign.rs"]
mod cose_sign;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/cose_sign1.rs"]
mod cose_sign1;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/foreign_payload.rs"]
mod foreign_payload;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/ids.rs"]
mod ids;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/report_payload.rs"]
mod report_payload;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/token.rs"]
mod token;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/udi.rs"]
mod udi;
#[expect(unused_attributes, reason = "alone the target is a program without a main function")]
#[path = "../fuzz/targets/usage_file.rs"]
mod usage_file;

/// What the fuzzer's macro makes of a target: a function that takes bytes. It stands behind the
/// targets, so that they find it by the fuzzer's name.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub(crate) fn feed($bytes: &[u8]) $body
    };
    (|$text:ident: &str| $body:block) => {
        pub(crate) fn feed(bytes: &[u8]) {
            let Ok($text) = std::str::from_utf8(bytes) else { return };
            $body
        }
    };
}

/// Feeds a target all that its corpus holds.
fn feed_corpus(target: &str, feed: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("a corpus");
    let fed = entries.map(|entry| {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("its bytes");
        feed(&bytes);
        // Cut short it is something else again.
        feed(&bytes[..bytes.len() / 2]);
    });
    assert!(fed.count() > 0, "the corpus of {target} is empty");
}

macro_rules! corpora {
    ($($name:ident)+) => {
        #[test]
        fn every_target_takes_its_corpus() {
            $(feed_corpus(stringify!($name), $name::feed);)+
        }

        #[test]
        fn every_target_is_named_here() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets");
            let entries = std::fs::read_dir(folder).expect("targets").map(|one| one.expect("an entry"));
            let mut found: Vec<String> = entries
                .map(|one| one.file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
                .collect();
            found.sort();
            assert_eq!(found, [$(stringify!($name)),+]);
        }
    };
}

corpora! {
    ack_file carried_json cose_sign cose_sign1 foreign_payload ids report_payload token udi usage_file
}
