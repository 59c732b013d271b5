//! The writer: takes everything queued, and writes it as one durable transaction.
//!
//! Commands of a batch run in order on one page and see each other's effects. What they
//! miss on the page is read in rounds; the effects are sorted by key and written with
//! one statement per table. If the database refuses a batch, halves of it are tried
//! until the guilty command is alone.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Page;
use ledger::command::{Answer, Command, Progress, Stop};
use ledger::page::Want;
use ledger::refusal::Refusal;
use wire::id::{AccountId, RequestId};
use wire::time::Timestamp;

use crate::chore::{Chore, Swept};
use crate::engine::{Commit, Engine};
use crate::fault::Fault;
use crate::outbox::Channel;
use crate::rows::{Change, Target, changes, learn, target};
use crate::schema;
use crate::table::{Hold, Write};
use crate::value::{Value, row};

/// How often a batch is tried when other nodes are in the way.
const TRIES: u32 = 3;
/// About how many rows are kept from batch to batch: a few hundred megabytes at most.
const KEPT_ROWS: usize = 300_000;
/// How many rounds of reading a batch may take: each learns something, and a file of 20,000 reports of
/// as many devices asks for a few rows of each, one after the other.
const ROUNDS: u32 = 200_000;

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
    channels: Vec<Channel>,
    /// What the last batches read and wrote. Only where nobody else can write: a SQLite folder
    /// has one process and one writer, so its page stays true. Dropped when anything goes wrong.
    kept: Option<Page>,
}

/// What a batch knows while it runs.
struct Batch<'a> {
    orders: Vec<&'a Order>,
    page: Page,
    progress: Vec<Progress>,
    outcomes: Vec<Option<Written>>,
    requests: BTreeMap<(AccountId, RequestId), [u8; 32]>,
    fresh_requests: Vec<Vec<Value>>,
}

impl Writer {
    pub(crate) fn new(engine: Engine, channels: Vec<Channel>) -> Self {
        Self { engine, channels, kept: None }
    }

    /// Writes all orders; each gets its own outcome.
    pub(crate) fn write(&mut self, orders: &[&Order]) -> Vec<Written> {
        let mut wants = hints(orders);
        for _ in 0..TRIES {
            match self.attempt(orders, &mut wants) {
                Ok(outcomes) => return outcomes,
                Err(Fault::Busy) => self.engine.rollback(),
                Err(Fault::Rejected { .. }) if orders.len() > 1 => {
                    self.engine.rollback();
                    let (first, second) = orders.split_at(orders.len() / 2);
                    let mut outcomes = self.write(first);
                    outcomes.extend(self.write(second));
                    return outcomes;
                }
                Err(fault) => {
                    self.engine.rollback();
                    tracing::warn!(%fault, commands = orders.len(), "a batch was not written");
                    return orders.iter().map(|_| Err(fault.clone().into())).collect();
                }
            }
        }
        orders.iter().map(|_| Err(Fault::Busy.into())).collect()
    }

    fn attempt(
        &mut self,
        orders: &[&Order],
        wants: &mut BTreeSet<Want>,
    ) -> Result<Vec<Written>, Fault> {
        self.engine.begin()?;
        let mut batch = Batch::new(orders.to_vec(), self.kept.take().unwrap_or_default());
        let requests = self.engine.read(&batch.request_targets())?;
        batch.learn_requests(requests.into_iter().flat_map(|(_, rows)| rows))?;
        let mut unread: BTreeSet<Want> = wants.clone();
        for _ in 0..ROUNDS {
            self.read(&mut batch.page, &unread)?;
            unread = batch.run();
            if unread.is_empty() {
                return self.finish(batch);
            }
            let disorder = self.engine.holds_in_order() && reaches_back(wants, &unread);
            wants.extend(unread.iter().cloned());
            if disorder {
                return Err(Fault::Busy);
            }
        }
        Err(Fault::Busy)
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
        let mut changes = changes(&batch.page, &self.channels);
        if !batch.fresh_requests.is_empty() {
            let rows = std::mem::take(&mut batch.fresh_requests);
            changes.push(Change { table: &schema::REQUEST, write: Write::Append, rows });
        }
        if changes.is_empty() {
            self.engine.rollback();
        } else {
            self.engine.write(&changes)?;
            if let Commit::Conflict = self.engine.commit()? {
                return Err(Fault::Busy);
            }
        }
        self.keep(batch.page);
        Ok(batch
            .outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Err(Fault::Busy.into())))
            .collect())
    }

    /// Keeps a page whose changes are durable for the next batch, unless others may write or it has grown large.
    fn keep(&mut self, mut page: Page) {
        if self.engine.holds_in_order() || page.size() > KEPT_ROWS {
            return;
        }
        page.settle();
        self.kept = Some(page);
    }

    /// Does a chore in a transaction of its own.
    pub(crate) fn chore(&mut self, chore: &Chore) -> Result<Swept, Fault> {
        self.engine.begin()?;
        if matches!(chore, Chore::Forget { .. }) {
            // It removes sessions that the kept page may hold.
            self.kept = None;
        }
        let swept = chore.run(&mut self.engine).and_then(|swept| match self.engine.commit()? {
            Commit::Done => Ok(swept),
            Commit::Conflict => Err(Fault::Busy),
        });
        if swept.is_err() {
            self.engine.rollback();
        }
        swept
    }
}

fn hints(orders: &[&Order]) -> BTreeSet<Want> {
    orders.iter().flat_map(|order| order.command.hints()).collect()
}

/// Whether rows that are to be held now come before rows that are held already.
fn reaches_back(held: &BTreeSet<Want>, unread: &BTreeSet<Want>) -> bool {
    let anchors = |wants: &BTreeSet<Want>| -> Vec<(u8, Vec<Value>)> {
        let targets = wants.iter().map(target);
        targets
            .filter_map(|target| target.anchor().map(|(rank, keys)| (rank, keys.to_vec())))
            .collect()
    };
    let last = anchors(held).into_iter().max();
    let first = anchors(unread).into_iter().min();
    matches!((last, first), (Some(last), Some(first)) if first < last)
}

impl<'a> Batch<'a> {
    fn new(orders: Vec<&'a Order>, page: Page) -> Self {
        let count = orders.len();
        Self {
            orders,
            page,
            progress: vec![Progress::default(); count],
            outcomes: vec![None; count],
            requests: BTreeMap::new(),
            fresh_requests: Vec::new(),
        }
    }

    fn request_targets(&self) -> Vec<Target> {
        let keys = self.orders.iter().filter_map(|order| order.command.request());
        let target = |(account, id): (AccountId, RequestId)| Target {
            table: &schema::REQUEST,
            keys: row![account, id],
            hold: Hold::No,
            blank: None,
        };
        keys.map(target).collect()
    }

    fn learn_requests(&mut self, rows: impl Iterator<Item = Vec<Value>>) -> Result<(), Fault> {
        for (place, values) in rows.enumerate() {
            let place = u64::try_from(place).unwrap_or(u64::MAX);
            let mut fields = crate::value::Fields::new(&schema::REQUEST, place, values);
            let key = (fields.take()?, fields.take()?);
            self.requests.insert(key, fields.take()?);
        }
        Ok(())
    }

    /// Runs what has not come to an end; returns what is to be read for the rest.
    fn run(&mut self) -> BTreeSet<Want> {
        let mut unread = BTreeSet::new();
        for nth in 0..self.orders.len() {
            if self.outcomes[nth].is_some() {
                continue;
            }
            let order = self.orders[nth];
            if let Some(outcome) = self.repeated(order) {
                self.outcomes[nth] = Some(outcome);
                continue;
            }
            match order.command.run(&mut self.page, &mut self.progress[nth], order.now) {
                Ok(answer) => {
                    self.remember(order);
                    self.outcomes[nth] = Some(Ok(answer));
                }
                Err(Stop::Refused(refusal)) => {
                    self.outcomes[nth] = Some(Err(NotWritten::Refused(refusal)))
                }
                Err(Stop::Unread(want)) => {
                    unread.insert(want);
                }
            }
        }
        unread
    }

    /// The outcome of a request that was done before under the same id.
    fn repeated(&self, order: &Order) -> Option<Written> {
        let (key, digest) = (order.command.request()?, order.digest?);
        let known = self.requests.get(&key)?;
        let same = *known == digest;
        Some(if same { Ok(Answer::Done) } else { Err(NotWritten::Refused(Refusal::RequestReused)) })
    }

    fn remember(&mut self, order: &Order) {
        if let (Some(key), Some(digest)) = (order.command.request(), order.digest) {
            self.requests.insert(key, digest);
            self.fresh_requests.push(row![key.0, key.1, digest, order.now]);
        }
    }
}
