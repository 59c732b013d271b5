//! Curves: the level of each license of one instance over time, from its reports.
//!
//! The rule (`rules.md`, *newest*): at any moment, among the measurements of a device
//! that began until then, the last one of the report with the highest position states
//! the level. When another member of a stack reports as active, the former active's
//! levels end there. The result does not depend on the order in which reports arrived.

use std::collections::{BTreeMap, BTreeSet};

use wire::id::VirtualAccountId;
use wire::key::KeyId;
use wire::seal::Position;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::instance::{Instance, Proof};
use crate::report::{Counting, Level, Recorded};

/// A level that holds from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// From when.
    pub at: Timestamp,
    /// The level.
    pub level: u32,
    /// Whether a bound key vouches for it.
    pub proof: Proof,
}

/// Where a license's level ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// The last step: the level and since when it has been so.
    pub step: Step,
    /// The virtual account in which it counts.
    pub virtual_account: VirtualAccountId,
}

/// All levels of one instance over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Per license and virtual account, its steps in order of time.
    pub steps: BTreeMap<(EntitlementTag, VirtualAccountId), Vec<Step>>,
    /// Where each license ended up.
    pub last: BTreeMap<EntitlementTag, Last>,
    /// The member that reports as active at the end.
    pub active: String,
    /// Since when it does.
    pub active_since: Timestamp,
}

/// One measurement of a counted report.
#[derive(Clone, Copy)]
struct Measured<'a> {
    report: &'a Recorded,
    nth: usize,
    level: &'a Level,
}

impl<'a> Measured<'a> {
    /// Whose word it is: two of one position are a fork, and each has its say.
    fn speaker(&self) -> Speaker {
        (self.report.key, self.report.hash)
    }

    fn order(&self) -> (Position, Speaker, usize) {
        (self.report.position, self.speaker(), self.nth)
    }
}

/// A key and the hash of what it signed: one report, or one of a fork.
type Speaker = (KeyId, [u8; 32]);

/// What happens to an instance at a moment; earlier variants come first within a moment.
#[derive(Clone, Copy)]
enum What<'a> {
    Placed(VirtualAccountId),
    Measured(Measured<'a>),
    Bound,
    Ended(&'a EntitlementTag),
    Removed,
}

impl What<'_> {
    fn order(&self) -> (u8, Option<(Position, Speaker, usize)>) {
        match self {
            Self::Placed(_) => (0, None),
            Self::Measured(one) => (1, Some(one.order())),
            Self::Bound => (2, None),
            Self::Ended(_) => (3, None),
            Self::Removed => (4, None),
        }
    }
}

/// The curves of an instance from its reports; `ended` are the uses that were ended by hand, and when.
pub fn curves<'a>(
    reports: impl Iterator<Item = &'a Recorded>,
    instance: &Instance,
    ended: &[(EntitlementTag, Timestamp)],
) -> Curves {
    let mut happenings: Vec<(Timestamp, What<'_>)> =
        holding(reports).into_iter().map(|one| (one.level.start, What::Measured(one))).collect();
    happenings
        .extend(instance.placements.iter().map(|p| (p.from, What::Placed(p.virtual_account))));
    happenings.extend(instance.bound_at.map(|at| (at, What::Bound)));
    happenings.extend(ended.iter().map(|(tag, at)| (*at, What::Ended(tag))));
    happenings.extend(instance.removals.iter().map(|removal| (removal.at, What::Removed)));
    happenings.sort_by_key(|(at, what)| (*at, what.order()));
    let nothing = Curves {
        steps: BTreeMap::new(),
        last: BTreeMap::new(),
        active: String::new(),
        active_since: Timestamp::MIN,
    };
    let place = instance.placements[0].virtual_account;
    let mut sweep = Sweep { instance, curves: nothing, stated: BTreeMap::new(), place };
    for (at, what) in happenings {
        sweep.happens(at, what);
    }
    sweep.curves
}

/// The measurements that hold when they begin: no later word of the same device on the
/// same license began before or with them.
fn holding<'a>(reports: impl Iterator<Item = &'a Recorded>) -> Vec<Measured<'a>> {
    let counted = reports.filter(|report| report.counting == Counting::Counted);
    let mut all: Vec<Measured<'_>> = counted
        .flat_map(|report| {
            let levels = report.levels.iter().enumerate();
            levels.map(move |(nth, level)| Measured { report, nth, level })
        })
        .collect();
    all.sort_by_key(|one| (one.level.start, std::cmp::Reverse(one.order())));
    let mut newest: BTreeMap<(&str, &EntitlementTag), Newest> = BTreeMap::new();
    all.retain(|one| {
        let words = newest.entry((&one.report.reporter, &one.report.tag)).or_default();
        words.take(one)
    });
    all
}

/// The highest position that a device has spoken from so far, and how far each speaker got there.
#[derive(Default)]
struct Newest {
    position: Option<Position>,
    speakers: BTreeMap<Speaker, usize>,
}

impl Newest {
    /// Whether the measurement is not overtaken by what was said already.
    fn take(&mut self, one: &Measured<'_>) -> bool {
        let position = Some(one.report.position);
        if position < self.position {
            return false;
        }
        self.position = position;
        let said = self.speakers.get(&one.speaker());
        let holds = said.is_none_or(|nth| *nth < one.nth);
        if holds {
            self.speakers.insert(one.speaker(), one.nth);
        }
        holds
    }
}

/// What the report at one position says of a license now; of a fork, what each of them says.
struct Stated {
    position: Position,
    words: BTreeMap<Speaker, Level>,
}

impl Stated {
    /// The higher level of a fork: a clone hides nothing.
    fn level(&self) -> u32 {
        self.words.values().map(|level| level.value).max().unwrap_or(0)
    }
}

struct Sweep<'a> {
    instance: &'a Instance,
    curves: Curves,
    stated: BTreeMap<&'a EntitlementTag, Stated>,
    place: VirtualAccountId,
}

impl<'a> Sweep<'a> {
    fn happens(&mut self, at: Timestamp, what: What<'a>) {
        match what {
            What::Placed(place) => self.move_to(at, place),
            What::Measured(one) => self.hear(at, one),
            What::Bound => self.end(at, |last| last.step.proof == Proof::Unverified),
            What::Ended(tag) => self.end_by_hand(at, tag),
            What::Removed => self.remove(at),
        }
    }

    fn hear(&mut self, at: Timestamp, one: Measured<'a>) {
        let Recorded { position, tag, proof, reporter, .. } = one.report;
        if *proof == Proof::Unverified && self.instance.bound_at.is_some_and(|bound| bound < at) {
            // Two nodes' clocks may disagree by a little about which came first.
            self.curves.last.entry(tag.clone()).or_insert(Last {
                step: Step { at, level: 0, proof: *proof },
                virtual_account: self.place,
            });
            return;
        }
        self.report_as(at, reporter);
        let none = || Stated { position: *position, words: BTreeMap::new() };
        let stated = self.stated.entry(tag).or_insert_with(none);
        if stated.position < *position {
            *stated = none();
        }
        stated.words.insert(one.speaker(), *one.level);
        let step = Step { at, level: stated.level(), proof: *proof };
        self.step(tag, step);
    }

    /// Another member reports as active: the former active's levels end.
    fn report_as(&mut self, at: Timestamp, reporter: &str) {
        if self.curves.active == reporter {
            return;
        }
        if !self.curves.active.is_empty() {
            self.end(at, |_| true);
        }
        reporter.clone_into(&mut self.curves.active);
        self.curves.active_since = at;
    }

    fn end(&mut self, at: Timestamp, which: impl Fn(&Last) -> bool) {
        let ending: BTreeSet<EntitlementTag> = self
            .curves
            .last
            .iter()
            .filter(|(_, last)| which(last))
            .map(|(tag, _)| tag.clone())
            .collect();
        self.stated.retain(|tag, _| !ending.contains(*tag));
        for tag in ending {
            self.level_out(at, &tag, 0);
        }
    }

    /// A use that was ended by hand ends, unless the device says that it lasted longer.
    fn end_by_hand(&mut self, at: Timestamp, tag: &EntitlementTag) {
        let level = match self.stated.get_mut(tag) {
            Some(stated) => {
                stated.words.retain(|_, level| level.end > at);
                stated.level()
            }
            None => 0,
        };
        self.level_out(at, tag, level);
    }

    /// Every use of an instance that was removed ends, each unless the device says that it lasted longer.
    fn remove(&mut self, at: Timestamp) {
        let all: Vec<EntitlementTag> = self.curves.last.keys().cloned().collect();
        for tag in all {
            self.end_by_hand(at, &tag);
        }
    }

    fn level_out(&mut self, at: Timestamp, tag: &EntitlementTag, level: u32) {
        if let Some(last) = self.curves.last.get(tag) {
            self.step(tag, Step { at, level, proof: last.step.proof });
        }
    }

    fn move_to(&mut self, at: Timestamp, place: VirtualAccountId) {
        if place == self.place {
            return;
        }
        let from = std::mem::replace(&mut self.place, place);
        for (tag, last) in &mut self.curves.last {
            let zero = Step { at, level: 0, ..last.step };
            let here = Step { at, ..last.step };
            if last.step.level > 0 {
                push(self.curves.steps.entry((tag.clone(), from)).or_default(), zero);
                push(self.curves.steps.entry((tag.clone(), place)).or_default(), here);
            }
            last.virtual_account = place;
        }
    }

    fn step(&mut self, tag: &EntitlementTag, step: Step) {
        let same = self
            .curves
            .last
            .get(tag)
            .is_some_and(|last| (last.step.level, last.step.proof) == (step.level, step.proof));
        if !same {
            push(self.curves.steps.entry((tag.clone(), self.place)).or_default(), step);
            self.curves.last.insert(tag.clone(), Last { step, virtual_account: self.place });
        }
    }
}

/// Appends a step; at one moment only the last one holds.
fn push(steps: &mut Vec<Step>, step: Step) {
    if steps.last().is_some_and(|last| last.at == step.at) {
        steps.pop();
    }
    steps.push(step);
}

/// How a level's share in the verified and the unverified bucket changes at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The change of the verified part.
    pub verified: i64,
    /// The change of the unverified part.
    pub unverified: i64,
}

/// The changes at each moment that turn the steps `old` into the steps `new`.
pub fn difference(old: &[Step], new: &[Step]) -> BTreeMap<Timestamp, Change> {
    let mut changes: BTreeMap<Timestamp, Change> = BTreeMap::new();
    for (steps, sign) in [(old, -1), (new, 1)] {
        let mut before = Change::default();
        for step in steps {
            let level = i64::from(step.level);
            let after = match step.proof {
                Proof::Verified => Change { verified: level, unverified: 0 },
                Proof::Unverified => Change { verified: 0, unverified: level },
            };
            let change = changes.entry(step.at).or_default();
            change.verified += sign * (after.verified - before.verified);
            change.unverified += sign * (after.unverified - before.unverified);
            before = after;
        }
    }
    changes.retain(|_, change| *change != Change::default());
    changes
}
