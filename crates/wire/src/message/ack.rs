//! Acknowledgements: what a server tells a product instance it has recorded.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Policy, text_in};
use crate::id::InstanceId;
use crate::key::KeyId;
use crate::limits;
use crate::seal::Message;
use crate::tag::EntitlementTag;
use crate::time::Timestamp;

/// Says which reports of one product instance are durably recorded; its audience is that instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    /// Whose reports they are.
    #[n(0)]
    pub instance: InstanceId,
    /// The name of its account.
    #[n(1)]
    pub account_name: String,
    /// The name of the virtual account where it is placed.
    #[n(2)]
    pub virtual_account_name: String,
    /// The reports that are recorded, each by what it is and what it holds.
    #[n(3)]
    pub reports: Vec<AckedReport>,
    /// The reports that are not, and why.
    #[n(4)]
    pub refused: Vec<RefusedReport>,
    /// The highest epoch that was ever recorded of this instance.
    #[n(5)]
    pub highest_epoch: u64,
    /// The policy of this moment.
    #[n(6)]
    pub policy: Policy,
    /// How it stands with the licenses that the instance uses.
    #[n(7)]
    pub standings: Vec<Availability>,
    /// When this was said, by the server's clock.
    #[n(8)]
    pub issued_at: Timestamp,
    /// The newest trust bundle there is.
    #[n(9)]
    pub bundle_version: u64,
}

/// One report that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AckedReport {
    /// The key that sealed it.
    #[n(0)]
    pub key: KeyId,
    /// Its epoch.
    #[n(1)]
    pub epoch: u64,
    /// Its number in the epoch.
    #[n(2)]
    pub number: u64,
    /// Its hash.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: [u8; 32],
}

/// One report that is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefusedReport {
    /// Its epoch.
    #[n(0)]
    pub epoch: u64,
    /// Its number in the epoch.
    #[n(1)]
    pub number: u64,
    /// Its hash.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: [u8; 32],
    /// The stable code of the reason.
    #[n(3)]
    pub code: String,
}

/// How it stands with one license.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Availability {
    /// Which license.
    #[n(0)]
    pub tag: EntitlementTag,
    /// Whether there are enough.
    #[n(1)]
    pub state: AvailabilityState,
    /// How many are free, negative if short, where the server tells.
    #[n(2)]
    pub available: Option<i64>,
}

/// Whether there are enough of a license.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityState {
    /// There are.
    #[n(0)]
    Sufficient,
    /// More are in use than there are.
    #[n(1)]
    Short,
    /// Nobody has said what this license is.
    #[n(2)]
    Unknown,
}

impl Message for Ack {
    const TYP: &'static str = "scrip.ack.v1";
    const LIMIT: usize = limits::ACK_BYTES;

    fn check(&self) -> Result<(), &'static str> {
        text_in("the name of the account", &self.account_name)?;
        text_in("the name of the virtual account", &self.virtual_account_name)?;
        self.refused.iter().try_for_each(|one| text_in("the reason of a refusal", &one.code))?;
        self.policy.check()
    }
}
