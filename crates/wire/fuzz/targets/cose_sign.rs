//! Seals of several signers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::key::{Realm, SigningKey};
use wire::message::TrustBundle;
use wire::seal::Countersigned;

fuzz_target!(|bytes: &[u8]| {
    let Ok(bundle) = Countersigned::<TrustBundle>::from_bytes(bytes) else { return };
    assert_eq!(bundle.as_bytes(), bytes);
    assert!(bundle.peek_keys().is_sorted());
    let root = SigningKey::from_seed([3; 32]).verifying();
    let _ = bundle.open(&[&root]);
    let _ = bundle.open_in(Realm::of(&root));
});
