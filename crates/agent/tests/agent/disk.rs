//! A disk in memory that fails when told to.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use agent::journal::Files;

/// How the disk fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Faults {
    /// Not at all.
    #[default]
    None,
    /// Every write fails for lack of space; a part of what is appended is there.
    Full,
    /// The n-th write and all later ones do nothing.
    CrashBefore(u32),
    /// The n-th write is done by half, all later ones do nothing.
    CrashDuring(u32),
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    faults: Faults,
    writes: u32,
}

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

impl Disk {
    pub(crate) fn fail(&self, faults: Faults) {
        self.0.lock().expect("a disk").faults = faults;
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.0.lock().expect("a disk").files.insert(name.to_owned(), bytes.to_vec());
    }

    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("a disk").files.get(name).cloned()
    }
}

/// What becomes of one write.
enum Fate {
    Done,
    Half,
    Nothing(io::ErrorKind),
}

impl Inner {
    fn fate(&mut self) -> Fate {
        self.writes += 1;
        match self.faults {
            Faults::None => Fate::Done,
            Faults::Full => Fate::Half,
            Faults::CrashBefore(at) if self.writes >= at => Fate::Nothing(io::ErrorKind::Other),
            Faults::CrashDuring(at) if self.writes == at => Fate::Half,
            Faults::CrashDuring(at) if self.writes > at => Fate::Nothing(io::ErrorKind::Other),
            Faults::CrashBefore(_) | Faults::CrashDuring(_) => Fate::Done,
        }
    }
}

impl Files for Disk {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(name))
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock().expect("a disk");
        let fate = inner.fate();
        let file = inner.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        match fate {
            Fate::Done => file.extend_from_slice(bytes),
            Fate::Half => {
                file.extend_from_slice(&bytes[..bytes.len() / 2]);
                return Err(io::ErrorKind::StorageFull.into());
            }
            Fate::Nothing(kind) => return Err(kind.into()),
        }
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock().expect("a disk");
        match inner.fate() {
            Fate::Done => inner.files.insert(name.to_owned(), bytes.to_vec()),
            Fate::Half => return Err(io::ErrorKind::StorageFull.into()),
            Fate::Nothing(kind) => return Err(kind.into()),
        };
        Ok(())
    }

    fn cut(&mut self, name: &str, length: u64) -> io::Result<()> {
        let mut inner = self.0.lock().expect("a disk");
        if let Fate::Nothing(kind) = inner.fate() {
            return Err(kind.into());
        }
        let file = inner.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }
}
