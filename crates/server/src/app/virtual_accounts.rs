//! Virtual accounts changed, emptied into another one, archived when empty, and taken back into
//! use; and who names them.

use std::collections::{BTreeMap, BTreeSet};

use ledger::account::{Default, Tag, VirtualAccount};
use ledger::command::{
    ArchiveVirtualAccount, Asked, Command, EditVirtualAccount, MoveHoldings, Shelf,
};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use sha2::{Digest as _, Sha256};
pub use store::HoldingCounts;
use store::listing::{Direction, Query, Test, VirtualAccountColumn};
use store::{Holdings, Reading, Sight, Value};
use wire::id::{AccountId, RequestId, VirtualAccountId};
use wire::time::Span;

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

/// How many things move in one transaction, with four uses for each: nearly every virtual account
/// moves at once, so that no pool looks short on the way. Reports that come meanwhile wait for it.
const MOVED_AT_ONCE: u32 = 5_000;
/// How long one request goes on moving before it answers how far it came.
const MOVING: Span = Span::from_seconds(20);

/// What became of a virtual account that is moved away and archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emptied {
    /// What this request moved.
    pub moved: HoldingCounts,
    /// Whether the virtual account is archived; if not, more is left than one request moves.
    pub archived: bool,
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
        // A request that was taken back because something had entered does nothing when it comes again.
        match self.find_virtual_account(account, id).await?.archived_at {
            Some(_) => Ok(()),
            None => Err(Refusal::Changed { what: "this virtual account" }.into()),
        }
    }

    /// How much a virtual account holds that would go with [`Self::empty_virtual_account`].
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn holding_counts(
        &self,
        permit: &ledger::role::Permit,
        account: AccountId,
        id: VirtualAccountId,
    ) -> Result<HoldingCounts, Error> {
        permit.allows(Action::CreateVirtualAccount, account)?;
        permit.covers(id)?;
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| reading.holding_counts(account, id, now);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// Moves everything that a virtual account holds to another one, and archives it.
    ///
    /// What was moved stays moved whatever happens then: asked again, it goes on from there.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid`, `conflict.changed`, `virtual_account.in_use`
    /// for what cannot move (reserved, delegated), faults of the store.
    pub async fn empty_virtual_account(
        &self,
        ask: &Ask,
        account: AccountId,
        (id, revision): (VirtualAccountId, u32),
        to: VirtualAccountId,
    ) -> Result<Emptied, Error> {
        ask.permit.allows(Action::CreateVirtualAccount, account)?;
        ask.permit.covers(id)?;
        let seen = self.find_virtual_account(account, id).await?;
        if seen.archived_at.is_some() && seen.revision == revision + 1 {
            // The answer to this very request may have been lost; any other is refused as too late.
            self.archive_virtual_account(ask, account, id, revision).await?;
            return Ok(Emptied { moved: HoldingCounts::default(), archived: true });
        }
        if seen.revision != revision || seen.archived_at.is_some() {
            return Err(Refusal::Changed { what: "this virtual account" }.into());
        }
        if seen.default == Default::Yes {
            let why = "is the default one, which every account keeps".to_owned();
            return Err(Refusal::Invalid { field: "virtual_account", why }.into());
        }
        let mut emptied = Emptied { moved: HoldingCounts::default(), archived: false };
        let until = self.world.now().plus(MOVING);
        loop {
            let now = self.world.now();
            let read =
                move |reading: &mut Reading<'_>| reading.holdings(account, id, now, MOVED_AT_ONCE);
            let held = self.book.read(Sight::Account(account), read).await?;
            let counts = counted(&held);
            if counts == HoldingCounts::default() {
                break;
            }
            if now > until {
                return Ok(emptied);
            }
            let request = RequestId::derive(&[ask.request.as_bytes(), &digest(&held)]);
            let command = MoveHoldings {
                asked: Asked { permit: ask.permit.clone(), request },
                account,
                from: id,
                to,
                instances: held.instances,
                entitlements: held.entitlements,
                tokens: held.tokens,
            };
            self.ask(ask, Command::MoveHoldings(Box::new(command))).await?;
            emptied.moved.instances += counts.instances;
            emptied.moved.entitlements += counts.entitlements;
            emptied.moved.tokens += counts.tokens;
        }
        self.archive_virtual_account(ask, account, id, revision).await?;
        emptied.archived = true;
        Ok(emptied)
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
        let asked = Asked { permit: ask.permit.clone(), request };
        let command = ArchiveVirtualAccount { asked, account, id, revision, shelf };
        self.ask(ask, Command::ArchiveVirtualAccount(command)).await
    }
}

fn counted(held: &Holdings) -> HoldingCounts {
    let count = |length| u64::try_from(length).unwrap_or(u64::MAX);
    HoldingCounts {
        instances: count(held.instances.len()),
        entitlements: count(held.entitlements.len()),
        tokens: count(held.tokens.len()),
    }
}

/// What a part of a move is of: the next part of the same request is another one.
fn digest(held: &Holdings) -> [u8; 32] {
    let tokens = held.tokens.iter().map(|id| id.as_bytes());
    let lots = held.entitlements.iter().map(|(_, id)| id.as_bytes());
    let instances = held.instances.iter().map(|id| id.as_bytes());
    let all = tokens.chain(lots).chain(instances);
    all.fold(Sha256::new(), |hash, id| hash.chain_update(id)).finalize().into()
}
