//! Giving events their places, and keeping signed statements of how the tree stands.

use wire::id::AccountId;
use wire::time::Timestamp;

use super::{Stop, nothing_but};
use crate::log::{EventTree, KEPT_LEVELS, KeptCheckpoint, KeptSubtree, Placed, Salt, place};
use crate::page::Page;
use crate::posting::{Effect, Event, Posting};
use crate::tree::Edge;

/// An event that has no place yet.
#[derive(Clone, Debug)]
pub struct Unplaced {
    /// The event.
    pub event: Event,
    /// What its personal part is hashed with; `None` if it was erased already.
    pub salt: Option<Salt>,
}

/// Appends waiting events to the tree of their account. A fact: it happens as they are found.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The account; [`crate::house::HOUSE`] for the house's own.
    pub account: AccountId,
    /// How many events the tree held when these were found without a place.
    pub from: u64,
    /// Those that have no place; they are taken in order of time, then of their ids.
    pub events: Vec<Unplaced>,
}

impl Sequence {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let tree = page.hold_event_tree(self.account)?;
        let mut edge = tree.map_or_else(Edge::default, |tree| tree.edge.clone());
        if edge.size() != self.from {
            // Another node was first: some of these may have their places.
            return Ok(Posting::nothing());
        }
        let mut events: Vec<&Unplaced> = self.events.iter().collect();
        events.sort_by_key(|one| (one.event.at, one.event.id));
        let mut posting = Posting::nothing();
        for one in events {
            let place = place(&one.event, one.salt.as_ref(), edge.size());
            for subtree in edge.append(place.leaf) {
                if subtree.level > 0 && subtree.level.is_multiple_of(KEPT_LEVELS) {
                    posting
                        .put(Effect::KeptSubtree(KeptSubtree { account: self.account, subtree }));
                }
            }
            posting.put(Effect::Placed(Box::new(Placed { event: one.event.clone(), place })));
        }
        let tree = EventTree { account: self.account, edge, appended_at: now };
        posting.put(Effect::EventTree(tree));
        Ok(posting)
    }
}

/// Keeps a checkpoint that was signed.
#[derive(Clone, Debug)]
pub struct KeepCheckpoint {
    /// The checkpoint.
    pub checkpoint: KeptCheckpoint,
}

impl KeepCheckpoint {
    pub(super) fn decide(&self) -> Posting {
        nothing_but(vec![Effect::KeptCheckpoint(self.checkpoint.clone())])
    }
}
