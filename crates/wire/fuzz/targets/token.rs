//! ID tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::token::IdToken;

fuzz_target!(|text: &str| {
    if let Ok(token) = text.parse::<IdToken>() {
        assert_eq!(token.to_string().parse(), Ok(token));
    }
});
