//! Checking the event log: every entry is what its leaf says, in its place, and all of them
//! together are what the tree and the signed checkpoints say.

use ledger::log::{
    EventTree, KEPT_LEVELS, KeptSubtree, Logged, Personal, Sphere, leaf_bytes, personal_hash,
};
use ledger::tree::{Edge, Head, Subtree, leaf_hash};
use wire::id::AccountId;
use wire::time::{Span, Timestamp};

use super::Findings;
use crate::fault::Fault;
use crate::read::Reading;
use crate::value::{Stored as _, Value, row};

/// How many events are read at once.
const PAGE: u32 = 500;
/// An event may wait for its place so long before it counts as slipped in.
const WAIT: Span = Span::from_seconds(10);
/// Clocks of nodes differ, and transactions take time: no more than this.
const DISORDER: Span = Span::from_minutes(1);
/// How much is said of one account's log.
const MOST: usize = 100;

/// What was seen of a log so far.
struct Walk<'c> {
    account: AccountId,
    /// The tree over the hashes that the entries have.
    edge: Edge,
    /// What the tree was at some sizes, ascending, as somebody signed it.
    heads: &'c [Head],
    /// The last size at which it was as signed.
    good: u64,
    latest: Timestamp,
    subtrees: Vec<Subtree>,
    wrong: Vec<String>,
}

impl Walk<'_> {
    fn tell(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// Takes an entry that claims the place after those before.
    fn take(&mut self, one: &Logged, findings: &mut Findings) {
        let Some(place) = one.place else { return };
        let id = one.event.id;
        while self.edge.size() < place.number && self.wrong.len() < MOST {
            self.tell(format!("the event at place {} is missing", self.edge.size()));
            // Something must stand for it, or every entry behind it would count as moved.
            self.append([0; 32]);
        }
        if place.number < self.edge.size() {
            return self.tell(format!("{id} was added at place {}, which is taken", place.number));
        }
        findings.events += 1;
        match one.personal {
            Personal::Erased(_) => findings.erased += 1,
            Personal::Missing => {
                self.tell(format!("{id} at place {}: who did it is missing", place.number));
            }
            Personal::Kept(salt) if personal_hash(&salt, &one.event) != place.personal => {
                self.tell(format!("{id} at place {}: who did it was altered", place.number));
            }
            Personal::Kept(_) => {}
        }
        let leaf = leaf_hash(&leaf_bytes(&one.event, place.number, &place.personal));
        if leaf != place.leaf {
            self.tell(format!(
                "{id} at place {} was altered, or moved there from another place",
                place.number
            ));
        }
        if one.sphere != Sphere::of(&one.event.action) {
            self.tell(format!("{id} at place {}: what it is about was altered", place.number));
        }
        if one.event.at < self.latest.minus(DISORDER) {
            findings.odd.push(format!(
                "{id} at place {} says {}, events before it say {}: it may have been slipped in",
                place.number, one.event.at, self.latest
            ));
        }
        self.latest = self.latest.max(one.event.at);
        self.append(place.leaf);
    }

    fn append(&mut self, leaf: [u8; 32]) {
        let done = self.edge.append(leaf);
        let kept = |one: &Subtree| one.level > 0 && one.level.is_multiple_of(KEPT_LEVELS);
        self.subtrees.extend(done.into_iter().filter(kept));
        self.compare();
    }

    /// Compares with what was signed at this size.
    fn compare(&mut self) {
        while let Some((head, rest)) = self.heads.split_first() {
            if head.size > self.edge.size() {
                return;
            }
            if head.root == self.edge.root() {
                self.good = head.size;
            } else {
                self.tell(format!(
                    "the checkpoint of the first {} events does not fit: from place {} on something \
                     was altered, moved, removed or added",
                    head.size, self.good
                ));
            }
            self.heads = rest;
        }
    }
}

impl Reading<'_> {
    /// Checks the event log of an account against its tree and what was signed of it.
    /// `heads` are in order of their sizes.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn check_log(
        &mut self,
        account: AccountId,
        heads: &[Head],
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let tree = match self.event_tree(account) {
            Err(Fault::Corrupt { .. }) => {
                findings.wrong.push(format!("{}: the edge of its tree is damaged", named(account)));
                return Ok(());
            }
            tree => tree?,
        };
        let mut walk = Walk {
            account,
            edge: Edge::default(),
            heads,
            good: 0,
            latest: Timestamp::MIN,
            subtrees: Vec::new(),
            wrong: Vec::new(),
        };
        walk.compare();
        let mut next = Some(0);
        while let Some(from) = next.filter(|_| walk.wrong.len() < MOST) {
            let page = self.events_from(account, from, PAGE)?;
            let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
            next =
                page.last().and_then(|one| one.place).filter(|_| full).map(|last| last.number + 1);
            page.iter().for_each(|one| walk.take(one, findings));
            self.check_subtrees(&mut walk)?;
        }
        check_head(&mut walk, tree.as_ref());
        self.check_unplaced(&mut walk, tree.as_ref())?;
        self.check_actors(&mut walk)?;
        walk.wrong.truncate(MOST);
        let wrong = walk.wrong.into_iter().map(|what| format!("{}: {what}", named(account)));
        findings.wrong.extend(wrong);
        Ok(())
    }

    /// Compares the subtrees that were finished with those that are kept.
    fn check_subtrees(&mut self, walk: &mut Walk<'_>) -> Result<(), Fault> {
        for Subtree { level, position, hash } in std::mem::take(&mut walk.subtrees) {
            let kept: Vec<KeptSubtree> = self.rows(&row![walk.account, level, position])?;
            if kept.first().is_none_or(|kept| kept.subtree.hash != hash) {
                let (first, last) = (position << level, ((position + 1) << level) - 1);
                walk.tell(format!(
                    "the kept hash of places {first} to {last} does not fit: one of them was altered, \
                     or it was"
                ));
            }
        }
        Ok(())
    }

    /// Names events without a place that waited too long, and places that cannot be.
    fn check_unplaced(
        &mut self,
        walk: &mut Walk<'_>,
        tree: Option<&EventTree>,
    ) -> Result<(), Fault> {
        let Some(tree) = tree else { return Ok(()) };
        let sql = "SELECT event_id FROM event WHERE account_id = $1 AND ((place IS NULL AND at < $2) \
                   OR place < 0) ORDER BY at LIMIT 10";
        let before = tree.appended_at.minus(WAIT);
        let rows = self.query(sql, &row![walk.account, before])?;
        for id in rows.into_iter().flatten().filter_map(wire::id::EventId::load) {
            walk.tell(format!("{id} has no place in the tree: it was added later, or moved out"));
        }
        let sql = "SELECT COUNT(*) FROM event_personal p WHERE p.account_id = $1 AND NOT EXISTS \
                   (SELECT 1 FROM event e WHERE p.account_id = e.account_id AND p.at = e.at \
                    AND p.event_id = e.event_id)";
        let alone = self.number(sql, &[Value::clone(&walk.account.store())])?;
        if alone > 0 {
            walk.tell(format!("{alone} events are missing of which it is known who did them"));
        }
        Ok(())
    }

    /// The names that are looked through for a part of one are those under which somebody acted.
    /// They are counted, not told: one may be a name that was to be erased.
    fn check_actors(&mut self, walk: &mut Walk<'_>) -> Result<(), Fault> {
        let missing = "SELECT COUNT(DISTINCT p.actor) FROM event_personal p \
                       WHERE p.account_id = $1 AND p.actor <> '' AND NOT EXISTS (SELECT 1 FROM event_actor a \
                       WHERE a.account_id = p.account_id AND a.actor = p.actor)";
        let unused = "SELECT COUNT(*) FROM event_actor a \
                      WHERE a.account_id = $1 AND NOT EXISTS (SELECT 1 FROM event_personal p \
                      WHERE p.account_id = a.account_id AND p.actor = a.actor)";
        let keys = row![walk.account];
        let missing = self.number(missing, &keys)?;
        if missing > 0 {
            walk.tell(format!("{missing} who acted are missing from the list of names"));
        }
        let unused = self.number(unused, &keys)?;
        if unused > 0 {
            walk.tell(format!("{unused} in the list of names never acted, or were erased"));
        }
        Ok(())
    }
}

fn check_head(walk: &mut Walk<'_>, tree: Option<&EventTree>) {
    let size = tree.map_or(0, |tree| tree.edge.size());
    while walk.edge.size() < size && walk.wrong.len() < MOST {
        walk.tell(format!("the event at place {} is missing", walk.edge.size()));
        walk.append([0; 32]);
    }
    if walk.edge.size() > size {
        let place = size;
        walk.tell(format!("the event at place {place} was added: the tree ends before it"));
    } else if walk.edge.root()
        != tree.map_or_else(ledger::tree::empty_root, |tree| tree.edge.root())
    {
        walk.tell(format!(
            "the tree of {size} events has another root: from place {} on something was altered, \
             moved, removed or added",
            walk.good
        ));
    }
    if let Some(head) = walk.heads.first() {
        walk.tell(format!(
            "a checkpoint was signed for {} events, {} are there",
            head.size,
            walk.edge.size()
        ));
    }
}

fn named(account: AccountId) -> String {
    if account == ledger::house::HOUSE { "the house".to_owned() } else { account.to_string() }
}
