//! Smart Accounts and their virtual accounts. People and roles are not here: see `role`.

use wire::id::{AccountId, VirtualAccountId};
use wire::message::Policy;
use wire::time::Timestamp;

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
}

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
}
