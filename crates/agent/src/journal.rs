//! The device's store: one append-only file of records that survives crashes.
//!
//! One call of [`Keeping::keep`] writes one frame, so it is there whole or not at all, and durable
//! when the call returns. When the file has grown to a multiple of the state, it is replaced by a
//! new one that begins with the whole state. A torn end is cut off. A corrupt file is set aside as
//! `journal.corrupt-N`; what can still be read of it is taken over, a new epoch begins, and the
//! next report says so.
//!
//! What the records mean is not known here, that is [`crate::device::State::apply`].

mod files;
mod folder;
mod frame;

pub use files::{Files, Folder};
pub use folder::{FolderError, Opened, open_folder};

use std::io;

use wire::time::Timestamp;

use crate::device::{Device, Record, State};
use crate::seat::{KeepError, Keeping};
use frame::{FRAME_BYTES, HEADER, Soundness};

/// The journal's name in its folder.
pub const JOURNAL: &str = "journal";

/// The name of the file that holds the epoch once more: without the journal it must not be taken a
/// second time, or two reports could get the same number.
const EPOCH: &str = "epoch";

/// The size up to which a journal grows before it is rewritten, if its state is far smaller.
const LEAST_BYTES: usize = 256 * 1024;

/// The size beyond which a journal is always rewritten: the field's own bound for such a store.
const MOST_BYTES: usize = 50 * 1024 * 1024;

/// A journal is rewritten when it is this many times the size of its state.
const GROWTH: usize = 3;

/// How many corrupt journals are kept; the next one replaces the last.
const SET_ASIDE: usize = 9;

/// A journal that is open for writing.
#[derive(Debug)]
pub struct Journal<F> {
    files: F,
    length: usize,
    whole: usize,
    /// The epoch that is kept beside the journal.
    epoch: u64,
    /// A write failed: what is on disk lacks something, so the whole state has to be written.
    behind: bool,
}

/// How a journal was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There was none.
    New,
    /// It was sound, or only its last write had not finished.
    Sound,
    /// It was corrupt and is kept under this name.
    SetAside(String),
    /// It was gone, though there had been one.
    Lost,
}

impl<F: Files> Journal<F> {
    /// Opens the journal, mends it if need be, and returns the state it holds; `None` for a new one.
    ///
    /// `floor` is the highest of built time and wall clock, for the new epoch after a corrupt file.
    ///
    /// # Errors
    /// When the file cannot be read, or cannot be mended on this disk.
    pub fn open(mut files: F, floor: Timestamp) -> io::Result<(Journal<F>, Option<State>, Found)> {
        let epoch = files.read(EPOCH)?.and_then(|text| parse_epoch(&text)).unwrap_or(0);
        let bytes = files.read(JOURNAL)?.unwrap_or_default();
        let scan = frame::scan(&bytes);
        let (state, decoded) = replay(&scan.payloads, floor);
        let (length, whole) = (bytes.len(), bytes.len());
        let mut journal = Journal { files, length, whole, epoch, behind: false };
        let salvaged = |state: Option<State>| {
            let mut state = state.unwrap_or_else(|| State::new(floor));
            state.highest_epoch = state.highest_epoch.max(epoch);
            state.salvaged(floor)
        };
        match (scan.soundness, decoded, state) {
            (Soundness::Sound | Soundness::Torn(_), Decoded::All, None) => {
                journal.behind = true;
                let lost = (epoch > 0).then(|| salvaged(None));
                let found = if lost.is_some() { Found::Lost } else { Found::New };
                Ok((journal, lost, found))
            }
            (Soundness::Sound, Decoded::All, Some(state)) => {
                Ok((journal, Some(state), Found::Sound))
            }
            (Soundness::Torn(end), Decoded::All, Some(state)) => {
                journal.files.cut(JOURNAL, end as u64)?;
                journal.length = end;
                Ok((journal, Some(state), Found::Sound))
            }
            (_, _, state) => {
                let name = journal.set_aside(&bytes)?;
                let state = salvaged(state);
                journal.rewrite(&state)?;
                Ok((journal, Some(state), Found::SetAside(name)))
            }
        }
    }

    /// Has the whole state written with the next call of [`Keeping::keep`].
    pub(crate) fn rewrite_next(&mut self) {
        self.behind = true;
    }

    fn set_aside(&mut self, bytes: &[u8]) -> io::Result<String> {
        for number in 1..=SET_ASIDE {
            let name = format!("{JOURNAL}.corrupt-{number}");
            if number == SET_ASIDE || self.files.read(&name)?.is_none() {
                self.files.replace(&name, bytes)?;
                return Ok(name);
            }
        }
        Ok(JOURNAL.to_owned())
    }

    fn rewrite(&mut self, state: &State) -> io::Result<()> {
        let payload = encode(&[Record::Whole { state: Box::new(state.clone()) }])?;
        let mut bytes = HEADER.to_vec();
        bytes.extend(frame::frame(&payload));
        self.behind = true;
        self.files.replace(JOURNAL, &bytes)?;
        self.behind = false;
        self.length = bytes.len();
        self.whole = bytes.len();
        Ok(())
    }

    fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        let bytes = frame::frame(payload);
        self.behind = true;
        self.files.append(JOURNAL, &bytes)?;
        self.behind = false;
        self.length += bytes.len();
        Ok(())
    }

    /// Whether the file would be too long with so many bytes more.
    fn is_grown(&self, more: usize) -> bool {
        let bound =
            (self.whole * GROWTH).clamp(LEAST_BYTES, MOST_BYTES).max(self.whole + LEAST_BYTES);
        self.length + FRAME_BYTES + more > bound
    }

    fn write(&mut self, device: &mut Device) -> io::Result<()> {
        let records = device.drain_records();
        if self.behind {
            self.rewrite(device.state())?;
        } else if !records.is_empty() {
            let payload = encode(&records)?;
            if self.is_grown(payload.len()) {
                self.rewrite(device.state())?;
            } else {
                self.append(&payload)?;
            }
        }
        self.keep_epoch(device.state().epoch)
    }

    fn keep_epoch(&mut self, epoch: u64) -> io::Result<()> {
        if epoch <= self.epoch {
            return Ok(());
        }
        let text = epoch.to_string();
        let line = format!("{text} {:08x}\n", frame::crc32(text.as_bytes()));
        self.files.replace(EPOCH, line.as_bytes())?;
        self.epoch = epoch;
        Ok(())
    }
}

impl<F: Files> Keeping for Journal<F> {
    fn keep(&mut self, device: &mut Device) -> Result<(), KeepError> {
        self.write(device).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => KeepError {
                code: "store.full",
                detail: "the disk is full: free some space; usage is counted in memory until then".to_owned(),
            },
            _ => KeepError {
                code: "store.write",
                detail: format!("the store cannot be written ({error}): check the disk; usage is counted in memory until then"),
            },
        })
    }
}

/// Whether every payload could be read as records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decoded {
    All,
    Some,
}

/// Folds the records of all payloads. Records that come before any whole state (it was in a broken
/// part of the file) are applied to an empty one.
fn replay(payloads: &[&[u8]], floor: Timestamp) -> (Option<State>, Decoded) {
    let mut state = None;
    let mut decoded = Decoded::All;
    for payload in payloads {
        let Ok(records) = minicbor::decode::<Vec<Record>>(payload) else {
            decoded = Decoded::Some;
            continue;
        };
        for record in records {
            match record {
                Record::Whole { state: whole } => state = Some(*whole),
                other => state.get_or_insert_with(|| State::new(floor)).apply(other),
            }
        }
    }
    (state, decoded)
}

fn parse_epoch(line: &[u8]) -> Option<u64> {
    let (text, check) = std::str::from_utf8(line).ok()?.trim_end().split_once(' ')?;
    let sound = u32::from_str_radix(check, 16).ok()? == frame::crc32(text.as_bytes());
    text.parse().ok().filter(|_| sound)
}

fn encode(records: &[Record]) -> io::Result<Vec<u8>> {
    minicbor::to_vec(records).map_err(|error| io::Error::other(error.to_string()))
}
