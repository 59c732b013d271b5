//! Instants and spans, in whole milliseconds UTC.
//!
//! Not here: a clock. `now` is handed in everywhere. Nor time zones: people's
//! zones are the portal's.

mod civil;

use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

pub use civil::TimeError;

/// A length of time in milliseconds; may be negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of days of 24 hours.
    pub const fn from_days(days: i64) -> Span {
        Span(days.saturating_mul(86_400_000))
    }

    /// A span of hours.
    pub const fn from_hours(hours: i64) -> Span {
        Span(hours.saturating_mul(3_600_000))
    }

    /// A span of minutes.
    pub const fn from_minutes(minutes: i64) -> Span {
        Span(minutes.saturating_mul(60_000))
    }

    /// A span of seconds.
    pub const fn from_seconds(seconds: i64) -> Span {
        Span(seconds.saturating_mul(1000))
    }

    /// A span of milliseconds.
    pub const fn from_millis(millis: i64) -> Span {
        Span(millis)
    }

    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The length in whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Both spans, one after the other.
    #[must_use]
    pub const fn plus(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

/// An instant, in milliseconds since 1970-01-01 UTC, always from [`Timestamp::MIN`] to [`Timestamp::MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00.000Z.
    pub const MIN: Timestamp = Timestamp(0);

    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The instant `millis` milliseconds after 1970, held within [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub const fn from_millis(millis: i64) -> Timestamp {
        if millis < Timestamp::MIN.0 {
            Timestamp::MIN
        } else if millis > Timestamp::MAX.0 {
            Timestamp::MAX
        } else {
            Timestamp(millis)
        }
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `seconds` seconds after 1970, held within [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub const fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `span` later.
    #[must_use]
    pub const fn plus(self, span: Span) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(span.0))
    }

    /// The instant `span` earlier.
    #[must_use]
    pub const fn minus(self, span: Span) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; negative if it is before.
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0 - earlier.0)
    }

    /// The form that `show license` prints: `Oct 14 12:10:32 2021 UTC`.
    pub fn show_style(self) -> String {
        civil::show_style(self.0)
    }

    /// The instant, if `millis` is within [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub(crate) fn checked(millis: i64) -> Option<Timestamp> {
        let held = Timestamp::from_millis(millis);
        (held.0 == millis).then_some(held)
    }

    /// The instant, if `seconds` is within [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub(crate) fn checked_seconds(seconds: u64) -> Option<Timestamp> {
        let millis = i64::try_from(seconds).ok()?.checked_mul(1000)?;
        Timestamp::checked(millis)
    }
}

/// RFC 3339 with milliseconds: `2021-10-14T12:10:32.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        civil::rfc3339(self.0, f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads RFC 3339 with any offset, or a date alone, which is its first instant UTC.
impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        let millis = civil::parse(text).ok_or(TimeError::Malformed)?;
        Timestamp::checked(millis).ok_or(TimeError::Range)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let millis = i64::deserialize(deserializer)?;
        Timestamp::checked(millis).ok_or_else(|| serde::de::Error::custom(TimeError::Range))
    }
}

impl<C> Encode<C> for Timestamp {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.i64(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Timestamp {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Timestamp, minicbor::decode::Error> {
        Timestamp::checked(decoder.i64()?)
            .ok_or_else(|| minicbor::decode::Error::message("a time outside 1970 to 9999"))
    }
}

#[cfg(test)]
mod tests;
