//! Quantities: how many of a license are in use, bought, moved.

use core::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use crate::limits;

/// A number of licenses, from 0 to [`limits::COUNT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(u32);

/// A number that is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is more than a billion: enter a smaller quantity (count.range)")]
pub struct CountError(pub u64);

impl CountError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        "count.range"
    }
}

impl Count {
    /// None.
    pub const ZERO: Count = Count(0);

    /// The most there can be: [`limits::COUNT`].
    pub const MAX: Count = Count(limits::COUNT);

    /// Makes a quantity of `value`.
    ///
    /// # Errors
    /// [`CountError`] when `value` exceeds [`limits::COUNT`].
    pub const fn new(value: u64) -> Result<Count, CountError> {
        if value > limits::COUNT as u64 { Err(CountError(value)) } else { Ok(Count(value as u32)) }
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<u64> for Count {
    type Error = CountError;

    fn try_from(value: u64) -> Result<Count, CountError> {
        Count::new(value)
    }
}

impl From<Count> for i64 {
    fn from(count: Count) -> i64 {
        i64::from(count.0)
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> u64 {
        u64::from(count.0)
    }
}

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        Count::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<C> Encode<C> for Count {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u32(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Count {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Count, minicbor::decode::Error> {
        Count::new(decoder.u64()?)
            .map_err(|_| minicbor::decode::Error::message("a quantity of more than a billion"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_billion_is_the_most() {
        assert_eq!(Count::new(1_000_000_000), Ok(Count::MAX));
        assert_eq!(Count::new(1_000_000_001), Err(CountError(1_000_000_001)));
        assert!(serde_json::from_str::<Count>("1000000001").is_err());
        assert!(serde_json::from_str::<Count>("-1").is_err());
        assert!(minicbor::decode::<Count>(&minicbor::to_vec(1_000_000_001_u64).unwrap()).is_err());
    }
}
