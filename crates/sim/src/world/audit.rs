//! The auditor: compares what lies in the store with what the naive model knows.
//!
//! It reads rows and adds them up; it calls no rule of the ledger. Each difference is a sentence.

mod lines;
mod memory;
mod people;
mod pools;
mod reports;
#[cfg(test)]
mod tests;

use ledger::pool::Pool;
use server::app::{App, Error};
use wire::time::Timestamp;

use memory::Memory;

use super::dice::Dice;
use super::model::{InUse, Model};
use super::shelf::{Extent, Shelf};

/// After so many steps everything is read anew.
const EVERYTHING: u64 = 16;

/// The auditor, with what it has read so far.
pub(crate) struct Auditor {
    pub(crate) shelf: Shelf,
    dice: Dice,
    audits: u64,
    last: Timestamp,
    memories: Vec<Memory>,
}

/// What does not fit, each as a sentence.
pub(crate) type Differences = Vec<String>;

/// A row of the store beside what the model knows.
pub(crate) struct Comparison<'a> {
    pub(crate) shelf: &'a Shelf,
    pub(crate) model: &'a Model,
    pub(crate) now: Timestamp,
    /// What was heard before this was compared in full already.
    pub(crate) since: Timestamp,
    /// What is in use now, as the model knows it.
    pub(crate) in_use: InUse<'a>,
}

impl Auditor {
    pub(crate) fn new(seed: u64) -> Auditor {
        Auditor {
            shelf: Shelf::default(),
            dice: Dice::new(seed, "auditor"),
            audits: 0,
            last: Timestamp::MIN,
            memories: Vec::new(),
        }
    }

    /// Reads the book and compares.
    pub(crate) fn audit(
        &mut self,
        app: &App,
        model: &Model,
        now: Timestamp,
    ) -> Result<Differences, Error> {
        let extent =
            if self.audits.is_multiple_of(EVERYTHING) { Extent::Everything } else { Extent::News };
        self.audits += 1;
        self.shelf.read(&app.book, model.account, extent)?;
        let since = if extent == Extent::Everything { Timestamp::MIN } else { self.last };
        self.last = now;
        let comparison = Comparison::new(&self.shelf, model, now, since);
        let mut found = comparison.compare();
        if extent == Extent::Everything {
            found.extend(self.look_back(model, now));
            found.extend(self.check_evidence(&app.book, model)?);
            found.extend(self.recall(app, model)?);
        }
        self.remember(model, now);
        Ok(found)
    }

    /// Makes the next audit read everything.
    pub(crate) fn read_everything_next(&mut self) {
        self.audits = 0;
    }
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(
        shelf: &'a Shelf,
        model: &'a Model,
        now: Timestamp,
        since: Timestamp,
    ) -> Comparison<'a> {
        Comparison { shelf, model, now, since, in_use: model.in_use(now) }
    }

    /// What is in use of a pool's license.
    fn used(&self, pool: &Pool) -> i64 {
        self.in_use.get(&(pool.virtual_account, &pool.tag)).copied().unwrap_or(0)
    }

    /// Everything that can be said of one moment.
    pub(crate) fn compare(&self) -> Differences {
        let mut found = self.shelf.findings.clone();
        self.check_lines(&mut found);
        self.check_lots(&mut found);
        self.check_pools(&mut found);
        self.check_alarms(&mut found);
        self.check_reports(&mut found);
        self.check_instances(&mut found);
        self.check_uses(&mut found);
        self.check_tokens(&mut found);
        found
    }
}

/// Says so if two things that must be equal are not.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    found: &mut Differences,
    what: impl FnOnce() -> String,
    stored: T,
    known: T,
) {
    if stored != known {
        found.push(format!("{}: the store says {stored:?}, the model {known:?}", what()));
    }
}
