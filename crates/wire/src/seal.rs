//! Sealing and opening: COSE signatures around all that travels.
//!
//! What is sealed can be opened only with a key that the caller chose, and only
//! opening makes an [`Opened`]. So a function that takes an `Opened<Report>`
//! cannot be handed something that nobody verified.
//!
//! Each seal is deterministic CBOR with a protected header of algorithm
//! (Ed25519, −19), key id, type and version, claims (audience, expiry, issue
//! time) and, for reports, epoch, number and the hash before. One spelling of a
//! message is taken, all others are refused.
//!
//! Not here: which key may say what, and what a message means.

mod envelope;
mod header;
mod message;
mod report;

use core::ops::Deref;

pub use message::{Countersigned, Message, Sealed};
pub use report::{Carried, ForeignReport, Position, ReportHeader, SealedReport};

use crate::key::KeyId;
use crate::report::{Report, ReportError};
use crate::time::Timestamp;

/// To whom a message speaks, and when. Times travel in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// For whom it is: the bytes of an instance id or realm.
    pub audience: Option<[u8; 16]>,
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// From when on it no longer holds.
    pub expires_at: Option<Timestamp>,
}

/// What stands on the seal of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// The key that sealed it; of several, the first that the caller asked for.
    pub key: KeyId,
    /// To whom it speaks, and when.
    pub claims: Claims,
}

/// Why a seal was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a seal, or not in the one way it is written.
    #[error("{what} cannot be read: send it as it was made (seal.malformed)")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// Larger than its kind may be.
    #[error("the message is larger than {limit} bytes: send less in it (seal.size)")]
    Size {
        /// The most bytes there may be.
        limit: usize,
    },
    /// Signed by an algorithm other than Ed25519.
    #[error("the signature is not Ed25519: update what made it (seal.algorithm)")]
    Algorithm,
    /// A message of another kind or version.
    #[error("the message is not of the type {expected}: send it where it belongs (seal.type)")]
    Type {
        /// The type that is needed here.
        expected: &'static str,
    },
    /// A report that names another installation.
    #[error("the report belongs to another installation: send it there (report.realm)")]
    Realm,
    /// A report signed with another key than the one at hand.
    #[error(
        "the report is signed with a key that is not known here: ask for trust first (report.unknown_key)"
    )]
    Key,
    /// A report whose signature does not fit.
    #[error(
        "the report was changed after it was signed: send it as the device wrote it (report.signature)"
    )]
    Signature,
    /// A message signed with another key than the one at hand.
    #[error(
        "the message is signed with a key that is not known here: get the newest trust bundle (message.key)"
    )]
    MessageKey,
    /// A message whose signature does not fit.
    #[error("the message was changed after it was signed: get it anew (message.signature)")]
    MessageSignature,
    /// A message for somebody else.
    #[error("the message is for somebody else: take it there (message.audience)")]
    Audience,
    /// A message whose time is over.
    #[error("the request has expired: make a new one (request.expired)")]
    Expired,
    /// A report that is soundly signed, but no report.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl OpenError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            OpenError::Malformed { .. } => "seal.malformed",
            OpenError::Size { .. } => "seal.size",
            OpenError::Algorithm => "seal.algorithm",
            OpenError::Type { .. } => "seal.type",
            OpenError::Realm => "report.realm",
            OpenError::Key => "report.unknown_key",
            OpenError::Signature => "report.signature",
            OpenError::MessageKey => "message.key",
            OpenError::MessageSignature => "message.signature",
            OpenError::Audience => "message.audience",
            OpenError::Expired => "request.expired",
            OpenError::Report(error) => error.code(),
        }
    }
}

/// Why a report was not sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The report exceeds a limit or holds what may not travel.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The position is no position, or the report's id does not follow from it.
    #[error(
        "the report id must be epoch + number − 1, with a number of 1 or more: correct them (report.position)"
    )]
    Position,
}

impl SealError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            SealError::Report(error) => error.code(),
            SealError::Position => "report.position",
        }
    }
}

/// What can be sealed and opened, with what is known of it once it is open.
pub trait Sealable {
    /// What stands on its seal.
    type Header;
}

impl Sealable for Report {
    type Header = OpenedReportHeader;
}

impl<T: Message> Sealable for T {
    type Header = MessageHeader;
}

/// What stands on the seal of an opened report, and the hash it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedReportHeader {
    header: ReportHeader,
    hash: [u8; 32],
}

/// Something whose signature was verified with the key that the caller gave; only opening makes one.
pub struct Opened<T: Sealable> {
    inner: T,
    header: T::Header,
}

impl<T: Sealable> Opened<T> {
    /// Gives the content away; that it was verified is then forgotten.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Sealable> Deref for Opened<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: Sealable + Clone> Clone for Opened<T>
where
    T::Header: Clone,
{
    fn clone(&self) -> Opened<T> {
        Opened { inner: self.inner.clone(), header: self.header.clone() }
    }
}

impl<T: Sealable + core::fmt::Debug> core::fmt::Debug for Opened<T>
where
    T::Header: core::fmt::Debug,
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opened").field("inner", &self.inner).field("header", &self.header).finish()
    }
}

impl Opened<Report> {
    /// Who sealed the report, for which installation, and where it stands in the chain.
    pub fn header(&self) -> ReportHeader {
        self.header.header
    }

    /// The hash that the report goes by in its chain and in acknowledgements.
    pub fn hash(&self) -> [u8; 32] {
        self.header.hash
    }
}

impl<T: Message> Opened<T> {
    /// Who sealed the message.
    pub fn key(&self) -> KeyId {
        self.header.key
    }

    /// To whom the message speaks, and when.
    pub fn claims(&self) -> Claims {
        self.header.claims
    }

    /// Checks that the message is for `audience` and still holds at `now`.
    ///
    /// # Errors
    /// [`OpenError::Audience`] or [`OpenError::Expired`].
    pub fn check(&self, audience: [u8; 16], now: Timestamp) -> Result<(), OpenError> {
        if self.claims().audience != Some(audience) {
            return Err(OpenError::Audience);
        }
        self.check_time(now)
    }

    /// Checks that the message still holds at `now`; it does until the instant of its expiry.
    ///
    /// # Errors
    /// [`OpenError::Expired`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), OpenError> {
        match self.claims().expires_at {
            Some(end) if end <= now => Err(OpenError::Expired),
            _ => Ok(()),
        }
    }
}
