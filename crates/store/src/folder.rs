//! The folder of a SQLite book: one process at a time has it.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::fault::Fault;

/// The book's file in its folder.
pub(crate) const FILE: &str = "scrip.db";
/// The file that is locked as long as the folder is in use.
const LOCK: &str = "lock";

/// A folder in use; free again when this is dropped.
pub(crate) struct Lock {
    _file: File,
}

/// Takes a folder into use, making it if need be.
pub(crate) fn lock(folder: &Path) -> Result<Lock, Fault> {
    let fault = |error: &std::io::Error| Fault::down(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|error| fault(&error))?;
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(folder.join(LOCK));
    let file = file.map_err(|error| fault(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::Locked { folder: folder.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(fault(&error)),
    }
}
