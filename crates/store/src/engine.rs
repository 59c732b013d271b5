//! Engines: what the writer and readers ask of a database, whichever it is.

mod postgres;
mod sqlite;

use crate::fault::Fault;
use crate::rows::{Change, Rewrite, Target};
use crate::table::Table;
use crate::value::Value;

pub(crate) use postgres::{Postgres, PostgresPlace};
pub(crate) use sqlite::{Sqlite, open_reader, open_writer};

/// Rows that were read from a table.
pub(crate) type Found = (&'static Table, Vec<Vec<Value>>);

/// A connection to a database.
pub(crate) enum Engine {
    /// SQLite.
    Sqlite(Sqlite),
    /// PostgreSQL.
    Postgres(Box<Postgres>),
}

macro_rules! either {
    ($self:ident, $engine:ident => $body:expr) => {
        match $self {
            Engine::Sqlite($engine) => $body,
            Engine::Postgres($engine) => $body,
        }
    };
}

impl Engine {
    /// Begins a writing transaction.
    pub(crate) fn begin(&mut self) -> Result<(), Fault> {
        either!(self, engine => engine.begin())
    }

    /// Reads, and holds where asked, the rows of all targets.
    pub(crate) fn read(&mut self, targets: &[Target]) -> Result<Vec<Found>, Fault> {
        either!(self, engine => engine.read(targets))
    }

    /// Writes rows and commits them durably: all of them, or none.
    pub(crate) fn finish(&mut self, changes: &[Change]) -> Result<(), Fault> {
        either!(self, engine => engine.finish(changes))
    }

    /// Runs one statement and returns its rows.
    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        either!(self, engine => engine.query(sql, values))
    }

    /// Commits durably.
    pub(crate) fn commit(&mut self) -> Result<(), Fault> {
        either!(self, engine => engine.commit())
    }

    /// Undoes the transaction, if one is open.
    pub(crate) fn rollback(&mut self) {
        either!(self, engine => engine.rollback());
    }

    /// Runs statements that return nothing.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        either!(self, engine => engine.script(sql))
    }

    /// Whether rows are held against other nodes; where they are not, there are no others.
    pub(crate) fn holds(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// How rows that are there are best written.
    pub(crate) fn rewrites(&self) -> Rewrite {
        match self {
            Self::Sqlite(_) => Rewrite::Sparing,
            // It sees for itself that what an index holds is the same.
            Self::Postgres(_) => Rewrite::Whole,
        }
    }
}
