//! Evidence: the sealed bytes of reports as they were received, packed small.

use crate::fault::Fault;

/// A typical report file, by which the packing learns what reports have in common.
/// Never change it: what was packed with it is unpacked with it.
const DICTIONARY: &[u8] = include_bytes!("evidence/dictionary-1.txt");
/// The mark of what was packed with the first dictionary.
const FIRST: u8 = 1;
/// The compression level: quick, for the path of every report.
const LEVEL: i32 = 1;
/// No evidence is larger than this; a larger claim is damage.
const LARGEST: usize = 4 * wire::limits::REPORT_BYTES;

thread_local! {
    static PACKER: std::cell::RefCell<Option<zstd::bulk::Compressor<'static>>> = const { std::cell::RefCell::new(None) };
}

/// Packs a report's bytes. Runs on the caller's thread, not the writer's.
pub fn pack(sealed: &[u8]) -> Vec<u8> {
    let packed = PACKER.with_borrow_mut(|packer| {
        if packer.is_none() {
            *packer = zstd::bulk::Compressor::with_dictionary(LEVEL, DICTIONARY).ok();
        }
        packer.as_mut().and_then(|packer| packer.compress(sealed).ok())
    });
    match packed {
        Some(packed) => [&[FIRST], packed.as_slice()].concat(),
        None => [&[0], sealed].concat(),
    }
}

/// Unpacks a report's bytes.
///
/// # Errors
/// [`Fault::Corrupt`] if they were not packed by [`pack`].
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let corrupt = Fault::Corrupt { table: "evidence", row: 0, column: "sealed" };
    match packed.split_first() {
        Some((&0, sealed)) => Ok(sealed.to_vec()),
        Some((&FIRST, packed)) => {
            let mut unpacker = zstd::bulk::Decompressor::with_dictionary(DICTIONARY)
                .map_err(|_| corrupt.clone())?;
            unpacker.decompress(packed, LARGEST).map_err(|_| corrupt)
        }
        _ => Err(corrupt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_is_small() {
        let report = String::from_utf8_lossy(DICTIONARY).replace("FCW2303D16Y", "FOC2705Y8X0");
        let packed = pack(report.as_bytes());
        assert_eq!(unpack(&packed).unwrap(), report.as_bytes());
        assert!(packed.len() * 4 < report.len(), "{} of {}", packed.len(), report.len());
    }

    #[test]
    fn damage_is_told_as_damage() {
        assert!(matches!(unpack(&[]), Err(Fault::Corrupt { .. })));
        assert!(matches!(unpack(&[9, 1, 2]), Err(Fault::Corrupt { .. })));
        assert!(matches!(unpack(&[FIRST, 1, 2]), Err(Fault::Corrupt { .. })));
    }
}
