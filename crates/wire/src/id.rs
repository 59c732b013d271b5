//! Typed ids: sixteen bytes that print what they name.
//!
//! The text is `pool_` and 26 Crockford base32 symbols, so a log line, a URL
//! and a support mail say what they speak of, and an id pasted into the wrong
//! field is told apart. Ids are made from a time and randomness handed in
//! ([`PoolId::v7`] and its likes) or derived from what they stand for.
//!
//! Not here: ids that follow from a key (see [`crate::key`]).

use sha2::{Digest, Sha256};

use crate::crockford;
use crate::time::Timestamp;

/// Why a text is no id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not an id at all.
    #[error("that is not {expected}: copy the whole id, kind and all (id.malformed)")]
    Malformed {
        /// What is needed, with its article: `a pool id`.
        expected: &'static str,
    },
    /// An id, but of another kind.
    #[error("that is {found}, {expected} is needed (id.kind)")]
    WrongKind {
        /// What is needed, with its article.
        expected: &'static str,
        /// What was given, with its article.
        found: &'static str,
    },
}

impl IdError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            IdError::Malformed { .. } => "id.malformed",
            IdError::WrongKind { .. } => "id.kind",
        }
    }
}

/// Every kind of id: its prefix, and its name with the article.
const KINDS: &[(&str, &str)] = &[
    ("acct", "an account id"),
    ("va", "a virtual account id"),
    ("pi", "a product instance id"),
    ("lic", "a license id"),
    ("ent", "an entitlement id"),
    ("pool", "a pool id"),
    ("alarm", "an alarm id"),
    ("tok", "a token id"),
    ("ev", "an event id"),
    ("req", "a request id"),
    ("msg", "a message id"),
    ("person", "a person id"),
    ("key", "a key id"),
    ("realm", "a realm id"),
];

fn name_of(prefix: &str) -> Option<&'static str> {
    KINDS.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(prefix)).map(|(_, name)| *name)
}

/// Writes `prefix_` and the symbols of `bytes`.
pub(crate) fn to_text(prefix: &str, bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('_');
    crockford::encode(bytes, &mut text);
    text
}

/// Reads an id of the kind `prefix`.
pub(crate) fn from_text(prefix: &str, text: &str) -> Result<[u8; 16], IdError> {
    let expected = name_of(prefix).unwrap_or("an id");
    let malformed = IdError::Malformed { expected };
    let (kind, symbols) = text.split_once('_').ok_or(malformed)?;
    let bytes = crockford::decode(symbols).ok_or(malformed)?;
    if kind.eq_ignore_ascii_case(prefix) {
        return Ok(bytes);
    }
    Err(name_of(kind).map_or(malformed, |found| IdError::WrongKind { expected, found }))
}

/// A UUID of version 7: 48 bits of time, then `random` less the 6 bits that name version and variant.
fn v7(now: Timestamp, random: [u8; 10]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&now.millis().to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | (bytes[6] & 0x0F);
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    bytes
}

/// The first 16 bytes of SHA-256 over the prefix and the parts, each after its length (8 bytes, big-endian).
fn derive(prefix: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in core::iter::once(&prefix.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    first_half(&hash.finalize().into())
}

/// The first 16 bytes of a hash.
pub(crate) fn first_half(hash: &[u8; 32]) -> [u8; 16] {
    core::array::from_fn(|index| hash[index])
}

/// Makes a 16-byte id type with text, JSON and CBOR forms.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes up the bytes of an id that was made before.
            pub const fn from_bytes(bytes: [u8; 16]) -> $name {
                $name(bytes)
            }

            /// The sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&$crate::id::to_text($prefix, &self.0))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> Result<$name, $crate::id::IdError> {
                $crate::id::from_text($prefix, text).map($name)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$crate::id::to_text($prefix, &self.0))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<$name, minicbor::decode::Error> {
                let bytes = decoder.bytes()?;
                bytes.try_into().map($name).map_err(|_| minicbor::decode::Error::message("an id that is not 16 bytes"))
            }
        }
    };
}
pub(crate) use text_id;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        text_id! {$(#[$doc])* $name, $prefix}

        impl $name {
            /// Makes a new id: a UUID of version 7, so that ids sort by the time they were made.
            pub fn v7(now: Timestamp, random: [u8; 10]) -> $name {
                $name(v7(now, random))
            }

            /// The id that follows from `parts`: the same parts always give the same id.
            pub fn derive(parts: &[&[u8]]) -> $name {
                $name(derive($prefix, parts))
            }
        }
    )*};
}

ids! {
    /// Names an account (a Smart Account).
    AccountId, "acct";
    /// Names a virtual account.
    VirtualAccountId, "va";
    /// Names a product instance.
    InstanceId, "pi";
    /// Names a license.
    LicenseId, "lic";
    /// Names an entitlement: a lot of a license.
    EntitlementId, "ent";
    /// Names a pool.
    PoolId, "pool";
    /// Names an alarm.
    AlarmId, "alarm";
    /// Names an ID token.
    TokenId, "tok";
    /// Names an event.
    EventId, "ev";
    /// Names a request; its client makes it.
    RequestId, "req";
    /// Names a message that waits in the outbox.
    MessageId, "msg";
    /// Names a person.
    PersonId, "person";
    /// Names the grant of a role to a person.
    GrantId, "grant";
    /// Names a person's request for access to an account.
    AccessRequestId, "areq";
    /// Names an API token, or the client that it is a secret of.
    ApiTokenId, "apit";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_names_and_reads_back() {
        let pool = PoolId::v7("2026-01-02T03:04:05.678Z".parse().unwrap(), [0xAB; 10]);
        assert_eq!(pool.to_string(), "pool_01KDYAK3SEFENTQAXBNENTQAXB");
        assert_eq!(pool.to_string().parse(), Ok(pool));
        assert_eq!("POOL_01kdyak3sefentqaxbnentqaxb".parse(), Ok(pool));
        assert_eq!(format!("{pool:?}"), pool.to_string());
    }

    #[test]
    fn an_id_of_another_kind_is_told_apart() {
        let instance = InstanceId::from_bytes([7; 16]).to_string();
        assert_eq!(
            instance.parse::<PoolId>().unwrap_err().to_string(),
            "that is a product instance id, a pool id is needed (id.kind)"
        );
        assert_eq!(
            "pool_01".parse::<PoolId>().unwrap_err().to_string(),
            "that is not a pool id: copy the whole id, kind and all (id.malformed)"
        );
        for text in [
            "",
            "_",
            "pool",
            "fish_01KDYAK3SEFENTQAXBNENTQAXB",
            "pool_0\u{e9}KDYFCAPEFANTQAXBNENAQAXB",
        ] {
            assert!(matches!(text.parse::<PoolId>(), Err(IdError::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn every_kind_has_a_name() {
        for prefix in [
            "acct", "va", "pi", "lic", "ent", "pool", "alarm", "tok", "ev", "req", "msg", "person",
            "key", "realm",
        ] {
            assert!(name_of(prefix).is_some());
        }
    }

    #[test]
    fn ids_made_later_sort_later() {
        let early = EventId::v7(Timestamp::from_millis(1), [0xFF; 10]);
        let late = EventId::v7(Timestamp::from_millis(2), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn derived_ids_depend_on_kind_and_on_where_parts_end() {
        let of = |parts: &[&[u8]]| PoolId::derive(parts);
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"ab"]).as_bytes(), LicenseId::derive(&[b"ab"]).as_bytes());
    }

    #[test]
    fn json_and_cbor_hold_text_and_bytes() {
        let id = AccountId::from_bytes([1; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<AccountId>(&json).unwrap(), id);
        let cbor = minicbor::to_vec(id).unwrap();
        assert_eq!(cbor.len(), 17);
        assert_eq!(minicbor::decode::<AccountId>(&cbor).unwrap(), id);
        assert!(minicbor::decode::<AccountId>(&cbor[..16]).is_err());
        assert!(minicbor::decode::<AccountId>(&[0x41, 1]).is_err());
    }
}
