//! Copying a book while it is in use.

use std::fs::File;
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
    let name = to.to_str().ok_or_else(|| Fault::down("the folder's name is not UTF-8"))?;
    let quoted = name.replace('\'', "''");
    open_reader(from)?.script(&format!("VACUUM INTO '{quoted}'"))?;
    // SQLite leaves it to the system when such a copy reaches the disk.
    let durable = File::open(to).and_then(|file| file.sync_all());
    durable.map_err(|error| Fault::down(format!("{}: {error}", to.display())))
}
