//! The event log of an account: who did what by which right.

use askama::Template;

use super::filters;
use super::frame::{Frame, VirtualAccountChoice};
use super::moment::Moment;
use super::page;

/// A page of the event log.
#[derive(Clone, Debug, Template)]
#[template(path = "events.html", blocks = ["live"])]
pub struct Events {
    /// The frame.
    pub frame: Frame,
    /// When the log was read.
    pub as_of: Moment,
    /// What was asked for.
    pub filter: Filter,
    /// The actions that the log knows.
    pub actions: Vec<String>,
    /// The events, the newest first.
    pub rows: Vec<EventRow>,
    /// The query of the next page; `None` at the end.
    pub next: Option<String>,
}

/// What was typed into the filter; empty where nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The first day.
    pub since: String,
    /// The last day.
    pub until: String,
    /// The action.
    pub action: String,
    /// The subject's id.
    pub subject: String,
    /// A part of the name of who did it.
    pub actor: String,
    /// The virtual account, `va_…`.
    pub virtual_account: String,
    /// What cannot be used of it; empty if all can.
    pub error: String,
}

/// An event in the list.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id, `ev_…`.
    pub event: String,
    /// When.
    pub at: Moment,
    /// Who; `None` if that was erased.
    pub actor: Option<String>,
    /// By which role.
    pub role: String,
    /// The action's code.
    pub action: String,
    /// The subject's id.
    pub subject: String,
    /// The particulars.
    pub particulars: Vec<Particular>,
    /// From which network address; empty if it is not known.
    pub address: String,
    /// Its place in the tree; `None` for the second until it has one.
    pub place: Option<u64>,
}

/// A particular of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particular {
    /// Its name.
    pub name: String,
    /// What it was before, if it changed.
    pub before: Option<String>,
    /// What it is.
    pub is: String,
}

impl Filter {
    /// Whether anything is filtered.
    pub fn is_set(&self) -> bool {
        Self { error: String::new(), ..self.clone() } != Self::default()
    }

    /// Whether a virtual account is asked for that is not in the list, such as an archived one.
    fn names_another(&self, listed: &[VirtualAccountChoice]) -> bool {
        let own = &self.virtual_account;
        !own.is_empty() && listed.iter().all(|one| one.virtual_account != *own)
    }

    /// The filter as a query: empty, or beginning with `&`.
    pub fn query(&self) -> String {
        let fields = [
            ("since", &self.since),
            ("until", &self.until),
            ("action", &self.action),
            ("subject", &self.subject),
            ("actor", &self.actor),
            ("virtual_account", &self.virtual_account),
        ];
        let encode = |value: &str| {
            percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let set = fields.iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| format!("&{name}={}", encode(value))).collect()
    }
}

impl Events {
    /// The same events as a file.
    fn export_path(&self, format: &str) -> String {
        format!("{}?format={format}{}", self.frame.events_export_path(), self.filter.query())
    }

    /// The next page.
    fn next_path(&self, cursor: &str) -> String {
        format!("{}?cursor={cursor}{}", self.frame.events_path(), self.filter.query())
    }

    fn here(&self) -> &'static str {
        "events"
    }
}

page!(Events);
