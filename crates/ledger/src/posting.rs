//! Postings: all that one command yields, for one transaction to write down.

use wire::id::{AccountId, AlarmId, EventId, MessageId, PoolId, VirtualAccountId};
use wire::time::Timestamp;

use crate::account::{Account, VirtualAccount};
use crate::alarm::{Alarm, Happening};
use crate::entitlement::{Bucket, Entitlement};
use crate::house::{Claim, HouseFact, Session};
use crate::instance::{DeviceKey, Identity, Instance, Name, Use};
use crate::license::License;
use crate::log::{EventTree, KeptCheckpoint, KeptSubtree, Placed};
use crate::person::{AccessRequest, ApiToken, Grant, Letter, Link, Person, Terms};
use crate::pool::Pool;
use crate::report::Recorded;
use crate::token::Token;

/// A line of the book. Append-only: a correction is a line that reverses.
///
/// Movements of lots come in twos that cancel out; usage is a measurement and comes alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The account.
    pub account: AccountId,
    /// The pool.
    pub pool: PoolId,
    /// Its number within the pool, from 1.
    pub seq: u64,
    /// When it counts from.
    pub effective_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The entitlement that moved or the instance that was measured, as bytes of its id.
    pub subject: [u8; 16],
    /// Which bucket changes.
    pub bucket: Bucket,
    /// By how much.
    pub quantity: i64,
}

/// What was done, by whom, by which right: written in the transaction of the change itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The account; the zero id for the house's own.
    pub account: AccountId,
    /// The virtual account that it is of, if it is of one.
    pub virtual_account: Option<VirtualAccountId>,
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who, in words.
    pub actor: String,
    /// By which role.
    pub role: String,
    /// What was done: a stable code such as `entitlement.granted`.
    pub action: String,
    /// To what: the id of the thing.
    pub subject: String,
    /// The particulars, as compact JSON text: see [`crate::detail::Detail`].
    pub detail: String,
    /// Those particulars that tell of a person, in the same form, or empty.
    pub private: String,
    /// From which network address, or empty.
    pub address: String,
}

/// A piece of news for people, queued with the change that caused it.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The account.
    pub account: AccountId,
    /// Its id, by which receivers drop doubles.
    pub id: MessageId,
    /// What happened.
    pub happening: Happening,
    /// The alarm.
    pub alarm: AlarmId,
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The license's tag, or the instance's identity.
    pub about: String,
    /// Units in use.
    pub needed: i64,
    /// Units missing.
    pub missing: i64,
    /// Since when, measured.
    pub since: Timestamp,
    /// When it became known.
    pub at: Timestamp,
}

/// A change of an alarm, kept as its history.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmChange {
    /// The account.
    pub account: AccountId,
    /// The alarm.
    pub alarm: AlarmId,
    /// Its number within the alarm, from 1.
    pub seq: u64,
    /// What happened.
    pub happening: Happening,
    /// From when it counts, measured.
    pub effective_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// Units in use then.
    pub needed: i64,
    /// Units missing then.
    pub missing: i64,
}

/// One row to be put or appended.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Puts an account.
    Account(Account),
    /// Puts a virtual account.
    VirtualAccount(VirtualAccount),
    /// Puts a license definition.
    License(License),
    /// Puts a lot.
    Entitlement(Entitlement),
    /// Puts an instance.
    Instance(Box<Instance>),
    /// Puts a device's key.
    DeviceKey(DeviceKey),
    /// Puts an identity of an instance.
    Identity(Identity),
    /// Puts a name of an instance.
    Name(Name),
    /// Puts what an instance has in use of a license.
    Use(Use),
    /// Puts a pool.
    Pool(Pool),
    /// Puts an alarm.
    Alarm(Alarm),
    /// Puts an ID token.
    Token(Token),
    /// Puts a claim on something unique.
    Claim(Claim),
    /// Puts a fact of the house.
    HouseFact(HouseFact),
    /// Puts a session.
    Session(Session),
    /// Puts a person.
    Person(Box<Person>),
    /// Puts the grant of a role.
    Grant(Grant),
    /// Puts a one-time link.
    Link(Link),
    /// Puts a request for access.
    AccessRequest(AccessRequest),
    /// Puts an API token.
    ApiToken(ApiToken),
    /// Puts a version of the terms.
    Terms(Terms),
    /// Appends an entry.
    Entry(Entry),
    /// Appends a report and its evidence.
    Report(Box<Recorded>, Vec<u8>),
    /// Appends an alarm's change.
    AlarmChange(AlarmChange),
    /// Appends an event.
    Event(Event),
    /// Queues news.
    News(News),
    /// Queues a mail.
    Letter(Letter),
    /// Gives an event its place.
    Placed(Box<Placed>),
    /// Keeps a subtree's root.
    KeptSubtree(KeptSubtree),
    /// Puts the tree of an account's events.
    EventTree(EventTree),
    /// Keeps a checkpoint.
    KeptCheckpoint(KeptCheckpoint),
}

/// All that one command yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posting {
    /// The rows, in the order in which they came about.
    pub effects: Vec<Effect>,
}

impl Posting {
    /// A posting that changes nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub fn put(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// The entries among its rows.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Entry(entry) => Some(entry),
            _ => None,
        })
    }

    /// The news among its rows.
    pub fn news(&self) -> impl Iterator<Item = &News> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::News(news) => Some(news),
            _ => None,
        })
    }
}
