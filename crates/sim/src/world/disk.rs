//! A device's disk, in memory: it can be full, and its power can be cut between or within writes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent::journal::Files;

/// What happens to the next write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The power is cut before it.
    CutBefore,
    /// The power is cut when so many per mille of it are done.
    CutWithin(u64),
    /// The power is cut after it.
    CutAfter,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    fault: Fault,
    full: bool,
    is_cut: bool,
}

/// A disk; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

impl Disk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another disk that holds the same bytes.
    pub(crate) fn copied(&self) -> Disk {
        let mut inner = self.inner().clone();
        (inner.fault, inner.full, inner.is_cut) = (Fault::None, false, false);
        Disk(Arc::new(Mutex::new(inner)))
    }

    /// Decides what happens to the next write.
    pub(crate) fn strike(&self, fault: Fault) {
        self.inner().fault = fault;
    }

    /// Whether the power was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.inner().is_cut
    }

    /// The power is back, and there is room.
    pub(crate) fn mend(&self) {
        let mut inner = self.inner();
        (inner.fault, inner.full, inner.is_cut) = (Fault::None, false, false);
    }

    /// From now on there is no room.
    pub(crate) fn fill(&self) {
        self.inner().full = true;
    }

    /// There is room again.
    pub(crate) fn make_room(&self) {
        self.inner().full = false;
    }

    /// Everything on it is gone.
    pub(crate) fn wipe(&self) {
        self.inner().files.clear();
    }
}

fn power() -> io::Error {
    io::Error::other("the power is cut")
}

impl Inner {
    /// Does a write of so many bytes as far as fate lets it; `put` gets the part that is done.
    fn write(&mut self, length: usize, put: impl FnOnce(&mut Inner, usize)) -> io::Result<()> {
        if self.is_cut {
            return Err(power());
        }
        if self.full {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no room"));
        }
        let done = match self.fault {
            Fault::None => {
                put(self, length);
                return Ok(());
            }
            Fault::CutBefore => 0,
            Fault::CutWithin(per_mille) => {
                length * usize::try_from(per_mille).unwrap_or(0).min(999) / 1_000
            }
            Fault::CutAfter => length,
        };
        self.is_cut = true;
        put(self, done);
        Err(power())
    }
}

impl Files for Disk {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.inner().files.get(name).cloned())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.inner().write(bytes.len(), |inner, done| {
            inner.files.entry(name.to_owned()).or_default().extend_from_slice(&bytes[..done]);
        })
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Whole or not at all: the new file takes the old one's name when it is complete.
        self.inner().write(bytes.len(), |inner, done| {
            if done == bytes.len() {
                inner.files.insert(name.to_owned(), bytes.to_vec());
            }
        })
    }

    fn cut(&mut self, name: &str, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.inner().write(1, |inner, done| {
            if done == 1
                && let Some(file) = inner.files.get_mut(name)
            {
                file.truncate(length);
            }
        })
    }
}
