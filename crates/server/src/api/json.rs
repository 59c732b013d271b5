//! What JSON has of its own: times as people write them, words for states, identifiers in parts.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use wire::time::{Span, Timestamp};

/// An instant: RFC 3339 in UTC with milliseconds; in requests with any offset, or a date alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// The instant, unless it is the one that stands for never.
    pub(super) fn unless_never(at: Timestamp) -> Option<Self> {
        (at != Timestamp::MIN && at != Timestamp::MAX).then_some(Self(at))
    }

    /// The day in which it is, in UTC.
    pub(super) fn day(self) -> String {
        let text = self.0.to_string();
        text.split_once('T').map_or_else(|| text.clone(), |(day, _)| day.to_owned())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let text =
            "An instant: RFC 3339 in UTC with milliseconds, such as `2026-03-01T08:30:00.000Z`.";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some(text))
            .into()
    }
}

impl ToSchema for Moment {}

/// A day or an instant, as people say when a term begins or ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum DayOrMoment {
    /// A day, named by its first instant.
    Day(Timestamp),
    /// An instant.
    Moment(Timestamp),
}

impl DayOrMoment {
    /// From when on a term is in force that starts so.
    pub(super) fn start(self) -> Timestamp {
        let (Self::Day(at) | Self::Moment(at)) = self;
        at
    }

    /// From when on a term is no longer in force that ends so: a day counts to its end.
    pub(super) fn end(self) -> Timestamp {
        match self {
            Self::Day(first) => first.plus(Span::from_days(1)),
            Self::Moment(at) => at,
        }
    }
}

impl<'de> Deserialize<'de> for DayOrMoment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let at = text.parse().map_err(de::Error::custom)?;
        Ok(if text.contains(['T', 't', ' ']) { Self::Moment(at) } else { Self::Day(at) })
    }
}

impl PartialSchema for DayOrMoment {
    fn schema() -> RefOr<Schema> {
        let text = "A day such as `2026-12-31` (a start counts from its beginning, an end through \
                    23:59:59Z of it), or an instant in RFC 3339 (an end no longer counts at it).";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(text))
            .examples(["2026-12-31", "2026-12-31T12:00:00Z"])
            .into()
    }
}

impl ToSchema for DayOrMoment {}

/// Makes the JSON words of states of the book.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident of $book:path { $($variant:ident),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $(#[doc = stringify!($variant)] $variant),+ }

        impl From<$book> for $name {
            fn from(state: $book) -> Self {
                match state { $(<$book>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $book {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    )+ };
}

words! {
    /// How strictly products treat a license.
    Enforcement of ledger::license::Enforcement { NotEnforced, Enforced, ExportControlled }
    /// How long the right to use lasts.
    Kind of ledger::license::Kind { Perpetual, Subscription }
    /// Whether a shortage raises an alarm.
    Concern of ledger::license::Concern { Counted, InformationOnly }
    /// Whether instances that an ID token binds may hold export-controlled licenses.
    ExportControlled of ledger::token::ExportControlled { Allowed, NotAllowed }
    /// What an alarm is about.
    AlarmKind of ledger::alarm::AlarmKind { InsufficientLicenses, ClonedInstance, UsedElsewhere, ReportsAgain }
    /// How bad it is.
    Severity of ledger::alarm::Severity { Major, Minor }
    /// Whether an alarm's cause is there now.
    AlarmState of ledger::alarm::AlarmState { Open, Settled }
    /// Whether a key may speak for its instance.
    KeyState of ledger::instance::KeyState { Bound, Revoked }
    /// How a country of use is known.
    KnownBy of ledger::country::KnownBy { Device, Network }
    /// The road by which a report came.
    Route of ledger::report::Route { Direct, File }
    /// Whether a person can sign in.
    PersonState of ledger::person::PersonState { Invited, Active, Blocked }
    /// What an API token is.
    ApiTokenKind of ledger::person::ApiTokenKind { Personal, ClientSecret, Access }
    /// What kind of customer an account is for.
    AccountKind of ledger::account::AccountKind { Customer, LimitedUse, Holding }
    /// How far an account has come.
    AccountState of ledger::account::AccountState { PendingApproval, Active, Declined }
    /// A role.
    Role of ledger::role::Role {
        Operator, Support, Approver, Administrator, User, Viewer, VirtualAdministrator, VirtualUser, VirtualViewer,
    }
    /// The part of a device in its stack or pair.
    MemberRole of wire::report::MemberRole { Active, Standby, Member }
}

/// What is decided on a request for access.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccessDecision {
    /// The role is granted.
    Granted,
    /// It is not.
    Declined,
}

impl From<AccessDecision> for ledger::person::AccessState {
    fn from(decision: AccessDecision) -> Self {
        match decision {
            AccessDecision::Granted => Self::Granted,
            AccessDecision::Declined => Self::Declined,
        }
    }
}

/// The kinds of accounts that can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RequestedKind {
    /// For a company with a domain of its own.
    Customer,
    /// For a small business with a public e-mail domain.
    LimitedUse,
}

impl From<RequestedKind> for ledger::account::AccountKind {
    fn from(kind: RequestedKind) -> Self {
        match kind {
            RequestedKind::Customer => Self::Customer,
            RequestedKind::LimitedUse => Self::LimitedUse,
        }
    }
}

/// The identity of a device or installation, in parts; absent ones are null.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Udi {
    /// All of it, as `show license udi` prints it.
    text: String,
    /// The product id.
    pid: Option<String>,
    /// The serial number.
    serial_number: Option<String>,
    /// The version id.
    vid: Option<String>,
    /// The UUID of a virtual machine.
    uuid: Option<String>,
    /// The software unique virtual identifier.
    suvi: Option<String>,
    /// The name its host gave it.
    host_identifier: Option<String>,
    /// A hardware address.
    mac_address: Option<String>,
}

impl From<&wire::udi::Udi> for Udi {
    fn from(udi: &wire::udi::Udi) -> Self {
        Self {
            text: udi.to_string(),
            pid: udi.pid.clone(),
            serial_number: udi.serial.clone(),
            vid: udi.vid.clone(),
            uuid: udi.uuid.clone(),
            suvi: udi.suvi.clone(),
            host_identifier: udi.host_identifier.clone(),
            mac_address: udi.mac_address.clone(),
        }
    }
}

/// A text, or nothing where it is empty.
pub(super) fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DayOrMoment {
        serde_json::from_value(serde_json::Value::from(text)).unwrap()
    }

    #[test]
    fn a_day_counts_to_its_end_and_an_instant_to_itself() {
        let next_day: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(at("2026-12-31").end(), next_day);
        assert_eq!(at("2026-12-31").start(), next_day.minus(Span::from_days(1)));
        assert_eq!(at("2026-12-31T23:00:00-01:00").end(), next_day);
        assert!(serde_json::from_str::<DayOrMoment>("\"31.12.2026\"").is_err());
    }

    #[test]
    fn a_moment_is_shown_in_utc() {
        let moment: Moment = serde_json::from_str("\"2026-03-01T09:30:00+01:00\"").unwrap();
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-03-01T08:30:00.000Z\"");
        assert_eq!(moment.day(), "2026-03-01");
        assert!(Moment::unless_never(Timestamp::MAX).is_none());
    }
}
