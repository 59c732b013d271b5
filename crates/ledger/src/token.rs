//! ID tokens: the text that binds a device's UDI and key to a virtual account.

use wire::id::{AccountId, TokenId, VirtualAccountId};
use wire::time::Timestamp;

use crate::license::codes;
use crate::refusal::Refusal;

/// Whether instances bound by a token may hold export-controlled licenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportControlled {
    /// They may.
    Allowed,
    /// They may not.
    NotAllowed,
}

codes!(ExportControlled { NotAllowed = 0 / "Not Allowed", Allowed = 1 / "Allowed" });

/// An ID token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The account.
    pub account: AccountId,
    /// Its id.
    pub id: TokenId,
    /// The virtual account that it places instances in.
    pub virtual_account: VirtualAccountId,
    /// What it is for, in the customer's words.
    pub description: String,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// Its text, sealed for the server's own eyes, so that it can be shown again.
    pub sealed_text: Vec<u8>,
    /// When it stops binding.
    pub expires_at: Timestamp,
    /// How many instances it may bind; `None` for any number.
    pub max_uses: Option<u32>,
    /// How many it bound.
    pub uses: u32,
    /// Whether its instances may hold export-controlled licenses.
    pub export_controlled: ExportControlled,
    /// Who made it, in words.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was. Instances already bound stay.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether the token may bind one more instance at a moment.
    ///
    /// # Errors
    /// `trust.token_revoked`, `trust.token_expired`, `trust.token_used_up`, in this order.
    pub fn admits(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.revoked_at.is_some() {
            return Err(Refusal::TokenRevoked);
        }
        if self.expires_at <= now {
            return Err(Refusal::TokenExpired { at: self.expires_at });
        }
        match self.max_uses {
            Some(max) if self.uses >= max => Err(Refusal::TokenUsedUp { max }),
            _ => Ok(()),
        }
    }
}
