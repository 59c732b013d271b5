//! Virtual accounts changed, archived when empty, and taken back into use; and who names them.

use std::collections::{BTreeMap, BTreeSet};

use ledger::account::{Tag, VirtualAccount};
use ledger::command::{ArchiveVirtualAccount, Command, EditVirtualAccount, Shelf};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use store::listing::{Direction, Query, Test, VirtualAccountColumn};
use store::{Reading, Sight, Value};
use wire::id::{AccountId, RequestId, VirtualAccountId};

use super::accounts::reads_account;
use super::inventory::in_reach;
use super::{App, Ask, Error};

/// What becomes of a virtual account, as its asker saw it at a revision.
#[derive(Clone, Debug)]
pub struct ChangedVirtualAccount {
    /// The revision that was seen.
    pub revision: u32,
    /// The shown name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Custom tags.
    pub tags: Vec<Tag>,
}

impl App {
    /// A virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn virtual_account(
        &self,
        permit: &ledger::role::Permit,
        account: AccountId,
        id: VirtualAccountId,
    ) -> Result<VirtualAccount, Error> {
        permit.allows(Action::ReadAccount, account)?;
        permit.covers(id)?;
        self.find_virtual_account(account, id).await
    }

    /// The first virtual accounts in use by name, and how many there are: exact to 10,000.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn virtual_accounts_in_use(
        &self,
        permit: &Permit,
        account: AccountId,
        most: u32,
    ) -> Result<(Vec<VirtualAccount>, i64), Error> {
        reads_account(permit, account)?;
        let query = Query::all(most).with(VirtualAccountColumn::ArchivedAt, Test::Is(Value::Null));
        let query = in_reach(query, VirtualAccountColumn::Id, permit)
            .sorted(VirtualAccountColumn::Name, Direction::Up);
        let read = move |reading: &mut Reading<'_>| {
            let first = reading.list::<VirtualAccount>(account, &query)?.rows;
            let all = reading.count::<VirtualAccount>(account, &query)?;
            Ok((first, all))
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// The names of some virtual accounts, as far as the right reaches them.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn virtual_account_names(
        &self,
        permit: &Permit,
        account: AccountId,
        ids: BTreeSet<VirtualAccountId>,
    ) -> Result<BTreeMap<VirtualAccountId, String>, Error> {
        permit.allows(permit.action(), account)?;
        let reach = permit.reach().clone();
        let seen = ids.into_iter().filter(|id| reach.covers(*id)).collect();
        let read = move |reading: &mut Reading<'_>| {
            let found = reading.virtual_accounts_among(account, &seen)?;
            Ok(found.into_iter().map(|(id, one)| (id, one.name)).collect())
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    async fn find_virtual_account(
        &self,
        account: AccountId,
        id: VirtualAccountId,
    ) -> Result<VirtualAccount, Error> {
        let read = move |reading: &mut Reading<'_>| reading.virtual_account(account, id);
        let found = self.book.read(Sight::Account(account), read).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "virtual account" })?)
    }

    /// Changes a virtual account's name, description and tags.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid`, `exists`, `conflict.changed`, faults of the store.
    pub async fn edit_virtual_account(
        &self,
        ask: &Ask,
        account: AccountId,
        id: VirtualAccountId,
        changed: ChangedVirtualAccount,
    ) -> Result<VirtualAccount, Error> {
        let trimmed = |tag: Tag| Tag {
            group: tag.group.trim().to_owned(),
            value: tag.value.trim().to_owned(),
        };
        let command = EditVirtualAccount {
            asked: ask.asked(),
            account,
            id,
            revision: changed.revision,
            name: changed.name.trim().to_owned(),
            description: changed.description.trim().to_owned(),
            tags: changed.tags.into_iter().map(trimmed).collect(),
        };
        self.ask(ask, Command::EditVirtualAccount(Box::new(command))).await?;
        self.find_virtual_account(account, id).await
    }

    /// Archives a virtual account that holds nothing.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `virtual_account.in_use`, `conflict.changed`, faults of the store.
    pub async fn archive_virtual_account(
        &self,
        ask: &Ask,
        account: AccountId,
        id: VirtualAccountId,
        revision: u32,
    ) -> Result<(), Error> {
        ask.permit.allows(Action::CreateVirtualAccount, account)?;
        ask.permit.covers(id)?;
        self.confirm_empty(account, id).await?;
        self.shelve(ask, ask.request, account, id, (revision, Shelf::Archive)).await?;
        // Something may have entered between the look and the act; from the act on nothing does.
        if let Err(occupied) = self.confirm_empty(account, id).await {
            let again = RequestId::derive(&[ask.request.as_bytes(), b"back"]);
            self.shelve(ask, again, account, id, (revision + 1, Shelf::Use)).await?;
            return Err(occupied);
        }
        Ok(())
    }

    async fn confirm_empty(&self, account: AccountId, id: VirtualAccountId) -> Result<(), Error> {
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| reading.occupant(account, id, now);
        match self.book.read(Sight::Account(account), read).await? {
            Some(what) => Err(Refusal::VirtualAccountInUse { what }.into()),
            None => Ok(()),
        }
    }

    /// Takes an archived virtual account back into use.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `conflict.changed`, faults of the store.
    pub async fn restore_virtual_account(
        &self,
        ask: &Ask,
        account: AccountId,
        id: VirtualAccountId,
        revision: u32,
    ) -> Result<(), Error> {
        self.shelve(ask, ask.request, account, id, (revision, Shelf::Use)).await
    }

    async fn shelve(
        &self,
        ask: &Ask,
        request: RequestId,
        account: AccountId,
        id: VirtualAccountId,
        (revision, shelf): (u32, Shelf),
    ) -> Result<(), Error> {
        let asked = ledger::command::Asked { permit: ask.permit.clone(), request };
        let command = ArchiveVirtualAccount { asked, account, id, revision, shelf };
        self.ask(ask, Command::ArchiveVirtualAccount(command)).await
    }
}
