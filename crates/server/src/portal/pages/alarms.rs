//! Alarms: what needs a decision, and what settled.

use askama::Template;

use super::filters;
use super::frame::Frame;
use super::moment::Moment;
use super::page;
use super::parts::{Act, Counted, LicenseLink, Severity, Way};

/// The list of alarms.
#[derive(Clone, Debug, Template)]
#[template(path = "alarms.html", blocks = ["live"])]
pub struct Alarms {
    /// The frame.
    pub frame: Frame,
    /// When the list was read.
    pub as_of: Moment,
    /// Which list this is.
    pub list: AlarmList,
    /// How many are open in what the page covers.
    pub open: Counted,
    /// How many settled and are still kept; `None` if nobody counted.
    pub settled: Option<Counted>,
}

/// Which alarms the page lists.
#[derive(Clone, Debug)]
pub enum AlarmList {
    /// Those that are open, worst first, then oldest first.
    Open(Vec<Alarm>),
    /// Those that settled, newest first.
    Settled(Vec<SettledAlarm>),
}

/// An open alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its id, `alarm_…`.
    pub alarm: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is the matter.
    pub cause: Cause,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Since when it has been so: measured.
    pub since: Moment,
    /// Since when this server has known.
    pub known: Moment,
    /// How it came about, one or two whole sentences; may be empty.
    pub because: String,
    /// What resolves it, best first. Any may be done; the alarm settles by itself.
    pub ways: Vec<Way>,
}

/// What an alarm is about.
#[derive(Clone, Debug)]
pub enum Cause {
    /// More in use of a license than is in force.
    Short {
        /// The license.
        license: LicenseLink,
        /// What is needed and missing.
        need: Need,
    },
    /// A tag in use that no catalogue names, so that nobody can have bought it.
    Unknown {
        /// The tag's short name.
        license: LicenseLink,
        /// What is needed and missing.
        need: Need,
    },
    /// Two devices report under one identity: a product instance or its store was copied.
    Fork {
        /// The product instance, `pi_…`.
        instance: String,
        /// Its shown name.
        name: String,
        /// The report number that came twice, if one stands for the others.
        number: Option<u64>,
    },
    /// Anything else.
    Other {
        /// The sentence's subject, set bold: `lis-line-07`.
        subject: String,
        /// The rest of the sentence, without a full stop: `reports again after its removal`.
        matter: String,
        /// Where to look at it, if there is a page.
        href: Option<String>,
    },
}

/// What a short pool needs. Units of the license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// In use, as it counts.
    pub needed: i64,
    /// In force, less what is handed out, with what is lent and borrowed.
    pub entitled: i64,
    /// The difference.
    pub missing: i64,
}

/// An alarm that settled.
#[derive(Clone, Debug)]
pub struct SettledAlarm {
    /// Its id, `alarm_…`.
    pub alarm: String,
    /// How much it mattered.
    pub severity: Severity,
    /// What was the matter, as a sentence without a full stop: `Network Advantage was short by 3`.
    pub sentence: String,
    /// Where to look, if there is a page.
    pub href: Option<String>,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Since when it had been so: measured.
    pub since: Moment,
    /// When it settled.
    pub settled: Moment,
    /// What settled it: `5 more were granted`; may be empty.
    pub by: String,
}

impl Alarm {
    /// The units it is about, for alarms of shortage.
    pub fn need(&self) -> Option<Need> {
        match self.cause {
            Cause::Short { need, .. } | Cause::Unknown { need, .. } => Some(need),
            Cause::Fork { .. } | Cause::Other { .. } => None,
        }
    }

    /// The act that settles it best, if the portal has the place and the person may.
    pub fn act(&self) -> Option<&Act> {
        self.ways.first().and_then(|way| way.act.as_ref())
    }

    /// What `since` says: a shortage is measured, other things are noticed.
    pub fn since_word(&self) -> &'static str {
        if self.need().is_some() { "Short since" } else { "Since" }
    }
}

impl Alarms {
    /// The open alarms by severity, the worse first; none without alarms.
    fn groups(&self) -> Vec<(Severity, Vec<&Alarm>)> {
        let AlarmList::Open(open) = &self.list else { return Vec::new() };
        let of = |severity| {
            (severity, open.iter().filter(|alarm| alarm.severity == severity).collect::<Vec<_>>())
        };
        [Severity::Major, Severity::Minor]
            .map(of)
            .into_iter()
            .filter(|(_, alarms)| !alarms.is_empty())
            .collect()
    }

    fn here(&self) -> &'static str {
        "alarms"
    }
}

page!(Alarms);
