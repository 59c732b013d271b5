//! Alarms, and what people are told of them.
//!
//! An alarm is open exactly while its cause is. Telling is damped: the first message at
//! once; reopening within a day of settling continues the episode and tells again only
//! above the largest shortage told; *settled* is told after sixty quiet minutes.

use wire::id::{AccountId, AlarmId, InstanceId, VirtualAccountId};
use wire::time::{Span, Timestamp};

use crate::license::codes;
use crate::pool::{Pool, alarm_id};

/// Reopening within this time of settling continues the episode.
pub const EPISODE: Span = Span::from_hours(24);
/// *Settled* is told after this quiet time.
pub const QUIET: Span = Span::from_minutes(60);

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// More in use than owned (major).
    InsufficientLicenses,
    /// Two devices report under one identity (major).
    ClonedInstance,
    /// A device is used in another country than that of purchase (minor).
    UsedElsewhere,
    /// A product instance that was removed reports again (minor).
    ReportsAgain,
}

codes!(AlarmKind {
    InsufficientLicenses = 0 / "insufficient_licenses",
    ClonedInstance = 1 / "cloned_instance",
    UsedElsewhere = 2 / "used_elsewhere",
    ReportsAgain = 3 / "reports_again",
});

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Needs a person today.
    Major,
    /// Needs a person some day.
    Minor,
}

codes!(Severity { Major = 0 / "major", Minor = 1 / "minor" });

/// Whether its cause is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// It is.
    Open,
    /// It is over.
    Settled,
}

codes!(AlarmState { Open = 0 / "open", Settled = 1 / "settled" });

/// What happened to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It opened, or opened again.
    Opened,
    /// Its cause is over.
    Settled,
}

codes!(Happening { Opened = 0 / "opened", Settled = 1 / "settled" });

/// What has been told of the present episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nothing is owed.
    Done,
    /// It was told that it opened, so it will be told that it settled.
    OwesSettled,
}

codes!(Telling { Done = 0 / "done", OwesSettled = 1 / "owes_settled" });

/// An alarm: one per cause, opened and settled again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The account.
    pub account: AccountId,
    /// Its id, derived from its cause.
    pub id: AlarmId,
    /// What it is about.
    pub kind: AlarmKind,
    /// How bad it is.
    pub severity: Severity,
    /// The virtual account in which it shows.
    pub virtual_account: VirtualAccountId,
    /// The pool or instance that it is about, as bytes of its id.
    pub subject: [u8; 16],
    /// The license's tag, or the instance's identity.
    pub about: String,
    /// Whether its cause is there now.
    pub state: AlarmState,
    /// Known since.
    pub opened_at: Timestamp,
    /// Short since, measured.
    pub short_since: Timestamp,
    /// When it last settled; `Timestamp::MIN` while it never has.
    pub settled_at: Timestamp,
    /// Units in use.
    pub needed: i64,
    /// Units missing.
    pub missing: i64,
    /// The largest shortage told in this episode.
    pub largest_told: i64,
    /// What is owed to people.
    pub telling: Telling,
    /// The number of its last change.
    pub seq: u64,
}

/// The measured circumstances of a cause.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Units in use.
    pub needed: i64,
    /// Units missing; zero when the cause is not there.
    pub missing: i64,
    /// Since when the cause is there, or is not there any more, measured.
    pub since: Timestamp,
}

/// What became of an alarm: the alarm as it is now, what happened, and whether to tell.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The alarm as it is now.
    pub alarm: Alarm,
    /// What happened, if it opened or settled.
    pub happening: Option<Happening>,
    /// Whether people are told of it.
    pub told: Option<Happening>,
}

impl Alarm {
    /// A pool's alarm before it was ever open.
    pub fn of_pool(pool: &Pool) -> Self {
        Self {
            account: pool.account,
            id: alarm_id(pool.id),
            kind: AlarmKind::InsufficientLicenses,
            severity: Severity::Major,
            virtual_account: pool.virtual_account,
            subject: *pool.id.as_bytes(),
            about: pool.tag.as_str().to_owned(),
            state: AlarmState::Settled,
            opened_at: Timestamp::MIN,
            short_since: Timestamp::MIN,
            settled_at: Timestamp::MIN,
            needed: 0,
            missing: 0,
            largest_told: 0,
            telling: Telling::Done,
            seq: 0,
        }
    }

    /// The alarm that two devices report under one instance's identity, before it was ever open.
    pub fn of_clone(
        account: AccountId,
        instance: InstanceId,
        at: VirtualAccountId,
        identity: &str,
    ) -> Self {
        Self {
            account,
            id: clone_alarm_id(instance),
            kind: AlarmKind::ClonedInstance,
            severity: Severity::Major,
            virtual_account: at,
            subject: *instance.as_bytes(),
            about: identity.to_owned(),
            state: AlarmState::Settled,
            opened_at: Timestamp::MIN,
            short_since: Timestamp::MIN,
            settled_at: Timestamp::MIN,
            needed: 0,
            missing: 0,
            largest_told: 0,
            telling: Telling::Done,
            seq: 0,
        }
    }

    /// Brings the alarm into line with its cause; `None` if nothing changes.
    pub fn judge(&self, cause: Cause, now: Timestamp) -> Option<Judgement> {
        match (self.state, cause.missing > 0) {
            (AlarmState::Settled, true) => Some(self.open(cause, now)),
            (AlarmState::Open, false) => Some(self.settle(cause, now)),
            (AlarmState::Open, true) => self.keep_open(cause),
            (AlarmState::Settled, false) => None,
        }
    }

    /// Whether *settled* is to be told now.
    pub fn owes_settled(&self, now: Timestamp) -> bool {
        self.state == AlarmState::Settled
            && self.telling == Telling::OwesSettled
            && self.settled_at.plus(QUIET) <= now
    }

    fn open(&self, cause: Cause, now: Timestamp) -> Judgement {
        let continues = self.seq > 0 && now < self.settled_at.plus(EPISODE);
        let largest_told = if continues { self.largest_told } else { 0 };
        let tells = cause.missing > largest_told;
        let alarm = Self {
            state: AlarmState::Open,
            opened_at: now,
            short_since: cause.since,
            needed: cause.needed,
            missing: cause.missing,
            largest_told: if tells { cause.missing } else { largest_told },
            telling: if tells { Telling::OwesSettled } else { self.telling },
            seq: self.seq + 1,
            ..self.clone()
        };
        Judgement {
            alarm,
            happening: Some(Happening::Opened),
            told: tells.then_some(Happening::Opened),
        }
    }

    fn settle(&self, cause: Cause, now: Timestamp) -> Judgement {
        let alarm = Self {
            state: AlarmState::Settled,
            settled_at: now,
            needed: cause.needed,
            missing: 0,
            seq: self.seq + 1,
            ..self.clone()
        };
        Judgement { alarm, happening: Some(Happening::Settled), told: None }
    }

    fn keep_open(&self, cause: Cause) -> Option<Judgement> {
        let same = self.needed == cause.needed
            && self.missing == cause.missing
            && self.short_since == cause.since;
        if same {
            return None;
        }
        let alarm = Self {
            needed: cause.needed,
            missing: cause.missing,
            short_since: cause.since,
            ..self.clone()
        };
        Some(Judgement { alarm, happening: None, told: None })
    }
}

/// What the alarm of a cloned instance is named by.
pub fn clone_alarm_id(instance: InstanceId) -> AlarmId {
    AlarmId::derive(&[instance.as_bytes(), b"cloned_instance"])
}
