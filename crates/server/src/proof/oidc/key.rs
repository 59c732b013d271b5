//! The keys that a provider publishes (RFC 7517), and verifying by them (RFC 7518, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::OidcFault;

/// How many keys of a set are looked at.
const MOST: usize = 100;

/// The algorithms by which a token may be signed: those by which nobody but the signer can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A set of keys.
#[derive(Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

/// A key. What is of another kind or use is kept as it came and fits nothing.
#[derive(Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

impl Keys {
    /// Whether there is a key for a token of this algorithm that names this key or none.
    pub(super) fn fit(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        self.fitting(algorithm, kid).next().is_some()
    }

    /// Verifies a signature.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), OidcFault> {
        if !self.fit(algorithm, kid) {
            return Err(OidcFault::Key);
        }
        let verified = |key: &Key| key.verify(algorithm, signed, signature).is_some();
        let verified = self.fitting(algorithm, kid).any(verified);
        if verified { Ok(()) } else { Err(OidcFault::Signature) }
    }

    fn fitting<'a>(
        &'a self,
        algorithm: Algorithm,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Key> {
        let fits = move |key: &&Key| {
            key.fits(algorithm) && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        };
        self.keys.iter().take(MOST).filter(fits)
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => ("RSA", None),
            Algorithm::Es256 => ("EC", Some("P-256")),
            Algorithm::Es384 => ("EC", Some("P-384")),
            Algorithm::EdDsa => ("OKP", Some("Ed25519")),
        };
        let curve = if kind.1.is_some() { self.crv.as_deref() } else { None };
        let meant = |alg: &String| Algorithm::of(alg) == Some(algorithm);
        (self.kty.as_str(), curve) == kind
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_ref().is_none_or(meant)
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<()> {
        let verified = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let key = RsaPublicKeyComponents { n: bytes(&self.n)?, e: bytes(&self.e)? };
                let how = match algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                key.verify(how, signed, signature)
            }
            Algorithm::Es256 | Algorithm::Es384 => {
                let point = [vec![4], bytes(&self.x)?, bytes(&self.y)?].concat();
                let how = match algorithm {
                    Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
                    _ => &signature::ECDSA_P256_SHA256_FIXED,
                };
                UnparsedPublicKey::new(how, point).verify(signed, signature)
            }
            Algorithm::EdDsa => UnparsedPublicKey::new(&signature::ED25519, bytes(&self.x)?)
                .verify(signed, signature),
        };
        verified.ok()
    }
}

fn bytes(text: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_ref()?).ok()
}
