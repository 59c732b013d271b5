//! Refusals: why a request is not done, ordered by precedence, each with a stable code.
//!
//! Facts (usage reports, the passing of time) are never refused; see `usage` and `lapse`.

use thiserror::Error;
use wire::time::Timestamp;

/// Why a request is not done. Earlier variants win over later ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Refusal {
    /// The actor may not do this here.
    #[error("{role} may not {action}: ask an operator (permit.denied)")]
    Denied {
        /// The role that was not enough.
        role: &'static str,
        /// What was asked for.
        action: &'static str,
    },
    /// The same request id came with other content.
    #[error("this request id was used for another request: make a new one (request.reused)")]
    RequestReused,
    /// There is no such thing, or the actor may not know of it.
    #[error("no such {what} here: check the id (not_found)")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
    },
    /// The thing exists already under another id.
    #[error("{what} is taken already: choose another (exists)")]
    Taken {
        /// What is taken, quoted where it is a name.
        what: String,
    },
    /// The account is not in use yet, or no more.
    #[error(
        "this account is {state}, not active: its approver has to accept the terms first (account.not_active)"
    )]
    AccountNotActive {
        /// The word of its state.
        state: &'static str,
    },
    /// A partner's holding account holds orders; licenses are used in customers' accounts only.
    #[error(
        "this is a partner holding account, in which no license is used: move what it holds to a customer's account first (account.holding)"
    )]
    AccountHolding,
    /// The newest terms are not accepted.
    #[error(
        "version {version} of the End User License Agreement is not accepted for this account: an approver or administrator has to accept it first; reports, acknowledgements, exports and revocation go on meanwhile (terms.not_accepted)"
    )]
    TermsNotAccepted {
        /// The version that waits for acceptance.
        version: u32,
    },
    /// An account of limited use has all that it may have.
    #[error(
        "an account of limited use may have {most} {what}: ask the operator to make it a full account, which keeps everything (account.limited)"
    )]
    AccountLimited {
        /// How many it may have.
        most: u32,
        /// Of what.
        what: &'static str,
    },
    /// A virtual account still holds something.
    #[error(
        "this virtual account still holds {what}: move or end it first (virtual_account.in_use)"
    )]
    VirtualAccountInUse {
        /// What it holds.
        what: &'static str,
    },
    /// Nobody would be left to manage people.
    #[error(
        "this is the last {role} here: grant the role to somebody else first (role.last_administrator)"
    )]
    LastAdministrator {
        /// The role.
        role: &'static str,
    },
    /// Somebody changed it meanwhile.
    #[error(
        "{what} was changed by somebody else meanwhile, and nothing was overwritten: look at it again, then change it (conflict.changed)"
    )]
    Changed {
        /// What was changed.
        what: &'static str,
    },
    /// The act asks for a fresh proof of who asks.
    #[error(
        "this act asks who you are once more: show your password, code or passkey again (auth.step_up)"
    )]
    StepUp,
    /// What was shown to sign in is not right, or was used already.
    #[error("these do not fit together, or the code was used already: try again (sign_in.failed)")]
    NotShown,
    /// A one-time link does not work any more.
    #[error(
        "this link was used, has expired or was replaced by a newer one: ask for a new one (link.dead)"
    )]
    LinkDead,
    /// A value is out of its limits.
    #[error("{field} {why} (value.invalid)")]
    Invalid {
        /// The field, as in JSON.
        field: &'static str,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// The key was revoked.
    #[error(
        "this key was revoked ({reason}): bind the device again with a new ID token and a new key (trust.revoked)"
    )]
    KeyRevoked {
        /// The reason that was given.
        reason: String,
    },
    /// No bound key has this id.
    #[error(
        "no device with this key is known: trust the device with an ID token first (report.unknown_key)"
    )]
    UnknownKey,
    /// No ID token has this text.
    #[error(
        "this ID token is not known here: copy it again from the page that made it (trust.token_unknown)"
    )]
    TokenUnknown,
    /// The ID token was revoked.
    #[error("this ID token was revoked: ask for a new one (trust.token_revoked)")]
    TokenRevoked,
    /// The ID token expired.
    #[error("this ID token expired at {at}: ask for a new one (trust.token_expired)")]
    TokenExpired {
        /// When.
        at: Timestamp,
    },
    /// The ID token bound as many instances as it may.
    #[error(
        "this ID token was made for {max} product instances and bound them all: ask for a new one (trust.token_used_up)"
    )]
    TokenUsedUp {
        /// How many it was made for.
        max: u32,
    },
    /// A carried request is older than where the device is now, or than its removal.
    #[error(
        "the device was moved or removed at {at}, after this request was saved: if it is to move or to come back, ask for trust again and save the new request (trust.overtaken)"
    )]
    Overtaken {
        /// When it was placed or removed.
        at: Timestamp,
    },
}

impl Refusal {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "permit.denied",
            Self::RequestReused => "request.reused",
            Self::NotFound { .. } => "not_found",
            Self::Taken { .. } => "exists",
            Self::AccountNotActive { .. } => "account.not_active",
            Self::AccountHolding => "account.holding",
            Self::TermsNotAccepted { .. } => "terms.not_accepted",
            Self::AccountLimited { .. } => "account.limited",
            Self::VirtualAccountInUse { .. } => "virtual_account.in_use",
            Self::LastAdministrator { .. } => "role.last_administrator",
            Self::Changed { .. } => "conflict.changed",
            Self::StepUp => "auth.step_up",
            Self::NotShown => "sign_in.failed",
            Self::LinkDead => "link.dead",
            Self::Invalid { .. } => "value.invalid",
            Self::KeyRevoked { .. } => "trust.revoked",
            Self::UnknownKey => "report.unknown_key",
            Self::TokenUnknown => "trust.token_unknown",
            Self::TokenRevoked => "trust.token_revoked",
            Self::TokenExpired { .. } => "trust.token_expired",
            Self::TokenUsedUp { .. } => "trust.token_used_up",
            Self::Overtaken { .. } => "trust.overtaken",
        }
    }
}
