//! The naive model: what was really granted, bound, sent and acknowledged.
//!
//! It keeps everything and works out each answer from the beginning, by the words of the rules. It
//! calls no rule of the ledger; only the shapes of its rows are shared.

mod levels;

use std::collections::{BTreeMap, BTreeSet};

use ledger::license::Concern;
use wire::file::{Room, UsageFile};
use wire::id::{AccountId, AlarmId, EntitlementId, InstanceId, TokenId, VirtualAccountId};
use wire::key::KeyId;
use wire::report::Report;
use wire::seal::Carried;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::unit::Mark;

/// Everything that happened, as the model knows it.
pub(crate) struct Model {
    pub(crate) account: AccountId,
    pub(crate) places: Vec<(VirtualAccountId, String)>,
    /// Tags whose shortage is nobody's business.
    pub(crate) informational: BTreeSet<EntitlementTag>,
    /// Tags that the catalogue knows.
    pub(crate) defined: BTreeSet<EntitlementTag>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) sets: Vec<Set>,
    pub(crate) tokens: BTreeMap<TokenId, TokenLine>,
    /// What the server acknowledged, whether or not the answer arrived.
    pub(crate) acknowledged: BTreeSet<Mark>,
    /// Alarms that were seen open.
    pub(crate) opened: BTreeSet<AlarmId>,
    /// Alarms of which it was told that they opened.
    pub(crate) told: BTreeSet<AlarmId>,
}

/// A quantity that was granted.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: EntitlementId,
    pub(crate) place: VirtualAccountId,
    pub(crate) tag: EntitlementTag,
    pub(crate) quantity: i64,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
}

/// An ID token.
#[derive(Clone, Debug)]
pub(crate) struct TokenLine {
    pub(crate) text: String,
    pub(crate) place: VirtualAccountId,
    pub(crate) most: Option<u32>,
    pub(crate) uses: u32,
    pub(crate) is_revoked: bool,
    pub(crate) made_at: Timestamp,
}

/// A product instance: a device, or the two of a pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pub(crate) id: Option<InstanceId>,
    /// The keys that were bound to it.
    pub(crate) keys: BTreeSet<KeyId>,
    /// Where it was since when.
    pub(crate) placements: Vec<(Timestamp, VirtualAccountId)>,
    /// What was heard of each license.
    pub(crate) heard: BTreeMap<EntitlementTag, Vec<Told>>,
    reporters: BTreeSet<String>,
    marks: BTreeSet<Mark>,
}

/// A report that the server took in.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) mark: Mark,
    pub(crate) tag: EntitlementTag,
    /// The identity of the device that wrote it.
    pub(crate) reporter: String,
    pub(crate) words: Vec<Word>,
    pub(crate) heard_at: Timestamp,
    /// The bytes as they came.
    pub(crate) sealed: String,
}

/// A level, and from when it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: Timestamp,
    pub(crate) value: u32,
}

impl Told {
    /// Epoch and number.
    pub(crate) fn position(&self) -> (u64, u64) {
        (self.mark.1, self.mark.2)
    }
}

/// What is in use, by virtual account and license.
pub(crate) type InUse<'a> = BTreeMap<(VirtualAccountId, &'a EntitlementTag), i64>;

/// A report on its way, with what the scene says of it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) mark: Mark,
    pub(crate) report: Report,
    pub(crate) sealed: String,
}

/// The sealed reports of a usage file.
pub(crate) fn reports_in(body: &[u8], room: Room) -> Vec<Sent> {
    let reports = UsageFile::parse(body, room).map(|file| file.reports).unwrap_or_default();
    let sent = reports.into_iter().filter_map(|carried| {
        let Carried::Sealed(sealed) = carried else { return None };
        let (key, at) = sealed.peek().map(|header| (header.key, header.position)).ok()?;
        let report = Report::from_payload(sealed.payload()).ok()?;
        let mark = (key, at.epoch, at.number, sealed.hash());
        Some(Sent { mark, report, sealed: sealed.to_json() })
    });
    sent.collect()
}

impl Set {
    /// Takes in a report; false if it was taken in before.
    pub(crate) fn hear(&mut self, sent: &Sent, now: Timestamp) -> bool {
        if !self.marks.insert(sent.mark) {
            return false;
        }
        let word = |m: &wire::report::Measurement| Word {
            start: m.start_time.min(now),
            value: m.value.get(),
        };
        let reporter = sent.report.udi.identity().unwrap_or_default();
        self.reporters.insert(reporter.clone());
        self.heard.entry(sent.report.entitlement.clone()).or_default().push(Told {
            mark: sent.mark,
            tag: sent.report.entitlement.clone(),
            reporter,
            words: sent.report.measurements.iter().map(word).collect(),
            heard_at: now,
            sealed: sent.sealed.clone(),
        });
        true
    }

    /// Whether a report was taken in.
    pub(crate) fn knows(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    /// Where it was at a moment; the first place counts from the beginning of time.
    pub(crate) fn place(&self, at: Timestamp) -> Option<VirtualAccountId> {
        let past = self.placements.iter().rev().find(|(from, _)| *from <= at);
        past.or(self.placements.first()).map(|(_, place)| *place)
    }

    /// Binds it in a virtual account.
    pub(crate) fn bind(&mut self, place: VirtualAccountId, now: Timestamp) {
        if self.place(now) != Some(place) {
            let from = if self.placements.is_empty() { Timestamp::MIN } else { now };
            self.placements.push((from, place));
        }
    }

    /// The licenses that it ever spoke of.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &EntitlementTag> {
        self.heard.keys()
    }

    /// Every report of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Told> {
        self.heard.values().flatten()
    }

    /// Whether two devices ever reported as this instance.
    pub(crate) fn is_pair(&self) -> bool {
        self.reporters.len() > 1
    }

    /// How many more reports there are than positions under one key.
    pub(crate) fn forks(&self) -> usize {
        let places: BTreeSet<_> = self.marks.iter().map(|mark| (mark.0, mark.1, mark.2)).collect();
        self.marks.len() - places.len()
    }

    /// The highest epoch that was heard from it.
    pub(crate) fn highest_epoch(&self) -> u64 {
        self.marks.iter().map(|mark| mark.1).max().unwrap_or(0)
    }
}

impl Model {
    pub(crate) fn new(account: AccountId) -> Model {
        Model {
            account,
            places: Vec::new(),
            informational: BTreeSet::new(),
            defined: BTreeSet::new(),
            grants: Vec::new(),
            sets: Vec::new(),
            tokens: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            opened: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    pub(crate) fn place_name(&self, id: VirtualAccountId) -> &str {
        let found = self.places.iter().find(|(place, _)| *place == id);
        found.map_or("nowhere", |(_, name)| name)
    }

    /// What is in use of a license in a virtual account at a moment, as far as is known now.
    pub(crate) fn used(&self, place: VirtualAccountId, tag: &EntitlementTag, at: Timestamp) -> i64 {
        let here = self.sets.iter().filter(|set| set.place(at) == Some(place));
        here.map(|set| i64::from(set.level(tag, at))).sum()
    }

    /// What is in use of every license everywhere at a moment.
    pub(crate) fn in_use(&self, at: Timestamp) -> InUse<'_> {
        let mut in_use = InUse::new();
        for set in &self.sets {
            let Some(place) = set.place(at) else { continue };
            for (tag, level) in set.levels(at) {
                *in_use.entry((place, tag)).or_default() += i64::from(level);
            }
        }
        in_use
    }

    fn lots<'a>(
        &'a self,
        place: VirtualAccountId,
        tag: &'a EntitlementTag,
    ) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| grant.place == place && grant.tag == *tag)
    }

    /// What is owned at a moment: not begun, in force, and over.
    pub(crate) fn owned(
        &self,
        place: VirtualAccountId,
        tag: &EntitlementTag,
        at: Timestamp,
    ) -> Owned {
        let mut owned = Owned::default();
        for grant in self.lots(place, tag) {
            *owned.part(grant, at) += grant.quantity;
        }
        owned
    }

    /// The next moment after `at` when a term begins or ends.
    pub(crate) fn next_boundary(
        &self,
        place: VirtualAccountId,
        tag: &EntitlementTag,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let moments = self.lots(place, tag).flat_map(|grant| [Some(grant.start), grant.end]);
        moments.flatten().filter(|moment| *moment > at).min()
    }

    pub(crate) fn concern(&self, tag: &EntitlementTag) -> Concern {
        if self.informational.contains(tag) { Concern::InformationOnly } else { Concern::Counted }
    }
}

/// What is owned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) future: i64,
    pub(crate) in_force: i64,
    pub(crate) over: i64,
}

impl Owned {
    fn part(&mut self, grant: &Grant, at: Timestamp) -> &mut i64 {
        if at < grant.start {
            &mut self.future
        } else if grant.end.is_some_and(|end| end <= at) {
            &mut self.over
        } else {
            &mut self.in_force
        }
    }
}
