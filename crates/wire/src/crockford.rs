//! Crockford's base32: the alphabet of ids and tokens.
//!
//! Bytes are read as one big-endian number and written without loss, most
//! significant symbol first. Not here: check symbols for typed codes.

/// The 32 symbols; I, L, O and U are left out because they are misread.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Marks a character that is no symbol.
const NONE: u8 = 0xFF;

/// The value of each ASCII character, upper and lower case alike.
const VALUES: [u8; 128] = values();

const fn values() -> [u8; 128] {
    let mut table = [NONE; 128];
    let mut value = 0;
    while value < 32 {
        let symbol = SYMBOLS[value];
        table[symbol as usize] = value as u8;
        table[symbol.to_ascii_lowercase() as usize] = value as u8;
        value += 1;
    }
    table
}

/// How many symbols `bytes` bytes take.
pub(crate) const fn symbols(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Appends the symbols of `bytes` to `out`.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    let mut waiting = symbols(bytes.len()) * 5 - bytes.len() * 8;
    let mut held = 0_u32;
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        waiting += 8;
        while waiting >= 5 {
            waiting -= 5;
            out.push(char::from(SYMBOLS[(held >> waiting) as usize & 31]));
            held &= (1 << waiting) - 1;
        }
    }
}

/// Reads `text` into exactly `N` bytes; `None` if it is anything else.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != symbols(N) {
        return None;
    }
    let spare = symbols(N) * 5 - N * 8;
    let mut out = [0; N];
    let mut filled = 0;
    let mut held = 0_u32;
    let mut waiting = 0;
    for (index, character) in text.bytes().enumerate() {
        let value = *VALUES.get(usize::from(character))?;
        if value == NONE {
            return None;
        }
        held = (held << 5) | u32::from(value);
        waiting += 5;
        if index == 0 {
            if value >> (5 - spare) != 0 {
                return None;
            }
            waiting -= spare;
        }
        if waiting >= 8 {
            waiting -= 8;
            *out.get_mut(filled)? = (held >> waiting) as u8;
            filled += 1;
            held &= (1 << waiting) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let bytes: [u8; 48] = core::array::from_fn(|index| (index * 37 + 11) as u8);
        let mut text = String::new();
        encode(&bytes, &mut text);
        assert_eq!(text.len(), 77);
        assert_eq!(decode(&text), Some(bytes));
        assert_eq!(decode(&text.to_lowercase()), Some(bytes));
    }

    #[test]
    fn sixteen_bytes_read_as_a_ulid() {
        let mut text = String::new();
        encode(&[0xFF; 16], &mut text);
        assert_eq!(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn what_does_not_fit_or_belong_is_refused() {
        assert_eq!(decode::<16>("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), None);
        assert_eq!(decode::<16>("7ZZZZZZZZZZZZZZZZZZZZZZZZU"), None);
        assert_eq!(decode::<16>("7ZZZZZZZZZZZZZZZZZZZZZZZZ"), None);
        assert_eq!(decode::<16>("é7ZZZZZZZZZZZZZZZZZZZZZZZZ"), None);
    }
}
