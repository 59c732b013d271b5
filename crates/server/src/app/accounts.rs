//! Makes accounts and virtual accounts, and lists them.

use ledger::account::{Account, AccountKind, AccountState, Default, Tag, VirtualAccount};
use ledger::command::{Command, CreateAccount, CreateVirtualAccount, MakeClaim};
use ledger::house::{Claim, ClaimKind};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit, Scope};
use store::listing::{Cursor, Direction, Query, Rows, Test, VirtualAccountColumn};
use store::{Chore, Reading, Sight, Stored as _};
use wire::id::{AccountId, RequestId, VirtualAccountId};
use wire::message::Policy;
use wire::time::Timestamp;

use super::inventory::in_reach;
use super::{App, Ask, Error};

/// How many accounts an operator's list shows.
const ACCOUNTS: u32 = 1_000;
/// How often a random number is drawn until one is free.
const DRAWS: u32 = 20;

/// What a new account is to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The shown name.
    pub name: String,
    /// The company's domain.
    pub domain: String,
    /// The policy of its devices.
    pub policy: Policy,
}

/// What a new virtual account is to be.
#[derive(Clone, Debug)]
pub struct NewVirtualAccount {
    /// The shown name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Custom tags.
    pub tags: Vec<Tag>,
}

/// The bytes of an id that is derived from a request, so that a repeat names the same thing.
pub(super) fn derived(request: RequestId, what: &[u8]) -> [u8; 16] {
    *AccountId::derive(&[request.as_bytes(), what]).as_bytes()
}

/// The rows of a page out of those found, of which one more was asked for than the page holds.
pub(super) fn page<R>(mut rows: Vec<R>, limit: u32, place: impl Fn(&R) -> Cursor) -> Rows<R> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(place);
    Rows { rows, next }
}

/// Confirms that a permit shows an account's properties: whoever sees its licenses sees its name.
pub(super) fn reads_account(permit: &Permit, account: AccountId) -> Result<(), Refusal> {
    match permit.action() {
        Action::Read => permit.allows(Action::Read, account),
        _ => permit.allows(Action::ReadAccount, account),
    }
}

impl App {
    /// Makes an account with a default virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `exists` if the domain is taken, faults of the store.
    pub async fn create_account(&self, ask: &Ask, new: NewAccount) -> Result<Account, Error> {
        let id = AccountId::from_bytes(derived(ask.request, b"account"));
        let account = Account {
            id,
            number: 0,
            name: new.name.trim().to_owned(),
            domain: new.domain.trim().to_lowercase(),
            policy: new.policy,
            created_at: self.world.now(),
            kind: AccountKind::Customer,
            state: AccountState::Active,
            country: String::new(),
            approver: String::new(),
            reason: String::new(),
            terms_version: 0,
            terms_accepted_at: None,
            revision: 0,
        };
        let mut command = CreateAccount {
            asked: ask.asked(),
            account,
            default_id: VirtualAccountId::from_bytes(derived(ask.request, b"default")),
            default_number: 0,
        };
        command.check()?;
        self.refuse_public(&command.account.domain)?;
        let owners = [*id.as_bytes(), *command.default_id.as_bytes()];
        if self.find_account(id).await?.is_none() {
            let claimed = self.claim_for(&mut command).await;
            self.or_release(claimed, &owners).await?;
        }
        let asked = self.ask(ask, Command::CreateAccount(command)).await;
        self.or_release(asked, &owners).await?;
        Ok(self.find_account(id).await?.ok_or(Refusal::NotFound { what: "account" })?)
    }

    /// Claims what must be the account's alone. A repeated request claims nothing anew.
    async fn claim_for(&self, command: &mut CreateAccount) -> Result<(), Error> {
        let (id, default_id) = (command.account.id, command.default_id);
        let domain = command.account.domain.clone();
        self.claim(ClaimKind::Domain, domain, id, *id.as_bytes()).await?;
        command.account.number = self.claim_number(id, *id.as_bytes()).await?;
        command.default_number = self.claim_number(id, *default_id.as_bytes()).await?;
        Ok(())
    }

    /// Makes a virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `not_found`, `exists` if the name is taken, faults of the store.
    pub async fn create_virtual_account(
        &self,
        ask: &Ask,
        account: AccountId,
        new: NewVirtualAccount,
    ) -> Result<VirtualAccount, Error> {
        ask.permit.allows(Action::CreateVirtualAccount, account)?;
        let id = VirtualAccountId::from_bytes(derived(ask.request, b"virtual_account"));
        let virtual_account = VirtualAccount {
            account,
            id,
            number: self.claim_number(account, *id.as_bytes()).await?,
            name: new.name.trim().to_owned(),
            description: new.description,
            default: Default::No,
            created_at: self.world.now(),
            tags: new.tags,
            archived_at: None,
            revision: 0,
        };
        let command = CreateVirtualAccount { asked: ask.asked(), virtual_account };
        let asked = self.ask(ask, Command::CreateVirtualAccount(command)).await;
        self.or_release(asked, &[*id.as_bytes()]).await?;
        let made = self
            .book
            .read(Sight::Account(account), move |r| r.virtual_account(account, id))
            .await?;
        Ok(made.ok_or(Refusal::NotFound { what: "virtual account" })?)
    }

    /// All accounts, by name. For an operator.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn accounts(&self, permit: &Permit) -> Result<Vec<Account>, Error> {
        if permit.scope() != Scope::House {
            return Err(Refusal::Denied {
                role: permit.role().word(),
                action: Action::Read.words(),
            }
            .into());
        }
        Ok(self.book.read(Sight::House, |reading| reading.accounts(ACCOUNTS)).await?)
    }

    /// A page of all accounts, by name. For an operator.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn list_accounts(
        &self,
        permit: &Permit,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<Account>, Error> {
        if permit.scope() != Scope::House {
            return Err(Refusal::Denied {
                role: permit.role().word(),
                action: Action::Read.words(),
            }
            .into());
        }
        let after = after.and_then(|cursor| {
            let id = cursor.key.into_iter().next()?;
            Some((String::load(cursor.sorted?)?, AccountId::load(id)?))
        });
        let (name, id) = after.unwrap_or((String::new(), AccountId::from_bytes([0; 16])));
        let one_more = limit.saturating_add(1);
        let read = move |r: &mut Reading<'_>| r.accounts_after((&name, id), one_more);
        let rows = self.book.read(Sight::House, read).await?;
        Ok(page(rows, limit, |last| Cursor {
            sorted: Some(last.name.to_lowercase().store()),
            key: vec![last.id.store()],
        }))
    }

    /// An account.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn account(&self, permit: &Permit, id: AccountId) -> Result<Account, Error> {
        reads_account(permit, id)?;
        Ok(self.find_account(id).await?.ok_or(Refusal::NotFound { what: "account" })?)
    }

    /// Confirms that the account of a permit is there, whatever the permit is for.
    ///
    /// # Errors
    /// `permit.denied` if the permit is of another account, `not_found`, faults of the store.
    pub async fn confirm_account(&self, permit: &Permit, id: AccountId) -> Result<(), Error> {
        permit.allows(permit.action(), id)?;
        let found = self.find_account(id).await?;
        found.map(|_| ()).ok_or(Refusal::NotFound { what: "account" }.into())
    }

    /// The account of a domain. Of one that nobody has, an id that no account has: so what follows
    /// answers for it as for any other that is not there.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn account_at(&self, domain: &str) -> Result<AccountId, Error> {
        let domain = domain.trim().to_lowercase();
        let nobodys = AccountId::derive(&[b"no account has this domain", domain.as_bytes()]);
        let read = move |reading: &mut Reading<'_>| reading.claim(ClaimKind::Domain, &domain);
        let claim = self.book.read(Sight::House, read).await?;
        Ok(claim.map_or(nobodys, |claim| claim.account))
    }

    pub(super) async fn find_account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        Ok(self.book.read(Sight::Account(id), move |reading| reading.account(id)).await?)
    }

    /// A page of an account's virtual accounts, by name.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn virtual_accounts(
        &self,
        permit: &Permit,
        account: AccountId,
        begins: Option<String>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<VirtualAccount>, Error> {
        reads_account(permit, account)?;
        let mut query =
            Query::all(limit).sorted(VirtualAccountColumn::Name, Direction::Up).after(after);
        query = in_reach(query, VirtualAccountColumn::Id, permit);
        if let Some(begins) = begins {
            query = query.with(VirtualAccountColumn::Name, Test::Begins(begins.to_lowercase()));
        }
        let read = move |reading: &mut Reading<'_>| reading.list::<VirtualAccount>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    pub(super) async fn claim(
        &self,
        kind: ClaimKind,
        value: String,
        account: AccountId,
        owner: [u8; 16],
    ) -> Result<(), Error> {
        let claim = Claim { kind, value, account, owner, claimed_at: self.world.now() };
        self.write(Command::MakeClaim(MakeClaim { claim })).await.map(|_| ())
    }

    /// Gives back what was claimed for something that was refused. What is left behind when the
    /// process ends in between, a job gives back.
    pub(super) async fn or_release<T>(
        &self,
        asked: Result<T, Error>,
        owners: &[[u8; 16]],
    ) -> Result<T, Error> {
        if matches!(asked, Err(Error::Refused(_))) {
            let before = Timestamp::MAX;
            for owner in owners {
                let chore = Chore::ReleaseClaims { before, owner: Some(*owner) };
                if let Err(fault) = self.book.chore(chore).await {
                    tracing::warn!(%fault, "a claim is given back later");
                }
            }
        }
        asked
    }

    /// Draws random numbers until one is free.
    pub(super) async fn claim_number(
        &self,
        account: AccountId,
        owner: [u8; 16],
    ) -> Result<u32, Error> {
        for _ in 0..DRAWS {
            let number = self.world.nine_digits();
            match self.claim(ClaimKind::Number, number.to_string(), account, owner).await {
                Ok(()) => return Ok(number),
                Err(Error::Refused(Refusal::Taken { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(store::Fault::Busy.into())
    }
}
