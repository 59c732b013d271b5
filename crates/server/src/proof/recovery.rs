//! Recovery codes: ten words to write down, each a second factor once.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Secret;
use crate::world::World;

/// How many codes there are.
pub const CODES: usize = 10;
/// Bytes of a code: 80 bits, which nobody guesses, so a plain hash of it may be kept.
const CODE_BYTES: usize = 10;
/// Symbols of a code, five bits each.
const SYMBOLS: usize = 16;
/// Symbols of a group.
const GROUP: usize = 4;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Crockford's alphabet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// New codes: shown once.
#[derive(Clone, Debug)]
pub struct Codes {
    /// As they are shown.
    pub texts: Vec<Secret>,
    /// What is kept of them: their SHA-256, one after the other.
    pub hashes: Vec<u8>,
}

/// New codes, which replace all that there were.
pub fn new_codes(world: &World) -> Codes {
    let codes: Vec<[u8; CODE_BYTES]> = (0..CODES).map(|_| world.random()).collect();
    Codes {
        texts: codes.iter().map(shown).collect(),
        hashes: codes.iter().flat_map(|code| hash(&symbols(code))).collect(),
    }
}

/// What is kept when a code was used; `None` if it is none of those that are left.
pub fn take(code: &str, hashes: &[u8]) -> Option<Vec<u8>> {
    let typed = hash(&typed(code)?);
    let is_it = |kept: &&[u8]| bool::from(kept.ct_eq(typed.as_slice()));
    // Every one is compared, so that the time does not tell which one it was.
    let (used, left): (Vec<&[u8]>, Vec<&[u8]>) = hashes.chunks(HASH_BYTES).partition(is_it);
    (!used.is_empty()).then(|| left.concat())
}

/// How many codes are left.
pub fn left(hashes: &[u8]) -> usize {
    hashes.len() / HASH_BYTES
}

fn hash(symbols: &[u8; SYMBOLS]) -> [u8; HASH_BYTES] {
    Sha256::digest(symbols).into()
}

fn symbols(code: &[u8; CODE_BYTES]) -> [u8; SYMBOLS] {
    let whole = code.iter().fold(0_u128, |whole, byte| (whole << 8) | u128::from(*byte));
    std::array::from_fn(|n| ALPHABET[((whole >> (5 * (SYMBOLS - 1 - n))) & 31) as usize])
}

/// A code in groups, as it is shown.
fn shown(code: &[u8; CODE_BYTES]) -> Secret {
    let symbols = symbols(code).map(char::from);
    let groups: Vec<String> = symbols.chunks(GROUP).map(String::from_iter).collect();
    Secret::new(groups.join("-"))
}

/// The symbols that somebody typed, in whatever groups and case; O is read as 0, I and L as 1.
fn typed(code: &str) -> Option<[u8; SYMBOLS]> {
    let signs = code.bytes().filter(|sign| *sign != b'-' && !sign.is_ascii_whitespace());
    let read = |sign: u8| match sign.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let signs: Vec<u8> = signs.take(SYMBOLS + 1).map(read).collect();
    signs.try_into().ok()
}

#[cfg(test)]
mod tests {
    use wire::time::Timestamp;

    use super::*;
    use crate::world::Script;

    fn codes() -> Codes {
        new_codes(&Script::new(3, Timestamp::MIN).world())
    }

    #[test]
    fn ten_codes_of_eighty_bits_in_groups_of_four() {
        let codes = codes();
        assert_eq!(codes.texts.len(), 10);
        assert_eq!(codes.hashes.len(), 320);
        assert_eq!(left(&codes.hashes), 10);
        for text in &codes.texts {
            let groups: Vec<usize> = text.expose().split('-').map(str::len).collect();
            assert_eq!(groups, [4, 4, 4, 4], "{}", text.expose());
        }
        let mut all: Vec<&str> = codes.texts.iter().map(Secret::expose).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10);
    }

    #[test]
    fn symbols_are_crockfords_of_the_whole_number() {
        assert_eq!(shown(&[0xFF; 10]).expose(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(shown(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 33]).expose(), "0000-0000-0000-0011");
    }

    #[test]
    fn a_code_is_taken_once_and_the_rest_stays() {
        let codes = codes();
        let rest = take(codes.texts[4].expose(), &codes.hashes).unwrap();
        assert_eq!(rest, [&codes.hashes[..128], &codes.hashes[160..]].concat());
        assert_eq!(take(codes.texts[4].expose(), &rest), None);
        let mut rest = codes.hashes.clone();
        for text in &codes.texts {
            rest = take(text.expose(), &rest).unwrap();
        }
        assert!(rest.is_empty());
        assert_eq!(take(codes.texts[0].expose(), &rest), None);
    }

    #[test]
    fn case_groups_and_misread_letters_do_not_matter() {
        let hashes = hash(b"0110ABCDEFGH0000");
        for typed in ["0110-ABCD-EFGH-0000", "oilo abcd efgh oooo", "0Il0ABCDEFGH0000"] {
            assert_eq!(take(typed, &hashes), Some(Vec::new()), "{typed}");
        }
        for wrong in ["", "0110-ABCD-EFGH-000", "0110-ABCD-EFGH-00000", "0110-ABCD-EFGH-0001"] {
            assert_eq!(take(wrong, &hashes), None, "{wrong}");
        }
    }

    #[test]
    fn codes_are_not_printed() {
        let printed = format!("{:?}", codes());
        assert!(printed.starts_with("Codes { texts: [Secret(…), "), "{printed}");
    }
}
