//! People and their roles: in an account, and in the house.

use askama::Template;

use super::filters;
use super::form::Form;
use super::frame::{Frame, HouseNav, Visitor};
use super::moment::Moment;
use super::page;

/// Who has which role in an account.
#[derive(Clone, Debug, Template)]
#[template(path = "people.html", blocks = ["live"])]
pub struct People {
    /// The frame.
    pub frame: Frame,
    /// What was searched for; empty for everybody.
    pub begins: String,
    /// Those who ask for a role, the oldest first.
    pub waiting: Vec<Waiting>,
    /// The roles, by e-mail address.
    pub rows: Vec<GrantRow>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// What went wrong with an act in the list.
    pub trouble: Option<String>,
    /// The form that grants a role; `None` for who may not.
    pub form: Option<Form>,
    /// What each role may do.
    pub matrix: Matrix,
}

/// Somebody who asks for a role.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The request's id.
    pub request: String,
    /// Who.
    pub email: String,
    /// Which role.
    pub role: &'static str,
    /// Why, in their words.
    pub message: String,
    /// When they asked.
    pub asked: Moment,
    /// Grants it, for who may.
    pub grant: Option<Form>,
    /// Declines it, for who may.
    pub decline: Option<Form>,
}

/// A role that somebody has.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// The grant's id.
    pub grant: String,
    /// Who.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// Whether they can sign in.
    pub state: Known,
    /// The role.
    pub role: &'static str,
    /// Where it counts.
    pub place: String,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    pub granted: Moment,
    /// When it ends by itself.
    pub ends: Option<Moment>,
    /// Sends a new invitation, for who may.
    pub invite: Option<Form>,
    /// Where it is ended, for who may.
    pub end: Option<String>,
}

/// Whether a person can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Invited, and not been here yet.
    Invited,
    /// They sign in.
    Active,
    /// Kept out by an operator.
    Blocked,
}

impl Known {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Active => "Active",
            Self::Blocked => "Blocked",
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Invited => "warn",
            Self::Active => "good",
            Self::Blocked => "bad",
        }
    }

    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Invited => "clock",
            Self::Active => "check",
            Self::Blocked => "cross",
        }
    }
}

/// What each role may do: one line for each act, one column for each role.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The roles.
    pub roles: Vec<&'static str>,
    /// The acts, with a cell for each role.
    pub rows: Vec<(&'static str, Vec<Cell>)>,
}

/// What a role may do of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// In the whole account.
    Whole,
    /// In the virtual accounts that it was granted for.
    InItsPlace,
    /// Nowhere.
    Nowhere,
}

impl People {
    fn next_path(&self, cursor: &str) -> String {
        format!("{}?begins={}&cursor={cursor}", self.frame.people_path(), encoded(&self.begins))
    }

    fn here(&self) -> &'static str {
        "people"
    }
}

page!(People);

/// Text for a query.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Everybody, for an operator.
#[derive(Clone, Debug, Template)]
#[template(path = "everybody.html", blocks = ["live"])]
pub struct Everybody {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages.
    pub nav: HouseNav,
    /// What was searched for.
    pub begins: String,
    /// The people, by e-mail address.
    pub rows: Vec<PersonRow>,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// A person in the list.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Their id.
    pub person: String,
    /// Their e-mail address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// Whether they can sign in.
    pub state: Known,
    /// Since when they are known.
    pub since: Moment,
}

impl PersonRow {
    fn path(&self) -> String {
        super::paths::fill(super::paths::PERSON, &[&self.person])
    }
}

impl Everybody {
    fn next_path(&self, cursor: &str) -> String {
        format!("{}?begins={}&cursor={cursor}", super::paths::EVERYBODY, encoded(&self.begins))
    }
}

page!(Everybody);

/// One person with all their roles, for an operator.
#[derive(Clone, Debug, Template)]
#[template(path = "person.html", blocks = ["live"])]
pub struct PersonPage {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages.
    pub nav: HouseNav,
    /// Who.
    pub row: PersonRow,
    /// By what they sign in, in words.
    pub credentials: String,
    /// Their time zone; empty for UTC.
    pub zone: String,
    /// Their roles.
    pub roles: Vec<RoleRow>,
    /// Blocks or admits them, for who may.
    pub admit: Option<Form>,
    /// What that would do.
    pub admit_says: &'static str,
}

/// A role on a person's page.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// The role.
    pub role: &'static str,
    /// The account's name, or the house's.
    pub account: String,
    /// Where it stands among the others, for who may see that.
    pub path: Option<String>,
    /// When it was granted.
    pub granted: Moment,
    /// When it ends by itself.
    pub ends: Option<Moment>,
}

page!(PersonPage);

/// The vendor's own roles.
#[derive(Clone, Debug, Template)]
#[template(path = "house-roles.html", blocks = ["live"])]
pub struct HouseRoles {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages.
    pub nav: HouseNav,
    /// The roles, by e-mail address.
    pub rows: Vec<GrantRow>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// What went wrong with an act in the list.
    pub trouble: Option<String>,
    /// The form that grants a role; `None` for who may not.
    pub form: Option<Form>,
}

impl HouseRoles {
    fn next_path(&self, cursor: &str) -> String {
        format!("{}?cursor={cursor}", super::paths::HOUSE_ROLES)
    }
}

page!(HouseRoles);
