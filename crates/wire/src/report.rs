//! Usage reports: what a device says it used, in the field's own JSON form
//! (ISO/IEC 19770-4 carried as JSON; `domain.md` 4.3).
//!
//! A report of our own is written and read strictly ([`Report::to_payload`],
//! [`Report::from_payload`]), so that its bytes survive every carrier; one of
//! another maker is read leniently ([`Report::from_foreign_payload`]), under the
//! same limits. Not here: signatures and positions (see [`crate::seal`]).

mod foreign;
mod own;

pub(crate) use foreign::RawUdi;
pub(crate) use own::sudi_text;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::country::Country;
use crate::limits;
use crate::quantity::{Count, CountError};
use crate::tag::{EntitlementTag, SoftwareTag, TagError};
use crate::text::{self, TextFault};
use crate::time::Timestamp;
use crate::udi::{Udi, UdiError};

/// What one product instance used of one license over a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number people see; of our own reports it is epoch + number − 1.
    pub report_id: u64,
    /// The software of the product instance.
    pub software: SoftwareTag,
    /// Who used it.
    pub udi: Udi,
    /// What was used.
    pub entitlement: EntitlementTag,
    /// The version of the software.
    pub software_version: Option<String>,
    /// The name its operator gave the product instance.
    pub hostname: Option<String>,
    /// Whether use is billed by measurement.
    pub utility_enabled: bool,
    /// The set it belongs to, itself included (`ha_udi` on the wire); may be empty.
    pub members: Vec<Member>,
    /// The levels of use, each over a span; at most 512, foreign ones 4,096.
    pub measurements: Vec<Measurement>,
    /// What else the device has to say of itself, such as `store-reset`.
    pub notes: Vec<String>,
    /// The country in which it is used, if it says so (`customer_info.country` on the wire).
    pub country: Option<Country>,
}

/// One product instance of a high-availability set or stack.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// Its part in the set.
    #[n(0)]
    pub role: MemberRole,
    /// Which one it is.
    #[n(1)]
    pub udi: Udi,
}

/// The part of one product instance in its set.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode,
)]
#[cbor(index_only)]
pub enum MemberRole {
    /// It does the work.
    #[n(0)]
    Active,
    /// It takes over.
    #[n(1)]
    Standby,
    /// It is one of the others.
    #[n(2)]
    Member,
}

impl MemberRole {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            MemberRole::Active => "Active",
            MemberRole::Standby => "Standby",
            MemberRole::Member => "Member",
        }
    }
}

/// A level of use over a span of time. Times travel in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// When it was written down.
    pub log_time: Timestamp,
    /// From when the level held.
    pub start_time: Timestamp,
    /// Until when the level held.
    pub end_time: Timestamp,
    /// The length of the span in seconds, by the device's monotonic clock.
    pub sample_interval: u64,
    /// How often the device looked.
    pub num_samples: u64,
    /// The level: an absolute number, not a change.
    pub value: Count,
    /// Consumers (access points, phones) that came, at most 10,000.
    pub added: Vec<Udi>,
    /// Consumers that went, at most 10,000.
    pub removed: Vec<Udi>,
    /// Why the measurement ended.
    pub termination_reason: Option<String>,
    /// Why the report closed.
    pub close_reason: Option<String>,
    /// By how many seconds the device's clock was set, negative if back.
    pub clock_change_delta: Option<i64>,
}

/// Why a payload is no report, or a report cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// More than [`limits::REPORT_BYTES`].
    #[error(
        "the report is larger than {} bytes: send fewer measurements in it (report.size)",
        limits::REPORT_BYTES
    )]
    Size,
    /// An own payload holds a space, an escape or a character that a carrier might change.
    #[error(
        "the report holds a space, an escape or a character that must be percent-encoded: send it as the device wrote it (report.form)"
    )]
    Form,
    /// Not the JSON of a report.
    #[error("the report cannot be read ({0}): send it as the device wrote it (report.malformed)")]
    Json(String),
    /// Nested deeper than [`limits::JSON_DEPTH`].
    #[error(
        "the report nests deeper than {} levels: send it as the device wrote it (report.depth)",
        limits::JSON_DEPTH
    )]
    Depth,
    /// A field that a report needs.
    #[error("the report has no {field}: send a usage report (report.missing)")]
    Missing {
        /// Its path on the wire.
        field: &'static str,
    },
    /// A field holds a word that is not understood there.
    #[error("{field} holds a word that is not understood: send a usage report (report.word)")]
    Word {
        /// Its name on the wire.
        field: &'static str,
    },
    /// A text may not stand as it is.
    #[error("{field} cannot be used: {fault} (report.text)")]
    Text {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// A number is out of range or not written as one.
    #[error("{field} is no whole number in range: correct it (report.number)")]
    Number {
        /// Its name on the wire.
        field: &'static str,
    },
    /// A level of more than a billion.
    #[error(transparent)]
    Count(#[from] CountError),
    /// A tag is malformed.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// A device identifier is malformed.
    #[error(transparent)]
    Udi(#[from] UdiError),
    /// A list is too long.
    #[error("the report has more than {limit} {what}: split it (report.too_many)")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The most there may be.
        limit: usize,
    },
}

impl ReportError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            ReportError::Size => "report.size",
            ReportError::Form => "report.form",
            ReportError::Json(_) => "report.malformed",
            ReportError::Depth => "report.depth",
            ReportError::Missing { .. } => "report.missing",
            ReportError::Word { .. } => "report.word",
            ReportError::Text { .. } => "report.text",
            ReportError::Number { .. } => "report.number",
            ReportError::Count(_) => "count.range",
            ReportError::Tag(error) => error.code(),
            ReportError::Udi(error) => error.code(),
            ReportError::TooMany { .. } => "report.too_many",
        }
    }
}

impl Report {
    /// Writes the payload that is signed: compact JSON of whole numbers and
    /// plain ASCII, all other text percent-encoded. Times lose their milliseconds.
    ///
    /// # Errors
    /// [`ReportError`] when the report exceeds a limit or holds what may not travel.
    pub fn to_payload(&self) -> Result<String, ReportError> {
        self.check(limits::MEASUREMENTS_PER_REPORT)?;
        own::write(self)
    }

    /// Reads a payload of our own; anything that we would not have written is refused.
    ///
    /// # Errors
    /// [`ReportError`] says what is wrong with the payload.
    pub fn from_payload(payload: &str) -> Result<Report, ReportError> {
        let report = own::read(payload)?;
        report.check(limits::MEASUREMENTS_PER_REPORT)?;
        Ok(report)
    }

    /// Reads a payload of any maker: white space, unknown fields and the Nexus
    /// variant (report id in `meta`, signature in `asset_identification`) pass.
    ///
    /// # Errors
    /// [`ReportError`] says what is wrong with the payload.
    pub fn from_foreign_payload(payload: &str) -> Result<Report, ReportError> {
        let report = foreign::read(payload)?;
        report.check(limits::MEASUREMENTS_PER_FOREIGN_REPORT)?;
        Ok(report)
    }

    fn check(&self, most_measurements: usize) -> Result<(), ReportError> {
        self.udi.validate()?;
        whole("report_id", self.report_id)?;
        optional_text("software_version", self.software_version.as_deref())?;
        optional_text("hostname", self.hostname.as_deref())?;
        at_most("members", self.members.len(), limits::MEMBERS)?;
        for member in &self.members {
            member.udi.validate()?;
        }
        at_most("notes", self.notes.len(), limits::NOTES)?;
        for note in &self.notes {
            optional_text("notes", Some(note))?;
        }
        at_most("measurements", self.measurements.len(), most_measurements)?;
        self.measurements.iter().try_for_each(Measurement::check)
    }
}

impl Measurement {
    fn check(&self) -> Result<(), ReportError> {
        whole("sample_interval", self.sample_interval)?;
        whole("num_samples", self.num_samples)?;
        whole("clock_change_delta", self.clock_change_delta.unwrap_or(0).unsigned_abs())?;
        optional_text("termination_reason", self.termination_reason.as_deref())?;
        optional_text("close_reason", self.close_reason.as_deref())?;
        for consumers in [&self.added, &self.removed] {
            at_most(
                "consumers in one measurement",
                consumers.len(),
                limits::CONSUMERS_PER_MEASUREMENT,
            )?;
            for udi in consumers {
                udi.validate()?;
            }
        }
        Ok(())
    }
}

fn optional_text(field: &'static str, value: Option<&str>) -> Result<(), ReportError> {
    value.map_or(Ok(()), text::check).map_err(|fault| ReportError::Text { field, fault })
}

fn whole(field: &'static str, value: u64) -> Result<(), ReportError> {
    if value <= limits::WHOLE_NUMBER { Ok(()) } else { Err(ReportError::Number { field }) }
}

fn at_most(what: &'static str, length: usize, limit: usize) -> Result<(), ReportError> {
    if length <= limit { Ok(()) } else { Err(ReportError::TooMany { what, limit }) }
}
