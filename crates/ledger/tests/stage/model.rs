//! A deliberately naive model of usage: it asks, for one moment, what all reports say, and
//! shares no rule with the ledger.

use wire::id::VirtualAccountId;

/// One measurement: from which minute, and the level.
pub(crate) type Measured = (u32, u32);

/// What a device says in one report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    /// Which product instance.
    pub(crate) handle: &'static str,
    /// Which of its members reports.
    pub(crate) reporter: &'static str,
    /// Whether its key is bound.
    pub(crate) verified: bool,
    /// Its position.
    pub(crate) position: (u64, u64),
    /// The license.
    pub(crate) tag: &'static str,
    /// Its measurements, in the device's order.
    pub(crate) levels: Vec<Measured>,
    /// For how many minutes each of them lasted.
    pub(crate) lasted: u32,
}

/// A product instance in the model.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// Its name.
    pub(crate) handle: &'static str,
    /// Since which minute a key is bound.
    pub(crate) bound_at: Option<u32>,
    /// In which minute somebody removed it.
    pub(crate) removed_at: Option<u32>,
    /// Where it is from which minute on, the first from the beginning.
    pub(crate) places: Vec<(u32, VirtualAccountId)>,
}

/// A lot in the model: how many, granted when, from which minute until which.
#[derive(Clone, Debug)]
pub(crate) struct Lot {
    /// Where.
    pub(crate) place: VirtualAccountId,
    /// Of which license.
    pub(crate) tag: &'static str,
    /// How many.
    pub(crate) quantity: u32,
    /// When it was granted.
    pub(crate) granted_at: u32,
    /// The first minute in force.
    pub(crate) start: u32,
    /// The first minute no longer in force.
    pub(crate) end: Option<u32>,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// All reports that count.
    pub(crate) facts: Vec<Fact>,
    /// All instances.
    pub(crate) devices: Vec<Device>,
    /// All lots.
    pub(crate) lots: Vec<Lot>,
}

/// The figures of a pool: purchased, future, expired, in use, unverified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// In force.
    pub(crate) purchased: i64,
    /// Not begun.
    pub(crate) future: i64,
    /// Over.
    pub(crate) expired: i64,
    /// In use.
    pub(crate) in_use: i64,
    /// The unverified part of it.
    pub(crate) unverified: i64,
}

/// A single measurement with all that decides about it.
#[derive(Clone, Debug)]
struct Word<'a> {
    fact: &'a Fact,
    nth: usize,
    from: u32,
    level: u32,
}

impl Word<'_> {
    /// Whether another word of the same device on the same license overtakes this one: it
    /// began no later, and is of a higher position or further on in the same report.
    fn is_overtaken_by(&self, other: &Word<'_>) -> bool {
        let same = (self.fact.reporter, self.fact.tag) == (other.fact.reporter, other.fact.tag);
        let newer = other.fact.position > self.fact.position
            || (other.fact == self.fact && other.nth > self.nth);
        same && other.from <= self.from && newer
    }
}

impl Model {
    /// Where a pool stands at a minute.
    pub(crate) fn figures(&self, place: VirtualAccountId, tag: &str, at: u32) -> Figures {
        let mut figures = Figures::default();
        for lot in self.lots.iter().filter(|lot| lot.place == place && lot.tag == tag) {
            let quantity = i64::from(lot.quantity);
            if lot.end.is_some_and(|end| end <= at) {
                figures.expired += quantity;
            } else if lot.start <= at {
                figures.purchased += quantity;
            } else if lot.granted_at <= at {
                figures.future += quantity;
            }
        }
        for device in &self.devices {
            let past = device.places.iter().rev().find(|(from, _)| *from <= at);
            if past.unwrap_or(&device.places[0]).1 == place {
                let (level, verified) = self.level(device, tag, at);
                figures.in_use += level;
                figures.unverified += if verified { 0 } else { level };
            }
        }
        figures
    }

    /// The level of one license of one instance at a minute, and whether it is verified.
    fn level(&self, device: &Device, tag: &str, at: u32) -> (i64, bool) {
        let facts = self.facts.iter().filter(|fact| fact.handle == device.handle);
        let words: Vec<Word<'_>> = facts
            .flat_map(|fact| {
                let levels = fact.levels.iter().enumerate();
                levels.map(move |(nth, (from, level))| Word {
                    fact,
                    nth,
                    from: *from,
                    level: *level,
                })
            })
            .collect();
        let holding: Vec<&Word<'_>> = words
            .iter()
            .filter(|word| !words.iter().any(|other| word.is_overtaken_by(other)))
            .filter(|word| word.from <= at)
            .collect();
        let Some(active) = holding.iter().max_by_key(|word| (word.from, word.fact.position)) else {
            return (0, true);
        };
        let reporter = active.fact.reporter;
        let others = holding.iter().filter(|word| word.fact.reporter != reporter);
        let turned = others.map(|word| (word.from, word.fact.position)).max();
        let turn = holding.iter().filter(|word| {
            word.fact.reporter == reporter
                && Some((word.from, word.fact.position)) > turned
                && word.fact.tag == tag
        });
        let turn: Vec<&&Word<'_>> = turn.collect();
        let Some(position) = turn.iter().map(|word| word.fact.position).max() else {
            return (0, true);
        };
        let newest: Vec<&&&Word<'_>> =
            turn.iter().filter(|word| word.fact.position == position).collect();
        let verified = newest[0].fact.verified;
        if !verified && device.bound_at.is_some_and(|bound| bound <= at) {
            return (0, true);
        }
        // Of a fork each says its own last word; the higher one holds.
        let says = |fact: &Fact| {
            let own = newest.iter().filter(|word| word.fact == fact);
            let last = own.max_by_key(|word| word.nth);
            // What began before a removal counts after it only if it was measured through it.
            let ended = |word: &&&&Word<'_>| {
                let removed = device.removed_at.filter(|removed| *removed <= at);
                removed.is_some_and(|removed| {
                    word.from <= removed && word.from + word.fact.lasted <= removed
                })
            };
            last.filter(|word| !ended(word)).map_or(0, |word| word.level)
        };
        let level = newest.iter().map(|word| says(word.fact)).max().unwrap_or(0);
        (i64::from(level), verified)
    }
}
