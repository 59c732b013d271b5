//! The subtrees of an event log's tree, for proofs.

use ledger::log::KEPT_LEVELS;
use ledger::tree::{Hash, Subtrees, node_hash};
use wire::id::AccountId;

use crate::fault::Fault;
use crate::read::Reading;
use crate::value::{Stored as _, row};

impl Reading<'_> {
    /// The subtrees of an account's tree, for proofs.
    pub fn subtrees(&mut self, account: AccountId) -> impl Subtrees<Fault = Fault> {
        StoredTree { reading: self, account }
    }
}

/// The roots of complete subtrees, folded from those that are kept and from leaves.
struct StoredTree<'r, 'e> {
    reading: &'r mut Reading<'e>,
    account: AccountId,
}

impl Subtrees for StoredTree<'_, '_> {
    type Fault = Fault;

    fn complete(&mut self, level: u32, position: u64) -> Result<Hash, Fault> {
        let kept = level - level % KEPT_LEVELS;
        let count = 1_u64 << (level - kept);
        let (from, to) = (position * count, (position + 1) * count);
        let rows = if kept == 0 {
            let sql = "SELECT leaf_hash FROM event \
                       WHERE account_id = $1 AND place >= $2 AND place < $3 ORDER BY place";
            self.reading.query(sql, &row![self.account, from, to])?
        } else {
            let sql = "SELECT hash FROM event_subtree WHERE account_id = $1 AND level = $4 \
                       AND position >= $2 AND position < $3 ORDER BY position";
            self.reading.query(sql, &row![self.account, from, to, kept])?
        };
        let mut hashes: Vec<Hash> = rows.into_iter().flatten().filter_map(Hash::load).collect();
        if u64::try_from(hashes.len()) != Ok(count) {
            let table = if kept == 0 { "event" } else { "event_subtree" };
            return Err(Fault::Corrupt { table, row: from, column: "hash" });
        }
        while hashes.len() > 1 {
            hashes = hashes.as_chunks().0.iter().map(|[a, b]| node_hash(a, b)).collect();
        }
        Ok(hashes[0])
    }
}
