//! The first world: twenty devices, one server, and bad luck, all out of one seed.
//!
//! The devices are the real core on its journal, the server is the real use cases on a real SQLite
//! book that is written one command at a time. The world loses, doubles, delays and reorders
//! messages, cuts power within writes and between commit and answer, turns clocks, fills disks,
//! clones and restores devices, carries files by hand. After every step an auditor with a naive
//! model of its own compares the book with what really happened; in the end the world heals, and
//! everything must have been acknowledged. The same seed gives the same trace, byte by byte.
//!
//! Not here: several nodes, PostgreSQL, real sockets and real time.

mod audit;
mod begin;
mod carry;
mod climate;
mod dice;
mod disk;
mod fate;
mod figures;
mod hand;
mod heal;
mod house;
mod model;
mod news;
mod post;
mod scene;
mod server;
mod shelf;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use wire::id::AlarmId;
use wire::time::{Span, Timestamp};

use audit::Auditor;
use climate::Climate;
use dice::Dice;
use model::{Model, Sent};
use scene::{Line, Scene};
use server::Server;
use unit::{Unit, Worked};

pub use figures::Figures;

/// How many devices a world begins with.
const UNITS: usize = 20;

/// Which world, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many steps, before the world heals.
    pub steps: u64,
}

/// How many steps a world takes where nobody says otherwise.
pub const STEPS: u64 = 600;

/// What became of a world.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What was counted.
    pub figures: Figures,
    /// What happened, a line for each step.
    pub lines: Vec<String>,
    /// What does not fit, if anything: then the world ended there.
    pub failure: Option<Failure>,
}

/// What does not fit.
#[derive(Clone, Debug)]
pub struct Failure {
    /// After which step.
    pub step: u64,
    /// Each difference as a sentence.
    pub differences: Vec<String>,
}

/// Something is not as it must be; each sentence says what.
#[derive(Debug)]
pub(crate) struct Wrong(Vec<String>);

impl Wrong {
    fn new(what: impl Into<String>) -> Wrong {
        Wrong(vec![what.into()])
    }
}

impl<E: std::fmt::Display> From<E> for Wrong {
    fn from(error: E) -> Wrong {
        Wrong(vec![error.to_string()])
    }
}

/// What a step did: nothing that anybody would notice, or what its line says.
type Stepped = Result<Option<Line>, Wrong>;

/// To whom a carried answer is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To the device that it is for.
    Home,
    /// To another one.
    Astray,
}

/// What is going to happen.
#[derive(Clone, Debug)]
enum Event {
    /// A device looks whether there is something to do, and will again.
    Wake { unit: usize, boot: u64 },
    /// A device looks once.
    Nudge { unit: usize },
    /// The power of a device is back.
    Boot { unit: usize },
    /// A device gets its first ID token.
    Meet { unit: usize },
    /// There is room on a device's disk again.
    Room { unit: usize },
    /// A message arrives at the server.
    Arrive(Box<Letter>),
    /// An answer arrives at a device.
    Answer { unit: usize, ask: u64, reply: agent::device::Reply },
    /// A device gives up waiting.
    GiveUp { unit: usize, ask: u64 },
    /// A saved file is brought to the server.
    Bring { unit: usize, file: String },
    /// A saved trust request is brought to the server.
    BringTrust { unit: usize, file: String },
    /// The answer to it is brought back, to this device or to another.
    BringBack { unit: usize, file: Vec<u8>, aim: Aim },
    /// The server starts again.
    Open,
    /// The server's jobs have their turn.
    Tend,
    /// Fate acts.
    Fate,
}

/// How far an event reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// A device: what it keeps and drops is looked at, and the book is as it was.
    Device,
    /// The server: the book is audited.
    Server,
}

impl Event {
    fn reach(&self) -> Reach {
        match self {
            Event::Wake { .. }
            | Event::Nudge { .. }
            | Event::Boot { .. }
            | Event::Meet { .. }
            | Event::Room { .. }
            | Event::Answer { .. }
            | Event::GiveUp { .. }
            | Event::BringBack { .. } => Reach::Device,
            Event::Arrive(_)
            | Event::Bring { .. }
            | Event::BringTrust { .. }
            | Event::Open
            | Event::Tend
            | Event::Fate => Reach::Server,
        }
    }
}

/// A message from a device to the server.
#[derive(Clone, Debug)]
struct Letter {
    unit: usize,
    ask: u64,
    outgoing: agent::device::Outgoing,
    reports: Vec<Sent>,
}

/// Whether bad things still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Season {
    Rough,
    Healing,
}

/// A world.
pub(crate) struct World {
    now: Timestamp,
    season: Season,
    queue: BTreeMap<(Timestamp, u64), Event>,
    queued: u64,
    asks: u64,
    climate: Climate,
    /// Chance of the network and the server's power.
    weather: Dice,
    /// Chance of everything else.
    fate: Dice,
    server: Server,
    units: Vec<Unit>,
    /// Until when nothing comes from or to a device.
    dark: BTreeMap<usize, Timestamp>,
    model: Model,
    auditor: Auditor,
    scene: Scene,
    figures: Figures,
    open_alarms: BTreeSet<AlarmId>,
    seen_forks: usize,
}

/// Lets a world happen.
#[must_use]
pub fn run(plan: Plan) -> Outcome {
    let mut world = match World::new(plan.seed) {
        Ok(world) => Box::new(world),
        Err(Wrong(differences)) => {
            let failure = Some(Failure { step: 0, differences });
            return Outcome {
                seed: plan.seed,
                figures: Figures::default(),
                lines: Vec::new(),
                failure,
            };
        }
    };
    let began_at = world.now;
    let lived = catch_unwind(AssertUnwindSafe(|| world.live(plan.steps)));
    let differences = match lived {
        Ok(Ok(())) => None,
        Ok(Err(Wrong(differences))) => Some(differences),
        Err(panic) => Some(vec![format!("a panic: {}", words_of(&*panic))]),
    };
    world.figures.hours = world.now.since(began_at).seconds().unsigned_abs() / 3_600;
    Outcome {
        seed: plan.seed,
        figures: world.figures,
        lines: std::mem::take(&mut world.scene.lines),
        failure: differences.map(|differences| Failure { step: world.figures.steps, differences }),
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without words").to_owned()
}

impl World {
    fn live(&mut self, steps: u64) -> Result<(), Wrong> {
        while self.figures.steps < steps {
            self.advance()?;
        }
        self.heal()
    }

    /// Queues an event after a span.
    fn after(&mut self, span: Span, event: Event) {
        self.queued += 1;
        let at = self.now.plus(span);
        self.queue.insert((at, self.queued), event);
    }

    /// Lets the next event happen, and audits if anybody would notice it.
    fn advance(&mut self) -> Result<(), Wrong> {
        let Some(((at, _), event)) = self.queue.pop_first() else {
            return Err(Wrong::new("nothing will ever happen again"));
        };
        // No two events share a moment, so each has its own "as far as was known then".
        self.now = at.max(self.now.plus(Span::from_millis(1)));
        self.server.set_clock(self.now);
        let reach = event.reach();
        if let Some(line) = self.happen(event)? {
            self.scene.add(self.now, &line);
            self.figures.steps += 1;
            if reach == Reach::Server {
                self.audit()?;
            }
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Stepped {
        match event {
            Event::Wake { unit, boot } => {
                if self.units[unit].boot != boot {
                    return Ok(None);
                }
                let pause = self.fate.span(Span::from_seconds(20), Span::from_seconds(60));
                self.after(pause, Event::Wake { unit, boot });
                self.wake(unit)
            }
            Event::Nudge { unit } => self.wake(unit),
            Event::Boot { unit } => self.boot(unit),
            Event::Meet { unit } => self.meet(unit),
            Event::Room { unit } => {
                self.units[unit].disk.make_room();
                Ok(None)
            }
            Event::Arrive(letter) => self.arrive(*letter),
            Event::Answer { unit, ask, reply } => self.answer(unit, ask, reply),
            Event::GiveUp { unit, ask } => self.give_up(unit, ask),
            Event::Bring { unit, file } => self.bring(unit, &file),
            Event::BringTrust { unit, file } => self.bring_trust(unit, &file),
            Event::BringBack { unit, file, aim } => self.bring_back(unit, &file, aim),
            Event::Open => self.open(),
            Event::Tend => self.tend(),
            Event::Fate => self.act(),
        }
    }

    fn audit(&mut self) -> Result<(), Wrong> {
        let Some(app) = self.server.app() else { return Ok(()) };
        let found = self.auditor.audit(app, &self.model, self.now)?;
        self.figures.audits += 1;
        if !found.is_empty() {
            return Err(Wrong(found));
        }
        let open = self.auditor.open_alarms();
        self.figures.opened += open.difference(&self.open_alarms).count() as u64;
        self.figures.settled += self.open_alarms.difference(&open).count() as u64;
        self.model.opened.extend(&open);
        self.open_alarms = open;
        let forks: usize = self.model.sets.iter().map(model::Set::forks).sum();
        self.figures.forks += forks.saturating_sub(self.seen_forks) as u64;
        self.seen_forks = forks;
        Ok(())
    }

    /// Looks at what a device keeps: nothing may leave it that the book does not have.
    fn look(&mut self, unit: usize) -> Result<(), Wrong> {
        let (fresh, dropped) = self.units[unit].look();
        self.figures.closed += fresh.len() as u64;
        self.figures.acknowledged += dropped.len() as u64;
        let set = &self.model.sets[self.units[unit].set];
        let lost = dropped
            .iter()
            .filter(|mark| !set.knows(mark) || !self.model.acknowledged.contains(*mark))
            .map(|mark| {
                format!("{} dropped #{}, which was not acknowledged", self.units[unit].name, mark.2)
            });
        let lost: Vec<String> = lost.collect();
        if lost.is_empty() { Ok(()) } else { Err(Wrong(lost)) }
    }

    /// What to say when a device's work was cut short, and what follows; `None` if it was not.
    fn cut_short<R>(&mut self, unit: usize, worked: &Worked<R>) -> Option<&'static str> {
        match worked {
            Worked::Kept(_) => None,
            Worked::NotKept => Some("in memory only: the disk is full"),
            Worked::Off => Some("it is off"),
            Worked::Cut => {
                self.fall(unit);
                Some("the power is cut")
            }
        }
    }

    /// The power of a device is gone; it comes back.
    fn fall(&mut self, unit: usize) {
        self.units[unit].stop();
        self.figures.power_cuts += 1;
        let pause = self.fate.span(Span::from_seconds(5), Span::from_minutes(15));
        self.after(pause, Event::Boot { unit });
    }
}
