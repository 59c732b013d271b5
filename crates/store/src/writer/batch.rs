//! A batch: commands that run together on one page, and what became of each.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Page;
use ledger::command::{Answer, Progress, Stop};
use ledger::page::Want;
use ledger::refusal::Refusal;
use wire::id::{AccountId, RequestId};

use super::{NotWritten, Order, Written};
use crate::fault::Fault;
use crate::rows::Target;
use crate::schema;
use crate::table::Hold;
use crate::value::{Value, row};

/// What is known of requests: the digest of what each said.
type Requests = BTreeMap<(AccountId, RequestId), [u8; 32]>;

/// Whether commands have run on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Started {
    No,
    Yes,
}

/// What a batch knows while it runs.
pub(super) struct Batch<'a> {
    orders: Vec<&'a Order>,
    pub(super) page: Page,
    progress: Vec<Progress>,
    outcomes: Vec<Option<Written>>,
    /// The requests that were done before this batch.
    done: Requests,
    /// The requests that this batch does.
    doing: Requests,
    pub(super) fresh_requests: Vec<Vec<Value>>,
    started: Started,
}

impl<'a> Batch<'a> {
    pub(super) fn new(orders: Vec<&'a Order>, page: Page) -> Self {
        let count = orders.len();
        Self {
            orders,
            page,
            progress: vec![Progress::default(); count],
            outcomes: vec![None; count],
            done: Requests::new(),
            doing: Requests::new(),
            fresh_requests: Vec::new(),
            started: Started::No,
        }
    }

    /// Forgets what was read and run.
    pub(super) fn begin_again(&mut self) {
        self.page = Page::default();
        self.rewind();
    }

    /// Takes back what was run; what was read stays.
    pub(super) fn rewind(&mut self) {
        self.page.undo();
        let page = std::mem::take(&mut self.page);
        let orders = std::mem::take(&mut self.orders);
        let done = std::mem::take(&mut self.done);
        *self = Self { done, ..Self::new(orders, page) };
    }

    /// Whether nothing was run yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.started == Started::No
    }

    pub(super) fn request_targets(&self) -> Vec<Target> {
        let repeatable = self.orders.iter().filter(|order| order.digest.is_some());
        let keys = repeatable.filter_map(|order| order.command.request());
        let target = |(account, id): (AccountId, RequestId)| Target {
            table: &schema::REQUEST,
            keys: row![account, id],
            hold: Hold::No,
        };
        keys.map(target).collect()
    }

    pub(super) fn learn_requests(
        &mut self,
        rows: impl Iterator<Item = Vec<Value>>,
    ) -> Result<(), Fault> {
        for (place, values) in rows.enumerate() {
            let place = u64::try_from(place).unwrap_or(u64::MAX);
            let mut fields = crate::value::Fields::new(&schema::REQUEST, place, values);
            let key = (fields.take()?, fields.take()?);
            self.done.insert(key, fields.take()?);
        }
        Ok(())
    }

    /// Runs what has not come to an end; returns what is to be read for the rest.
    pub(super) fn run(&mut self) -> BTreeSet<Want> {
        self.started = Started::Yes;
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
                    self.outcomes[nth] = Some(Err(NotWritten::Refused(refusal)));
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
        let known = self.done.get(&key).or_else(|| self.doing.get(&key))?;
        let same = *known == digest;
        Some(if same { Ok(Answer::Done) } else { Err(NotWritten::Refused(Refusal::RequestReused)) })
    }

    fn remember(&mut self, order: &Order) {
        if let (Some(key), Some(digest)) = (order.command.request(), order.digest) {
            self.doing.insert(key, digest);
            self.fresh_requests.push(row![key.0, key.1, digest, order.now]);
        }
    }

    /// The page as it is now, and what became of each order.
    pub(super) fn end(self) -> (Page, Vec<Written>) {
        let outcomes = self.outcomes.into_iter();
        let outcomes = outcomes.map(|outcome| outcome.unwrap_or(Err(Fault::Busy.into())));
        (self.page, outcomes.collect())
    }
}
