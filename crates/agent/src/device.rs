//! The device: what it measures, says and believes. No I/O, no clock, no randomness.
//!
//! Time is handed in with each call, randomness once as a seed. What must be kept comes out of
//! [`Device::drain_records`] and has to be durable before anything is sent or told; what must be
//! sent comes out of [`Device::tick`], and its fate goes back in by [`Device::receive`] or
//! [`Device::failed`]. [`crate::seat`] does that in the right order.
//!
//! The device only counts and reports. It has no way to stop the product, and none to drop usage.

mod answer;
mod clock;
mod close;
mod measure;
mod noise;
mod profile;
mod push;
mod record;
mod state;
mod timing;

pub use clock::{Clock, STEP, Step};
pub use close::{Saving, WAITING_BYTES, WAITING_REPORTS};
pub use measure::{Ending, OpenReport, Run, Running};
pub use profile::{
    DEFAULT_INTERVAL, Enforcement, Habits, Kind, License, Profile, ProfileError, Words,
};
pub use push::{Outgoing, Reply};
pub use record::{Acknowledged, Closed, Record, Road};
pub use state::{Asking, Installed, STORE_RESET, State, Track, Trust};

use wire::key::{KeyId, SigningKey};
use wire::limits::{COUNT, TAGS_PER_INSTANCE};
use wire::message::Policy;
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};
use wire::token::IdToken;

use clock::Chronometer;
use noise::Noise;
use push::Asked;

/// How often the time is kept while nothing else happens: a crash loses at most this much of the
/// last measurement's length.
pub const SAMPLE: Span = Span::from_minutes(15);

/// What a device needs from outside before it starts.
pub struct Seed {
    /// The device's own key.
    pub key: SigningKey,
    /// The highest of built time and, for a new store, wall clock.
    pub floor: Timestamp,
    /// Fresh randomness for nonces and jitter.
    pub noise: [u8; 32],
}

/// Something that went wrong, as shown to a person. None of it stops the product or the counting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail} ({code})")]
pub struct Trouble {
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do, without the code.
    pub detail: String,
}

impl Trouble {
    pub(crate) fn new(code: impl Into<String>, detail: impl Into<String>) -> Trouble {
        Trouble { code: code.into(), detail: detail.into() }
    }

    /// An error that writes its code at its end already.
    pub(crate) fn of(code: &str, error: &dyn std::fmt::Display) -> Trouble {
        let text = error.to_string();
        let detail = text
            .rsplit_once(" (")
            .filter(|(_, end)| end.ends_with(')'))
            .map_or(text.as_str(), |(detail, _)| detail);
        Trouble::new(code, detail)
    }
}

/// A device. See the module's comment for how to drive it.
pub struct Device {
    profile: Profile,
    key: SigningKey,
    state: State,
    records: Vec<Record>,
    time: Chronometer,
    noise: Noise,
    /// When the next report is due; `None` before the first reading of the clock.
    next_push: Option<Timestamp>,
    asked: Option<Asked>,
    pushing: bool,
    failures: u32,
    hold_until: Option<Timestamp>,
    batch: usize,
    bundle: push::BundleNeed,
    trouble: Option<(Timestamp, Trouble)>,
}

impl Device {
    /// A device whose store begins now.
    #[must_use]
    pub fn new(profile: Profile, seed: Seed) -> Device {
        let state = State::new(seed.floor);
        let mut device = Device::restore(profile, seed, state.clone());
        device.records.push(Record::Whole { state: Box::new(state) });
        device
    }

    /// A device that goes on from a kept state. Trust is bound to the device's UDI and key: in a
    /// store that came from another device it ends, and usage is kept until there is new trust.
    #[must_use]
    pub fn restore(profile: Profile, seed: Seed, mut state: State) -> Device {
        let mut records = Vec::new();
        if state.trust.as_ref().is_some_and(|trust| !trust.binds(&profile.udi, seed.key.id())) {
            state.trust = None;
            state.bundle = None;
            records.push(Record::Whole { state: Box::new(state.clone()) });
        }
        Device {
            profile,
            time: Chronometer::new(state.floor.max(seed.floor)),
            key: seed.key,
            state,
            records,
            noise: Noise::new(seed.noise),
            next_push: None,
            asked: None,
            pushing: false,
            failures: 0,
            hold_until: None,
            batch: wire::limits::REPORTS_PER_PUSH,
            bundle: push::BundleNeed::None,
            trouble: None,
        }
    }

    /// States that a license is in use at a level from now on. Saying the same again changes nothing.
    ///
    /// # Errors
    /// Only when it cannot be measured: the level is beyond what a report can hold, or 256 other
    /// licenses are counted already. It says nothing about whether the license may be used.
    pub fn usage(
        &mut self,
        tag: &EntitlementTag,
        count: Count,
        now: Clock,
    ) -> Result<(), UsageError> {
        let at = self.read(now);
        let level = count.get();
        let known = self.state.open.get(tag).map_or(0, |open| open.running.level);
        if known == level {
            return Ok(());
        }
        if !self.state.tracks.contains_key(tag) && self.state.tracks.len() >= TAGS_PER_INSTANCE {
            return Err(UsageError::TooManyLicenses);
        }
        self.note(Record::Level { tag: tag.clone(), level, at });
        Ok(())
    }

    /// Asks a manager for trust by an ID token, at the next tick. Trust that exists is replaced
    /// when the answer comes, not before. Asking again by the same token is the same request, so
    /// the answer to a file that is under way stays good.
    pub fn trust(&mut self, token: &IdToken, now: Clock) {
        self.read(now);
        let token = token.to_string();
        if self.state.asking.as_ref().is_none_or(|asking| asking.token != token) {
            let nonce = self.noise.nonce();
            self.note(Record::Asking { asking: Asking { token, nonce } });
        }
        self.asked = None;
        self.release();
    }

    /// Reports at once: closes what is open and sends what waits, what was refused included.
    pub fn sync(&mut self, now: Clock) {
        let at = self.read(now);
        if self.may_close() {
            self.close_all(Ending::CurrentUsageRequested, at);
        }
        self.try_refused_again();
        self.pushing = true;
        self.release();
    }

    /// The product starts again after a restart: what was measured ends at the last moment that was
    /// kept, and the levels go on from now until the product states others.
    pub fn reloaded(&mut self, now: Clock) {
        let end = self.state.floor;
        let at = self.read(now);
        if self.state.open.is_empty() {
            return;
        }
        if self.may_close() {
            self.close_each(Ending::ProductReload, end, at);
        } else {
            self.note(Record::Reloaded { end, at });
        }
    }

    /// A process begins to watch over this device. When one did before, the product has restarted
    /// since (see [`Device::reloaded`]); the first one just goes on from what was stated before it.
    pub fn watched(&mut self, now: Clock) {
        if self.state.watched {
            self.reloaded(now);
        } else {
            self.read(now);
            self.note(Record::Watched);
        }
    }

    /// What changed since the last call and has to be made durable, oldest first.
    pub fn drain_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Who the device is.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What the device knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The device's key, by its id.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key.id()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.state.policy.as_ref().map(|installed| installed.policy.clone()).unwrap_or_default()
    }

    /// Whether a manager has given trust.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.state.trust.is_some()
    }

    /// Whether something is on its way or wants to be sent now.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.asked.is_some() || self.pushing || self.state.asking.is_some()
    }

    /// How many reports are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        match &self.asked {
            Some(Asked::Usage(places)) => places.len(),
            Some(Asked::Trust | Asked::Bundle) | None => 0,
        }
    }

    /// What went wrong last and was not followed by a success, and when.
    #[must_use]
    pub fn trouble(&self) -> Option<&(Timestamp, Trouble)> {
        self.trouble.as_ref()
    }

    /// When the next report is due.
    #[must_use]
    pub fn next_push(&self) -> Option<Timestamp> {
        self.next_push.or_else(|| self.state.last_push.map(|last| last.plus(self.interval())))
    }

    /// Before when there is nothing to do for [`Device::tick`], unless another call comes first.
    #[must_use]
    pub fn next_tick(&self) -> Timestamp {
        let sample = self.state.floor.plus(SAMPLE);
        let next = self.next_push.map_or(self.time.at(), |next| next.min(sample));
        match (self.is_busy(), self.hold_until) {
            (true, Some(hold)) => next.min(hold),
            (true, None) => self.time.at(),
            (false, _) => next,
        }
    }

    /// The interval between reports, as it is now.
    #[must_use]
    pub fn interval(&self) -> Span {
        timing::interval(&self.profile, &self.state, &self.policy())
    }

    /// Until when the policy wants an acknowledgement.
    #[must_use]
    pub fn ack_deadline(&self) -> Option<Timestamp> {
        timing::deadline(&self.profile, &self.state, &self.policy())
    }

    /// Applies a record and queues it to be kept.
    fn note(&mut self, record: Record) {
        self.state.apply(record.clone());
        self.records.push(record);
    }

    /// Reads the clock: what time it is, with a set clock noted in what is being measured.
    fn read(&mut self, now: Clock) -> Timestamp {
        let (at, step) = self.time.read(now);
        if let Some(step) = step {
            self.note_step(step, at);
        }
        if self.next_push.is_none() {
            let first =
                if self.is_trusted() { self.profile.habits.first_push } else { self.interval() };
            self.next_push = Some(at.plus(first));
        }
        at
    }

    fn note_step(&mut self, step: Step, at: Timestamp) {
        if !self.state.open.is_empty() {
            let delta = step.delta.seconds();
            self.note(Record::ClockSet { before: step.before, at, delta, followed: step.followed });
        }
        // What was due by the old time is moved with it, so that a clock set forward by years does
        // not make every timer fire, nor one in a far future hold it for ever.
        if step.followed {
            let shift = step.delta;
            self.hold_until = self.hold_until.map(|hold| hold.plus(shift));
        }
    }

    /// Lets the next tick try at once.
    fn release(&mut self) {
        self.failures = 0;
        self.hold_until = None;
    }
}

/// Why a level could not be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// As many licenses as one product instance can report are counted.
    #[error(
        "{TAGS_PER_INSTANCE} licenses are counted, which is all one product instance can report: set usage of one of them (usage.licenses)"
    )]
    TooManyLicenses,
    /// The level is beyond what a report can hold.
    #[error("a level goes up to {COUNT}: give a smaller one (usage.count)")]
    Count,
}
