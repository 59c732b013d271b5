//! The ID token (OpenID Connect Core 1.0, 3.1.3.7): read, then verified, then believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use wire::time::Timestamp;

use super::key::{Algorithm, Keys};
use super::{OidcFault, SLACK, fault};
use crate::proof::Secret;

/// The longest token.
const TOKEN_BYTES: usize = 32 * 1024;
/// The longest subject, by OpenID Connect.
const SUBJECT_BYTES: usize = 255;
/// The longest e-mail address.
const EMAIL_BYTES: usize = 254;
/// Characters of a name that are kept.
const NAME_CHARACTERS: usize = 200;

/// A token of which nothing is known yet but its form.
pub(super) struct Token<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    signed: &'a [u8],
    signature: Vec<u8>,
    claims: Claims,
}

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// Since when the person must have proven it, if anew.
    pub(super) fresh_since: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// Who somebody is.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) subject: String,
    pub(super) email: Option<String>,
    pub(super) email_verified: bool,
    pub(super) name: Option<String>,
    pub(super) proven_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: Seconds,
    #[serde(default)]
    iat: Option<Seconds>,
    #[serde(default)]
    nbf: Option<Seconds>,
    #[serde(default)]
    auth_time: Option<Seconds>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(flatten)]
    about: About,
}

/// What is said of the person, in the token or when asked for more.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    email: Option<String>,
    /// A boolean; some providers send it as text.
    #[serde(default)]
    email_verified: Option<Value>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Seconds since 1970; JWT allows fractions.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Seconds {
    Whole(i64),
    Fraction(f64),
}

impl Seconds {
    fn at(self) -> Timestamp {
        match self {
            Self::Whole(seconds) => Timestamp::from_seconds(seconds),
            Self::Fraction(seconds) => Timestamp::from_seconds(seconds as i64),
        }
    }
}

impl<'a> Token<'a> {
    /// Reads a token in its compact form (RFC 7515).
    pub(super) fn read(text: &'a str) -> Result<Self, OidcFault> {
        if text.len() > TOKEN_BYTES {
            return Err(OidcFault::Token { why: "it is too long" });
        }
        let broken = || OidcFault::Token { why: "it is not three parts of base64url" };
        let (signed, signature) = text.rsplit_once('.').ok_or_else(broken)?;
        let (header, claims) = signed.split_once('.').ok_or_else(broken)?;
        let part = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| broken());
        let header: Header = serde_json::from_slice(&part(header)?)
            .map_err(|_| OidcFault::Token { why: "its header is not of the right form" })?;
        let algorithm = Algorithm::of(&header.alg)
            .ok_or_else(|| OidcFault::Algorithm { algorithm: fault::word(&header.alg) })?;
        if header.crit.is_some() {
            return Err(OidcFault::Token { why: "its header demands what we do not know" });
        }
        let claims: Claims = serde_json::from_slice(&part(claims)?)
            .map_err(|_| OidcFault::Token { why: "its claims are not of the right form" })?;
        let signature = part(signature)?;
        Ok(Self { algorithm, kid: header.kid, signed: signed.as_bytes(), signature, claims })
    }

    /// Whether one of the keys can have signed it.
    pub(super) fn fits(&self, keys: &Keys) -> bool {
        keys.fit(self.algorithm, self.kid.as_deref())
    }

    /// What it says, if it is signed by one of the keys and says what is expected.
    pub(super) fn open(self, keys: &Keys, expected: &Expected<'_>) -> Result<Identity, OidcFault> {
        keys.verify(self.algorithm, self.kid.as_deref(), self.signed, &self.signature)?;
        let claims = self.claims;
        claims.check(expected)?;
        let proven_at = claims.auth_time.map(Seconds::at);
        let mut identity = Identity {
            subject: claims.about.sub.clone(),
            email: None,
            email_verified: false,
            name: None,
            proven_at,
        };
        identity.take(claims.about);
        Ok(identity)
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), OidcFault> {
        let Expected { issuer, client_id, nonce, fresh_since, now } = *expected;
        if self.iss != issuer {
            return Err(OidcFault::Issuer);
        }
        let (is_for_us, is_for_others) = match &self.aud {
            Audience::One(one) => (one == client_id, false),
            Audience::Many(many) => {
                (many.iter().any(|one| one == client_id), many.iter().any(|one| one != client_id))
            }
        };
        let party = self.azp.as_deref();
        let is_party = if is_for_others {
            party == Some(client_id)
        } else {
            party.is_none_or(|party| party == client_id)
        };
        if !is_for_us || !is_party {
            return Err(OidcFault::Audience);
        }
        if self.exp.at().plus(SLACK) <= now {
            return Err(OidcFault::Expired);
        }
        let latest = now.plus(SLACK);
        if [self.iat, self.nbf].into_iter().flatten().any(|at| latest < at.at()) {
            return Err(OidcFault::Early);
        }
        if !Secret::new(nonce).is(self.nonce.as_deref().unwrap_or_default()) {
            return Err(OidcFault::Nonce);
        }
        let is_fresh =
            |since: Timestamp| self.auth_time.is_some_and(|at| since <= at.at().plus(SLACK));
        if fresh_since.is_some_and(|since| !is_fresh(since)) {
            return Err(OidcFault::Stale);
        }
        let subject = &self.about.sub;
        if subject.is_empty() || subject.len() > SUBJECT_BYTES || !subject.is_ascii() {
            return Err(OidcFault::Subject);
        }
        Ok(())
    }
}

impl Identity {
    /// Takes what a provider says when it is asked for more; it must speak of the same person.
    pub(super) fn learn(&mut self, body: &[u8]) -> Result<(), OidcFault> {
        let about: About = serde_json::from_slice(body).map_err(|_| OidcFault::Subject)?;
        if about.sub != self.subject {
            return Err(OidcFault::Subject);
        }
        self.take(about);
        Ok(())
    }

    fn take(&mut self, about: About) {
        let plain = |email: &String| {
            email.len() <= EMAIL_BYTES
                && email.contains('@')
                && !email.contains(|c: char| c.is_control() || c.is_whitespace())
        };
        self.email = about.email.filter(plain);
        self.email_verified = self.email.is_some()
            && match about.email_verified {
                Some(Value::Bool(verified)) => verified,
                Some(Value::String(text)) => text == "true",
                _ => false,
            };
        let kept = |name: String| -> String {
            name.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS).collect()
        };
        let name = about.name.map(kept).filter(|name| !name.trim().is_empty());
        self.name = name.or(self.name.take());
    }
}
