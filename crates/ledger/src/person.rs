//! People: who they are, how they prove it, and which roles they were granted.
//!
//! How a proof is checked (hashes of passwords, passkeys, identity providers) is the server's;
//! which proof a change of a credential needs is a rule and stands in `command::credential`.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use wire::id::{AccessRequestId, AccountId, ApiTokenId, GrantId, PersonId, VirtualAccountId};
use wire::time::Timestamp;

use crate::license::codes;
use crate::role::{Action, Role};

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// The e-mail address by which they sign in; claimed, so unique regardless of case.
    pub email: String,
    /// The shown name.
    pub name: String,
    /// Whether they can sign in.
    pub state: PersonState,
    /// How they want pages shown.
    pub preferences: Preferences,
    /// By what they prove who they are.
    pub credentials: Credentials,
    /// When they were made known.
    pub created_at: Timestamp,
}

/// How a person wants pages shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Their time zone, as in the IANA database, or empty for UTC.
    pub zone: String,
    /// Light or dark.
    pub theme: Theme,
    /// How dates are written.
    pub dates: DateForm,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateForm {
    /// `31 Dec 2027`.
    #[default]
    DayFirst,
    /// `Dec 31, 2027`.
    MonthFirst,
    /// `2027-12-31`.
    Iso,
}

codes!(Theme { System = 0 / "system", Light = 1 / "light", Dark = 2 / "dark" });
codes!(DateForm { DayFirst = 0 / "day_first", MonthFirst = 1 / "month_first", Iso = 2 / "iso" });

/// Whether a person can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonState {
    /// Known by an invitation; has no credential yet.
    Invited,
    /// Has signed in at least once.
    Active,
    /// Kept out by an operator.
    Blocked,
}

codes!(PersonState { Invited = 0 / "invited", Active = 1 / "active", Blocked = 2 / "blocked" });

/// By what a person proves who they are. No secret stands here in clear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Credentials {
    /// How often they were changed. A one-time link holds for one version only.
    #[n(0)]
    pub version: u64,
    /// The password's Argon2id hash, in the PHC text form.
    #[n(1)]
    pub password: Option<String>,
    /// The second factor by time-based codes.
    #[n(2)]
    pub totp: Option<Totp>,
    /// SHA-256 of the recovery codes that are unused.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub recovery: Vec<u8>,
    /// Passkeys.
    #[n(4)]
    pub passkeys: Vec<Passkey>,
    /// Sessions that began before this moment, in milliseconds, are void.
    #[n(5)]
    pub void_before: Option<i64>,
    /// Identity providers whose word is taken; a CBOR map without the member is an empty list.
    #[cbor(n(6), default)]
    pub providers: Vec<ProviderLink>,
    /// How much the password proves by itself.
    #[cbor(n(7), default)]
    pub strength: Strength,
}

/// How much a password proves by itself: a short one is taken only beside a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Strength {
    /// It is long enough to sign in alone.
    #[default]
    #[n(0)]
    Alone,
    /// It is long enough beside a second factor only.
    #[n(1)]
    BesideSecondFactor,
}

/// An identity provider that knows a person, keyed by issuer and subject, never by e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProviderLink {
    /// Its issuer: the address that stands in its tokens.
    #[n(0)]
    pub issuer: String,
    /// What it calls the person.
    #[n(1)]
    pub subject: String,
    /// When it was added, in milliseconds.
    #[n(2)]
    pub added_at: i64,
}

impl ProviderLink {
    /// The value under which the link is claimed, so that it is one person's.
    pub fn claimed(&self) -> String {
        format!("{} {}", self.issuer, self.subject)
    }
}

impl Credentials {
    /// Whether a password alone does not sign in.
    pub fn has_second_factor(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// Whether there is nothing by which to sign in.
    pub fn are_empty(&self) -> bool {
        self.password.is_none() && self.passkeys.is_empty() && self.providers.is_empty()
    }
}

/// A second factor by time-based codes (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Totp {
    /// The secret, sealed for the server's own eyes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// The time step of the last code that was taken: none is taken twice.
    #[n(1)]
    pub last_step: u64,
}

/// A passkey (WebAuthn).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Passkey {
    /// The credential's id.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: Vec<u8>,
    /// What its owner calls it.
    #[n(1)]
    pub name: String,
    /// The public key with its counter, in the form of the library that checks it.
    #[n(2)]
    pub data: String,
    /// When it was added, in milliseconds.
    #[n(3)]
    pub added_at: i64,
}

/// A role that was granted to a person, in an account or in the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The account; [`crate::house::HOUSE`] for the vendor's own roles.
    pub account: AccountId,
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub person: PersonId,
    /// Their e-mail address when it was granted, so that a list needs no other table.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The virtual account that it is bounded to, if it is.
    pub virtual_account: Option<VirtualAccountId>,
    /// Who granted it, in words.
    pub granted_by: String,
    /// When.
    pub granted_at: Timestamp,
    /// When it ends by itself, if it does.
    pub ends_at: Option<Timestamp>,
    /// When it was ended by somebody, if it was.
    pub ended_at: Option<Timestamp>,
}

impl Grant {
    /// Whether it gives its rights at a moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.ends_at.is_none_or(|ends_at| now < ends_at)
    }
}

/// A part of what a person may do, to which a token can be bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// See everything that the person sees.
    Read,
    /// Act on licenses, ID tokens and product instances.
    Licenses,
    /// Act on people and their roles.
    People,
    /// Act on accounts and virtual accounts.
    Accounts,
}

codes!(Area { Read = 0 / "read", Licenses = 1 / "licenses", People = 2 / "people", Accounts = 3 / "accounts" });

impl Area {
    /// Every area.
    pub const ALL: [Self; 4] = [Self::Read, Self::Licenses, Self::People, Self::Accounts];

    /// The area that an action lies in.
    pub fn of(action: Action) -> Self {
        match action {
            Action::ReadAccount | Action::Read | Action::ReadEvents | Action::ReadPeople => {
                Self::Read
            }
            Action::ManagePeople | Action::ManageClients | Action::SeeAsCustomer => Self::People,
            Action::CreateAccount
            | Action::EditAccount
            | Action::AcceptTerms
            | Action::PublishTerms
            | Action::CreateVirtualAccount => Self::Accounts,
            Action::DefineLicense
            | Action::GrantEntitlement
            | Action::ManageTokens
            | Action::ImportUsage
            | Action::RevokeKey
            | Action::EndUse
            | Action::ManageInstances => Self::Licenses,
        }
    }
}

/// What a token may be used for, of all that its owner may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// All of it.
    Everything,
    /// Actions in these areas.
    Only(BTreeSet<Area>),
}

impl Bounds {
    /// Whether an action lies within.
    pub fn allow(&self, action: Action) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(areas) => areas.contains(&Area::of(action)),
        }
    }

    /// What lies within these and others.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        match (self, others) {
            (Self::Everything, other) => other.clone(),
            (own, Self::Everything) => own.clone(),
            (Self::Only(own), Self::Only(others)) => {
                Self::Only(own.intersection(others).copied().collect())
            }
        }
    }

    /// As words, separated by spaces: the form of OAuth scopes.
    pub fn words(&self) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Only(areas) => areas.iter().map(|area| area.word()).collect::<Vec<_>>().join(" "),
        }
    }

    /// The bounds of some words, or `None` if a word is unknown.
    pub fn from_words(words: &str) -> Option<Self> {
        if words.trim() == "everything" {
            return Some(Self::Everything);
        }
        words.split_whitespace().map(Area::from_word).collect::<Option<_>>().map(Self::Only)
    }
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkPurpose {
    /// Accept an invitation and choose the first credential.
    Invitation,
    /// Choose a new password. The second factor is still asked for.
    PasswordReset,
    /// Accept the terms for an account, or decline.
    Approval,
}

codes!(LinkPurpose { Invitation = 0 / "invitation", PasswordReset = 1 / "password_reset", Approval = 2 / "approval" });

/// A one-time link that was sent by mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// SHA-256 of its word; the word itself stands only in the mail.
    pub hash: [u8; 32],
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom.
    pub person: PersonId,
    /// About which account; the house's id if about none.
    pub account: AccountId,
    /// The version of the person's credentials for which it holds.
    pub credentials_version: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used, if it was.
    pub used_at: Option<Timestamp>,
}

/// Somebody asks for a role in an account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessRequest {
    /// The account.
    pub account: AccountId,
    /// Its id.
    pub id: AccessRequestId,
    /// Who asks.
    pub person: PersonId,
    /// Their e-mail address.
    pub email: String,
    /// The role that they ask for.
    pub role: Role,
    /// The virtual account that they ask it for, if for one.
    pub virtual_account: Option<VirtualAccountId>,
    /// Why, in their words.
    pub message: String,
    /// What became of it.
    pub state: AccessState,
    /// When they asked.
    pub asked_at: Timestamp,
    /// When it was decided, if it was.
    pub decided_at: Option<Timestamp>,
    /// Who decided, in words.
    pub decided_by: String,
}

/// What became of an access request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessState {
    /// It waits.
    Waiting,
    /// The role was granted.
    Granted,
    /// It was declined.
    Declined,
}

codes!(AccessState { Waiting = 0 / "waiting", Granted = 1 / "granted", Declined = 2 / "declined" });

/// What an API token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiTokenKind {
    /// A person's own, shown as a bearer token or as the password of a `password` grant.
    Personal,
    /// A secret of an API client of an account, exchanged for access tokens.
    ClientSecret,
    /// An access token, short-lived.
    Access,
}

codes!(ApiTokenKind { Personal = 0 / "personal", ClientSecret = 1 / "client_secret", Access = 2 / "access" });

/// A token or secret by which a program asks. Two of a name may live at once, for rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiToken {
    /// SHA-256 of its text, which is shown once.
    pub hash: [u8; 32],
    /// The id of the personal token or of the client; secrets of one client share it.
    pub id: ApiTokenId,
    /// What it is.
    pub kind: ApiTokenKind,
    /// Whose rights it has, as they are at each request.
    pub person: PersonId,
    /// The account that it is bounded to; the house's id if to none.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub bounds: Bounds,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it gives its rights at a moment.
    pub fn works(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A version of a document that customers accept.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Its version, from 1.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Its text, plain.
    pub text: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// A mail to one person, queued with the change that caused it.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The account that it is about; the house's id if about none.
    pub account: AccountId,
    /// Its id, by which the receiver's server drops doubles.
    pub id: wire::id::MessageId,
    /// To which address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text, sealed for the server's own eyes, since it may hold a one-time link.
    pub sealed_text: Vec<u8>,
    /// When it was queued.
    pub queued_at: Timestamp,
}
