//! Signing and verifying keys (Ed25519), and what is named after them.
//!
//! Not here: where keys are kept, and which key may say what.

use core::fmt;

use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};

use crate::id::{first_half, text_id};

text_id! {
    /// Names a key: the first 16 bytes of SHA-256 over the public key.
    KeyId, "key"
}

text_id! {
    /// Names an installation: the first 16 bytes of SHA-256 over its root's public key.
    Realm, "realm"
}

impl KeyId {
    /// The name of the key with these public bytes.
    pub fn of(public: &[u8; 32]) -> KeyId {
        KeyId::from_bytes(first_half(&Sha256::digest(public).into()))
    }
}

impl Realm {
    /// The realm that `root` founds.
    pub fn of(root: &VerifyingKey) -> Realm {
        Realm::from_bytes(*root.id.as_bytes())
    }
}

/// Bytes that are no usable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these 32 bytes are no Ed25519 public key: send the key again (key.malformed)")]
pub struct KeyError;

impl KeyError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        "key.malformed"
    }
}

/// Whether the coordinate is written as the one number below 2²⁵⁵ − 19: a key must have one name.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    *first < 0xED || last & 0x7F != 0x7F || middle.iter().any(|byte| *byte != 0xFF)
}

/// A public key: it verifies what its [`SigningKey`] signed.
#[derive(Clone, Copy)]
pub struct VerifyingKey {
    point: ed25519_dalek::VerifyingKey,
    id: KeyId,
}

impl VerifyingKey {
    /// Takes up a public key.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are not a point of the curve, one of the few
    /// weak ones, or one of the few second spellings of a point.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<VerifyingKey, KeyError> {
        let point = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError)?;
        if point.is_weak() || !is_canonical(&bytes) {
            return Err(KeyError);
        }
        Ok(VerifyingKey { point, id: KeyId::of(&bytes) })
    }

    /// The public bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.point.to_bytes()
    }

    /// The key's name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether `signature` over `message` was made with this key; only canonical signatures count.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.point.verify_strict(message, &signature).is_ok()
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &VerifyingKey) -> bool {
        self.point == other.point
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.id)
    }
}

/// A secret key; wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    id: KeyId,
}

impl SigningKey {
    /// The key that grows from `seed`, which must be 32 bytes of good randomness.
    pub fn from_seed(seed: [u8; 32]) -> SigningKey {
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let id = KeyId::of(secret.as_ref().as_bytes());
        SigningKey { secret, id }
    }

    /// The seed, to be stored where only its owner reads.
    pub fn seed(&self) -> [u8; 32] {
        self.secret.to_bytes()
    }

    /// The public half.
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey { point: self.secret.verifying_key(), id: self.id }
    }

    /// The key's name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Signs `message`; the same message always gets the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_verifies_what_it_signed_and_nothing_else() {
        let key = SigningKey::from_seed([7; 32]);
        let mut signature = key.sign(b"ten in use");
        assert!(key.verifying().verify(b"ten in use", &signature));
        assert!(!key.verifying().verify(b"two in use", &signature));
        assert!(!SigningKey::from_seed([8; 32]).verifying().verify(b"ten in use", &signature));
        signature[3] ^= 1;
        assert!(!key.verifying().verify(b"ten in use", &signature));
    }

    #[test]
    fn a_secret_key_prints_its_name_alone() {
        let key = SigningKey::from_seed([7; 32]);
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.id()));
        assert_eq!(key.id(), key.verifying().id());
        assert_eq!(SigningKey::from_seed(key.seed()).id(), key.id());
    }

    #[test]
    fn weak_and_broken_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(VerifyingKey::from_bytes(identity), Err(KeyError));
        assert_eq!(VerifyingKey::from_bytes([0; 32]), Err(KeyError));
        assert_eq!(VerifyingKey::from_bytes([0xFF; 32]), Err(KeyError));
        let sound = SigningKey::from_seed([7; 32]).verifying();
        assert_eq!(VerifyingKey::from_bytes(sound.to_bytes()), Ok(sound));
    }

    #[test]
    fn a_realm_is_named_after_its_root() {
        let root = SigningKey::from_seed([7; 32]).verifying();
        assert_eq!(Realm::of(&root).as_bytes(), KeyId::of(&root.to_bytes()).as_bytes());
        assert!(Realm::of(&root).to_string().starts_with("realm_"));
    }
}
