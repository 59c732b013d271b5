//! The public key of a passkey, as COSE has it (RFC 9052): reading it, and verifying by it.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::{Decode, Decoder};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

use super::PasskeyFault;

/// ECDSA on P-256 with SHA-256.
const ES256: i64 = -7;
/// EdDSA; of its curves Ed25519.
const EDDSA: i64 = -8;
/// RSA PKCS#1 v1.5 with SHA-256, which Windows Hello speaks.
const RS256: i64 = -257;
/// The algorithms that are taken, the preferred ones first.
pub(super) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

/// A public key.
#[derive(Debug, PartialEq)]
pub(super) enum PublicKey {
    /// A point of P-256, uncompressed.
    Es256([u8; 65]),
    /// A point of Ed25519.
    EdDsa([u8; 32]),
    /// Modulus and exponent.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

/// A value of a COSE key: the others than these mean nothing to us.
enum Part {
    Number(i64),
    Bytes(Vec<u8>),
    Other,
}

impl<'b, C> Decode<'b, C> for Part {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        match d.datatype()? {
            Type::Bytes => Ok(Self::Bytes(d.bytes()?.to_vec())),
            Type::U8 | Type::U16 | Type::U32 | Type::I8 | Type::I16 | Type::I32 => {
                Ok(Self::Number(d.i64()?))
            }
            _ => d.skip().map(|()| Self::Other),
        }
    }
}

impl PublicKey {
    /// Reads a COSE key.
    pub(super) fn read(cose: &[u8]) -> Result<Self, PasskeyFault> {
        let parts: BTreeMap<i64, Part> = minicbor::decode(cose)
            .map_err(|_| PasskeyFault::Form { why: "its key is no COSE key" })?;
        let number = |label: i64| match parts.get(&label) {
            Some(Part::Number(number)) => Some(*number),
            _ => None,
        };
        let bytes = |label: i64| match parts.get(&label) {
            Some(Part::Bytes(bytes)) => Some(bytes.clone()),
            _ => None,
        };
        let read = match (number(1), number(3), number(-1)) {
            (Some(2), Some(ES256), Some(1)) => {
                let point = [vec![4], bytes(-2).unwrap_or_default(), bytes(-3).unwrap_or_default()];
                point.concat().try_into().ok().map(Self::Es256)
            }
            (Some(1), Some(EDDSA), Some(6)) => {
                bytes(-2).and_then(|point| point.try_into().ok()).map(Self::EdDsa)
            }
            (Some(3), Some(RS256), None) => {
                bytes(-1).zip(bytes(-2)).map(|(n, e)| Self::Rs256 { n, e })
            }
            _ => None,
        };
        read.ok_or(PasskeyFault::Kind)
    }

    /// Verifies a signature.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), PasskeyFault> {
        let verified = match self {
            Self::Es256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point)
                .verify(signed, signature),
            Self::EdDsa(point) => {
                UnparsedPublicKey::new(&signature::ED25519, point).verify(signed, signature)
            }
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
        };
        verified.map_err(|_| PasskeyFault::Signature)
    }
}
