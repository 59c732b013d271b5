//! Making accounts and virtual accounts.

use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::virtual_account::checked_tags;
use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::account::{Account, AccountKind, Default, VirtualAccount};
use crate::page::Page;
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::Action;

/// Makes an account with its default virtual account.
#[derive(Clone, Debug)]
pub struct CreateAccount {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account as it is to be. Its domain and number are claimed already.
    pub account: Account,
    /// The id of its default virtual account.
    pub default_id: VirtualAccountId,
    /// The number of its default virtual account.
    pub default_number: u32,
}

/// The name of the virtual account that every account has from the start.
const DEFAULT_NAME: &str = "DEFAULT";

impl CreateAccount {
    /// Checks what is asked for by itself, before anything is claimed for it.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`.
    pub fn check(&self) -> Result<(), Refusal> {
        let account = &self.account;
        self.asked.permit.allows(Action::CreateAccount, account.id)?;
        check_text("name", &account.name, 1)?;
        check_text("domain", &account.domain, 1)?;
        check_text("policy.name", &account.policy.name, 1)
    }

    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let account = &self.account;
        self.check()?;
        if let Some(there) = page.hold_account(account.id)? {
            let same = there.name == account.name && there.domain == account.domain;
            let taken = Refusal::Taken { what: "this account id".to_owned() };
            return if same { Ok(Posting::nothing()) } else { Err(taken.into()) };
        }
        let default =
            default_virtual_account(account.id, self.default_id, self.default_number, now);
        let detail = Detail::default().with("name", &account.name).with("domain", &account.domain);
        let event =
            self.asked.event(account.id, "account.created", account.id.to_string(), &detail, now);
        Ok(nothing_but(vec![
            Effect::Account(account.clone()),
            Effect::VirtualAccount(default),
            event,
        ]))
    }
}

/// The virtual account that an account has from the start.
pub(super) fn default_virtual_account(
    account: AccountId,
    id: VirtualAccountId,
    number: u32,
    now: Timestamp,
) -> VirtualAccount {
    VirtualAccount {
        account,
        id,
        number,
        name: DEFAULT_NAME.to_owned(),
        description: String::new(),
        default: Default::Yes,
        created_at: now,
        tags: Vec::new(),
        archived_at: None,
        revision: 0,
    }
}

/// Makes a virtual account.
#[derive(Clone, Debug)]
pub struct CreateVirtualAccount {
    /// The right and the request's id.
    pub asked: Asked,
    /// The virtual account as it is to be. Its number is claimed already.
    pub virtual_account: VirtualAccount,
}

impl CreateVirtualAccount {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let new = &self.virtual_account;
        self.asked.permit.allows(Action::CreateVirtualAccount, new.account)?;
        check_text("name", &new.name, 1)?;
        check_text("description", &new.description, 0)?;
        let account =
            page.hold_account(new.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        if account.kind == AccountKind::LimitedUse {
            return Err(Refusal::AccountLimited { most: 1, what: "virtual account" }.into());
        }
        let tags = checked_tags(&new.tags)?;
        let folded = new.name.to_lowercase();
        let others = page.virtual_accounts_of(new.account)?;
        if others.iter().any(|one| one.id == new.id) {
            return Err(Refusal::Taken { what: "this virtual account's id".to_owned() }.into());
        }
        if others.iter().any(|one| one.name.to_lowercase() == folded) {
            return Err(Refusal::Taken { what: format!("the name \"{}\"", new.name) }.into());
        }
        let row = VirtualAccount { default: Default::No, created_at: now, tags, ..new.clone() };
        let detail = Detail::default().with("name", &new.name).within(new.id);
        let event = self.asked.event(
            new.account,
            "virtual_account.created",
            new.id.to_string(),
            &detail,
            now,
        );
        Ok(nothing_but(vec![Effect::VirtualAccount(row), event]))
    }
}
