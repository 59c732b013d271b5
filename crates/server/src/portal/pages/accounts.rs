//! The accounts that a person may open: the operator's first page.

use askama::Template;

use super::filters;
use super::frame::{HouseNav, Visitor};
use super::moment::Moment;
use super::page;
use super::parts::{Counted, Paste};
use super::paths::{self, fill};

/// All accounts.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts.html", blocks = ["live"])]
pub struct Accounts {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages; none for customers.
    pub nav: HouseNav,
    /// When the numbers were read.
    pub as_of: Moment,
    /// The accounts, by name.
    pub rows: Vec<AccountRow>,
    /// How many there are; more than `rows` if the list was cut.
    pub total: Counted,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Where an account is made, for who may.
    pub new: Option<String>,
    /// How to make an account without this page, for who may.
    pub make: Vec<Paste>,
}

/// An account in the list.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id, `acct_…`.
    pub account: String,
    /// Its shown name.
    pub name: String,
    /// Its domain identifier, such as `example.com`.
    pub domain: String,
    /// What holds it up, if it is not in use.
    pub state: &'static str,
    /// Whether the person may open it.
    pub opens: bool,
    /// Its numbers, for who may see them.
    pub numbers: Option<AccountNumbers>,
    /// Where support says why it looks into it.
    pub see_as: Option<String>,
}

/// The numbers of an account in the list.
#[derive(Clone, Copy, Debug)]
pub struct AccountNumbers {
    /// How many virtual accounts it has.
    pub virtual_accounts: Counted,
    /// How many product instances it has.
    pub instances: Counted,
    /// How many alarms are open in it.
    pub open_alarms: Counted,
    /// When anything was last heard from one of its product instances.
    pub last_report: Option<Moment>,
}

impl AccountRow {
    /// Its overview.
    pub fn path(&self) -> String {
        fill(paths::OVERVIEW, &[&self.account])
    }
}

page!(Accounts);
