//! Which level is in use, worked out from everything that was ever heard.
//!
//! The rule in words: at any moment, of the reports of a device on a license that speak of a time
//! until then, the one with the highest position holds, by the last measurement that began until
//! then; of a fork the higher level. When another member of a pair reports, the former one's levels
//! end there.

use std::collections::{BTreeMap, BTreeSet};

use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::{Set, Told, Word};

/// One measurement with where it stands.
#[derive(Clone, Copy)]
struct Said<'a> {
    told: &'a Told,
    nth: usize,
    word: Word,
}

impl Said<'_> {
    /// In the order in which a device spoke; reports of a fork and of two keys by their names.
    fn order(&self) -> ((u64, u64), super::Mark, usize) {
        (self.told.position(), self.told.mark, self.nth)
    }

    /// Whether another measurement takes this one's word away: it began no later, and the same
    /// device said it on the same license from a higher position, or later in the same report.
    fn is_overtaken_by(&self, other: &Said<'_>) -> bool {
        let higher = other.told.position() > self.told.position();
        let later = other.told.mark == self.told.mark && other.nth > self.nth;
        other.told.reporter == self.told.reporter
            && other.told.tag == self.told.tag
            && other.word.start <= self.word.start
            && (higher || later)
    }
}

impl Set {
    /// The level of a license at a moment, as far as is known now.
    pub(crate) fn level(&self, tag: &EntitlementTag, at: Timestamp) -> u32 {
        if self.is_pair() {
            return level_in(&self.reign(at), tag);
        }
        newest(self.of(tag).filter_map(|told| {
            let last = told.words.iter().rev().find(|word| word.start <= at)?;
            Some((told.position(), last.value))
        }))
    }

    fn of(&self, tag: &EntitlementTag) -> impl Iterator<Item = &Told> {
        self.heard.get(tag).into_iter().flatten()
    }

    /// The level of each license at a moment.
    pub(crate) fn levels(&self, at: Timestamp) -> BTreeMap<&EntitlementTag, u32> {
        let reign = if self.is_pair() { Some(self.reign(at)) } else { None };
        let level = |tag| match &reign {
            Some(reign) => level_in(reign, tag),
            None => self.level(tag, at),
        };
        self.heard.keys().map(|tag| (tag, level(tag))).collect()
    }

    /// The measurements of the member that is active at a moment, since it has been so without a
    /// break.
    fn reign(&self, at: Timestamp) -> Vec<Said<'_>> {
        let said = |told| {
            let words = Told::words_of(told).iter().enumerate();
            words.map(move |(nth, word)| Said { told, nth, word: *word })
        };
        let all: Vec<Said<'_>> =
            self.all().flat_map(said).filter(|said| said.word.start <= at).collect();
        let holds = |one: &&Said<'_>| !all.iter().any(|other| one.is_overtaken_by(other));
        let mut holding: Vec<Said<'_>> = all.iter().filter(holds).copied().collect();
        holding.sort_by_key(|said| (said.word.start, said.order()));
        let active = holding.last().map(|said| said.told.reporter.as_str());
        let reign = holding.iter().rev().take_while(|said| Some(&*said.told.reporter) == active);
        reign.copied().collect()
    }

    /// Since when the level of a license has been what it is at a moment, wherever that was. Not
    /// for pairs.
    pub(crate) fn since(&self, tag: &EntitlementTag, at: Timestamp) -> Option<Timestamp> {
        let level = self.level(tag, at);
        let words = self.of(tag).flat_map(|told| &told.words);
        let moments: BTreeSet<Timestamp> =
            words.map(|word| word.start).filter(|start| *start <= at).collect();
        let first = *moments.first()?;
        let same = moments.into_iter().rev().take_while(|moment| self.level(tag, *moment) == level);
        Some(same.last().unwrap_or(first))
    }
}

impl Told {
    fn words_of(&self) -> &[Word] {
        &self.words
    }
}

/// The level of a license by what the active member said of it.
fn level_in(reign: &[Said<'_>], tag: &EntitlementTag) -> u32 {
    let mut last: BTreeMap<super::Mark, Said<'_>> = BTreeMap::new();
    for said in reign.iter().filter(|said| said.told.tag == *tag) {
        let known = last.entry(said.told.mark).or_insert(*said);
        if said.nth > known.nth {
            *known = *said;
        }
    }
    newest(last.values().map(|said| (said.told.position(), said.word.value)))
}

/// The level at the highest position, of several the highest level; zero if there is none.
fn newest(levels: impl Iterator<Item = ((u64, u64), u32)>) -> u32 {
    levels.max().map_or(0, |(_, level)| level)
}
