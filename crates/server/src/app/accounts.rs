//! Makes accounts and virtual accounts, and lists them.

use ledger::account::{Account, Default, VirtualAccount};
use ledger::command::{Command, CreateAccount, CreateVirtualAccount, MakeClaim};
use ledger::house::{Claim, ClaimKind};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit, Scope};
use store::Sight;
use store::listing::{Cursor, Direction, Query, Rows, Test, VirtualAccountColumn};
use wire::id::{AccountId, RequestId, VirtualAccountId};
use wire::message::Policy;

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
}

/// The bytes of an id that is derived from a request, so that a repeat names the same thing.
fn derived(request: RequestId, what: &[u8]) -> [u8; 16] {
    *AccountId::derive(&[request.as_bytes(), what]).as_bytes()
}

impl App {
    /// Makes an account with a default virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `exists` if the domain is taken, faults of the store.
    pub async fn create_account(&self, ask: &Ask, new: NewAccount) -> Result<Account, Error> {
        let id = AccountId::from_bytes(derived(ask.request, b"account"));
        let default_id = VirtualAccountId::from_bytes(derived(ask.request, b"default"));
        ask.permit.allows(Action::CreateAccount, id)?;
        let domain = new.domain.trim().to_lowercase();
        let account = Account {
            id,
            number: self.claim_number(id, *id.as_bytes()).await?,
            name: new.name.trim().to_owned(),
            domain: domain.clone(),
            policy: new.policy,
            created_at: self.world.now(),
        };
        self.claim(ClaimKind::Domain, domain, id, *id.as_bytes()).await?;
        let default_number = self.claim_number(id, *default_id.as_bytes()).await?;
        let command = CreateAccount { asked: ask.asked(), account, default_id, default_number };
        self.ask(ask, Command::CreateAccount(command)).await?;
        let made = self.book.read(Sight::Account(id), move |reading| reading.account(id)).await?;
        Ok(made.ok_or(Refusal::NotFound { what: "account" })?)
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
        };
        let command = CreateVirtualAccount { asked: ask.asked(), virtual_account };
        self.ask(ask, Command::CreateVirtualAccount(command)).await?;
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
            return Err(
                Refusal::Denied { role: permit.role(), action: Action::Read.words() }.into()
            );
        }
        Ok(self.book.read(Sight::House, |reading| reading.accounts(ACCOUNTS)).await?)
    }

    /// An account.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn account(&self, permit: &Permit, id: AccountId) -> Result<Account, Error> {
        permit.allows(Action::Read, id)?;
        let found = self.book.read(Sight::Account(id), move |reading| reading.account(id)).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "account" })?)
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
        permit.allows(Action::Read, account)?;
        let mut query =
            Query::all(limit).sorted(VirtualAccountColumn::Name, Direction::Up).after(after);
        if let Some(begins) = begins {
            query = query.with(VirtualAccountColumn::Name, Test::Begins(begins.to_lowercase()));
        }
        let read =
            move |reading: &mut store::Reading<'_>| reading.list::<VirtualAccount>(account, &query);
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

    /// Draws random numbers until one is free.
    async fn claim_number(&self, account: AccountId, owner: [u8; 16]) -> Result<u32, Error> {
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
