//! The book: a handle on one database, by which everything is written and read.

use std::path::PathBuf;
use std::sync::Arc;

use wire::time::Timestamp;

use crate::chore::{Chore, Swept};
use crate::desk::{Desk, aside};
use crate::engine::{Engine, PostgresPlace, open_writer};
use crate::fault::Fault;
use crate::folder;
use crate::migrate::migrate;
use crate::outbox::Channel;
use crate::pool::{Pool, Sight, Source};
use crate::read::Reading;
use crate::rows::Salts;
use crate::writer::{Order, Writer, Written};

/// Where the book is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder with a SQLite file, for one process.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for one or several nodes.
    Postgres(String),
}

/// On whose thread the writer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// On a thread of its own, taking everything queued at once.
    Threads,
    /// On the caller's, one batch for each call, in call order: for simulation.
    Inline,
}

/// How to open a book.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// Along which channels news is queued.
    pub channels: Vec<Channel>,
    /// On whose thread the writer runs.
    pub runner: Runner,
    /// The moment that counts as now, for the log of migrations.
    pub now: Timestamp,
    /// Random bytes from which the salts of events are made; never kept.
    pub salt: [u8; 32],
}

struct Inner {
    /// Dropped first: then the writer has come to its end.
    desk: Desk,
    pool: Pool,
    /// Held as long as the folder is in use.
    _lock: Option<folder::Lock>,
}

/// A handle on one database; clones share it.
#[derive(Clone)]
pub struct Book {
    inner: Arc<Inner>,
}

impl Book {
    /// Opens a book, making it or bringing it up to date if need be.
    ///
    /// # Errors
    /// [`Fault::Locked`] if another process has the folder, [`Fault::Newer`] if a newer program
    /// wrote the database, [`Fault::Down`] if it cannot be reached or made durable.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        aside(|| Self::open_waiting(options))
    }

    fn open_waiting(options: &Options) -> Result<Self, Fault> {
        let (mut engine, source, lock) = match &options.place {
            Place::Sqlite(folder) => {
                let lock = folder::lock(folder)?;
                let file = folder.join(folder::FILE);
                (Engine::Sqlite(open_writer(&file)?), Source::Sqlite(file), Some(lock))
            }
            Place::Postgres(url) => {
                let place = PostgresPlace { url: url.clone() };
                let engine = Engine::Postgres(Box::new(place.connect()?));
                (engine, Source::Postgres(place), None)
            }
        };
        migrate(&mut engine, options.now)?;
        let writer = Writer::new(engine, options.channels.clone(), Salts(options.salt));
        let desk = match options.runner {
            Runner::Inline => Desk::inline(writer),
            Runner::Threads => Desk::threaded(writer)?,
        };
        Ok(Self { inner: Arc::new(Inner { desk, pool: Pool::new(source), _lock: lock }) })
    }

    /// Where readers find it.
    pub(crate) fn source(&self) -> &Source {
        self.inner.pool.source()
    }

    /// Writes an order; when this returns without a fault, it is durable.
    ///
    /// # Errors
    /// A refusal by rule, or a fault of the store: then nothing of it is written, or, if the
    /// database was lost in the middle, the outcome is unknown and a repeat finds it out.
    pub async fn write(&self, order: Order) -> Written {
        self.inner.desk.write(order)?.await
    }

    /// As [`write`](Self::write), on a thread that may wait.
    ///
    /// # Errors
    /// As there.
    pub fn write_waiting(&self, order: Order) -> Written {
        self.inner.desk.write(order)?.wait()
    }

    /// Writes orders as one batch, on a thread that may wait; each has its own outcome.
    pub fn write_together(&self, orders: Vec<Order>) -> Vec<Written> {
        let count = orders.len();
        match self.inner.desk.write_together(orders) {
            Ok(written) => written.wait(),
            Err(fault) => (0..count).map(|_| Err(fault.clone().into())).collect(),
        }
    }

    /// Does a chore.
    ///
    /// # Errors
    /// A fault of the store; then nothing of it is written.
    pub async fn chore(&self, chore: Chore) -> Result<Swept, Fault> {
        self.inner.desk.chore(chore)?.await
    }

    /// As [`chore`](Self::chore), on a thread that may wait.
    ///
    /// # Errors
    /// As there.
    pub fn chore_waiting(&self, chore: Chore) -> Result<Swept, Fault> {
        self.inner.desk.chore(chore)?.wait()
    }

    /// Reads on a thread for waiting; the read sees one moment, and only what it may.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn read<T: Send + 'static>(
        &self,
        sight: Sight,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        if self.inner.desk.is_inline() {
            return match self.source() {
                Source::Sqlite(_) => self.read_waiting(sight, read),
                Source::Postgres(_) => aside(|| self.read_waiting(sight, read)),
            };
        }
        let book = self.clone();
        let reading = tokio::task::spawn_blocking(move || book.read_waiting(sight, read));
        reading.await.unwrap_or_else(|error| Err(Fault::down(error)))
    }

    /// As [`read`](Self::read), on a thread that may wait.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn read_waiting<T>(
        &self,
        sight: Sight,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.inner.pool.read(sight, |engine| read(&mut Reading::new(engine, sight)))
    }
}
