//! The event log as a tree: what the leaf of an event holds, and how events get their places.
//!
//! A leaf holds a salted hash in place of what tells of a person, so that salt and value can be
//! erased and the tree still stands. It holds its own place, so that two that change places are
//! both found out.

use minicbor::Encoder;
use sha2::{Digest as _, Sha256};
use wire::id::AccountId;
use wire::time::Timestamp;

use crate::license::codes;
use crate::posting::Event;
use crate::tree::{Edge, Hash};

/// What the first member of every leaf says.
pub const LEAF: &str = "scrip.event.v1";
/// What it says of an event that is of a virtual account, whose id is then the last member.
pub const LEAF_WITH_PLACE: &str = "scrip.event.v2";
/// The roots of complete subtrees are kept where their level is a multiple of this.
pub const KEPT_LEVELS: u32 = 8;

/// What an event is about, for who sees only one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sphere {
    /// Accounts, people, terms.
    Administration,
    /// Licenses, ID tokens, product instances, usage.
    Licenses,
}

codes!(Sphere { Administration = 0 / "administration", Licenses = 1 / "licenses" });

impl Sphere {
    /// What an event of such an action is about.
    pub fn of(action: &str) -> Self {
        let kind = action.split_once('.').map_or(action, |(kind, _)| kind);
        match kind {
            "license" | "entitlement" | "token" | "device_key" | "instance" | "usage" | "use" => {
                Self::Licenses
            }
            _ => Self::Administration,
        }
    }
}

/// Random bytes without which nobody can guess what was hashed with them.
pub type Salt = [u8; 16];

/// The tree of an account's events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTree {
    /// The account.
    pub account: AccountId,
    /// Its right edge.
    pub edge: Edge,
    /// When it was appended to last.
    pub appended_at: Timestamp,
}

/// Where an event stands in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub number: u64,
    /// The salted hash of what tells of a person.
    pub personal: Hash,
    /// The hash of its leaf.
    pub leaf: Hash,
}

/// An event that has got its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The event.
    pub event: Event,
    /// Its place.
    pub place: Place,
}

/// A subtree's root, kept so that proofs need not read every leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeptSubtree {
    /// The account.
    pub account: AccountId,
    /// The subtree.
    pub subtree: crate::tree::Subtree,
}

/// A signed statement of how a tree stood, kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptCheckpoint {
    /// The account.
    pub account: AccountId,
    /// How many events it covers.
    pub size: u64,
    /// The sealed message.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What is known of the part of an event that tells of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// It is there, hashed with this salt.
    Kept(Salt),
    /// It was erased at a moment.
    Erased(Timestamp),
    /// It is not there, and nobody erased it.
    Missing,
}

/// An event as the log has it. What tells of a person is empty where it was erased.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The event.
    pub event: Event,
    /// What is known of its personal part.
    pub personal: Personal,
    /// Its place; `None` until it has one.
    pub place: Option<Place>,
    /// What it is about, as its row says.
    pub sphere: Sphere,
}

/// The hash that stands in a leaf for what tells of a person: who, from where, and particulars.
pub fn personal_hash(salt: &Salt, event: &Event) -> Hash {
    let mut encoder = Encoder::new(Sink(Vec::with_capacity(128)));
    let parts = [&event.actor, &event.address, &event.private];
    // A vector takes every byte, so there is no error to speak of.
    let _ = encoder.encode(parts);
    Sha256::new().chain_update(salt).chain_update(encoder.into_writer().0).finalize().into()
}

/// The bytes of an event's leaf: deterministic CBOR.
pub fn leaf_bytes(event: &Event, number: u64, personal: &Hash) -> Vec<u8> {
    let mut encoder = Encoder::new(Sink(Vec::with_capacity(256)));
    // A vector takes every byte, so there is no error to speak of.
    let _ = encode_leaf(&mut encoder, event, number, personal);
    encoder.into_writer().0
}

fn encode_leaf(
    encoder: &mut Encoder<Sink>,
    event: &Event,
    number: u64,
    personal: &Hash,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    // An event of no virtual account has the leaf that all events had before they named theirs.
    let (members, kind) = match event.virtual_account {
        None => (10, LEAF),
        Some(_) => (11, LEAF_WITH_PLACE),
    };
    encoder
        .array(members)?
        .str(kind)?
        .bytes(event.account.as_bytes())?
        .u64(number)?
        .bytes(event.id.as_bytes())?
        .i64(event.at.millis())?
        .str(&event.role)?
        .str(&event.action)?
        .str(&event.subject)?
        .str(&event.detail)?
        .bytes(personal)?;
    if let Some(place) = event.virtual_account {
        encoder.bytes(place.as_bytes())?;
    }
    Ok(())
}

/// Where encoded bytes go.
struct Sink(Vec<u8>);

impl minicbor::encode::Write for Sink {
    type Error = std::convert::Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// The place of an event with this number.
pub fn place(event: &Event, salt: Option<&Salt>, number: u64) -> Place {
    // What was erased before it had a place is not known to the tree either.
    let personal = salt.map_or([0; 32], |salt| personal_hash(salt, event));
    let leaf = crate::tree::leaf_hash(&leaf_bytes(event, number, &personal));
    Place { number, personal, leaf }
}
