//! The names of licenses and products, in the field's own form:
//! `regid.2017-05.com.cisco.c9300_dna_advantage,1.0_411773c3-…`.
//!
//! A tag is opaque: one that nobody knows still names a pool. Not here: the
//! catalogue that says what a tag means.

use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Empty or more than [`limits::TEXT_CHARS`] characters.
    #[error("a tag has 1 to {} characters: shorten it (tag.length)", limits::TEXT_CHARS)]
    Length,
    /// A space, a control character or one outside ASCII.
    #[error("a tag holds printable ASCII without spaces: remove the others (tag.character)")]
    Character,
}

impl TagError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            TagError::Length => "tag.length",
            TagError::Character => "tag.character",
        }
    }
}

fn check(text: &str) -> Result<(), TagError> {
    if text.is_empty() || text.len() > limits::TEXT_CHARS {
        return Err(TagError::Length);
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(()) } else { Err(TagError::Character) }
}

/// The `<NAME>` of `regid.<date>.<domain>.<domain>.<NAME>,<version>_<uuid>`.
fn short_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("regid.")?.splitn(4, '.').nth(3)?;
    let name = name.split_once(',').map_or(name, |(name, _)| name);
    (!name.is_empty()).then_some(name)
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Makes a tag of `text`: 1 to 255 characters of ASCII 0x21–0x7E.
            ///
            /// # Errors
            /// [`TagError`] says what is wrong with the text.
            pub fn new(text: &str) -> Result<$name, TagError> {
                check(text)?;
                Ok($name(text.to_owned()))
            }

            /// Makes a tag of a text that is already at hand.
            pub(crate) fn from_text(text: String) -> Result<$name, TagError> {
                check(&text)?;
                Ok($name(text))
            }

            /// The whole tag.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What people call it: the name within a `regid` tag, else the whole tag.
            pub fn short_name(&self) -> &str {
                short_name(&self.0).unwrap_or(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = TagError;

            fn from_str(text: &str) -> Result<$name, TagError> {
                $name::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::from_text(text).map_err(serde::de::Error::custom)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<$name, minicbor::decode::Error> {
                $name::new(decoder.str()?).map_err(|_| minicbor::decode::Error::message("a malformed tag"))
            }
        }
    )*};
}

tags! {
    /// Names a license: the key of a pool within a virtual account.
    EntitlementTag;
    /// Names the software of a product instance; an attribute that may change.
    SoftwareTag;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_short_name() {
        let name = |text| EntitlementTag::new(text).unwrap().short_name().to_owned();
        assert_eq!(
            name(
                "regid.2017-05.com.cisco.c9300_dna_advantage,1.0_411773c3-2116-4c10-94a4-5d357fe6ff18"
            ),
            "c9300_dna_advantage"
        );
        assert_eq!(name("regid.2017-05.com.cisco.C9300,v1_727af1d9"), "C9300");
        assert_eq!(name("regid.2024-01.org.example.a.b,1.0_x"), "a.b");
        assert_eq!(name("regid.2024-01"), "regid.2024-01");
        assert_eq!(name("advantage"), "advantage");
    }

    #[test]
    fn a_tag_is_printable_ascii_without_spaces() {
        assert_eq!(EntitlementTag::new(""), Err(TagError::Length));
        assert_eq!(EntitlementTag::new(&"x".repeat(256)), Err(TagError::Length));
        assert!(EntitlementTag::new(&"x".repeat(255)).is_ok());
        for text in ["a b", "a\0b", "ä", "a\n"] {
            assert_eq!(SoftwareTag::new(text), Err(TagError::Character));
            assert!(serde_json::from_value::<SoftwareTag>(text.into()).is_err());
        }
    }
}
