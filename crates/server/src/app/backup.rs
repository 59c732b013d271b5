//! Copies the book while it is in use.

use std::path::Path;

use ledger::refusal::Refusal;
use ledger::role::{Actor, Permit};

use super::{App, Error};

impl App {
    /// Copies the book, as it is at one moment, into a folder that becomes a data folder.
    ///
    /// # Errors
    /// `permit.denied` for anyone but a command of the host, `store.refused` if the book is in
    /// PostgreSQL or a copy is there already, other faults of the store.
    pub async fn copy_book(&self, permit: &Permit, folder: &Path) -> Result<(), Error> {
        if *permit.actor() != Actor::Host {
            let action = "copy the book from outside of its host";
            return Err(Refusal::Denied { role: permit.role().word(), action }.into());
        }
        Ok(self.book.copy_into(folder).await?)
    }
}
