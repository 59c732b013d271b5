//! What is the house's own: facts of the installation, claims on unique things, sessions.

use wire::id::AccountId;
use wire::time::Timestamp;

use crate::license::codes;

/// Something that must be unique in the whole house, not in an account only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimKind {
    /// An account's domain.
    Domain,
    /// An account's or virtual account's public number.
    Number,
    /// A device key's id.
    DeviceKey,
    /// An ID token's id.
    Token,
}

codes!(ClaimKind {
    Domain = 0 / "domain",
    Number = 1 / "number",
    DeviceKey = 2 / "device_key",
    Token = 3 / "token",
});

/// A claim: this value is that owner's, in that account.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What kind of thing.
    pub kind: ClaimKind,
    /// The value, folded where case does not matter.
    pub value: String,
    /// The account.
    pub account: AccountId,
    /// The owner's id, as bytes.
    pub owner: [u8; 16],
    /// When it was claimed.
    pub claimed_at: Timestamp,
}

/// A named fact of the installation: its realm, the trust bundle, the hash of the set-up secret.
#[derive(Clone, Debug, PartialEq)]
pub struct HouseFact {
    /// The name.
    pub name: String,
    /// The value, in the form that its reader knows.
    pub value: Vec<u8>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// SHA-256 of the cookie's token; the token itself is never kept.
    pub token_hash: [u8; 32],
    /// Who, in words.
    pub person: String,
    /// The word that forms must return.
    pub csrf: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
    /// When it was ended by hand, if it was.
    pub ended_at: Option<Timestamp>,
}
