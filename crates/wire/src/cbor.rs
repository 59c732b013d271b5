//! The deterministic form of CBOR (RFC 8949, 4.2), checked without allocating.
//!
//! Not here: what the items mean. The CBOR library reads them; it is lenient,
//! and this module is why that does no harm.

use minicbor::Encoder;
use minicbor::encode::{Error, Write};

use crate::limits;

/// Whether `bytes` are one deterministic item and nothing more: definite
/// lengths, shortest heads, map keys ascending and unlike, sound UTF-8, no tags
/// or floats, nested no deeper than [`limits::CBOR_DEPTH`].
pub(crate) fn is_deterministic(bytes: &[u8]) -> bool {
    let mut scan = Scan { rest: bytes };
    scan.item(limits::CBOR_DEPTH).is_some() && scan.rest.is_empty()
}

/// What is left to look at.
struct Scan<'b> {
    rest: &'b [u8],
}

impl<'b> Scan<'b> {
    fn take(&mut self, count: u64) -> Option<&'b [u8]> {
        let (head, tail) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = tail;
        Some(head)
    }

    /// Takes the head of an item: its major type and number, which must be written shortest.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let (size, least) = match first & 0x1F {
            short @ 0..24 => return Some((first >> 5, u64::from(short))),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return None,
        };
        let number = self.take(size)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        (number >= least).then_some((first >> 5, number))
    }

    fn item(&mut self, depth: usize) -> Option<()> {
        let (major, number) = self.head()?;
        match major {
            0 | 1 => Some(()),
            2 => self.take(number).map(drop),
            3 => core::str::from_utf8(self.take(number)?).ok().map(drop),
            4 => {
                let below = depth.checked_sub(1)?;
                (0..number).try_for_each(|_| self.item(below))
            }
            5 => self.entries(number, depth.checked_sub(1)?),
            // False, true, null.
            7 => matches!(number, 20..=22).then_some(()),
            _ => None,
        }
    }

    fn entries(&mut self, count: u64, depth: usize) -> Option<()> {
        let mut last: Option<&[u8]> = None;
        for _ in 0..count {
            let start = self.rest;
            self.item(depth)?;
            let key = start.get(..start.len() - self.rest.len())?;
            if last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            self.item(depth)?;
        }
        Some(())
    }
}

/// Takes what is written and compares it with what is expected.
struct Comparison<'b> {
    rest: &'b [u8],
}

/// What was written is not what was expected.
#[derive(Debug)]
struct Unlike;

impl core::fmt::Display for Unlike {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("other bytes than expected")
    }
}

impl core::error::Error for Unlike {}

impl Write for Comparison<'_> {
    type Error = Unlike;

    fn write_all(&mut self, written: &[u8]) -> Result<(), Unlike> {
        self.rest = self.rest.strip_prefix(written).ok_or(Unlike)?;
        Ok(())
    }
}

/// Something that writes itself as CBOR in just one way.
pub(crate) trait Canonical {
    /// Writes it.
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>>;

    /// Whether it would be written as just these bytes.
    fn is_written_as(&self, bytes: &[u8]) -> bool {
        let mut encoder = Encoder::new(Comparison { rest: bytes });
        self.write(&mut encoder).is_ok() && encoder.writer().rest.is_empty()
    }

    /// Its bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::with_capacity(256));
        // A vector takes every byte, so there is no error to speak of.
        let _ = self.write(&mut encoder);
        encoder.into_writer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deterministic_items_pass() {
        for hex in [
            &[0x00][..],
            &[0x18, 24],
            &[0x39, 1, 0],
            &[0x43, 1, 2, 3],
            &[0x62, b'h', b'i'],
            &[0x82, 0xF5, 0xF6],
            &[0xA2, 0x01, 0x02, 0x20, 0x03],
            &[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80],
        ] {
            assert!(is_deterministic(hex), "{hex:02x?}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for (why, hex) in [
            ("nothing", &[][..]),
            ("longer head than needed", &[0x18, 23]),
            ("longer length than needed", &[0x58, 1, 0]),
            ("no fixed length", &[0x9F, 0xFF]),
            ("no fixed length", &[0x5F, 0x41, 0, 0xFF]),
            ("cut short", &[0x43, 1, 2]),
            ("claims more than there is", &[0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            ("broken text", &[0x62, 0xFF, 0xFF]),
            ("unsorted keys", &[0xA2, 0x02, 0x00, 0x01, 0x00]),
            ("a key twice", &[0xA2, 0x01, 0x00, 0x01, 0x00]),
            ("a float", &[0xF9, 0x3C, 0x00]),
            ("undefined", &[0xF7]),
            ("a tag", &[0xC1, 0x00]),
            ("a second item", &[0x00, 0x00]),
            ("too deep", &[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80]),
        ] {
            assert!(!is_deterministic(hex), "{why}: {hex:02x?}");
        }
    }
}
