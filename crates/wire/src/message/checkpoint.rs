//! Checkpoints: a signed statement of how an account's event log stood.

use minicbor::{Decode, Encode};

use crate::id::AccountId;
use crate::limits;
use crate::seal::Message;
use crate::time::Timestamp;

/// Says how many events an account's log held and what the root of their tree was (RFC 6962).
/// Whoever keeps one can have it proved later that the log still begins so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// The account; sixteen zeros for the house's own log.
    #[n(0)]
    pub account: AccountId,
    /// How many events the tree held.
    #[n(1)]
    pub size: u64,
    /// The root of the tree.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub root: [u8; 32],
    /// When it was so.
    #[n(3)]
    pub at: Timestamp,
}

impl Message for Checkpoint {
    const TYP: &'static str = "scrip.checkpoint.v1";
    const LIMIT: usize = limits::CHECKPOINT_BYTES;
}
