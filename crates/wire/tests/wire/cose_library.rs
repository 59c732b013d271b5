//! Outside judge: the `coset` library reads what we seal, and agrees on what was signed.

use coset::cbor::value::Value;
use coset::iana::{Algorithm, EnumI64};
use coset::{
    CborSerializable, CoseSign, CoseSign1, Label, ProtectedHeader, RegisteredLabelWithPrivate,
    TaggedCborSerializable,
};

use crate::sample;

fn signature(bytes: &[u8]) -> [u8; 64] {
    bytes.try_into().unwrap()
}

fn value(header: &ProtectedHeader, label: i64) -> &Value {
    let found = header.header.rest.iter().find(|(name, _)| *name == Label::Int(label));
    &found.unwrap_or_else(|| panic!("no label {label}")).1
}

fn is_ed25519(header: &ProtectedHeader) -> bool {
    header.header.alg == Some(RegisteredLabelWithPrivate::Assigned(Algorithm::Ed25519))
}

#[test]
fn a_report_reads_the_same_with_the_library() {
    let sealed = sample::sealed(2, [7; 32]);
    let judged = CoseSign1::from_tagged_slice(sealed.cose()).unwrap();
    assert_eq!(Algorithm::Ed25519.to_i64(), -19);
    assert!(is_ed25519(&judged.protected));
    assert!(judged.unprotected.is_empty());
    assert_eq!(judged.payload, None);
    assert_eq!(judged.protected.header.key_id, sample::device().id().as_bytes());
    assert_eq!(value(&judged.protected, 16), &Value::from("scrip.report.v1"));
    let realm = Value::from(&sample::realm().as_bytes()[..]);
    assert_eq!(value(&judged.protected, 15), &Value::Map(vec![(3.into(), realm)]));
    assert_eq!(value(&judged.protected, -70_001), &sample::EPOCH.into());
    assert_eq!(value(&judged.protected, -70_002), &2.into());
    assert_eq!(value(&judged.protected, -70_003), &Value::from(&[7; 32][..]));
    let verify = |bytes: &[u8], signed: &[u8]| {
        sample::device().verifying().verify(signed, &signature(bytes))
    };
    let verified =
        judged.verify_detached_signature(sealed.payload().as_bytes(), &[], |bytes, signed| {
            verify(bytes, signed).then_some(()).ok_or(())
        });
    assert_eq!(verified, Ok(()));
}

#[test]
fn a_message_reads_the_same_with_the_library() {
    let sealed = sample::sealed_ack();
    let judged = CoseSign1::from_tagged_slice(sealed.as_bytes()).unwrap();
    assert!(is_ed25519(&judged.protected));
    assert_eq!(value(&judged.protected, 16), &Value::from("scrip.ack.v1"));
    let signed = judged.tbs_data(&[]);
    assert!(sample::node().verifying().verify(&signed, &signature(&judged.signature)));
    let payload = Value::from_slice(judged.payload.as_deref().unwrap()).unwrap();
    assert_eq!(payload.as_map().map(Vec::len), Some(10));
    assert_eq!(judged.to_tagged_vec().unwrap(), sealed.as_bytes());
}

#[test]
fn a_bundle_reads_the_same_with_the_library() {
    let sealed = sample::sealed_bundle();
    let judged = CoseSign::from_tagged_slice(sealed.as_bytes()).unwrap();
    assert_eq!(judged.protected.header.alg, None);
    assert_eq!(value(&judged.protected, 16), &Value::from("scrip.trust-bundle.v1"));
    let [one] = &judged.signatures[..] else { panic!("not one signature") };
    assert!(is_ed25519(&one.protected));
    assert_eq!(one.protected.header.key_id, sample::root().id().as_bytes());
    let signed = judged.tbs_data(&[], one);
    assert!(sample::root().verifying().verify(&signed, &signature(&one.signature)));
    assert_eq!(judged.to_tagged_vec().unwrap(), sealed.as_bytes());
}
