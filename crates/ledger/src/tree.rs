//! A Merkle tree over a log, as RFC 6962 has it: SHA-256, leaves and nodes told apart by a byte.
//!
//! Appending needs only the right edge: the roots of the complete subtrees of which the tree
//! consists. Proofs need the roots of complete subtrees, which a [`Subtrees`] finds. Not here:
//! what a leaf holds (see [`crate::log`]).

use sha2::{Digest as _, Sha256};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// The hash of a node from those of its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the tree without a leaf.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root of a complete subtree: 2^level leaves, the first of them at position × 2^level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// How high it is; 0 is a leaf.
    pub level: u32,
    /// Which of its height, from the left, from 0.
    pub position: u64,
    /// Its root.
    pub hash: Hash,
}

/// The right edge of a tree: enough to append to it and to know its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The roots of its complete subtrees, the largest first: one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of so many leaves, or `None` if so many peaks cannot be its own.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()) == Ok(peaks.len())).then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Appends a leaf by its hash; returns the complete subtrees that it finishes, the leaf first.
    pub fn append(&mut self, leaf: Hash) -> Vec<Subtree> {
        let mut position = self.size;
        let mut done = vec![Subtree { level: 0, position, hash: leaf }];
        let mut hash = leaf;
        let mut level = 0;
        while position & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            position >>= 1;
            level += 1;
            done.push(Subtree { level, position, hash });
        }
        self.peaks.push(hash);
        self.size += 1;
        done
    }
}

/// Whoever knows the roots of complete subtrees.
pub trait Subtrees {
    /// Why one is not found.
    type Fault;

    /// The root of the complete subtree of this height and position.
    ///
    /// # Errors
    /// If it cannot be found.
    fn complete(&mut self, level: u32, position: u64) -> Result<Hash, Self::Fault>;
}

/// The root of the tree over the leaves from `start` up to `end`, which is not part of it.
/// `start` must be a multiple of the least power of two that is not less than their number.
fn root_of<S: Subtrees>(trees: &mut S, start: u64, end: u64) -> Result<Hash, S::Fault> {
    let count = end - start;
    if count == 0 {
        return Ok(empty_root());
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return trees.complete(level, start >> level);
    }
    let middle = start + split(count);
    let left = root_of(trees, start, middle)?;
    Ok(node_hash(&left, &root_of(trees, middle, end)?))
}

/// The largest power of two that is less than the count, which is at least two.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The root that the tree had when it was of a size.
///
/// # Errors
/// If a subtree cannot be found.
pub fn root<S: Subtrees>(trees: &mut S, size: u64) -> Result<Hash, S::Fault> {
    root_of(trees, 0, size)
}

/// The proof that a leaf is at its place in the tree of a size (RFC 6962, 2.1.1).
/// Empty if there is no such place.
///
/// # Errors
/// If a subtree cannot be found.
pub fn inclusion<S: Subtrees>(trees: &mut S, place: u64, size: u64) -> Result<Vec<Hash>, S::Fault> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while place < size && end - start > 1 {
        let middle = start + split(end - start);
        if place < middle {
            path.push(root_of(trees, middle, end)?);
            end = middle;
        } else {
            path.push(root_of(trees, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of one size is the beginning of the tree of another (RFC 6962, 2.1.2).
/// Empty if it is the same one, or none.
///
/// # Errors
/// If a subtree cannot be found.
pub fn consistency<S: Subtrees>(trees: &mut S, from: u64, to: u64) -> Result<Vec<Hash>, S::Fault> {
    let (mut start, mut end) = (0, to);
    let mut path = Vec::new();
    if from == 0 || from >= to {
        return Ok(path);
    }
    while from != end {
        let middle = start + split(end - start);
        if from <= middle {
            path.push(root_of(trees, middle, end)?);
            end = middle;
        } else {
            path.push(root_of(trees, start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        path.push(root_of(trees, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// What a proof comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It proves what it is to prove.
    Proved,
    /// It does not.
    Unproved,
}

impl From<bool> for Verdict {
    fn from(proved: bool) -> Self {
        if proved { Self::Proved } else { Self::Unproved }
    }
}

/// Whether a path proves that a leaf is at its place in the tree of a size and root.
pub fn check_inclusion(leaf: &Hash, place: u64, size: u64, path: &[Hash], root: &Hash) -> Verdict {
    if place >= size {
        return Verdict::Unproved;
    }
    let (mut at, mut last) = (place, size - 1);
    let mut hash = *leaf;
    for one in path {
        if last == 0 {
            return Verdict::Unproved;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(one, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, one);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0 && hash == *root).into()
}

/// A tree, named by how many leaves it has and by its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Whether a path proves that one tree is the beginning of another.
pub fn check_consistency(from: &Head, to: &Head, path: &[Hash]) -> Verdict {
    if from.size == to.size {
        return (path.is_empty() && from.root == to.root).into();
    }
    if from.size == 0 {
        return (path.is_empty() && from.root == empty_root()).into();
    }
    let begin: &[Hash] = if from.size.is_power_of_two() { &[from.root] } else { &[] };
    let mut path = begin.iter().chain(path);
    let (Some(first), true) = (path.next(), from.size < to.size) else {
        return Verdict::Unproved;
    };
    let (mut at, mut last) = (from.size - 1, to.size - 1);
    let shared = at.trailing_ones();
    at >>= shared;
    last >>= shared;
    let (mut old, mut new) = (*first, *first);
    for one in path {
        if last == 0 {
            return Verdict::Unproved;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(one, &old);
            new = node_hash(one, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, one);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0 && old == from.root && new == to.root).into()
}
