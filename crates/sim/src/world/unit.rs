//! A device of the world: the real core on a journal, with a disk and a clock that can fail.

use std::collections::{BTreeMap, BTreeSet};

use agent::device::{Clock, Device, Profile, Seed};
use agent::journal::{Found, Journal};
use agent::seat::{KeepError, Keeping};
use wire::key::{KeyId, SigningKey};
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

use super::disk::Disk;

/// One sealed report: key, epoch, number and hash.
pub(crate) type Mark = (KeyId, u64, u64, [u8; 32]);

/// What a device is to its product instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// It works.
    Active,
    /// It would take over; or it failed, and another one did.
    Standby,
}

/// A device of the world.
pub(crate) struct Unit {
    /// What the scene calls it.
    pub(crate) name: String,
    /// Which product instance it is, or is a part of.
    pub(crate) set: usize,
    pub(crate) duty: Duty,
    pub(crate) profile: Profile,
    pub(crate) key: [u8; 32],
    pub(crate) disk: Disk,
    running: Option<(Device, Journal<Disk>)>,
    /// By how much its wall clock is wrong.
    pub(crate) clock_off: Span,
    booted_at: Timestamp,
    /// How often it was started.
    pub(crate) boot: u64,
    /// What its client waits for.
    pub(crate) ask: Option<u64>,
    /// What the product uses in truth.
    pub(crate) levels: BTreeMap<EntitlementTag, u32>,
    /// Closed reports that are durable on the device and not acknowledged yet.
    pub(crate) waiting: BTreeSet<Mark>,
    /// Every report that ever was durable on it.
    pub(crate) closed: BTreeSet<Mark>,
    /// An older state of its disk.
    pub(crate) backup: Option<Disk>,
    /// Its journal was copied, restored or lost, so its word and the truth may differ.
    pub(crate) is_doubtful: bool,
}

/// How a piece of work ended.
pub(crate) enum Worked<R> {
    /// It is done, and what it changed is durable.
    Kept(R),
    /// It is done in memory only.
    NotKept,
    /// The power was cut in the middle.
    Cut,
    /// The device was off before.
    Off,
}

impl Unit {
    pub(crate) fn new(name: String, set: usize, profile: Profile, key: [u8; 32]) -> Unit {
        Unit {
            name,
            set,
            duty: Duty::Active,
            profile,
            key,
            disk: Disk::default(),
            running: None,
            clock_off: Span::ZERO,
            booted_at: Timestamp::MIN,
            boot: 0,
            ask: None,
            levels: BTreeMap::new(),
            waiting: BTreeSet::new(),
            closed: BTreeSet::new(),
            backup: None,
            is_doubtful: false,
        }
    }

    /// A copy of this device with all that it knows, as a virtual machine is cloned.
    pub(crate) fn cloned(&self, name: String) -> Unit {
        Unit {
            disk: self.disk.copied(),
            levels: self.levels.clone(),
            waiting: self.waiting.clone(),
            closed: self.closed.clone(),
            clock_off: self.clock_off,
            is_doubtful: true,
            ..Unit::new(name, self.set, self.profile.clone(), self.key)
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn device(&self) -> Option<&Device> {
        self.running.as_ref().map(|(device, _)| device)
    }

    /// What its clocks say.
    pub(crate) fn clock(&self, now: Timestamp) -> Clock {
        Clock { wall: now.plus(self.clock_off), monotonic: now.since(self.booted_at) }
    }

    /// Starts the device on what its disk holds. `None` when a power cut comes in between.
    pub(crate) fn start(&mut self, now: Timestamp, noise: [u8; 32]) -> Option<Found> {
        self.disk.mend();
        self.booted_at = now;
        self.boot += 1;
        self.ask = None;
        let floor = self.clock(now).wall;
        let (journal, state, found) = Journal::open(self.disk.clone(), floor).ok()?;
        let key = SigningKey::from_seed(self.key);
        let device = match state {
            Some(state) => {
                let floor = state.floor;
                Device::restore(self.profile.clone(), Seed { key, floor, noise }, state)
            }
            None => Device::new(self.profile.clone(), Seed { key, floor, noise }),
        };
        self.running = Some((device, journal));
        match self.work(now, |device, now| device.watched(now)) {
            Worked::Kept(()) => Some(found),
            _ => None,
        }
    }

    /// The power goes.
    pub(crate) fn stop(&mut self) {
        self.running = None;
        self.ask = None;
    }

    /// Lets the device do something, and keeps what changed.
    pub(crate) fn work<R>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Device, Clock) -> R,
    ) -> Worked<R> {
        self.drive(now, |device, journal, now| {
            let done = work(device, now);
            journal.keep(device)?;
            Ok(done)
        })
    }

    /// As [`Unit::work`], where the work sees to the keeping itself.
    pub(crate) fn drive<R>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Device, &mut Journal<Disk>, Clock) -> Result<R, KeepError>,
    ) -> Worked<R> {
        let now = self.clock(now);
        let Some((device, journal)) = &mut self.running else { return Worked::Off };
        let done = work(device, journal, now);
        if self.disk.is_cut() {
            self.stop();
            return Worked::Cut;
        }
        match done {
            Ok(done) => Worked::Kept(done),
            Err(_) => Worked::NotKept,
        }
    }

    /// Looks at what is durable now; returns the reports that were closed and those that the
    /// device dropped since the last look.
    pub(crate) fn look(&mut self) -> (Vec<Mark>, Vec<Mark>) {
        let Some((device, _)) = &self.running else { return (Vec::new(), Vec::new()) };
        let kept: BTreeSet<Mark> = device
            .state()
            .waiting
            .values()
            .map(|report| (report.key, report.epoch, report.number, report.hash))
            .collect();
        let fresh: Vec<Mark> =
            kept.iter().filter(|mark| !self.closed.contains(*mark)).copied().collect();
        let dropped: Vec<Mark> = self.waiting.difference(&kept).copied().collect();
        self.closed.extend(&fresh);
        self.waiting = kept;
        (fresh, dropped)
    }
}
