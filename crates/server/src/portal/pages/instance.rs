//! One product instance: what it uses, what it reported, what it is made of.

use askama::Template;
use ledger::country::TAX_NOTE;

use super::filters;
use super::frame::Frame;
use super::moment::Moment;
use super::page;
use super::parts::{Counted, InstanceState, LicenseLink, Paste, PoolAlert};

/// A device or an installed product.
#[derive(Clone, Debug, Template)]
#[template(path = "instance.html", blocks = ["live"])]
pub struct Instance {
    /// The frame.
    pub frame: Frame,
    /// When the numbers were read.
    pub as_of: Moment,
    /// Its id, `pi_…`.
    pub instance: String,
    /// The newest reported name, or the UDI where it has none or keeps it private.
    pub name: String,
    /// The names it had before, newest first.
    pub old_names: Vec<String>,
    /// Its UDI as text.
    pub udi: String,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Since when it is there; `None` if from the beginning.
    pub placed: Option<Moment>,
    /// Whether its reports come.
    pub state: InstanceState,
    /// When its levels turned stale, or will under its policy; `None` if never.
    pub stale_at: Option<Moment>,
    /// When a report was last heard.
    pub last_report: Option<Moment>,
    /// The software tag and version last reported; may be empty.
    pub software: String,
    /// The policy's name and what it asks, in words.
    pub policy: String,
    /// In which country it is used; `None` if that is not known.
    pub country: Option<CountryRow>,
    /// The keys bound to it, the newest first; empty while it is unverified.
    pub keys: Vec<KeyRow>,
    /// What it uses now.
    pub levels: Vec<LevelRow>,
    /// Its reports, the highest position first, gaps in their place.
    pub reports: Vec<ReportLine>,
    /// How many reports are kept of it.
    pub reports_total: Counted,
    /// The members of the stack or pair; empty if it stands alone.
    pub members: Vec<MemberRow>,
    /// Who uses its licenses behind it, as its newest reports name them.
    pub consumers: Vec<ConsumerRow>,
    /// How many consumers it names; more than `consumers` if the list was cut.
    pub consumers_total: Counted,
    /// How to make it report now: shown while nothing was heard.
    pub report_now: Vec<Paste>,
    /// That a person removed it, unless it was taken back.
    pub removal: Option<RemovalNote>,
    /// What may be done with it, for who may.
    pub acts: Option<InstanceActs>,
}

/// That a product instance was removed.
#[derive(Clone, Debug)]
pub struct RemovalNote {
    /// When.
    pub at: Moment,
    /// By whom, for who may know.
    pub by: Option<String>,
    /// Since when it measures again; `None` while nothing came from after the removal.
    pub again: Option<Moment>,
}

/// Where a product instance is moved, removed and kept.
#[derive(Clone, Debug)]
pub struct InstanceActs {
    /// Moves it.
    pub move_path: String,
    /// Removes it.
    pub remove_path: String,
    /// Keeps it.
    pub keep_path: String,
}

/// In which country a product instance is used.
#[derive(Clone, Debug)]
pub struct CountryRow {
    /// Its two letters.
    pub country: String,
    /// How it is known: `as the device says`.
    pub told: &'static str,
    /// Since when it is known to be this one.
    pub since: Moment,
    /// That this is not the country of purchase, if it is not.
    pub elsewhere: Option<Elsewhere>,
}

/// Use outside the country of purchase.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The country of purchase, or empty if nobody says one any more.
    pub purchase: String,
    /// Since when it is known.
    pub since: Moment,
}

/// A key bound to a product instance.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its id, `key_…`.
    pub key: String,
    /// When it was bound.
    pub bound: Moment,
    /// Why it was revoked; `None` while it may speak.
    pub revoked: Option<String>,
}

/// What a product instance uses of one license.
#[derive(Clone, Debug)]
pub struct LevelRow {
    /// The license.
    pub license: LicenseLink,
    /// The entitlement tag, whole.
    pub tag: String,
    /// The level in use.
    pub level: i64,
    /// From when it counts.
    pub since: Moment,
    /// How far it is believed.
    pub standing: LevelStanding,
    /// What its pool warns of.
    pub pool: PoolAlert,
}

/// How far a level is believed. It counts in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelStanding {
    /// A bound key vouches for it, in time.
    Confirmed,
    /// A report is overdue since then.
    Stale(Moment),
    /// A later complete save left the license out, since then.
    Unconfirmed(Moment),
    /// No bound key vouches for it.
    Unverified,
}

/// A line in the list of reports.
#[derive(Clone, Debug)]
pub enum ReportLine {
    /// A report that came.
    Heard(ReportRow),
    /// Numbers that never came, between two that did.
    Missing {
        /// The first missing number.
        first: u64,
        /// The last missing number.
        last: u64,
    },
    /// Below here the numbers began anew: the device's store was made again.
    NewEpoch {
        /// The epoch that ended: a time in the device's count.
        epoch: u64,
    },
}

/// A usage report.
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// Its number in its epoch; a foreign one's report id.
    pub number: u64,
    /// The license it is about.
    pub license: LicenseLink,
    /// The start of its first measurement.
    pub from: Moment,
    /// The end of its last measurement.
    pub to: Moment,
    /// When it was heard.
    pub heard: Moment,
    /// Its last level.
    pub level: i64,
    /// What came of it.
    pub state: ReportState,
    /// Whether a bound key vouches for it.
    pub proof: Proof,
    /// What is odd about it, each a few words: `clock 2 hours ahead`, `store was reset`.
    pub flags: Vec<String>,
}

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// Its last level is the one that counts now; it may be 0.
    Newest,
    /// It is part of the past.
    Past,
    /// Another report came under the same number: the higher level counts.
    Forked,
    /// Kept and shown, not counted: unverified, and a key is bound.
    Kept,
}

impl ReportState {
    fn word(self) -> &'static str {
        match self {
            Self::Newest => "Counts now",
            Self::Past => "In the past",
            Self::Forked => "Came twice, different",
            Self::Kept => "Kept, not counted",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Newest => "good",
            Self::Forked => "bad",
            Self::Past | Self::Kept => "",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Newest => "check",
            Self::Past => "clock",
            Self::Forked => "alarm",
            Self::Kept => "note",
        }
    }
}

/// Whether a bound key vouches for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Sealed by a key bound to the product instance.
    Verified,
    /// Taken in on a person's word.
    Unverified,
}

/// A member of a stack or pair.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// `Active`, `Standby` or `Member`.
    pub role: String,
    /// Its UDI as text.
    pub udi: String,
}

/// Something behind the product instance that uses a license, such as an access point.
#[derive(Clone, Debug)]
pub struct ConsumerRow {
    /// Its UDI as text.
    pub udi: String,
    /// The license that it uses.
    pub license: LicenseLink,
    /// Another product instance that names it too, by its shown name: it counts twice.
    pub also_under: Option<String>,
}

impl Instance {
    fn tax_note(&self) -> &'static str {
        TAX_NOTE
    }

    fn here(&self) -> &'static str {
        "instances"
    }

    /// Whether it is not removed: then it can be moved and removed.
    fn is_there(&self) -> bool {
        self.removal.as_ref().is_none_or(|note| note.again.is_some())
    }

    /// `4` or `214 to 216`.
    fn span(first: &u64, last: &u64) -> String {
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    }
}

page!(Instance);
