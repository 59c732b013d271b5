//! The end of a world: everything that was broken is mended, and then everything must come out
//! right: all is acknowledged, and the book says what the products really use.

use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

use super::scene::Line;
use super::unit::{Duty, Unit};
use super::{Season, World, Wrong};

/// So long a healed world may take for each of its rounds.
const ROUND: Span = Span::from_minutes(2);
/// So many times the jobs have their turn at the end, an hour apart.
const ROUNDS_OF_NEWS: u32 = 8;
/// So long it may take until all is acknowledged.
const LONGEST: Span = Span::from_hours(1);

impl World {
    pub(super) fn heal(&mut self) -> Result<(), Wrong> {
        self.season = Season::Healing;
        self.climate.fair();
        self.dark.clear();
        self.say("world", "heals", "nothing bad happens any more")?;
        if self.server.app().is_none() {
            self.server.start(self.now)?;
        }
        self.mend()?;
        if self.someone_waits_in_standby() {
            if let Some(line) = self.switch_over()? {
                self.scene.add(self.now, &line);
            }
            self.mend()?;
        }
        // News that failed waits longer each time, and one job's rest is another's after a while.
        for _ in 0..ROUNDS_OF_NEWS {
            self.now = self.now.plus(Span::from_hours(1));
            self.server.set_clock(self.now);
            self.tend()?;
        }
        self.auditor.read_everything_next();
        self.audit()?;
        let mut wrong = self.judge_end();
        wrong.extend(self.untold()?);
        if wrong.is_empty() {
            self.say("world", "is whole", "all is acknowledged")
        } else {
            Err(Wrong(wrong))
        }
    }

    /// Everybody works, is trusted and reports.
    fn mend(&mut self) -> Result<(), Wrong> {
        self.mend_units()?;
        self.give_trust()?;
        self.settle_all()
    }

    fn say(&mut self, who: &str, what: &str, outcome: &str) -> Result<(), Wrong> {
        self.scene.add(self.now, &Line::new(who, what, outcome));
        Ok(())
    }

    fn mend_units(&mut self) -> Result<(), Wrong> {
        for unit in 0..self.units.len() {
            self.units[unit].clock_off = Span::ZERO;
            self.units[unit].disk.mend();
            if self.units[unit].duty == Duty::Active {
                if self.units[unit].is_on() {
                    self.restate(unit)?;
                } else {
                    self.switch_on(unit)?;
                }
            }
        }
        Ok(())
    }

    /// Lets time pass, as long as a test says that it is needed.
    fn pass(&mut self, most: Span, needed: impl Fn(&World) -> bool) -> Result<(), Wrong> {
        let end: Timestamp = self.now.plus(most);
        while self.now < end && needed(self) {
            self.advance()?;
        }
        Ok(())
    }

    /// Who has no trust, or asks with a token that will be refused, is given a good one.
    fn give_trust(&mut self) -> Result<(), Wrong> {
        for _ in 0..2 {
            self.pass(ROUND, |_| true)?;
            let good = self.model.tokens.values().find(|one| !one.is_revoked && one.most.is_none());
            let text = good.map(|one| one.text.clone()).unwrap_or_default();
            for unit in self.working() {
                let trusted = self.units[unit].device().is_some_and(|one| one.is_trusted());
                if !trusted {
                    self.trust(unit, &text)?;
                }
            }
        }
        Ok(())
    }

    /// Every device reports all that it has, twice: what one report ends, the next confirms.
    fn settle_all(&mut self) -> Result<(), Wrong> {
        for _ in 0..2 {
            self.pass(Span::from_minutes(1), |_| true)?;
            for unit in self.working() {
                self.sync(unit)?;
            }
            self.pass(LONGEST, |world| world.working().iter().any(|unit| world.waits(*unit)))?;
        }
        Ok(())
    }

    fn working(&self) -> Vec<usize> {
        let works = |unit: &usize| self.units[*unit].duty == Duty::Active;
        (0..self.units.len()).filter(works).collect()
    }

    fn waits(&self, unit: usize) -> bool {
        let unit = &self.units[unit];
        unit.ask.is_some()
            || unit.device().is_some_and(|one| one.is_busy() || !one.state().waiting.is_empty())
    }

    fn someone_waits_in_standby(&self) -> bool {
        self.units.iter().any(|unit| unit.duty == Duty::Standby && !unit.waiting.is_empty())
    }

    fn judge_end(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for unit in &self.units {
            let set = &self.model.sets[unit.set];
            let name = &unit.name;
            if !unit.waiting.is_empty() {
                let trouble = unit.device().and_then(|one| one.trouble().cloned());
                let waiting = unit.waiting.len();
                wrong.push(format!("{name}: {waiting} reports still wait, {trouble:?}"));
            }
            if unit.is_doubtful {
                continue;
            }
            let missing = unit.closed.iter().filter(|mark| !set.knows(mark)).count();
            if missing > 0 {
                wrong.push(format!("{name}: {missing} closed reports never came"));
            }
            if unit.duty == Duty::Active {
                wrong.extend(self.judge_levels(unit));
            }
        }
        wrong
    }

    /// The book says what the product really uses.
    fn judge_levels(&self, unit: &Unit) -> Vec<String> {
        let set = &self.model.sets[unit.set];
        let mut tags: Vec<&EntitlementTag> = set.tags().collect();
        tags.extend(unit.levels.keys());
        let differs = tags.into_iter().filter_map(|tag| {
            let truth = unit.levels.get(tag).copied().unwrap_or(0);
            let known = set.level(tag, self.now);
            let name = &unit.name;
            (truth != known).then(|| {
                format!("{name} uses {truth} of {}, the book says {known}", tag.short_name())
            })
        });
        differs.collect()
    }
}
