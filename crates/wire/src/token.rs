//! ID tokens: what a person copies from the portal to a device so that it may
//! ask for trust.
//!
//! The text is base32 of token id, secret and realm, so the device can check the
//! server's root by it. Not here: terms and uses of a token, which the server keeps.

use core::fmt;
use core::str::FromStr;

use sha2::{Digest, Sha256};

use crate::crockford;
use crate::id::TokenId;
use crate::key::Realm;
use crate::limits;

/// A token in full; whoever holds it can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdToken {
    /// Names the token.
    pub id: TokenId,
    /// Proves that its holder was given it.
    pub secret: [u8; 16],
    /// The installation that made it.
    pub realm: Realm,
}

/// A text that is no ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no ID token: copy all 77 characters of it (token.malformed)")]
pub struct TokenError;

impl TokenError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        "token.malformed"
    }
}

impl IdToken {
    /// What the server keeps in place of the secret: SHA-256 over it.
    pub fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }
}

/// The 77 symbols that are copied, secret and all.
impl fmt::Display for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(self.id.as_bytes());
        bytes[16..32].copy_from_slice(&self.secret);
        bytes[32..].copy_from_slice(self.realm.as_bytes());
        let mut text = String::with_capacity(crockford::symbols(48));
        crockford::encode(&bytes, &mut text);
        f.write_str(&text)
    }
}

/// Without the secret.
impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken")
            .field("id", &self.id)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Reads a token case-blind; white space from a wrapped copy is passed over.
impl FromStr for IdToken {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<IdToken, TokenError> {
        if text.len() > limits::TOKEN_CHARS {
            return Err(TokenError);
        }
        let text: String = text.split_ascii_whitespace().collect();
        let bytes: [u8; 48] = crockford::decode(&text).ok_or(TokenError)?;
        let part = |start: usize| core::array::from_fn(|index| bytes[start + index]);
        Ok(IdToken {
            id: TokenId::from_bytes(part(0)),
            secret: part(16),
            realm: Realm::from_bytes(part(32)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> IdToken {
        IdToken {
            id: TokenId::from_bytes([1; 16]),
            secret: [2; 16],
            realm: Realm::from_bytes([3; 16]),
        }
    }

    #[test]
    fn a_token_reads_back_from_what_was_copied() {
        let text = token().to_string();
        assert_eq!(text.len(), 77);
        assert_eq!(text.parse(), Ok(token()));
        assert_eq!(text.to_lowercase().parse(), Ok(token()));
        assert_eq!(format!(" {}\n{}\r\n", &text[..60], &text[60..]).parse(), Ok(token()));
    }

    #[test]
    fn a_text_that_is_no_token_is_refused() {
        let text = token().to_string();
        for broken in
            ["", &text[1..], &format!("{text}0"), &text.replace('0', "U"), &" ".repeat(300)]
        {
            assert_eq!(broken.parse::<IdToken>(), Err(TokenError), "{broken}");
        }
    }

    #[test]
    fn a_token_is_printed_without_its_secret() {
        let printed = format!("{:?}", token());
        assert!(printed.contains("tok_") && printed.contains("realm_"));
        assert!(!printed.contains('2'.to_string().repeat(3).as_str()));
    }
}
