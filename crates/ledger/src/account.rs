//! Smart Accounts and their virtual accounts. People and roles are not here: see `role`.

use wire::id::{AccountId, VirtualAccountId};
use wire::message::Policy;
use wire::time::Timestamp;

use crate::command::Stop;
use crate::license::codes;
use crate::page::{Page, Unread};
use crate::refusal::Refusal;

/// A Smart Account: the customer, and the shard that everything of theirs lies in.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its id, which leads every key of its rows.
    pub id: AccountId,
    /// The random nine-digit number under which the documented REST profile knows it.
    pub number: u32,
    /// The shown name.
    pub name: String,
    /// The company's domain identifier, such as `example.com`; claimed, so unique.
    pub domain: String,
    /// The reporting policy that acknowledgements carry.
    pub policy: Policy,
    /// When it was made.
    pub created_at: Timestamp,
    /// What kind of customer it is for.
    pub kind: AccountKind,
    /// How far it has come.
    pub state: AccountState,
    /// The country of purchase, two letters as in ISO 3166, or empty.
    pub country: String,
    /// The e-mail address of who was nominated to approve it, or empty.
    pub approver: String,
    /// Why it was declined, or empty.
    pub reason: String,
    /// The version of the End User License Agreement that was accepted; 0 for none.
    pub terms_version: u32,
    /// When it was accepted, if one was.
    pub terms_accepted_at: Option<Timestamp>,
    /// How often its properties were changed: who changes them names what they saw.
    pub revision: u32,
}

/// What kind of customer an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// A company with a domain of its own.
    Customer,
    /// A small business with a public e-mail domain.
    LimitedUse,
    /// A partner that holds orders for customers: no license is ever used in it.
    Holding,
}

codes!(AccountKind { Customer = 0 / "customer", LimitedUse = 1 / "limited_use", Holding = 2 / "holding" });

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// Requested: an approver has to accept the terms.
    PendingApproval,
    /// In use.
    Active,
    /// Declined by its approver.
    Declined,
}

codes!(AccountState { PendingApproval = 0 / "pending_approval", Active = 1 / "active", Declined = 2 / "declined" });

/// Whether a virtual account is the one that takes what names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// The account's one default virtual account.
    Yes,
    /// Any other.
    No,
}

/// A virtual account: a part of a Smart Account with pools of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualAccount {
    /// The Smart Account that it is a part of.
    pub account: AccountId,
    /// Its id.
    pub id: VirtualAccountId,
    /// Its random nine-digit number in the documented REST profile.
    pub number: u32,
    /// The shown name, unique in the account regardless of case.
    pub name: String,
    /// What it is for, in the customer's words.
    pub description: String,
    /// Whether it is the default one.
    pub default: Default,
    /// When it was made.
    pub created_at: Timestamp,
    /// Custom tags, `group: value`, in order.
    pub tags: Vec<Tag>,
    /// When it was archived, if it was.
    pub archived_at: Option<Timestamp>,
    /// How often it was changed: who changes it names what they saw.
    pub revision: u32,
}

/// A custom tag of a virtual account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
pub struct Tag {
    /// The group, such as `department`.
    #[n(0)]
    pub group: String,
    /// The value, such as `research`.
    #[n(1)]
    pub value: String,
}

/// The house's fact that holds the number of the newest version of the terms, as text.
pub const TERMS_FACT: &str = "terms";

/// Confirms that an account may be handed what licenses give: it is in use, it is no partner's
/// holding account, and the newest terms are accepted. Reports, acknowledgements, exports and
/// revocation do not ask this.
///
/// # Errors
/// `account.not_active`, `account.holding`, `terms.not_accepted`.
pub(crate) fn admit_license_act(page: &Page, id: AccountId) -> Result<(), Stop> {
    let Some(account) = page.account(id)? else { return Ok(()) };
    if account.state != AccountState::Active {
        return Err(Refusal::AccountNotActive { state: account.state.word() }.into());
    }
    if account.kind == AccountKind::Holding {
        return Err(Refusal::AccountHolding.into());
    }
    let newest = newest_terms(page)?;
    if account.terms_version < newest {
        return Err(Refusal::TermsNotAccepted { version: newest }.into());
    }
    Ok(())
}

/// The number of the newest version of the terms; 0 before any was published.
pub(crate) fn newest_terms(page: &Page) -> Result<u32, Unread> {
    let fact = page.house_fact(TERMS_FACT)?;
    let text = fact.and_then(|fact| std::str::from_utf8(&fact.value).ok());
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}
