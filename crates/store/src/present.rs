//! Product instances as lists show them: those that are not removed.

use ledger::instance::Instance;

use crate::fault::Fault;
use crate::listing::{InstanceColumn, ListColumn, Listed};
use crate::record::Record;
use crate::table::Table;
use crate::value::{Fields, Value};

/// A product instance for lists, which leave out what is removed: ask with
/// [`PresentColumn::RemovedAt`] being null.
#[derive(Clone, Debug, PartialEq)]
pub struct Present(pub Instance);

/// Columns of such lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentColumn {
    /// A column of product instances.
    Of(InstanceColumn),
    /// When it was removed; null for what is there.
    RemovedAt,
}

impl ListColumn for PresentColumn {
    fn name(self) -> &'static str {
        match self {
            Self::Of(column) => column.name(),
            Self::RemovedAt => "removed_at",
        }
    }
}

impl Record for Present {
    const TABLE: &'static Table = Instance::TABLE;

    fn values(&self) -> Vec<Value> {
        self.0.values()
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, Fault> {
        Instance::read(fields).map(Self)
    }
}

impl Listed for Present {
    type Column = PresentColumn;
}
