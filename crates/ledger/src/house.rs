//! What is the house's own: facts of the installation, claims on unique things, sessions.

use wire::id::{AccountId, PersonId};
use wire::time::{Span, Timestamp};

use crate::license::codes;
use crate::person::{Credentials, Person, PersonState};

/// The account id under which the house's own rows and grants lie.
pub const HOUSE: AccountId = AccountId::from_bytes([0; 16]);

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
    /// The e-mail address by which a person signs in, folded.
    Email,
    /// A subject of an identity provider: its issuer, a space, the subject.
    Subject,
}

codes!(ClaimKind {
    Domain = 0 / "domain",
    Number = 1 / "number",
    DeviceKey = 2 / "device_key",
    Token = 3 / "token",
    Email = 4 / "email",
    Subject = 5 / "subject",
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
    /// Whose it is; `None` for who signed in with the set-up secret.
    pub person: Option<PersonId>,
    /// By what they showed who they are.
    pub factors: Factors,
    /// The word that forms must return.
    pub csrf: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
    /// When it was ended by hand, if it was.
    pub ended_at: Option<Timestamp>,
    /// When they last showed a factor: dangerous acts ask for a fresh one.
    pub proven_at: Timestamp,
    /// When it was last used, to within a minute: an idle one ends.
    pub seen_at: Timestamp,
    /// The network address from which it began.
    pub address: String,
    /// What the browser calls itself, cut to its first words.
    pub browser: String,
}

/// By what a person showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factors {
    /// The one-time set-up secret.
    SetUpSecret,
    /// A password alone; a second factor is still owed if the person has one.
    Password,
    /// A password and a second factor.
    Two,
    /// A passkey alone, which is two in one.
    Passkey,
    /// An identity provider's word.
    Provider,
}

codes!(Factors {
    SetUpSecret = 0 / "set-up secret",
    Password = 1 / "password",
    Two = 2 / "password and second factor",
    Passkey = 3 / "passkey",
    Provider = 4 / "identity provider",
});

impl Factors {
    /// Whether these show enough of a person with such credentials: who has a second factor owes
    /// it after the password.
    pub fn suffice(self, credentials: &Credentials) -> bool {
        self != Self::Password || !credentials.has_second_factor()
    }
}

impl Session {
    /// How long an unused session lasts.
    pub const IDLE: Span = Span::from_hours(2);
    /// How long a sign-in may wait for its second factor.
    pub const OWING: Span = Span::from_minutes(10);
    /// How long a shown factor counts as fresh for dangerous acts.
    pub const FRESH: Span = Span::from_minutes(10);

    /// Whether dangerous acts may be done in it without another proof.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.proven_at.plus(Self::FRESH)
    }

    /// Whether it signs a person in at a moment: live, theirs, begun after the last change that
    /// ended all sessions, and with all factors that they owe.
    pub fn signs_in(&self, person: &Person, now: Timestamp) -> bool {
        self.person == Some(person.id)
            && self.is_live(now)
            && person.state == PersonState::Active
            && person.credentials.void_before.is_none_or(|moment| moment <= self.began_at.millis())
            && self.factors.suffice(&person.credentials)
    }

    /// Whether it signs anyone in at a moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.ends_at && now < self.seen_at.plus(Self::IDLE)
    }
}
