//! What stands around a page: whose account it is, where one can go, who is signed in.

use std::collections::BTreeSet;

use super::form::Form;
use super::parts::{Act, Counted};
use super::paths::{self, fill};

/// The frame of a page that lies in an account.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The account's id, `acct_…`.
    pub account: String,
    /// The account's shown name.
    pub account_name: String,
    /// The other accounts that this person may open; empty hides the choice.
    pub other_accounts: Vec<AccountChoice>,
    /// The first virtual accounts in use that this person may see, by name, with the chosen one.
    pub virtual_accounts: Vec<VirtualAccountChoice>,
    /// How many virtual accounts in use this person may see.
    pub virtual_accounts_total: Counted,
    /// The virtual account (`va_…`) to which the page is narrowed; `None` for all of them.
    pub chosen: Option<String>,
    /// Open alarms in the whole account that the person may see, all severities.
    pub open_alarms: Counted,
    /// Who is signed in.
    pub visitor: Visitor,
    /// The parts of the account that this person may see.
    pub parts: BTreeSet<Part>,
    /// What holds for the whole account and has to be said on each of its pages.
    pub banners: Vec<Banner>,
}

/// A part of an account that not everybody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Licenses, product instances, alarms and ID tokens.
    Licenses,
    /// The event log.
    Events,
    /// The event log as a whole, whose tree is signed.
    WholeLog,
    /// People and their roles.
    People,
    /// API clients.
    Clients,
}

/// Something to say on each page of an account.
#[derive(Clone, Debug)]
pub struct Banner {
    /// Its colour: `info`, `warn` or `bad`.
    pub tone: &'static str,
    /// The beginning, set in bold.
    pub lead: String,
    /// The rest.
    pub rest: String,
    /// Where something can be done about it, for who may.
    pub act: Option<Act>,
    /// What does something about it at once, for who may.
    pub form: Option<Form>,
}

/// The pages of the house that a person may see; none for most.
#[derive(Clone, Debug, Default)]
pub struct HouseNav {
    /// The pages.
    pub tabs: Vec<Act>,
    /// The address of the one that is shown.
    pub here: &'static str,
}

/// An account to change to.
#[derive(Clone, Debug)]
pub struct AccountChoice {
    /// Its id, `acct_…`.
    pub account: String,
    /// Its shown name.
    pub name: String,
}

/// A virtual account to narrow a page to.
#[derive(Clone, Debug)]
pub struct VirtualAccountChoice {
    /// Its id, `va_…`.
    pub virtual_account: String,
    /// Its shown name.
    pub name: String,
    /// How many alarms are open in it.
    pub open_alarms: Counted,
}

/// Who looks at the page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their shown name, or their login where they have none.
    pub name: String,
    /// For the sign-out form.
    pub sign_out: Guard,
    /// What they signed in with.
    pub by: SignedInBy,
}

/// What somebody signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedInBy {
    /// The installation's set-up secret.
    SetUpSecret,
    /// Credentials of their own.
    Themself,
}

/// The two hidden fields that every form carries.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The session's token against forged requests; field `csrf`.
    pub csrf: String,
    /// A fresh client-made id, `req_…`, so that a form sent twice is done once; field `request_id`.
    pub request_id: String,
}

impl Visitor {
    pub(crate) fn is_person(&self) -> bool {
        self.by == SignedInBy::Themself
    }

    /// One or two letters for the round mark.
    pub fn initials(&self) -> String {
        let letters =
            self.name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next());
        letters.take(2).flat_map(char::to_uppercase).collect()
    }
}

impl Frame {
    /// The name of what the page covers: a virtual account, or all of them.
    pub fn scope(&self) -> String {
        let chosen = self.virtual_accounts.iter().find(|one| self.is_chosen(one));
        match (chosen, self.virtual_accounts.as_slice()) {
            (Some(one), _) => one.name.clone(),
            (None, [only]) => only.name.clone(),
            (None, _) => format!("All {} virtual accounts", self.virtual_accounts_total),
        }
    }

    /// Whether there are more virtual accounts than a choice shows: then one is typed by its name.
    pub fn has_more(&self) -> bool {
        self.virtual_accounts_total.exceeds(self.virtual_accounts.len())
    }

    /// The name of a virtual account among those shown, or what was given.
    pub fn place_typed<'a>(&'a self, typed: &'a str) -> &'a str {
        let found = self.virtual_accounts.iter().find(|one| one.virtual_account == typed);
        found.map_or(typed, |one| &one.name)
    }

    /// Whether the page is narrowed to this virtual account.
    pub fn is_chosen(&self, choice: &VirtualAccountChoice) -> bool {
        self.chosen.as_deref() == Some(&choice.virtual_account)
    }

    /// The overview, narrowed as this page is.
    pub fn overview_path(&self) -> String {
        self.narrowed(fill(paths::OVERVIEW, &[&self.account]))
    }

    /// The search.
    pub fn search_path(&self) -> String {
        fill(paths::SEARCH, &[&self.account])
    }

    /// The licenses, narrowed as this page is.
    pub fn licenses_path(&self) -> String {
        self.narrowed(fill(paths::LICENSES, &[&self.account]))
    }

    /// The product instances, narrowed as this page is.
    pub fn instances_path(&self) -> String {
        self.narrowed(fill(paths::INSTANCES, &[&self.account]))
    }

    /// The product instances in a state, narrowed as this page is.
    pub(crate) fn state_path(&self, state: &str) -> String {
        let path = self.instances_path();
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{path}{sign}state={state}")
    }

    /// The overview of all virtual accounts.
    pub fn whole_path(&self) -> String {
        fill(paths::OVERVIEW, &[&self.account])
    }

    /// The overview of one virtual account.
    pub fn part_path(&self, choice: &VirtualAccountChoice) -> String {
        format!("{}?virtual_account={}", self.whole_path(), choice.virtual_account)
    }

    /// The open alarms, narrowed as this page is.
    pub fn alarms_path(&self) -> String {
        self.narrowed(fill(paths::ALARMS, &[&self.account]))
    }

    /// The settled alarms, narrowed as this page is.
    pub fn settled_path(&self) -> String {
        self.narrowed(fill(paths::SETTLED_ALARMS, &[&self.account]))
    }

    /// The event log.
    pub fn events_path(&self) -> String {
        fill(paths::EVENTS, &[&self.account])
    }

    /// The event log as a file.
    pub fn events_export_path(&self) -> String {
        fill(paths::EVENTS_EXPORT, &[&self.account])
    }

    /// A signed checkpoint of the event log.
    pub fn checkpoint_path(&self) -> String {
        fill(paths::CHECKPOINT, &[&self.account])
    }

    /// A pool's page.
    pub fn pool_path(&self, pool: &str) -> String {
        fill(paths::POOL, &[&self.account, pool])
    }

    /// A product instance's page.
    pub fn instance_path(&self, instance: &str) -> String {
        fill(paths::INSTANCE, &[&self.account, instance])
    }

    /// The ID tokens, and where the form that makes one is sent.
    pub fn tokens_path(&self) -> String {
        fill(paths::TOKENS, &[&self.account])
    }

    /// Where a token's revocation is sent.
    pub fn revoke_path(&self, token: &str) -> String {
        fill(paths::REVOKE_TOKEN, &[&self.account, token])
    }

    /// Who has which role.
    pub fn people_path(&self) -> String {
        fill(paths::PEOPLE, &[&self.account])
    }

    /// The account's properties.
    pub fn properties_path(&self) -> String {
        fill(paths::PROPERTIES, &[&self.account])
    }

    /// The virtual accounts.
    pub fn virtual_accounts_path(&self) -> String {
        fill(paths::VIRTUAL_ACCOUNTS, &[&self.account])
    }

    /// One virtual account.
    pub fn virtual_account_path(&self, place: &str) -> String {
        fill(paths::VIRTUAL_ACCOUNT, &[&self.account, place])
    }

    /// The API clients.
    pub fn clients_path(&self) -> String {
        fill(paths::API_CLIENTS, &[&self.account])
    }

    /// The first page that this person may see of the account.
    pub fn first_path(&self) -> String {
        if self.sees_licenses() { self.whole_path() } else { self.properties_path() }
    }

    pub(crate) fn sees_licenses(&self) -> bool {
        self.parts.contains(&Part::Licenses)
    }

    pub(crate) fn sees_events(&self) -> bool {
        self.parts.contains(&Part::Events)
    }

    pub(crate) fn sees_whole_log(&self) -> bool {
        self.parts.contains(&Part::WholeLog)
    }

    pub(crate) fn sees_people(&self) -> bool {
        self.parts.contains(&Part::People)
    }

    pub(crate) fn sees_clients(&self) -> bool {
        self.parts.contains(&Part::Clients)
    }

    fn narrowed(&self, path: String) -> String {
        match &self.chosen {
            Some(chosen) => format!("{path}?virtual_account={chosen}"),
            None => path,
        }
    }
}

impl AccountChoice {
    /// Its overview.
    pub fn path(&self) -> String {
        fill(paths::OVERVIEW, &[&self.account])
    }
}
