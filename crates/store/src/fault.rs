//! Faults: what goes wrong with the store itself, as against what is refused by rule.

use thiserror::Error;

/// What went wrong with the store.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// Too much is queued, or the rows keep changing: try again.
    #[error("the store is busy: try again in a moment (store.busy)")]
    Busy,
    /// The database does not answer, or the outcome is unknown: the retry finds the truth.
    #[error("the store is not available: {why} (store.down)")]
    Down {
        /// What the database said.
        why: String,
    },
    /// A value that no version of the program wrote.
    #[error(
        "the store is damaged: table {table}, row {row} of the answer, column {column}: restore a backup (store.corrupt)"
    )]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The place of the row in the answer.
        row: u64,
        /// The column.
        column: &'static str,
    },
    /// The database is newer than the program.
    #[error(
        "the database was written by a newer scrip (migration {found}, this one knows {known}): start the newer program (store.newer)"
    )]
    Newer {
        /// The newest migration in the database.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// Another process has the folder.
    #[error("{folder} is in use by another scrip process: stop it first (store.locked)")]
    Locked {
        /// The folder.
        folder: String,
    },
    /// The database refuses what was written; nothing of it is kept.
    #[error("the database refuses the change: {why} (store.refused)")]
    Rejected {
        /// What the database said.
        why: String,
    },
}

impl Fault {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "store.busy",
            Self::Down { .. } => "store.down",
            Self::Corrupt { .. } => "store.corrupt",
            Self::Newer { .. } => "store.newer",
            Self::Locked { .. } => "store.locked",
            Self::Rejected { .. } => "store.refused",
        }
    }

    pub(crate) fn down(why: impl ToString) -> Self {
        Self::Down { why: why.to_string() }
    }
}
