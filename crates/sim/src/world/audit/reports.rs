//! Reports: each that was taken in lies there once, as it was sent; none else does.

use std::collections::BTreeMap;

use ledger::instance::Proof;
use ledger::report::{Counting, Recorded};
use store::{Book, Fault, Sight};
use wire::time::Timestamp;

use super::lines::as_count;
use super::{Auditor, Comparison, Differences, same};
use crate::world::model::{Model, Told};
use crate::world::unit::Mark;

/// How many reports' bytes are compared each time.
const SAMPLES: usize = 4;

pub(super) fn mark(report: &Recorded) -> Mark {
    (report.key, report.position.epoch, report.position.number, report.hash)
}

fn name(told: &Told) -> String {
    format!("report {}#{} of {}", told.mark.1, told.mark.2, told.reporter)
}

impl Comparison<'_> {
    pub(super) fn check_reports(&self, found: &mut Differences) {
        let rows = as_count(self.shelf.reports.len());
        same(found, || "report rows".to_owned(), self.shelf.counted.1, rows);
        let mut stored: BTreeMap<Mark, &Recorded> = BTreeMap::new();
        for report in &self.shelf.reports {
            if stored.insert(mark(report), report).is_some() {
                found.push(format!("{:?} lies there twice", report.position));
            }
        }
        let mut known = 0;
        for set in &self.model.sets {
            for told in set.all() {
                known += 1;
                match stored.get(&told.mark) {
                    None => found.push(format!("{} is missing", name(told))),
                    Some(report) if told.heard_at >= self.since => {
                        let of = Some(report.instance);
                        same(found, || format!("{} is of", name(told)), of, set.id);
                        self.check_report(found, told, report);
                    }
                    // Compared before; with the next full reading it is compared again.
                    Some(_) => {}
                }
            }
        }
        same(found, || "reports".to_owned(), stored.len(), known);
        for mark in self.model.acknowledged.iter().filter(|mark| !stored.contains_key(*mark)) {
            found.push(format!("{}#{} was acknowledged and is not there", mark.1, mark.2));
        }
    }

    fn check_report(&self, found: &mut Differences, told: &Told, report: &Recorded) {
        let words: Vec<(Timestamp, u32)> =
            told.words.iter().map(|word| (word.start, word.value)).collect();
        let levels = report.levels.iter().map(|level| (level.start, level.value)).collect();
        same(found, || format!("levels of {}", name(told)), levels, words);
        same(found, || format!("tag of {}", name(told)), &report.tag, &told.tag);
        same(found, || format!("device of {}", name(told)), &report.reporter, &told.reporter);
        same(found, || format!("time of {}", name(told)), report.heard_at, told.heard_at);
        let stands = (report.proof, report.counting);
        same(found, || name(told), stands, (Proof::Verified, Counting::Counted));
    }
}

impl Auditor {
    /// Picks reports: their bytes must be kept as they came.
    pub(super) fn check_evidence(
        &mut self,
        book: &Book,
        model: &Model,
    ) -> Result<Differences, Fault> {
        let mut found = Differences::new();
        let told: Vec<&Told> = model.sets.iter().flat_map(|set| set.all()).collect();
        for _ in 0..SAMPLES.min(told.len()) {
            let told = told[self.dice.below(told.len())];
            let row = self.shelf.reports.iter().find(|report| mark(report) == told.mark);
            let Some(row) = row else { continue };
            let sight = Sight::Account(model.account);
            let kept = book.read_waiting(sight, |reading| reading.evidence(row))?;
            if kept.as_deref() != Some(told.sealed.as_bytes()) {
                found.push(format!("the bytes of {} are not those that came", name(told)));
            }
        }
        Ok(found)
    }
}
