//! Running ahead: while one batch is being committed, the next runs on what is in memory.
//!
//! Only where nobody else can write: a SQLite folder has one process and one writer, so what the
//! last batches read and wrote stays true. If the batch in front fails after all, what ran ahead of
//! it is forgotten with the page, and both run again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ledger::Page;

use super::batch::Batch;
use super::{Order, Written};
use crate::engine::Engine;
use crate::fault::Fault;
use crate::outbox::Channel;
use crate::rows::{Change, Rewrite, Salts, changes};
use crate::schema;
use crate::table::Write;

/// About how many rows are kept from batch to batch: a few hundred megabytes at most.
const KEPT_ROWS: usize = 300_000;

/// What of the writer needs no database: the page that is kept, and how its changes become rows.
pub(crate) struct Ahead {
    channels: Vec<Channel>,
    salts: Salts,
    rewrite: Rewrite,
    /// What the last batches read and wrote. Dropped when anything goes wrong.
    kept: Option<Page>,
}

/// Orders that have run, and what is to be written before anybody is told so.
#[derive(Default)]
pub(crate) struct Ready {
    changes: Vec<Change>,
    pub(crate) outcomes: Vec<Written>,
}

impl Ready {
    /// Adds what ran after it.
    pub(crate) fn add(&mut self, later: Self) {
        self.changes.extend(later.changes);
        self.outcomes.extend(later.outcomes);
    }
}

impl Ahead {
    pub(super) fn new(channels: Vec<Channel>, salts: Salts, rewrite: Rewrite) -> Self {
        Self { channels, salts, rewrite, kept: None }
    }

    /// Forgets what is kept: the next batch reads all anew.
    pub(crate) fn forget(&mut self) {
        self.kept = None;
    }

    /// Forgets what is kept of claims.
    pub(super) fn forget_claims(&mut self) {
        if let Some(page) = &mut self.kept {
            page.forget_claims();
        }
    }

    /// The page to run on: what is kept, or an empty one.
    pub(super) fn page(&mut self) -> Page {
        self.kept.take().unwrap_or_default()
    }

    /// Keeps a page for the next batch, unless it has grown large.
    pub(super) fn keep(&mut self, mut page: Page) {
        if page.size() <= KEPT_ROWS {
            page.settle();
            self.kept = Some(page);
        }
    }

    /// What a batch has changed, as rows.
    pub(super) fn changes(&self, batch: &mut Batch<'_>) -> Vec<Change> {
        let mut changes = changes(&batch.page, &self.channels, self.rewrite, &self.salts);
        if !batch.fresh_requests.is_empty() {
            let mut rows = std::mem::take(&mut batch.fresh_requests);
            rows.sort_unstable();
            changes.push(Change { table: &schema::REQUEST, write: Write::Append, rows });
        }
        changes
    }

    /// Runs orders on what is kept; `None` if they need the database, and then nothing is changed.
    pub(crate) fn run(&mut self, orders: &[&Order]) -> Option<Ready> {
        // Whether a request was done before stands in the database.
        if orders.iter().any(|order| order.digest.is_some()) {
            return None;
        }
        let page = self.kept.take()?;
        let run = AssertUnwindSafe(|| {
            let mut batch = Batch::new(orders.to_vec(), page);
            if batch.run().is_empty() {
                let changes = self.changes(&mut batch);
                let (page, outcomes) = batch.end();
                (page, Some(Ready { changes, outcomes }))
            } else {
                batch.rewind();
                (batch.page, None)
            }
        });
        // If a command makes the program fail, it is found out where there is a database.
        let (page, ready) = catch_unwind(run).ok()?;
        self.keep(page);
        ready
    }
}

/// Writes what is ready, durably.
pub(crate) fn commit(engine: &mut Engine, ready: &Ready) -> Result<(), Fault> {
    if ready.changes.is_empty() {
        return Ok(());
    }
    let written = engine.begin().and_then(|()| engine.finish(&ready.changes));
    if written.is_err() {
        engine.rollback();
    }
    written
}
