//! The event log: what is asked of it, what waits for a place, and the tree over it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::command::Unplaced;
use ledger::log::{EventTree, KeptCheckpoint, Logged, Personal, Sphere};
use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::listing::Cursor;
use crate::read::Reading;
use crate::record::{Log, Record};
use crate::value::{Stored, Value, row};

mod page;

/// How many actions of a log are told at most.
const ACTIONS: u32 = 10_000;

/// A question for events of one account, the newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuestion {
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Of one action only.
    pub action: Option<String>,
    /// To one subject only.
    pub subject: Option<String>,
    /// By those whose name holds this text, whatever the case.
    pub actor: Option<String>,
    /// Of these virtual accounts only.
    pub within: Option<BTreeSet<VirtualAccountId>>,
    /// About this only.
    pub sphere: Option<Sphere>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A tree that is ahead of what was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The account.
    pub account: AccountId,
    /// The first place that was not forwarded.
    pub place: u64,
}

impl Reading<'_> {
    fn logged(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Logged>, Fault> {
        let rows = self.query(sql, values)?;
        rows.into_iter().enumerate().map(|(n, row)| Log::read(n, row)).collect()
    }

    /// The actions that an account's log knows, in order.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn event_actions(&mut self, account: AccountId) -> Result<Vec<String>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        // They are found by jumping from one to the next.
        let sql = "WITH RECURSIVE found(value) AS (\
               SELECT MIN(action) FROM event WHERE account_id = $1 UNION ALL \
               SELECT (SELECT MIN(e.action) FROM event e \
                       WHERE e.account_id = $1 AND e.action > found.value) \
               FROM found WHERE found.value IS NOT NULL) \
             SELECT value FROM found WHERE value IS NOT NULL LIMIT $2";
        let rows = self.query(sql, &row![account, ACTIONS])?;
        Ok(rows.into_iter().flatten().filter_map(String::load).collect())
    }

    /// Events that have no place yet, of any account, each account's in order of time; with them
    /// how many events the tree of each account holds.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unplaced(
        &mut self,
        most: u32,
    ) -> Result<BTreeMap<AccountId, (u64, Vec<Unplaced>)>, Fault> {
        let sql = format!(
            "SELECT {} FROM event e LEFT JOIN event_personal p ON {} \
             WHERE e.place IS NULL ORDER BY e.account_id, e.at, e.event_id LIMIT $1",
            Log::columns(),
            Log::JOINED
        );
        let mut found: BTreeMap<AccountId, (u64, Vec<Unplaced>)> = BTreeMap::new();
        for Logged { event, personal, .. } in self.logged(&sql, &row![most])? {
            let account = event.account;
            let salt = match personal {
                Personal::Kept(salt) => Some(salt),
                Personal::Erased(_) | Personal::Missing => None,
            };
            found.entry(account).or_default().1.push(Unplaced { event, salt });
        }
        for (account, (size, _)) in &mut found {
            *size = self.event_tree(*account)?.map_or(0, |tree| tree.edge.size());
        }
        Ok(found)
    }

    /// Events by their places, from one on.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn events_from(
        &mut self,
        account: AccountId,
        place: u64,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {} FROM event e LEFT JOIN event_personal p ON {} \
             WHERE e.account_id = $1 AND e.place >= $2 ORDER BY e.place, e.at, e.event_id LIMIT $3",
            Log::columns(),
            Log::JOINED
        );
        self.logged(&sql, &row![account, place, most])
    }

    /// The tree of an account's events; `None` if it has none yet.
    ///
    /// # Errors
    /// A fault of the store; [`Fault::Corrupt`] if its edge is damaged.
    pub fn event_tree(&mut self, account: AccountId) -> Result<Option<EventTree>, Fault> {
        Ok(self.rows::<EventTree>(&row![account])?.into_iter().next())
    }

    /// The checkpoints that were kept of an account's log, in order of their sizes.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn checkpoints(&mut self, account: AccountId) -> Result<Vec<KeptCheckpoint>, Fault> {
        self.rows(&row![account])
    }

    /// The trees that went on since they were signed last, if that was before a moment.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unsigned(&mut self, before: Timestamp, most: u32) -> Result<Vec<EventTree>, Fault> {
        let sql = format!(
            "SELECT {} FROM event_tree t WHERE NOT EXISTS (SELECT 1 FROM event_checkpoint c \
             WHERE c.account_id = t.account_id AND (c.size >= t.size OR c.made_at > $1)) LIMIT $2",
            EventTree::TABLE.names("t.")
        );
        let rows = self.query(&sql, &row![before, most])?;
        rows.into_iter().enumerate().map(|(n, row)| EventTree::from_values(n, row)).collect()
    }

    /// The trees that are ahead of what was forwarded, in any account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unforwarded(&mut self, most: u32) -> Result<Vec<Behind>, Fault> {
        let sql = "SELECT t.account_id, COALESCE(f.place, 0) FROM event_tree t \
                   LEFT JOIN event_forward f ON f.account_id = t.account_id \
                   WHERE t.size > COALESCE(f.place, 0) ORDER BY t.account_id LIMIT $1";
        let rows = self.query(sql, &row![most])?;
        let behind = |row: Vec<Value>| {
            let mut row = row.into_iter();
            let account = AccountId::load(row.next()?)?;
            Some(Behind { account, place: u64::load(row.next()?)? })
        };
        Ok(rows.into_iter().filter_map(behind).collect())
    }
}
