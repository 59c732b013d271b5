//! Records: how the book's rows become rows of tables and back.

mod account;
mod appended;
mod event;
mod instance;
mod person;
mod pool;

use wire::seal::Position;

use crate::fault::Fault;
use crate::table::Table;
use crate::value::{Fields, Value};

pub(crate) use appended::Evidence;
pub(crate) use event::{Log, PlacedRow};
pub(crate) use instance::day_of;

/// A row type of the book that has a table.
pub trait Record: Sized {
    /// Its table.
    const TABLE: &'static Table;

    /// Its values, in the table's order of columns.
    fn values(&self) -> Vec<Value>;

    /// Whether all that indexes hold is the same in another version of the row. Those that change
    /// with every report say it without making their values.
    fn indexed_as(&self, before: &Self) -> bool {
        let (before, now) = (before.values(), self.values());
        Self::TABLE.indexed().all(|n| before[n] == now[n])
    }

    /// The record from a row's values.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] for a value that no version wrote.
    fn read(fields: &mut Fields<'_>) -> Result<Self, Fault>;

    /// The record from the values of the row at a place of an answer.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] for a value that no version wrote.
    fn from_values(row: usize, values: Vec<Value>) -> Result<Self, Fault> {
        Self::read(&mut Fields::new(Self::TABLE, u64::try_from(row).unwrap_or(u64::MAX), values))
    }
}

/// A value as deterministic CBOR, for what is never queried.
fn pack<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}

fn unpack<T: for<'b> minicbor::Decode<'b, ()>>(
    table: &'static Table,
    column: &'static str,
    bytes: &[u8],
) -> Result<T, Fault> {
    minicbor::decode(bytes).map_err(|_| Fault::Corrupt { table: table.name, row: 0, column })
}

fn position(fields: &mut Fields<'_>) -> Result<Position, Fault> {
    Ok(Position { epoch: fields.take()?, number: fields.take()? })
}
