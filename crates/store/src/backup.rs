//! Copying a book while it is in use.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::book::Book;
use crate::engine::open_reader;
use crate::fault::Fault;
use crate::folder::FILE;
use crate::pool::Source;

impl Book {
    /// Copies the book, as it is at one moment, into a folder; nothing waits for it.
    ///
    /// # Errors
    /// [`Fault::Rejected`] if the folder holds a book already or this one is in PostgreSQL,
    /// [`Fault::Down`] if the copy cannot be written.
    pub async fn copy_into(&self, folder: &Path) -> Result<(), Fault> {
        let Source::Sqlite(from) = self.source() else {
            let why = "the book is in PostgreSQL: use pg_dump".to_owned();
            return Err(Fault::Rejected { why });
        };
        let (from, to) = (from.clone(), folder.join(FILE));
        let copying = tokio::task::spawn_blocking(move || copy(&from, &to));
        copying.await.unwrap_or_else(|error| Err(Fault::down(error)))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    if to.exists() {
        let why = format!("{} is there already: name another folder", to.display());
        return Err(Fault::Rejected { why });
    }
    let part = to.with_extension("part");
    let name = part.to_str().ok_or_else(|| Fault::down("the folder's name is not UTF-8"))?;
    let quoted = name.replace('\'', "''");
    let copied = remove_leftover(&part)
        .and_then(|()| open_reader(from)?.script(&format!("VACUUM INTO '{quoted}'")))
        .and_then(|()| settle(&part, to).map_err(|error| fault(to, &error)));
    if copied.is_err() {
        // What is there of it is of no use; the fault is what matters.
        let _ = std::fs::remove_file(&part);
    }
    copied
}

fn fault(path: &Path, error: &std::io::Error) -> Fault {
    Fault::down(format!("{}: {error}", path.display()))
}

fn remove_leftover(part: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(part) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(fault(part, &error)),
        _ => Ok(()),
    }
}

/// Makes a copy durable, then gives it its name: who finds it finds it whole.
fn settle(part: &Path, to: &Path) -> std::io::Result<()> {
    // SQLite leaves it to the system when such a copy reaches the disk.
    File::open(part)?.sync_all()?;
    std::fs::rename(part, to)?;
    match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
