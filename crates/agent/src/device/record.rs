//! What changed, in the form that is kept.
//!
//! Each change of the device's lasting state is one [`Record`]; [`State::apply`] is the only place
//! where that state changes, while the device runs and when its store is read again. So any run of
//! records from the first on is a state that the device really was in.

use minicbor::{Decode, Encode};
use wire::id::InstanceId;
use wire::key::{KeyId, Realm};
use wire::message::{Availability, Policy, TrustBundle, TrustCode};
use wire::seal::SealedReport;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::state::{Asking, State};

/// One lasting change. Times named in seconds are seconds UTC.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Record {
    /// The whole state: the first record of a store, and of each rewritten one.
    #[n(0)]
    Whole {
        /// The state.
        #[n(0)]
        state: Box<State>,
    },
    /// Time went on.
    #[n(1)]
    Time {
        /// Until when.
        #[n(0)]
        at: Timestamp,
    },
    /// A license is in use at another level.
    #[n(2)]
    Level {
        /// The license.
        #[n(0)]
        tag: EntitlementTag,
        /// The level.
        #[n(1)]
        level: u32,
        /// Since when.
        #[n(2)]
        at: Timestamp,
    },
    /// The wall clock was set.
    #[n(3)]
    ClockSet {
        /// What the time would have been.
        #[n(0)]
        before: Timestamp,
        /// What the time is.
        #[n(1)]
        at: Timestamp,
        /// By how many seconds it was set.
        #[n(2)]
        delta: i64,
        /// Whether the counted time followed, so that a new measurement begins.
        #[n(3)]
        followed: bool,
    },
    /// The product restarted, and the open reports go on.
    #[n(4)]
    Reloaded {
        /// The last moment known to be measured.
        #[n(0)]
        end: Timestamp,
        /// The start.
        #[n(1)]
        at: Timestamp,
    },
    /// A report was closed and sealed.
    #[n(5)]
    Closed {
        /// The report.
        #[n(0)]
        report: Closed,
        /// When the next measurement of its license begins.
        #[n(1)]
        resumed: Timestamp,
    },
    /// Trust is asked for.
    #[n(6)]
    Asking {
        /// By what.
        #[n(0)]
        asking: Asking,
    },
    /// Trust was refused for good.
    #[n(7)]
    NotTrusted,
    /// Trust was given.
    #[n(8)]
    Trusted {
        /// What was proved.
        #[n(0)]
        code: TrustCode,
        /// The trust code as it came, for others to carry.
        #[cbor(n(1), with = "minicbor::bytes")]
        bytes: Vec<u8>,
        /// The realm that the ID token named.
        #[n(2)]
        realm: Realm,
        /// When.
        #[n(3)]
        at: Timestamp,
    },
    /// A newer trust bundle.
    #[n(9)]
    Bundle {
        /// The bundle, verified.
        #[n(0)]
        bundle: TrustBundle,
    },
    /// An acknowledgement.
    #[n(10)]
    Acknowledged {
        /// What it said about us.
        #[n(0)]
        ack: Acknowledged,
    },
    /// A policy came by itself.
    #[n(11)]
    PolicyInstalled {
        /// The policy.
        #[n(0)]
        policy: Policy,
        /// When.
        #[n(1)]
        at: Timestamp,
    },
    /// Reports were written to a file.
    #[n(12)]
    Saved {
        /// When.
        #[n(0)]
        at: Timestamp,
    },
    /// What was refused may be tried again.
    #[n(13)]
    RefusedAgain,
    /// A process watches over the device from now on.
    #[n(15)]
    Watched,
    /// A report was refused here, by the answer to a push that held nothing else.
    #[n(14)]
    Refused {
        /// Its epoch.
        #[n(0)]
        epoch: u64,
        /// Its number.
        #[n(1)]
        number: u64,
        /// Why.
        #[n(2)]
        code: String,
    },
}

/// A closed report on its way.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Closed {
    /// The license.
    #[n(0)]
    pub tag: EntitlementTag,
    /// The epoch.
    #[n(1)]
    pub epoch: u64,
    /// The number within the epoch, from 1.
    #[n(2)]
    pub number: u64,
    /// The key that sealed it.
    #[n(3)]
    pub key: KeyId,
    /// Its hash.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub hash: [u8; 32],
    /// What is signed.
    #[n(5)]
    pub payload: String,
    /// The signature.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub cose: Vec<u8>,
    /// When it was closed.
    #[n(6)]
    pub at: Timestamp,
    /// The code of its refusal.
    #[n(7)]
    pub refused: Option<String>,
}

impl Closed {
    /// The report as it travels.
    #[must_use]
    pub fn sealed(&self) -> SealedReport {
        SealedReport::from_parts(self.payload.clone(), self.cose.clone())
    }

    /// About how many bytes it takes when it travels: quotes are escaped, the signature is base64,
    /// and names stand around both.
    #[must_use]
    pub fn carried_bytes(&self) -> usize {
        let quotes = self.payload.bytes().filter(|byte| *byte == b'"').count();
        self.payload.len() + quotes + self.cose.len() * 3 / 2 + 1024
    }

    /// Takes the report's bytes out of what room is left; false when it does not fit.
    pub(super) fn fits(&self, room: &mut usize) -> bool {
        match room.checked_sub(self.carried_bytes()) {
            Some(left) => {
                *room = left;
                true
            }
            None => false,
        }
    }
}

/// How an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Road {
    /// As the answer to what was sent.
    #[n(0)]
    Network,
    /// In a file, by hand.
    #[n(1)]
    File,
}

/// What an acknowledgement said about this device.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Acknowledged {
    /// Whom it was made for.
    #[n(0)]
    pub instance: InstanceId,
    /// The account's name.
    #[n(1)]
    pub account_name: String,
    /// The virtual account's name.
    #[n(2)]
    pub virtual_account_name: String,
    /// Epoch and number of the reports that need not be kept any longer.
    #[n(3)]
    pub reports: Vec<(u64, u64)>,
    /// Epoch, number and code of those refused.
    #[n(4)]
    pub refused: Vec<(u64, u64, String)>,
    /// The highest epoch the manager knows of us.
    #[n(5)]
    pub highest_epoch: u64,
    /// The policy in force.
    #[n(6)]
    pub policy: Policy,
    /// What is available.
    #[n(7)]
    pub standings: Vec<Availability>,
    /// When it was signed.
    #[n(8)]
    pub issued_at: Timestamp,
    /// When it came.
    #[n(9)]
    pub at: Timestamp,
    /// How it came.
    #[n(10)]
    pub road: Road,
}
