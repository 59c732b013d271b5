//! Product instances, the keys bound to them, and what they have in use.

use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::key::KeyId;
use wire::message::TrustRequest;
use wire::report::Member;
use wire::seal::Position;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::udi::Udi;

use crate::country::CountryOfUse;
use crate::license::codes;
use crate::removal::Removal;

/// Where an instance is from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// From when; the first placement counts from the beginning of time.
    pub from: Timestamp,
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
}

/// A product instance: a device or an installed product, known within its account by its UDI.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The account.
    pub account: AccountId,
    /// Its id.
    pub id: InstanceId,
    /// The UDI under which it was first seen.
    pub udi: Udi,
    /// The newest reported host name, or empty.
    pub name: String,
    /// The position of the report that gave the name: a late report renames nothing.
    pub named_at: Position,
    /// The software tag last reported.
    pub software: Option<SoftwareTag>,
    /// The software version last reported.
    pub software_version: String,
    /// The members of the stack or pair, as last reported.
    pub members: Vec<Member>,
    /// The identity of the member that reports as active.
    pub active: String,
    /// Since when that member does.
    pub active_since: Timestamp,
    /// Where it was since when, oldest first; never empty.
    pub placements: Vec<Placement>,
    /// When its first key was bound: from then on unverified reports do not count.
    pub bound_at: Option<Timestamp>,
    /// Per key, how far its reports were heard.
    pub progress: Vec<Progress>,
    /// The latest effective start of any of its measurements.
    pub last_start: Timestamp,
    /// When a report of it was last heard.
    pub heard_at: Option<Timestamp>,
    /// When its last level turns stale under its policy; `None` if never.
    pub stale_at: Option<Timestamp>,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// In which country it is used, if that is known.
    pub country_of_use: Option<CountryOfUse>,
    /// When persons removed it, oldest first.
    pub removals: Vec<Removal>,
}

impl Instance {
    /// An instance that nothing has been heard of yet.
    pub fn unheard(
        account: AccountId,
        id: InstanceId,
        udi: Udi,
        at: VirtualAccountId,
        now: Timestamp,
    ) -> Self {
        Self {
            account,
            id,
            udi,
            name: String::new(),
            named_at: Position { epoch: 0, number: 0 },
            software: None,
            software_version: String::new(),
            members: Vec::new(),
            active: String::new(),
            active_since: Timestamp::MIN,
            placements: vec![Placement { from: Timestamp::MIN, virtual_account: at }],
            bound_at: None,
            progress: Vec::new(),
            last_start: Timestamp::MIN,
            heard_at: None,
            stale_at: None,
            created_at: now,
            country_of_use: None,
            removals: Vec::new(),
        }
    }

    /// The virtual account in which it is now.
    pub fn virtual_account(&self) -> VirtualAccountId {
        self.placements[self.placements.len() - 1].virtual_account
    }

    /// The virtual account in which it was at a moment.
    pub fn placed_at(&self, at: Timestamp) -> VirtualAccountId {
        let past = self.placements.iter().rev().find(|placement| placement.from <= at);
        past.unwrap_or(&self.placements[0]).virtual_account
    }

    /// The identity text of every UDI that means this instance, in a trust request's words.
    pub fn identities(udi: &Udi, members: &[Member]) -> Vec<String> {
        let mut all: Vec<String> = Vec::with_capacity(1 + members.len());
        for one in std::iter::once(udi).chain(members.iter().map(|member| &member.udi)) {
            if let Ok(identity) = one.identity()
                && !all.contains(&identity)
            {
                all.push(identity);
            }
        }
        all
    }

    /// The identities that a trust request names.
    pub fn identities_of(request: &TrustRequest) -> Vec<String> {
        Self::identities(&request.udi, &request.members)
    }
}

/// How far the reports under one key were heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The key.
    pub key: KeyId,
    /// The highest position heard under it.
    pub newest: Position,
    /// How many numbers of the newest epoch were heard; what is missing below `newest` is a gap.
    pub heard: u64,
    /// The hash of the newest report.
    pub tip: [u8; 32],
}

impl Progress {
    /// How many reports of the newest epoch are missing below the newest one. Unverified
    /// reports (epoch 0) are numbered in ways that we do not know, so none is missed.
    pub fn gaps(&self) -> u64 {
        if self.newest.epoch == 0 { 0 } else { self.newest.number.saturating_sub(self.heard) }
    }
}

impl Instance {
    /// The highest position heard under any key.
    pub fn newest(&self) -> Position {
        self.progress.iter().map(|one| one.newest).max().unwrap_or(Position { epoch: 0, number: 0 })
    }

    /// How far the reports under a key were heard.
    pub fn progress_of(&self, key: KeyId) -> Option<&Progress> {
        self.progress.iter().find(|one| one.key == key)
    }

    /// Notes a report that was not known before.
    pub(crate) fn advance(&mut self, key: KeyId, position: Position, hash: [u8; 32]) {
        let Some(one) = self.progress.iter_mut().find(|one| one.key == key) else {
            self.progress.push(Progress { key, newest: position, heard: 1, tip: hash });
            return;
        };
        if position.epoch > one.newest.epoch {
            one.heard = 1;
        } else if position.epoch == one.newest.epoch {
            one.heard += 1;
        }
        if position > one.newest {
            one.newest = position;
            one.tip = hash;
        }
    }
}

/// Whether a key may still speak for its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It may.
    Bound,
    /// It may not: stolen or cloned.
    Revoked,
}

codes!(KeyState { Bound = 0 / "bound", Revoked = 1 / "revoked" });

/// A device's key, bound to an instance by an ID token.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceKey {
    /// The account.
    pub account: AccountId,
    /// The key's id, which reports name.
    pub id: KeyId,
    /// The verifying key itself.
    pub public: [u8; 32],
    /// The instance that it speaks for.
    pub instance: InstanceId,
    /// Whether it may still speak.
    pub state: KeyState,
    /// Why it was revoked, or empty.
    pub reason: String,
    /// When it was bound.
    pub bound_at: Timestamp,
}

/// What an instance has in use of one license.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The account.
    pub account: AccountId,
    /// The instance.
    pub instance: InstanceId,
    /// The license.
    pub tag: EntitlementTag,
    /// The pool in which it counts now.
    pub pool: PoolId,
    /// The level in use, in units of the license.
    pub level: u32,
    /// Whether a bound key vouches for it.
    pub proof: Proof,
    /// Since when the level has been so.
    pub since: Timestamp,
    /// A later complete save of the device left it out: still counted, asks for a person's eye.
    pub unconfirmed_since: Option<Timestamp>,
    /// When a person said that it ended, each time; only a later report brings it back.
    pub ends: Vec<Timestamp>,
}

impl Use {
    /// When a person last said that it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ends.iter().max().copied()
    }
}

/// Whether a bound key vouches for a report and what it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Sealed by a key bound to the instance.
    Verified,
    /// Taken in on a person's word.
    Unverified,
}

codes!(Proof { Unverified = 0 / "unverified", Verified = 1 / "verified" });

/// One of the identities by which an instance is found: its own UDI and every member's.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The canonical identity text of a UDI.
    pub identity: String,
    /// The instance that it means.
    pub instance: InstanceId,
}

/// A name that an instance has or had; old names stay searchable.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The account.
    pub account: AccountId,
    /// The instance.
    pub instance: InstanceId,
    /// The name.
    pub name: String,
    /// When it was first heard.
    pub first_heard_at: Timestamp,
}
