//! Keys for tests. They are published here, so nothing may ever trust them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair,
};

/// An RSA key of 2048 bits.
pub(super) fn rsa() -> RsaKeyPair {
    let text: String = include_str!("testing/rsa.txt").split_whitespace().collect();
    RsaKeyPair::from_der(&STANDARD.decode(text).unwrap()).unwrap()
}

/// A new key of P-256 whose signatures are ASN.1, as WebAuthn has them.
pub(super) fn p256() -> EcdsaKeyPair {
    p256_for(&ECDSA_P256_SHA256_ASN1_SIGNING)
}

/// A new key of P-256 whose signatures are two numbers, as JOSE has them.
pub(super) fn p256_fixed() -> EcdsaKeyPair {
    p256_for(&ECDSA_P256_SHA256_FIXED_SIGNING)
}

fn p256_for(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()
}

/// A key of Ed25519.
pub(super) fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}
