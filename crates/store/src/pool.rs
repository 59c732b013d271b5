//! Reading connections, lent out one by one.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use wire::id::AccountId;

use crate::engine::{Engine, PostgresPlace, open_reader};
use crate::fault::Fault;

/// How many idle reading connections are kept.
const IDLE: usize = 8;

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
    idle: Mutex<Vec<Engine>>,
}

impl Pool {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, idle: Mutex::new(Vec::new()) }
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
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = match idle {
            Some(engine) => engine,
            None => self.connect()?,
        };
        begin(&mut engine, sight)?;
        let answer = read(&mut engine);
        engine.rollback();
        if answer.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE {
                idle.push(engine);
            }
        }
        answer
    }

    fn connect(&self) -> Result<Engine, Fault> {
        match &self.source {
            Source::Sqlite(file) => open_reader(file).map(Engine::Sqlite),
            Source::Postgres(place) => place.connect().map(Box::new).map(Engine::Postgres),
        }
    }
}

fn begin(engine: &mut Engine, sight: Sight) -> Result<(), Fault> {
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
