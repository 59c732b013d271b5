//! Usage reports as the book keeps them: who stated which level, from when.

use wire::country::Country;
use wire::id::{AccountId, InstanceId};
use wire::key::KeyId;
use wire::report::Report;
use wire::seal::Position;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::instance::Proof;
use crate::license::codes;

/// The road by which a report came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// From the device itself.
    Direct,
    /// In a file that a person carried.
    File,
}

codes!(Route { Direct = 0 / "direct", File = 1 / "file" });

/// Whether a report's levels count in pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// They do.
    Counted,
    /// Kept and shown only: unverified, of an instance that has a bound key; or of too many licenses.
    Shown,
}

codes!(Counting { Shown = 0 / "shown", Counted = 1 / "counted" });

/// Something about a report that a person may want to look at. Flagged, never repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The device's clock was more than an hour ahead of ours.
    ClockAhead,
    /// The consumers listed and the level stated disagree.
    ConsumersDisagree,
    /// Another report has the same identity and other bytes.
    Forked,
    /// The device's store was lost before this report; an epoch began.
    StoreReset,
    /// It names another report as the one before than the one that we heard.
    ChainBroken,
    /// It names one license more than an instance may use, so it is kept and not counted.
    TooManyLicenses,
}

impl Flag {
    const ALL: [(Self, i64); 6] = [
        (Self::ClockAhead, 1),
        (Self::ConsumersDisagree, 2),
        (Self::Forked, 4),
        (Self::StoreReset, 8),
        (Self::ChainBroken, 16),
        (Self::TooManyLicenses, 32),
    ];

    /// The flags as bits of one stored number.
    pub fn pack(flags: &[Self]) -> i64 {
        Self::ALL.iter().filter(|(flag, _)| flags.contains(flag)).map(|(_, bit)| bit).sum()
    }

    /// The flags of a stored number.
    pub fn unpack(bits: i64) -> Vec<Self> {
        Self::ALL.iter().filter(|(_, bit)| bits & bit != 0).map(|(flag, _)| *flag).collect()
    }

    /// The word in JSON and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClockAhead => "clock_ahead",
            Self::ConsumersDisagree => "consumers_disagree",
            Self::Forked => "forked",
            Self::StoreReset => "store_reset",
            Self::ChainBroken => "chain_broken",
            Self::TooManyLicenses => "too_many_licenses",
        }
    }
}

/// A level that holds from a moment on, until the report's or instance's next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// From when it counts: the device's time, never later than when it was heard.
    pub start: Timestamp,
    /// When the device stopped measuring it: its own time, never later than when it was heard.
    pub end: Timestamp,
    /// The level, in units of the license.
    pub value: u32,
}

/// A report in the book, without its sealed bytes, which lie apart as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The account.
    pub account: AccountId,
    /// The instance.
    pub instance: InstanceId,
    /// The key that sealed it; [`foreign_key`] for an unverified one.
    pub key: KeyId,
    /// Its position under that key.
    pub position: Position,
    /// The hash of what was signed.
    pub hash: [u8; 32],
    /// The license.
    pub tag: EntitlementTag,
    /// The identity of the member that reported.
    pub reporter: String,
    /// Whether a bound key vouches for it.
    pub proof: Proof,
    /// Whether it counts.
    pub counting: Counting,
    /// The road by which it came.
    pub route: Route,
    /// What a person may want to look at.
    pub flags: Vec<Flag>,
    /// The levels, in the order in which the device measured them.
    pub levels: Vec<Level>,
    /// The earliest start of its levels.
    pub first_start: Timestamp,
    /// The latest start of its levels.
    pub last_start: Timestamp,
    /// When it was heard.
    pub heard_at: Timestamp,
}

impl Recorded {
    /// Until when the device says that it measured.
    pub fn last_end(&self) -> Timestamp {
        self.levels.iter().map(|level| level.end).max().unwrap_or(self.last_start)
    }
}

/// What stands for the key of an unverified report: one per reporting device, so that
/// report numbers of two members of a stack do not meet.
pub fn foreign_key(reporter: &str) -> KeyId {
    let id = AccountId::derive(&[b"foreign", reporter.as_bytes()]);
    KeyId::from_bytes(*id.as_bytes())
}

/// A report as it was heard: opened, not yet in the book.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The key that sealed it; [`foreign_key`] for an unverified one.
    pub key: KeyId,
    /// Its position; `(0, report_id)` for an unverified one.
    pub position: Position,
    /// The hash of what was signed.
    pub hash: [u8; 32],
    /// The hash of the report before.
    pub previous: [u8; 32],
    /// Whether a bound key vouches for it.
    pub proof: Proof,
    /// What it says.
    pub report: Report,
    /// The country of the network that it came from, if the device itself sent it and that is known.
    pub network: Option<Country>,
    /// Its sealed bytes, packed by the store for keeping.
    pub evidence: Vec<u8>,
}
