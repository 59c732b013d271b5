//! Reading connections, lent out one by one.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::id::AccountId;

use crate::engine::{Engine, PostgresPlace, open_reader};
use crate::fault::Fault;

/// How many reading connections are kept while nobody reads.
const IDLE: usize = 8;
/// How many may be lent at once; who comes then waits.
const LENT: usize = 32;
/// How long one waits for a connection before the store is told to be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a read may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The whole house: for an operator's lists, for jobs, and to find whose a key or token is.
    House,
    /// One account and nothing else.
    Account(AccountId),
}

/// Where reading connections lead.
pub(crate) enum Source {
    Sqlite(PathBuf),
    Postgres(PostgresPlace),
}

/// Reading connections, lent out one by one.
pub(crate) struct Pool {
    source: Source,
    shelf: Mutex<Shelf>,
    /// Told when one has come back.
    back: Condvar,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<Engine>,
    lent: usize,
}

impl Pool {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, shelf: Mutex::default(), back: Condvar::new() }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Runs a read in a transaction of its own that sees only what it may.
    pub(crate) fn read<T>(
        &self,
        sight: Sight,
        read: impl FnOnce(&mut Engine) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut lent = self.lend()?;
        let mut engine = match lent.engine.take() {
            Some(engine) => engine,
            None => self.connect()?,
        };
        begin(&mut engine, sight)?;
        let answer = read(&mut engine);
        engine.rollback();
        if answer.is_ok() {
            lent.engine = Some(engine);
        }
        answer
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let waiting =
            self.back.wait_timeout_while(self.shelf(), PATIENCE, |shelf| shelf.lent >= LENT);
        let (mut shelf, waited) = waiting.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Fault::Busy);
        }
        shelf.lent += 1;
        Ok(Lent { pool: self, engine: shelf.idle.pop() })
    }

    fn connect(&self) -> Result<Engine, Fault> {
        match &self.source {
            Source::Sqlite(file) => open_reader(file).map(Engine::Sqlite),
            Source::Postgres(place) => place.connect().map(Box::new).map(Engine::Postgres),
        }
    }
}

/// The right to one connection; it is given back when this is dropped.
struct Lent<'a> {
    pool: &'a Pool,
    engine: Option<Engine>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut shelf = self.pool.shelf();
        shelf.lent -= 1;
        if let Some(engine) = self.engine.take().filter(|_| shelf.idle.len() < IDLE) {
            shelf.idle.push(engine);
        }
        drop(shelf);
        self.pool.back.notify_one();
    }
}

/// Begins a read that sees only what it may.
pub(crate) fn begin(engine: &mut Engine, sight: Sight) -> Result<(), Fault> {
    match engine {
        // SQLite has no row-level security: statements name the account themselves.
        Engine::Sqlite(sqlite) => sqlite.script("BEGIN"),
        Engine::Postgres(postgres) => {
            let scope = match sight {
                Sight::House => "house".to_owned(),
                Sight::Account(id) => {
                    id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
                }
            };
            postgres.begin_reading(&scope)
        }
    }
}
