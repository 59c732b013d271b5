//! Curves: the level of each license of one instance over time, from its reports.
//!
//! The rule (`rules.md`, *newest*): at any moment, among the measurements that began
//! until then, the one of the report with the highest position states the level. When
//! another member of a stack reports as active, the former active's levels end there.
//! The result does not depend on the order in which reports arrived.

use std::collections::BTreeMap;

use wire::id::VirtualAccountId;
use wire::key::KeyId;
use wire::seal::Position;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::instance::{Instance, Proof};
use crate::report::{Counting, Recorded};

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
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// The last step: the level and since when it has been so.
    pub step: Step,
    /// The highest position among the reports that stated it.
    pub position: Position,
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

/// What happens to an instance at a moment; earlier variants come first within a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Placed(VirtualAccountId),
    Bound,
    Ended(EntitlementTag),
    Measured(Position, KeyId, usize, String, EntitlementTag, u32, Proof),
}

struct Sweep<'a> {
    instance: &'a Instance,
    curves: Curves,
    place: VirtualAccountId,
}

/// The curves of an instance from its reports; `ended` are the uses that a person ended, and when.
pub fn curves<'a>(
    reports: impl Iterator<Item = &'a Recorded>,
    instance: &Instance,
    ended: &[(EntitlementTag, Timestamp)],
) -> Curves {
    let mut happenings = measured(reports);
    happenings
        .extend(instance.placements.iter().map(|p| (p.from, What::Placed(p.virtual_account))));
    happenings.extend(instance.bound_at.map(|at| (at, What::Bound)));
    happenings.extend(ended.iter().map(|(tag, at)| (*at, What::Ended(tag.clone()))));
    happenings.sort();
    let place = instance.placements[0].virtual_account;
    let nothing = Curves {
        steps: BTreeMap::new(),
        last: BTreeMap::new(),
        active: String::new(),
        active_since: Timestamp::MIN,
    };
    let mut sweep = Sweep { instance, curves: nothing, place };
    for (at, what) in happenings {
        sweep.happens(at, what);
    }
    sweep.curves
}

/// The measurements of all counted reports; of a fork, those of the higher level.
fn measured<'a>(reports: impl Iterator<Item = &'a Recorded>) -> Vec<(Timestamp, What)> {
    let mut chosen: BTreeMap<(KeyId, Position), &Recorded> = BTreeMap::new();
    for report in reports.filter(|report| report.counting == Counting::Counted) {
        let slot = chosen.entry((report.key, report.position)).or_insert(report);
        if fork_rank(report) > fork_rank(slot) {
            *slot = report;
        }
    }
    let mut all = Vec::new();
    for report in chosen.values() {
        for (nth, level) in report.levels.iter().enumerate() {
            let what = What::Measured(
                report.position,
                report.key,
                nth,
                report.reporter.clone(),
                report.tag.clone(),
                level.value,
                report.proof,
            );
            all.push((level.start, what));
        }
    }
    all
}

fn fork_rank(report: &Recorded) -> (u32, [u8; 32]) {
    (report.levels.last().map_or(0, |level| level.value), report.hash)
}

impl Sweep<'_> {
    fn happens(&mut self, at: Timestamp, what: What) {
        match what {
            What::Placed(place) => self.move_to(at, place),
            What::Bound => self.end_all(at, |last| last.step.proof == Proof::Unverified),
            What::Ended(tag) => {
                if let Some(last) = self.curves.last.get(&tag) {
                    let zero = Step { at, level: 0, proof: last.step.proof };
                    self.step(&tag, zero, Position { epoch: 0, number: 0 });
                }
            }
            What::Measured(position, _, _, reporter, tag, level, proof) => {
                let late = self.instance.bound_at.is_some_and(|bound| bound <= at);
                if proof == Proof::Unverified && late {
                    return;
                }
                self.report_as(at, &reporter);
                let newer = self.curves.last.get(&tag).is_none_or(|last| last.position <= position);
                if newer {
                    self.step(&tag, Step { at, level, proof }, position);
                }
            }
        }
    }

    /// Another member reports as active: the former active's levels end.
    fn report_as(&mut self, at: Timestamp, reporter: &str) {
        if self.curves.active == reporter {
            return;
        }
        if !self.curves.active.is_empty() {
            self.end_all(at, |_| true);
        }
        reporter.clone_into(&mut self.curves.active);
        self.curves.active_since = at;
    }

    fn end_all(&mut self, at: Timestamp, which: impl Fn(&Last) -> bool) {
        let tags: Vec<_> = self
            .curves
            .last
            .iter()
            .filter(|(_, last)| which(last))
            .map(|(tag, _)| tag.clone())
            .collect();
        for tag in tags {
            let proof = self.curves.last[&tag].step.proof;
            self.step(&tag, Step { at, level: 0, proof }, Position { epoch: 0, number: 0 });
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
            last.step.at = at;
        }
    }

    fn step(&mut self, tag: &EntitlementTag, step: Step, position: Position) {
        if let Some(last) = self.curves.last.get_mut(tag)
            && (last.step.level, last.step.proof) == (step.level, step.proof)
        {
            last.position = position;
            return;
        }
        push(self.curves.steps.entry((tag.clone(), self.place)).or_default(), step);
        self.curves.last.insert(tag.clone(), Last { step, position, virtual_account: self.place });
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
