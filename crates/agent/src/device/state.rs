//! What a device knows and must not forget.
//!
//! Everything here is made by [`State::apply`] from records; it decides nothing and cannot fail.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use wire::id::InstanceId;
use wire::key::{KeyId, Realm};
use wire::limits::WHOLE_NUMBER;
use wire::message::{Availability, Policy, TrustBundle, TrustCode};
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

use super::clock::Step;
use super::measure::{Ending, OpenReport};
use super::record::{Acknowledged, Closed, Record, Road};

/// The note in the first report after a store was lost.
pub const STORE_RESET: &str = "store-reset";

/// The lasting state of a device.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// The epoch that reports are numbered in.
    #[n(0)]
    pub epoch: u64,
    /// The number of the next report, from 1.
    #[n(1)]
    pub next_number: u64,
    /// The hash of the report before; zeros before the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub previous: [u8; 32],
    /// No moment before this can be now.
    #[n(3)]
    pub floor: Timestamp,
    /// What is being measured.
    #[n(4)]
    pub open: BTreeMap<EntitlementTag, OpenReport>,
    /// What is known of each license ever used.
    #[n(5)]
    pub tracks: BTreeMap<EntitlementTag, Track>,
    /// Closed reports by epoch and number, until they are acknowledged.
    #[n(6)]
    pub waiting: BTreeMap<(u64, u64), Closed>,
    /// How many reports were ever closed.
    #[n(7)]
    pub closed: u64,
    /// How many were acknowledged.
    #[n(8)]
    pub acknowledged: u64,
    /// Who we are to the manager.
    #[n(9)]
    pub trust: Option<Trust>,
    /// The keys that speak for the manager.
    #[n(10)]
    pub bundle: Option<TrustBundle>,
    /// The policy from the manager; without one the default holds.
    #[n(11)]
    pub policy: Option<Installed>,
    /// Trust that is asked for and not answered.
    #[n(12)]
    pub asking: Option<Asking>,
    /// What is available, by the last acknowledgement.
    #[n(13)]
    pub standings: Vec<Availability>,
    /// When the last acknowledgement came.
    #[n(14)]
    pub last_ack: Option<Timestamp>,
    /// When reports were last pushed with success.
    #[n(15)]
    pub last_push: Option<Timestamp>,
    /// When reports were last written to a file.
    #[n(16)]
    pub last_save: Option<Timestamp>,
    /// The highest epoch that any acknowledgement named.
    #[n(17)]
    pub highest_epoch: u64,
    /// What the next report has to say beside its measurements.
    #[n(18)]
    pub notes: Vec<String>,
    /// Whether a process watches over this device (or did, and ended).
    #[n(19)]
    pub watched: bool,
}

/// What is known of a license on this device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Track {
    /// When it was first used.
    #[n(0)]
    pub first_use: Timestamp,
    /// Whether a report of it was ever acknowledged.
    #[n(1)]
    pub reported: bool,
    /// The first change of level that no acknowledged report covers.
    #[n(2)]
    pub changed_at: Option<Timestamp>,
}

/// The bond to a manager.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Trust {
    /// What was proved.
    #[n(0)]
    pub code: TrustCode,
    /// The trust code as it came.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// The realm, as the ID token named it.
    #[n(2)]
    pub realm: Realm,
    /// When it was installed.
    #[n(3)]
    pub installed_at: Timestamp,
    /// The account's name, as last heard.
    #[n(4)]
    pub account_name: String,
    /// The virtual account's name, as last heard.
    #[n(5)]
    pub virtual_account_name: String,
    /// When the names were last heard.
    #[n(6)]
    pub named_at: Timestamp,
}

impl Trust {
    /// Who we are to the manager.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.code.instance
    }

    /// Whether it was given to this device with this key.
    #[must_use]
    pub fn binds(&self, udi: &Udi, key: KeyId) -> bool {
        self.code.key == key && self.code.udi.identity() == udi.identity()
    }
}

/// A policy and when it came.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Installed {
    /// The policy.
    #[n(0)]
    pub policy: Policy,
    /// When it came.
    #[n(1)]
    pub at: Timestamp,
}

/// A trust request on its way.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Asking {
    /// The ID token's text.
    #[n(0)]
    pub token: String,
    /// Which answer is ours.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asking(..)")
    }
}

impl State {
    /// The state of a store that begins now; `floor` is the highest of wall clock and built time.
    #[must_use]
    pub fn new(floor: Timestamp) -> State {
        State {
            epoch: epoch_after(floor, 0),
            next_number: 1,
            previous: [0; 32],
            floor,
            open: BTreeMap::new(),
            tracks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            closed: 0,
            acknowledged: 0,
            trust: None,
            bundle: None,
            policy: None,
            asking: None,
            standings: Vec::new(),
            last_ack: None,
            last_push: None,
            last_save: None,
            highest_epoch: 0,
            notes: Vec::new(),
            watched: false,
        }
    }

    /// What could be read of a broken store, as the start of a new one: a new epoch begins, and the
    /// next report says so. Closed reports keep their epoch and number.
    #[must_use]
    pub fn salvaged(mut self, floor: Timestamp) -> State {
        self.floor = self.floor.max(floor);
        let known = self.waiting.keys().map(|(epoch, _)| *epoch).max().unwrap_or(0);
        self.epoch = epoch_after(self.floor, self.highest_epoch.max(self.epoch).max(known));
        self.next_number = 1;
        self.previous = [0; 32];
        if !self.notes.iter().any(|note| note == STORE_RESET) {
            self.notes.push(STORE_RESET.to_owned());
        }
        self
    }

    /// The state under another key, when the old one is lost: trust is bound to a key, so it ends,
    /// and the chain of reports begins anew. What waits was sealed with the old key and still counts.
    #[must_use]
    pub fn rekeyed(self, floor: Timestamp) -> State {
        State { trust: None, bundle: None, ..self.salvaged(floor) }
    }

    /// Does what a record says.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Whole { state } => *self = *state,
            Record::Time { at } => self.raise(at),
            Record::Level { tag, level, at } => self.apply_level(tag, level, at),
            Record::ClockSet { before, at, delta, followed } => {
                let step = Step { before, delta: Span::from_seconds(delta), followed };
                self.apply_clock(at, step);
            }
            Record::Reloaded { end, at } => {
                self.raise(at);
                for open in self.open.values_mut() {
                    open.turn(
                        end.seconds(),
                        Ending::ProductReload,
                        at.seconds(),
                        open.running.level,
                    );
                }
            }
            Record::Closed { report, resumed } => self.apply_closed(report, resumed),
            Record::Watched => self.watched = true,
            Record::Asking { asking } => self.asking = Some(asking),
            Record::NotTrusted => self.asking = None,
            Record::Trusted { code, bytes, realm, at } => self.apply_trust(code, bytes, realm, at),
            Record::Bundle { bundle } => self.bundle = Some(bundle),
            Record::Acknowledged { ack } => self.apply_ack(ack),
            Record::PolicyInstalled { policy, at } => self.install(policy, at),
            Record::Saved { at } => {
                self.raise(at);
                self.last_save = Some(at);
            }
            Record::RefusedAgain => {
                self.waiting.values_mut().for_each(|report| report.refused = None)
            }
            Record::Refused { epoch, number, code } => self.apply_refused(epoch, number, code),
        }
    }

    fn raise(&mut self, at: Timestamp) {
        self.floor = self.floor.max(at);
    }

    fn apply_level(&mut self, tag: EntitlementTag, level: u32, at: Timestamp) {
        self.raise(at);
        let track = self.tracks.entry(tag.clone()).or_insert(Track {
            first_use: at,
            reported: false,
            changed_at: None,
        });
        track.changed_at.get_or_insert(at);
        match self.open.get_mut(&tag) {
            Some(open) => open.turn(at.seconds(), Ending::Plain, at.seconds(), level),
            None => {
                self.open.insert(tag, OpenReport::begin(at.seconds(), level));
            }
        }
    }

    fn apply_clock(&mut self, at: Timestamp, step: Step) {
        self.raise(at);
        for open in self.open.values_mut() {
            open.running.step = open.running.step.saturating_add(step.delta.seconds());
            if step.followed {
                open.turn(step.before.seconds(), Ending::Plain, at.seconds(), open.running.level);
            }
        }
    }

    fn apply_closed(&mut self, report: Closed, resumed: Timestamp) {
        self.raise(resumed.max(report.at));
        if let Some(open) = self.open.get_mut(&report.tag) {
            let level = open.running.level;
            let start = resumed.seconds().max(open.running.start);
            *open = OpenReport::begin(start, level);
            if level == 0 {
                self.open.remove(&report.tag);
            }
        }
        if report.epoch == self.epoch {
            self.next_number = report.number + 1;
            self.previous = report.hash;
        }
        self.closed += 1;
        self.notes.clear();
        self.waiting.insert((report.epoch, report.number), report);
    }

    fn apply_trust(&mut self, code: TrustCode, bytes: Vec<u8>, realm: Realm, at: Timestamp) {
        self.raise(at);
        self.raise(code.issued_at);
        self.learn_epoch(code.highest_epoch);
        self.install(code.policy.clone(), at);
        self.asking = None;
        self.waiting.values_mut().for_each(|report| report.refused = None);
        self.trust = Some(Trust {
            account_name: code.account_name.clone(),
            virtual_account_name: code.virtual_account_name.clone(),
            code,
            bytes,
            realm,
            installed_at: at,
            named_at: at,
        });
    }

    fn apply_ack(&mut self, ack: Acknowledged) {
        self.raise(ack.issued_at.max(ack.at));
        self.learn_epoch(ack.highest_epoch);
        for place in ack.reports {
            let Some(report) = self.waiting.remove(&place) else { continue };
            self.acknowledged += 1;
            if let Some(track) = self.tracks.get_mut(&report.tag) {
                track.reported = true;
                track.changed_at = track.changed_at.filter(|changed| *changed > report.at);
            }
        }
        for (epoch, number, code) in ack.refused {
            self.apply_refused(epoch, number, code);
        }
        if let Some(trust) = &mut self.trust {
            trust.account_name = ack.account_name;
            trust.virtual_account_name = ack.virtual_account_name;
            trust.named_at = ack.at;
        }
        self.install(ack.policy, ack.at);
        self.standings = ack.standings;
        self.last_ack = Some(ack.at);
        if ack.road == Road::Network {
            self.last_push = Some(ack.at);
        }
    }

    /// The manager knows of a higher epoch than ours: an older store of this device, or this one is a
    /// restored backup. What comes now must rank above it, so a new epoch begins.
    fn learn_epoch(&mut self, highest: u64) {
        self.highest_epoch = self.highest_epoch.max(highest);
        if highest > self.epoch && highest < WHOLE_NUMBER {
            self.epoch = highest + 1;
            self.next_number = 1;
            self.previous = [0; 32];
        }
    }

    fn apply_refused(&mut self, epoch: u64, number: u64, code: String) {
        if let Some(report) = self.waiting.get_mut(&(epoch, number)) {
            report.refused = Some(code);
        }
    }

    fn install(&mut self, policy: Policy, at: Timestamp) {
        if self.policy.as_ref().is_none_or(|installed| installed.policy != policy) {
            self.policy = Some(Installed { policy, at });
        }
    }
}

/// The epoch of a store that begins at `floor`, when `known` is the highest epoch known so far.
fn epoch_after(floor: Timestamp, known: u64) -> u64 {
    let seconds = u64::try_from(floor.seconds()).unwrap_or(0);
    seconds.max(if known == 0 { 0 } else { known + 1 }).max(1)
}
