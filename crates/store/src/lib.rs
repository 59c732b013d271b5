//! What is kept: the only SQL, on SQLite and PostgreSQL.
//!
//! Everything that writes is an [`Order`] or a [`Chore`] for one writer; everything that
//! reads does so through [`Book::read`] within a [`Sight`]. No rule is here: rows go into
//! the ledger's page, what comes out of it is written down.

pub mod among;
mod backup;
mod book;
mod called;
mod chore;
mod desk;
mod engine;
pub mod events;
pub mod evidence;
mod fault;
mod folder;
pub mod fsck;
mod hints;
mod holdings;
pub mod listing;
mod migrate;
mod outbox;
pub mod people;
mod pool;
mod read;
mod record;
mod rehearsal;
mod rows;
mod schema;
mod subtrees;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use book::{Book, Options, Place, Runner};
pub use chore::{Chore, Swept};
pub use fault::Fault;
pub use holdings::{HoldingCounts, Holdings};
pub use outbox::{Channel, Posted, Queued};
pub use pool::Sight;
pub use read::{Known, PoolHistory, Reading, Totals, UseShare, Waiting};
pub use value::{Stored, Value};
pub use writer::{NotWritten, Order, Written};
