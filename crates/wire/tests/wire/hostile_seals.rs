//! Seals that nobody honest makes.

use minicbor::Encoder;
use minicbor::data::{Tag, Type};
use wire::key::SigningKey;
use wire::message::{Ack, Policy, TrustBundle, TrustRequest};
use wire::seal::{Countersigned, OpenError, Sealed, SealedReport};

use crate::sample;

fn malformed<T>(result: Result<T, OpenError>) -> bool {
    matches!(result, Err(OpenError::Malformed { .. }))
}

/// A `Sign1` around any header and payload, soundly signed by the node.
fn sign1(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut signed = Encoder::new(Vec::new());
    signed.array(4).unwrap().str("Signature1").unwrap().bytes(header).unwrap();
    signed.bytes(&[]).unwrap().bytes(payload).unwrap();
    let signature = sample::node().sign(signed.writer());
    let mut sealed = Encoder::new(Vec::new());
    sealed.tag(Tag::new(18)).unwrap().array(4).unwrap().bytes(header).unwrap();
    sealed.map(0).unwrap().bytes(payload).unwrap().bytes(&signature).unwrap();
    sealed.into_writer()
}

/// A header of a policy from its entries, each already encoded.
fn header(entries: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0xA0 | entries.len() as u8];
    bytes.extend(entries.concat());
    bytes
}

fn kid(key: &SigningKey) -> Vec<u8> {
    [&[0x04, 0x50][..], key.id().as_bytes()].concat()
}

const ALGORITHM: &[u8] = &[0x01, 0x32];
const ISSUED: &[u8] = &[0x0F, 0xA1, 0x06, 0x0A];
const TYPE: &[u8] = b"\x10\x6Fscrip.policy.v1";

fn policy() -> Vec<u8> {
    minicbor::to_vec(Policy::default()).unwrap()
}

/// The code of what becomes of a policy with this header and payload.
fn fate(header: &[u8], payload: &[u8]) -> &'static str {
    let opened = Sealed::<Policy>::from_bytes(sign1(header, payload))
        .and_then(|sealed| sealed.open(&sample::node().verifying()));
    opened.map(|_| "opened").unwrap_or_else(|error| {
        assert!(error.to_string().contains(error.code()), "{error}");
        error.code()
    })
}

#[test]
fn a_header_has_one_spelling() {
    let kid = kid(&sample::node());
    let other_kid = [&[0x04, 0x4F][..], &[1; 15]].concat();
    for (why, entries, code) in [
        ("the one spelling", &[ALGORITHM, &kid, ISSUED, TYPE][..], "opened"),
        ("unsorted", &[&kid, ALGORITHM, ISSUED, TYPE], "seal.malformed"),
        ("type before claims", &[ALGORITHM, &kid, TYPE, ISSUED], "seal.malformed"),
        ("EdDSA of the old kind", &[&[0x01, 0x27], &kid, ISSUED, TYPE], "seal.algorithm"),
        ("no signature at all", &[&[0x01, 0x00], &kid, ISSUED, TYPE], "seal.algorithm"),
        ("an algorithm in words", &[&[0x01, 0x61, b'x'], &kid, ISSUED, TYPE], "seal.malformed"),
        (
            "the algorithm in a longer head",
            &[&[0x01, 0x38, 0x12], &kid, ISSUED, TYPE],
            "seal.malformed",
        ),
        ("no algorithm", &[&kid, ISSUED, TYPE], "seal.malformed"),
        ("no key", &[ALGORITHM, ISSUED, TYPE], "seal.malformed"),
        ("a key of 15 bytes", &[ALGORITHM, &other_kid, ISSUED, TYPE], "seal.malformed"),
        ("no type", &[ALGORITHM, &kid, ISSUED], "seal.type"),
        ("another type", &[ALGORITHM, &kid, ISSUED, b"\x10\x6Fscrip.policy.v2"], "seal.type"),
        ("no issue time", &[ALGORITHM, &kid, TYPE], "seal.malformed"),
        ("no claims in the claims", &[ALGORITHM, &kid, &[0x0F, 0xA0], TYPE], "seal.malformed"),
        (
            "a claim that is not known",
            &[ALGORITHM, &kid, &[0x0F, 0xA1, 0x07, 0x0A], TYPE],
            "seal.malformed",
        ),
        ("a negative time", &[ALGORITHM, &kid, &[0x0F, 0xA1, 0x06, 0x20], TYPE], "seal.malformed"),
        (
            "a label that is not known",
            &[ALGORITHM, &kid, ISSUED, TYPE, &[0x18, 0x20, 0x00]],
            "seal.malformed",
        ),
        ("a label twice", &[ALGORITHM, ALGORITHM, &kid, ISSUED, TYPE], "seal.malformed"),
        (
            "critical labels",
            &[ALGORITHM, &[0x02, 0x81, 0x01], &kid, ISSUED, TYPE],
            "seal.malformed",
        ),
        (
            "a report's epoch",
            &[ALGORITHM, &kid, ISSUED, TYPE, &[0x3A, 0, 1, 0x11, 0x70, 0x01]],
            "seal.malformed",
        ),
    ] {
        assert_eq!(fate(&header(entries), &policy()), code, "{why}");
    }
}

#[test]
fn a_header_is_one_map_and_nothing_more() {
    let kid = kid(&sample::node());
    let entries = [ALGORITHM, &kid, ISSUED, TYPE].concat();
    let open_ended = [&[0xBF], &entries[..], &[0xFF]].concat();
    assert_eq!(fate(&open_ended, &policy()), "seal.malformed");
    assert_eq!(fate(&[], &policy()), "seal.malformed");
    assert_eq!(fate(&[0xA4], &policy()), "seal.malformed");
    assert_eq!(
        fate(
            &[&[0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &entries[..]].concat(),
            &policy()
        ),
        "seal.malformed"
    );
    let trailing = [&header(&[ALGORITHM, &kid, ISSUED, TYPE])[..], &[0]].concat();
    assert_eq!(fate(&trailing, &policy()), "seal.malformed");
}

#[test]
fn a_payload_is_deterministic_cbor() {
    let header = header(&[ALGORITHM, &kid(&sample::node()), ISSUED, TYPE]);
    let payload = policy();
    assert_eq!(fate(&header, &payload), "opened");
    assert_eq!(fate(&header, &payload[..payload.len() - 1]), "seal.malformed");
    assert_eq!(fate(&header, &[&payload[..], &[0]].concat()), "seal.malformed");
    assert_eq!(fate(&header, &[]), "seal.malformed");
    let (head, entries) = payload.split_at(1);
    assert_eq!(head, [0xA7]);
    assert_eq!(fate(&header, &[&[0xBF], entries, &[0xFF]].concat()), "seal.malformed");
    let name = 2 + "Scrip default".len();
    let unsorted = [head, &entries[name..], &entries[..name]].concat();
    assert_eq!(fate(&header, &unsorted), "seal.malformed");
    assert_eq!(fate(&header, &[&[0xA8], &entries[..name], entries].concat()), "seal.malformed");
    assert_eq!(fate(&header, &[&[0xA6], &entries[name..]].concat()), "seal.malformed");
}

#[test]
fn members_of_a_later_version_are_passed_over() {
    let header = header(&[ALGORITHM, &kid(&sample::node()), ISSUED, TYPE]);
    let payload = policy();
    let later = [&[0xA9], &payload[1..], b"\x18\x40\x82\x01\x61x", b"\x18\x41\xF6"].concat();
    assert_eq!(fate(&header, &later), "opened");
    let deep = [&[0xA8], &payload[1..], b"\x18\x40", &[0x81; 9][..], &[0x80]].concat();
    assert_eq!(fate(&header, &deep), "seal.malformed");
    let float = [&[0xA8], &payload[1..], b"\x18\x40\xF9\x00\x00"].concat();
    assert_eq!(fate(&header, &float), "seal.malformed");
}

#[test]
fn an_envelope_has_one_spelling() {
    let sealed = sample::sealed_ack().into_bytes();
    assert!(Sealed::<Ack>::from_bytes(&sealed[..]).is_ok());
    assert_eq!(sealed[..2], [0xD2, 0x84]);
    assert!(malformed(Sealed::<Ack>::from_bytes(&sealed[1..])), "without its tag");
    assert!(malformed(Sealed::<Ack>::from_bytes([&sealed[..], &[0]].concat())), "with a byte more");
    assert!(
        malformed(Sealed::<Ack>::from_bytes([&[0xD8, 0x12], &sealed[1..]].concat())),
        "with a longer tag"
    );
    assert!(
        malformed(Sealed::<Ack>::from_bytes([&[0xD1], &sealed[1..]].concat())),
        "with another tag"
    );
    assert!(
        malformed(Sealed::<Ack>::from_bytes([&[0xD2, 0x9F], &sealed[2..], &[0xFF]].concat())),
        "without a length"
    );
    for length in 0..sealed.len() {
        assert!(Sealed::<Ack>::from_bytes(&sealed[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn nothing_may_stand_outside_the_signature() {
    let sealed = sample::sealed_ack().into_bytes();
    let mut decoder = minicbor::Decoder::new(&sealed);
    decoder.tag().unwrap();
    decoder.array().unwrap();
    let protected = decoder.bytes().unwrap();
    decoder.map().unwrap();
    let rest = &sealed[decoder.position()..];
    assert_eq!(decoder.datatype().unwrap(), Type::Bytes);
    let mut encoder = Encoder::new(Vec::new());
    encoder.tag(Tag::new(18)).unwrap().array(4).unwrap().bytes(protected).unwrap();
    encoder.map(1).unwrap().u8(4).unwrap().bytes(b"key").unwrap();
    let unprotected = [encoder.into_writer(), rest.to_vec()].concat();
    assert!(malformed(Sealed::<Ack>::from_bytes(unprotected)));
}

#[test]
fn a_detached_message_and_an_attached_report_are_refused() {
    let sealed = sample::sealed(1, [0; 32]);
    let attached = {
        let end = sealed.cose().len() - 67;
        let (head, signature) = (&sealed.cose()[..end], &sealed.cose()[end + 1..]);
        assert_eq!(sealed.cose()[end], 0xF6);
        [head, &[0x41, b'x'], signature].concat()
    };
    assert!(malformed(SealedReport::from_parts(String::new(), attached).peek()));
    assert!(Sealed::<Policy>::from_bytes(sealed.cose()).is_err());
    for length in 0..sealed.cose().len() {
        let cut =
            SealedReport::from_parts(sealed.payload().to_owned(), sealed.cose()[..length].to_vec());
        assert!(cut.peek().is_err(), "cut to {length}");
        assert!(cut.open(&sample::device().verifying(), sample::realm()).is_err());
        assert_ne!(cut.hash(), sealed.hash());
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let sealed = sample::sealed(1, [0; 32]);
    let (key, realm) = (sample::device().verifying(), sample::realm());
    for bit in 0..sealed.cose().len() * 8 {
        let mut cose = sealed.cose().to_vec();
        cose[bit / 8] ^= 1 << (bit % 8);
        let changed = SealedReport::from_parts(sealed.payload().to_owned(), cose);
        assert!(changed.open(&key, realm).is_err(), "bit {bit}");
    }
    let sealed = sample::sealed_bundle().into_bytes();
    for bit in 0..sealed.len() * 8 {
        let mut bytes = sealed.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let opened = Countersigned::<TrustBundle>::from_bytes(bytes)
            .and_then(|bundle| bundle.open(&[&sample::root().verifying()]));
        assert!(opened.is_err(), "bit {bit}");
    }
}

#[test]
fn a_message_that_is_too_large_is_not_looked_at() {
    let large = vec![0; wire::limits::POLICY_BYTES + 1];
    let error = Sealed::<Policy>::from_bytes(large).unwrap_err();
    assert_eq!(error, OpenError::Size { limit: wire::limits::POLICY_BYTES });
}

#[test]
fn signers_stand_in_order_and_once() {
    let keys: Vec<SigningKey> = (10..20).map(|seed| SigningKey::from_seed([seed; 32])).collect();
    let sign = |count: usize| {
        let keys: Vec<&SigningKey> = keys.iter().take(count).collect();
        Countersigned::sign(&sample::bundle(), sample::for_all(), &keys).into_bytes()
    };
    assert!(Countersigned::<TrustBundle>::from_bytes(sign(8)).is_ok());
    assert!(malformed(Countersigned::<TrustBundle>::from_bytes(sign(9))));
    assert!(malformed(Countersigned::<TrustBundle>::from_bytes(sign(0))));
    let two = sign(2);
    let one_length = 1 + 2 + 21 + 1 + 66;
    let (head, signatures) = two.split_at(two.len() - 2 * one_length);
    let (first, second) = signatures.split_at(one_length);
    assert!(malformed(Countersigned::<TrustBundle>::from_bytes([head, second, first].concat())));
    assert!(malformed(Countersigned::<TrustBundle>::from_bytes([head, first, first].concat())));
}

#[test]
fn a_request_with_unusable_parts_is_refused() {
    let fate = |change: fn(&mut TrustRequest)| {
        let mut request = sample::trust_request();
        change(&mut request);
        Sealed::seal(&request, sample::for_all(), &sample::device()).open_self_signed()
    };
    assert!(fate(|_| {}).is_ok());
    assert!(malformed(fate(|request| request.token = "x".repeat(256))));
    assert!(malformed(fate(|request| request.hostname = Some("a\0b".into()))));
    assert!(malformed(fate(|request| request.software_version = Some(String::new()))));
    assert!(malformed(fate(|request| request.udi.serial = None)));
    assert!(malformed(fate(|request| request.members = vec![request.members[0].clone(); 65])));
}
