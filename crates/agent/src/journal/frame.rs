//! The form of the journal file: a header, then frames that each prove themselves.
//!
//! A frame is a mark, the payload's length, a checksum of those two, a checksum of the payload, and
//! the payload. Reading tells a *torn* end (the last write did not finish: nothing depends on it)
//! from a *corrupt* file (something that had been written was changed). What a payload means is not
//! known here.

/// The first bytes of a journal.
pub(crate) const HEADER: &[u8; 8] = b"SCRIPJ1\n";

/// The first bytes of a frame.
const MARK: &[u8; 4] = b"\xF5rec";

/// Bytes of a frame before its payload.
pub(crate) const FRAME_BYTES: usize = 16;

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// CRC-32 as in Ethernet and zip (reflected, polynomial 0x04C11DB7).
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

/// Wraps a payload. A payload of 4 GiB and more cannot be written; the store is far smaller.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(FRAME_BYTES + payload.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32(&bytes).to_le_bytes());
    bytes.extend_from_slice(&crc32(payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// What was found in a journal's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan<'a> {
    /// The payloads that prove themselves, in order.
    pub(crate) payloads: Vec<&'a [u8]>,
    /// How the file ends, or is broken.
    pub(crate) soundness: Soundness,
}

/// How sound a journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Soundness {
    /// Every byte is accounted for.
    Sound,
    /// The last write did not finish: what is before this offset is sound.
    Torn(usize),
    /// Something that had been written was changed.
    Corrupt,
}

enum Piece<'a> {
    Whole(&'a [u8]),
    Unfinished,
    Broken,
}

/// Reads a journal.
pub(crate) fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut scan = Scan { payloads: Vec::new(), soundness: Soundness::Sound };
    let mut at = HEADER.len();
    if !bytes.starts_with(HEADER) {
        if HEADER.starts_with(bytes) || bytes.iter().all(|byte| *byte == 0) {
            scan.soundness = Soundness::Torn(0);
            return scan;
        }
        scan.soundness = Soundness::Corrupt;
        at = next_mark(bytes, 0);
    }
    while at < bytes.len() {
        match piece(&bytes[at..]) {
            Piece::Whole(payload) => {
                scan.payloads.push(payload);
                at += FRAME_BYTES + payload.len();
            }
            Piece::Unfinished => {
                if scan.soundness == Soundness::Sound {
                    scan.soundness = Soundness::Torn(at);
                }
                return scan;
            }
            Piece::Broken => {
                scan.soundness = Soundness::Corrupt;
                at = next_mark(bytes, at + 1);
            }
        }
    }
    scan
}

/// Looks at the frame that begins here. A frame that is there in full but does not match its
/// checksum is broken, even at the very end: it may have been told to others, so it must not pass
/// for a write that did not finish.
fn piece(bytes: &[u8]) -> Piece<'_> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Piece::Unfinished;
    }
    let Some((head, rest)) = bytes.split_at_checked(FRAME_BYTES) else { return Piece::Unfinished };
    let number =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if !head.starts_with(MARK) || number(8) != crc32(&head[..8]) {
        return Piece::Broken;
    }
    match rest.get(..number(4) as usize) {
        None => Piece::Unfinished,
        Some(payload) if crc32(payload) == number(12) => Piece::Whole(payload),
        Some(_) => Piece::Broken,
    }
}

fn next_mark(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(MARK.len())
        .position(|window| window == MARK)
        .map_or(bytes.len(), |found| from + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = HEADER.to_vec();
        let mut ends = vec![bytes.len()];
        for payload in [&b"one"[..], b"the second payload", b"3"] {
            bytes.extend(frame(payload));
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_journal_cut_anywhere_yields_what_was_written_before() {
        let (bytes, ends) = journal();
        for cut in 0..=bytes.len() {
            let scan = scan(&bytes[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
            assert_eq!(scan.payloads.len(), whole, "cut at {cut}");
            let expected = match ends.contains(&cut) {
                true => Soundness::Sound,
                false if cut < HEADER.len() => Soundness::Torn(0),
                false => Soundness::Torn(ends[whole]),
            };
            assert_eq!(scan.soundness, expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed_and_costs_one_frame_at_most() {
        let (bytes, _) = journal();
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            let scan = scan(&flipped);
            assert_eq!(scan.soundness, Soundness::Corrupt, "bit {place}");
            assert!(scan.payloads.len() >= 2, "bit {place}");
        }
    }

    #[test]
    fn an_end_of_zeros_is_a_write_that_did_not_finish() {
        let (mut bytes, ends) = journal();
        bytes.extend([0; 300]);
        assert_eq!(scan(&bytes).soundness, Soundness::Torn(*ends.last().unwrap()));
    }
}
