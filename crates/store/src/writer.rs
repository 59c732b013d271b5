//! The writer: takes everything queued, and writes it as one durable transaction.
//!
//! Commands of a batch run in order on one page and see each other's effects. What they miss on
//! the page is read in rounds; the effects are sorted by key and written with one statement per
//! table. If the database refuses a batch, halves of it are tried until the guilty command is
//! alone.

mod ahead;
mod batch;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ledger::Page;
use ledger::command::{Answer, Command};
use ledger::page::Want;
use ledger::refusal::Refusal;
use wire::time::Timestamp;

use crate::chore::{Chore, Swept};
use crate::engine::Engine;
use crate::fault::Fault;
use crate::hints::{grow, hints};
use crate::outbox::Channel;
use crate::rows::{Salts, Target, anchor_of, is_anchor, learn, target};
use batch::Batch;

pub(crate) use ahead::{Ahead, Ready, commit};

/// How often a batch is tried when other nodes are in the way.
const TRIES: u32 = 3;
/// How often it begins again at most, because it found out what it has to hold.
const BEGINNINGS: u32 = 64;
/// How often the commands of a batch run again to run in order.
const PASSES: u32 = 4;

/// A command with its moment.
#[derive(Clone, Debug)]
pub struct Order {
    /// What to do.
    pub command: Command,
    /// The moment that counts as now.
    pub now: Timestamp,
    /// The digest of the request's content, for requests that may be repeated.
    pub digest: Option<[u8; 32]>,
}

/// Why something was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// By rule.
    Refused(Refusal),
    /// Because of the store.
    Fault(Fault),
}

impl From<Fault> for NotWritten {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What became of an order.
pub type Written = Result<Answer, NotWritten>;

/// Writes batches to one database.
pub(crate) struct Writer {
    engine: Engine,
    ahead: Ahead,
}

impl Writer {
    pub(crate) fn new(engine: Engine, channels: Vec<Channel>, salts: Salts) -> Self {
        let rewrite = engine.rewrites();
        Self { engine, ahead: Ahead::new(channels, salts, rewrite) }
    }

    /// The database, and what can run beside it.
    pub(crate) fn parts(&mut self) -> (&mut Engine, &mut Ahead) {
        (&mut self.engine, &mut self.ahead)
    }

    /// Whether writing waits for a server, which some threads must not.
    pub(crate) fn waits_for_others(&self) -> bool {
        self.engine.holds()
    }

    /// Writes all orders; each gets its own outcome.
    pub(crate) fn write(&mut self, orders: &[&Order]) -> Vec<Written> {
        let persist = AssertUnwindSafe(|| self.persist(orders));
        let persisted = catch_unwind(persist).unwrap_or_else(|_| {
            // The hook has told where. Nothing of the batch is kept; the next begins anew.
            self.ahead.forget();
            self.engine.rollback();
            Err(Fault::Rejected { why: "the program fails on it".to_owned() })
        });
        match persisted {
            Ok(outcomes) => outcomes,
            // Others of the batch are innocent of what the database refuses or cannot read.
            Err(Fault::Rejected { .. } | Fault::Corrupt { .. }) if orders.len() > 1 => {
                let (first, second) = orders.split_at(orders.len() / 2);
                let mut outcomes = self.write(first);
                outcomes.extend(self.write(second));
                outcomes
            }
            Err(fault) => {
                tracing::warn!(%fault, commands = orders.len(), "a batch was not written");
                orders.iter().map(|_| Err(fault.clone().into())).collect()
            }
        }
    }

    /// Tries again while other nodes are in the way.
    fn persist(&mut self, orders: &[&Order]) -> Result<Vec<Written>, Fault> {
        let mut wants = BTreeSet::new();
        let mut tries = 0;
        for _ in 0..BEGINNINGS {
            let known = wants.len();
            let fault = match self.attempt(orders, &mut wants) {
                Ok(outcomes) => return Ok(outcomes),
                Err(fault) => fault,
            };
            self.engine.rollback();
            match fault {
                // It knows better now what to hold, and holds it in order from the beginning.
                Fault::Busy if wants.len() > known => {}
                Fault::Busy if tries + 1 < TRIES => tries += 1,
                // Another node may have written the same meanwhile: then there is nothing to do.
                Fault::Rejected { .. } if orders.len() == 1 && tries == 0 => tries += 1,
                fault => return Err(fault),
            }
        }
        Err(Fault::Busy)
    }

    fn attempt(
        &mut self,
        orders: &[&Order],
        wants: &mut BTreeSet<Want>,
    ) -> Result<Vec<Written>, Fault> {
        self.engine.begin()?;
        let mut batch = Batch::new(orders.to_vec(), self.ahead.page());
        let requests = self.engine.read(&batch.request_targets())?;
        batch.learn_requests(requests.into_iter().flat_map(|(_, rows)| rows))?;
        let holds = self.engine.holds();
        let mut unread = std::mem::take(wants);
        let wanted = orders.iter().flat_map(|order| hints(&order.command, &batch.page));
        // Where nothing is held, what the kept page knows need not be noted either.
        unread.extend(wanted.filter(|want| holds || !batch.page.knows(want)));
        let mut passes = 0;
        loop {
            let late = self.gather(&mut batch.page, wants, unread, orders)?;
            if holds && late {
                // Children may have changed before what holds them was held: read all again.
                batch.begin_again();
                self.read(&mut batch.page, wants)?;
            }
            let in_order = batch.is_fresh();
            unread = batch.run();
            if unread.is_empty() {
                if in_order || orders.len() == 1 || passes == PASSES {
                    return self.finish(batch);
                }
                // Some ran before others that stood in front of them: now that all is read, again.
                passes += 1;
                batch.rewind();
            } else if unread.iter().all(|want| wants.contains(want)) {
                return Err(Fault::down("a command asks again for what was read"));
            }
        }
    }

    /// Reads what is wanted, and what follows from it; says whether something is held now that
    /// was not while other rows were read.
    fn gather(
        &mut self,
        page: &mut Page,
        wants: &mut BTreeSet<Want>,
        mut unread: BTreeSet<Want>,
        orders: &[&Order],
    ) -> Result<bool, Fault> {
        let holds = self.engine.holds();
        let mut late = false;
        loop {
            if holds {
                let anchors: Vec<Want> = unread.iter().filter_map(anchor_of).collect();
                unread.extend(anchors);
            }
            unread.retain(|want| !wants.contains(want));
            if unread.is_empty() {
                return Ok(late);
            }
            late |= !wants.is_empty() && unread.iter().any(is_anchor);
            wants.extend(unread.iter().cloned());
            self.read(page, &unread)?;
            let growing = orders.iter().filter(|order| grow(&order.command));
            unread = growing.flat_map(|order| hints(&order.command, page)).collect();
        }
    }

    fn read(&mut self, page: &mut Page, wants: &BTreeSet<Want>) -> Result<(), Fault> {
        let unknown: Vec<&Want> = wants.iter().filter(|want| !page.knows(want)).collect();
        let targets: Vec<Target> = unknown.iter().map(|want| target(want)).collect();
        for (table, rows) in self.engine.read(&targets)? {
            learn(page, table, rows)?;
        }
        for want in unknown {
            if !page.knows(want) {
                page.note_read(want.clone());
            }
        }
        Ok(())
    }

    fn finish(&mut self, mut batch: Batch<'_>) -> Result<Vec<Written>, Fault> {
        let changes = self.ahead.changes(&mut batch);
        if changes.is_empty() {
            self.engine.rollback();
        } else {
            self.engine.finish(&changes)?;
        }
        let (page, outcomes) = batch.end();
        if !self.engine.holds() {
            self.ahead.keep(page);
        }
        Ok(outcomes)
    }

    /// Does a chore in a transaction of its own.
    pub(crate) fn chore(&mut self, chore: &Chore) -> Result<Swept, Fault> {
        match chore {
            // They remove sessions or claims that the kept page may hold.
            Chore::Forget { .. } => self.ahead.forget(),
            Chore::ReleaseClaims { .. } => self.ahead.forget_claims(),
            _ => {}
        }
        let mut tries = 0;
        loop {
            let swept = self.sweep(chore);
            if swept.is_err() {
                self.engine.rollback();
            }
            tries += 1;
            if swept != Err(Fault::Busy) || tries >= TRIES {
                return swept;
            }
        }
    }

    fn sweep(&mut self, chore: &Chore) -> Result<Swept, Fault> {
        self.engine.begin()?;
        let swept = chore.run(&mut self.engine)?;
        self.engine.commit()?;
        Ok(swept)
    }
}
