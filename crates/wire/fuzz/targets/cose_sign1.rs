//! Seals of one signer: no bytes but those that were sealed are opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::key::{Realm, SigningKey};
use wire::message::{Ack, Policy, TrustCode, TrustRequest};
use wire::seal::{Message, Sealed, SealedReport};

fn take<T: Message>(bytes: &[u8]) {
    if let Ok(sealed) = Sealed::<T>::from_bytes(bytes) {
        assert_eq!(sealed.as_bytes(), bytes);
        let _ = sealed.open(&SigningKey::from_seed([2; 32]).verifying());
    }
}

fuzz_target!(|bytes: &[u8]| {
    take::<Ack>(bytes);
    take::<Policy>(bytes);
    take::<TrustCode>(bytes);
    if let Ok(sealed) = Sealed::<TrustRequest>::from_bytes(bytes) {
        let _ = sealed.open_self_signed();
    }
    let report = SealedReport::from_parts("{}".to_owned(), bytes.to_vec());
    let _ = report.hash();
    if report.peek().is_ok() {
        let opened =
            report.open(&SigningKey::from_seed([1; 32]).verifying(), Realm::from_bytes([0; 16]));
        assert!(opened.is_err());
    }
});
