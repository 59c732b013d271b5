//! Messages that carry their payload within the seal: acknowledgements, codes,
//! requests, policies with one signer, trust bundles with several.

use core::fmt;
use core::marker::PhantomData;

use minicbor::{Decode, Encode};

use super::envelope::{SigStructure, Sign, Sign1, Signature};
use super::header::{Header, RawClaims};
use super::{Claims, MessageHeader, OpenError, Opened};
use crate::cbor::{Canonical, is_deterministic};
use crate::key::{KeyId, SigningKey, VerifyingKey};
use crate::time::Timestamp;

/// A payload that is sealed: what it is called, how large it may be, what it must hold.
pub trait Message: Encode<()> + for<'b> Decode<'b, ()> {
    /// The type and version in the header, such as `scrip.ack.v1`.
    const TYP: &'static str;

    /// The most bytes that the sealed message may have.
    const LIMIT: usize;

    /// Checks what its form alone does not ensure; called whenever one is opened.
    ///
    /// # Errors
    /// Names the part that cannot be used.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// A message sealed by one key (`COSE_Sign1`), unopened.
///
/// Members of the payload that a later version adds are skipped when it is opened.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    key: KeyId,
    kind: PhantomData<fn() -> T>,
}

/// A message sealed by several keys (`COSE_Sign`), unopened.
pub struct Countersigned<T> {
    bytes: Vec<u8>,
    signers: Vec<KeyId>,
    kind: PhantomData<fn() -> T>,
}

fn payload_of<T: Message>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    // A vector takes every byte, so there is no error to speak of.
    let _ = minicbor::encode(message, &mut bytes);
    bytes
}

fn read_payload<T: Message>(payload: &[u8]) -> Result<T, OpenError> {
    if !is_deterministic(payload) {
        return Err(OpenError::Malformed { what: "the message" });
    }
    let message: T =
        minicbor::decode(payload).map_err(|_| OpenError::Malformed { what: "the message" })?;
    message.check().map_err(|what| OpenError::Malformed { what })?;
    Ok(message)
}

fn raw_claims(claims: Claims) -> RawClaims {
    let seconds = |time: Timestamp| time.seconds().unsigned_abs();
    RawClaims {
        audience: claims.audience,
        expires: claims.expires_at.map(seconds),
        issued: Some(seconds(claims.issued_at)),
    }
}

/// Reads the header of a message: its type must be that of `T`, and it is no report.
fn read_header<T: Message>(protected: &[u8]) -> Result<(Header<'_>, Claims), OpenError> {
    const MALFORMED: OpenError = OpenError::Malformed { what: "the header of the signature" };
    let header = Header::parse(protected)?;
    if header.typ != Some(T::TYP) {
        return Err(OpenError::Type { expected: T::TYP });
    }
    if header.chain.is_some() {
        return Err(MALFORMED);
    }
    let issued = header.claims.issued.and_then(Timestamp::checked_seconds).ok_or(MALFORMED)?;
    let expires = header.claims.expires;
    let expires_at =
        expires.map(|seconds| Timestamp::checked_seconds(seconds).ok_or(MALFORMED)).transpose()?;
    let audience = header.claims.audience;
    Ok((header, Claims { audience, issued_at: issued, expires_at }))
}

fn check_size<T: Message>(bytes: &[u8]) -> Result<(), OpenError> {
    if bytes.len() > T::LIMIT { Err(OpenError::Size { limit: T::LIMIT }) } else { Ok(()) }
}

/// What is known of a sealed message before it is verified.
struct Unverified<'b> {
    sealed: Sign1<'b>,
    payload: &'b [u8],
    header: MessageHeader,
}

fn unverified<T: Message>(bytes: &[u8]) -> Result<Unverified<'_>, OpenError> {
    check_size::<T>(bytes)?;
    let sealed = Sign1::parse(bytes)?;
    let (header, claims) = read_header::<T>(sealed.protected)?;
    let key = header.key.ok_or(OpenError::Malformed { what: "the header of the signature" })?;
    let payload = sealed.payload.ok_or(OpenError::Malformed { what: "the message" })?;
    Ok(Unverified { sealed, payload, header: MessageHeader { key, claims } })
}

impl<T: Message> Sealed<T> {
    /// Seals `message` with `key`.
    pub fn seal(message: &T, claims: Claims, key: &SigningKey) -> Sealed<T> {
        let header = Header {
            key: Some(key.id()),
            claims: raw_claims(claims),
            typ: Some(T::TYP),
            chain: None,
        };
        let protected = header.to_bytes();
        let payload = payload_of(message);
        let signature =
            SigStructure { protected: &protected, signer: None, payload: &payload }.sign(key);
        let sealed = Sign1 { protected: &protected, payload: Some(&payload), signature };
        Sealed { bytes: sealed.to_bytes(), key: key.id(), kind: PhantomData }
    }

    /// Takes up a sealed message; its size, form and type are checked, its signature is not.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Sealed<T>, OpenError> {
        let bytes = bytes.into();
        let key = unverified::<T>(&bytes)?.header.key;
        Ok(Sealed { bytes, key, kind: PhantomData })
    }

    /// The key that it says sealed it: only to find that key.
    pub fn peek_key(&self) -> KeyId {
        self.key
    }

    /// Verifies the message with `key` and reads it. Audience and expiry are for
    /// [`Opened::check`](super::Opened::check).
    ///
    /// # Errors
    /// [`OpenError::MessageKey`] or [`OpenError::MessageSignature`] when `key` did
    /// not seal it, others when it is malformed.
    pub fn open(&self, key: &VerifyingKey) -> Result<Opened<T>, OpenError> {
        let Unverified { sealed, payload, header } = unverified::<T>(&self.bytes)?;
        if header.key != key.id() {
            return Err(OpenError::MessageKey);
        }
        let signed = SigStructure { protected: sealed.protected, signer: None, payload };
        if !key.verify(&signed.to_bytes(), &sealed.signature) {
            return Err(OpenError::MessageSignature);
        }
        Ok(Opened { inner: read_payload(payload)?, header })
    }

    /// Verifies the message with the key that `choose` finds in it.
    pub(crate) fn open_by(
        &self,
        choose: impl FnOnce(&T) -> Result<VerifyingKey, OpenError>,
    ) -> Result<Opened<T>, OpenError> {
        let key = choose(&read_payload(unverified::<T>(&self.bytes)?.payload)?)?;
        self.open(&key)
    }
}

/// What is known of a countersigned message before it is verified.
struct UnverifiedSign<'b> {
    sealed: Sign<'b>,
    signers: Vec<KeyId>,
    claims: Claims,
}

fn unverified_sign<T: Message>(bytes: &[u8]) -> Result<UnverifiedSign<'_>, OpenError> {
    const MALFORMED: OpenError = OpenError::Malformed { what: "the header of the signature" };
    check_size::<T>(bytes)?;
    let sealed = Sign::parse(bytes)?;
    let (header, claims) = read_header::<T>(sealed.protected)?;
    if header.key.is_some() {
        return Err(MALFORMED);
    }
    let mut signers: Vec<KeyId> = Vec::with_capacity(sealed.signatures.len());
    for one in &sealed.signatures {
        let header = Header::parse(one.protected)?;
        let key = header.key.ok_or(MALFORMED)?;
        let bare = Header { key: Some(key), ..Header::default() };
        if header != bare || signers.last().is_some_and(|last| *last >= key) {
            return Err(MALFORMED);
        }
        signers.push(key);
    }
    Ok(UnverifiedSign { sealed, signers, claims })
}

impl<T: Message> Countersigned<T> {
    /// Seals `message` with every one of `keys`; at least one, at most [`crate::limits::SIGNERS`].
    pub fn sign(message: &T, claims: Claims, keys: &[&SigningKey]) -> Countersigned<T> {
        let header =
            Header { key: None, claims: raw_claims(claims), typ: Some(T::TYP), chain: None };
        let protected = header.to_bytes();
        let payload = payload_of(message);
        let mut keys = keys.to_vec();
        keys.sort_by_key(|key| key.id());
        keys.dedup_by_key(|key| key.id());
        let headers: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| Header { key: Some(key.id()), ..Header::default() }.to_bytes())
            .collect();
        let sign = |(key, header): (&&SigningKey, &'_ Vec<u8>)| {
            SigStructure { protected: &protected, signer: Some(header), payload: &payload }
                .sign(key)
        };
        let signatures: Vec<[u8; 64]> = keys.iter().zip(&headers).map(sign).collect();
        let signatures = headers
            .iter()
            .zip(signatures)
            .map(|(protected, signature)| Signature { protected, signature })
            .collect();
        let sealed = Sign { protected: &protected, payload: &payload, signatures };
        let signers = keys.iter().map(|key| key.id()).collect();
        Countersigned { bytes: sealed.to_bytes(), signers, kind: PhantomData }
    }

    /// Takes up a sealed message; its size, form and type are checked, its signatures are not.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Countersigned<T>, OpenError> {
        let bytes = bytes.into();
        let signers = unverified_sign::<T>(&bytes)?.signers;
        Ok(Countersigned { bytes, signers, kind: PhantomData })
    }

    /// The keys that it says sealed it, ascending: only to find those keys.
    pub fn peek_keys(&self) -> &[KeyId] {
        &self.signers
    }

    /// Verifies the message with every one of `required` and reads it; other
    /// signatures on it count for nothing.
    ///
    /// # Errors
    /// [`OpenError::MessageKey`] when one of them did not sign or none was
    /// required, [`OpenError::MessageSignature`] when a signature does not fit,
    /// others when it is malformed.
    pub fn open(&self, required: &[&VerifyingKey]) -> Result<Opened<T>, OpenError> {
        let UnverifiedSign { sealed, signers, claims } = unverified_sign::<T>(&self.bytes)?;
        let first = required.first().ok_or(OpenError::MessageKey)?.id();
        for key in required {
            let index = signers.binary_search(&key.id()).map_err(|_| OpenError::MessageKey)?;
            let one = sealed.signatures.get(index).ok_or(OpenError::MessageKey)?;
            let (protected, signer) = (sealed.protected, Some(one.protected));
            let signed = SigStructure { protected, signer, payload: sealed.payload };
            if !key.verify(&signed.to_bytes(), &one.signature) {
                return Err(OpenError::MessageSignature);
            }
        }
        Ok(Opened {
            inner: read_payload(sealed.payload)?,
            header: MessageHeader { key: first, claims },
        })
    }

    /// Verifies the message with the key that `choose` finds in it.
    pub(crate) fn open_by(
        &self,
        choose: impl FnOnce(&T) -> Result<VerifyingKey, OpenError>,
    ) -> Result<Opened<T>, OpenError> {
        let key = choose(&read_payload(unverified_sign::<T>(&self.bytes)?.sealed.payload)?)?;
        self.open(&[&key])
    }
}

macro_rules! bytes_of_a_seal {
    ($name:ident, $others:ident) => {
        impl<T> $name<T> {
            /// The bytes that travel.
            pub fn as_bytes(&self) -> &[u8] {
                &self.bytes
            }

            /// The bytes that travel, given away.
            pub fn into_bytes(self) -> Vec<u8> {
                self.bytes
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> $name<T> {
                $name {
                    bytes: self.bytes.clone(),
                    $others: self.$others.clone(),
                    kind: PhantomData,
                }
            }
        }

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &$name<T>) -> bool {
                self.bytes == other.bytes
            }
        }

        impl<T> Eq for $name<T> {}

        impl<T: Message> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "{}({}, {:?}, {} bytes)",
                    stringify!($name),
                    T::TYP,
                    self.$others,
                    self.bytes.len()
                )
            }
        }
    };
}

bytes_of_a_seal!(Sealed, key);
bytes_of_a_seal!(Countersigned, signers);
