//! Checks what people show to prove who they are.
//!
//! Pure: time, random bytes and what is known of a person are handed in, and nothing is kept
//! here beyond what an identity provider publishes. Not here: which proof a change needs
//! (`ledger`), and what becomes of a proof that holds.

pub mod oidc;
pub mod passkey;
pub mod password;
pub mod recovery;
#[cfg(test)]
mod testing;
pub mod totp;

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A text that is shown to its owner alone: no log and no error can print it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever may see it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this text, in a time that does not tell how much of it is right.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_is_compared_whole() {
        let secret = Secret::new("hunter2hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(secret.is("hunter2hunter2"));
        assert!(!secret.is("hunter2hunter"));
        assert!(!secret.is(""));
    }
}
