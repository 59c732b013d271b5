//! Lists that people filter, sort and count by facets: what is asked, and what is answered.

use std::collections::BTreeMap;

use ledger::account::VirtualAccount;
use ledger::instance::Instance;
use ledger::pool::Pool;
use ledger::role::{Action, Permit};
pub use store::listing::{
    COUNT_LIMIT, Direction, Facet, InstanceColumn, ListColumn, PoolColumn, Test, Tests,
};
use store::listing::{Cursor, Listed, Query, Rows};
use store::{Fault, Reading, Sight};
pub use store::{Stored, Value};
use wire::id::{AccountId, VirtualAccountId};

use super::inventory::{InstanceView, PoolView, in_reach, instance_views, pool_views};
use super::{App, Error};

/// How many values of a column are named as a facet.
const VALUES: u32 = 8;

/// A question for a page of a list.
#[derive(Clone, Debug)]
pub struct ListQuestion<C> {
    /// What must hold in any case.
    pub tests: Tests<C>,
    /// What was searched for: one of these must hold, where any is there.
    pub search: Vec<Tests<C>>,
    /// What one may choose from, and what is chosen of it.
    pub facets: Vec<Facet<C>>,
    /// Columns whose commonest values are told, each with the tests of those chosen.
    pub values: Vec<(C, Vec<Test>)>,
    /// What it is sorted by.
    pub sort: (C, Direction),
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// Whether what stands beside the rows is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Nothing: only the rows are wanted.
    Nothing,
    /// All, where the list is no longer than [`COUNT_LIMIT`].
    Facets,
    /// All, however long it takes.
    Everything,
}

/// A page of a list, and what stands beside it.
#[derive(Clone, Debug)]
pub struct Listing<R> {
    /// The rows.
    pub rows: Rows<R>,
    /// How many rows the whole question means: exact to [`COUNT_LIMIT`].
    pub total: i64,
    /// How many rows each choice of each facet would show; `None` where that was not counted.
    pub counts: Option<Vec<Vec<i64>>>,
    /// The commonest values of each column asked for, with how many rows have each.
    pub values: Vec<Vec<(Value, i64)>>,
    /// The names of the virtual accounts among the values.
    pub places: BTreeMap<VirtualAccountId, VirtualAccount>,
}

impl<C: ListColumn> ListQuestion<C> {
    /// Everything in an order, nothing to choose from.
    pub fn sorted(column: C, direction: Direction) -> Self {
        Self {
            tests: Vec::new(),
            search: Vec::new(),
            facets: Vec::new(),
            values: Vec::new(),
            sort: (column, direction),
            after: None,
        }
    }

    /// The query without what is chosen of the facets.
    fn base(&self, permit: &Permit, place: C, limit: u32) -> Query<C> {
        let (column, direction) = self.sort;
        let mut query = in_reach(Query::all(limit), place, permit).sorted(column, direction);
        query.tests.extend(self.tests.iter().cloned());
        if !self.search.is_empty() {
            query = query.one_of(self.search.clone());
        }
        query
    }

    /// What is chosen, each with whose it is: a facet's place, then a column's.
    fn groups(&self) -> Vec<(usize, Vec<Tests<C>>)> {
        let facets = self.facets.iter().map(Facet::group);
        let values = self.values.iter().map(|(column, chosen)| {
            let any: Vec<Tests<C>> =
                chosen.iter().map(|test| vec![(*column, test.clone())]).collect();
            Some(any).filter(|any| !any.is_empty())
        });
        let groups = facets.chain(values).enumerate();
        groups.filter_map(|(n, group)| Some((n, group?))).collect()
    }
}

/// Reads a page with what stands beside it.
fn listing<R, C>(
    reading: &mut Reading<'_>,
    account: AccountId,
    (base, question): (&Query<C>, &ListQuestion<C>),
    counting: Counting,
) -> Result<Listing<R>, Fault>
where
    C: ListColumn,
    R: Listed<Column = C>,
{
    let groups = question.groups();
    let chosen = |but: Option<usize>| {
        let mut query = base.clone();
        let others = groups.iter().filter(|(n, _)| Some(*n) != but);
        query.groups.extend(others.map(|(_, group)| group.clone()));
        query
    };
    let query = chosen(None);
    let rows = reading.list::<R>(account, &query.clone().after(question.after.clone()))?;
    let mut found =
        Listing { rows, total: 0, counts: None, values: Vec::new(), places: BTreeMap::new() };
    if counting == Counting::Nothing {
        return Ok(found);
    }
    found.total = reading.count::<R>(account, &query)?;
    if counting == Counting::Facets && reading.count::<R>(account, base)? > COUNT_LIMIT {
        return Ok(found);
    }
    // The facets narrow each other inside; the values of columns narrow them from outside.
    let mut facets = base.clone();
    let outside = groups.iter().filter(|(n, _)| *n >= question.facets.len());
    facets.groups.extend(outside.map(|(_, group)| group.clone()));
    found.counts = Some(reading.count_facets::<R>(account, &facets, &question.facets)?);
    for (n, (column, _)) in question.values.iter().enumerate() {
        let query = chosen(Some(question.facets.len() + n));
        found.values.push(reading.count_by::<R>(account, &query, *column, VALUES)?);
    }
    let ids = found.values.iter().flatten();
    let ids = ids.filter_map(|(value, _)| VirtualAccountId::load(value.clone())).collect();
    found.places = reading.virtual_accounts_among(account, &ids)?;
    Ok(found)
}

impl<R> Listing<R> {
    fn with<V>(self, rows: Vec<V>) -> Listing<V> {
        Listing {
            rows: Rows { rows, next: self.rows.next },
            total: self.total,
            counts: self.counts,
            values: self.values,
            places: self.places,
        }
    }
}

impl App {
    /// A page of an account's pools with what stands beside it.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn list_pools(
        &self,
        permit: &Permit,
        account: AccountId,
        question: ListQuestion<PoolColumn>,
        counting: Counting,
        limit: u32,
    ) -> Result<Listing<PoolView>, Error> {
        permit.allows(Action::Read, account)?;
        let now = self.world.now();
        let base = question.base(permit, PoolColumn::VirtualAccount, limit);
        let read = move |reading: &mut Reading<'_>| {
            let mut found = listing::<Pool, _>(reading, account, (&base, &question), counting)?;
            let pools = std::mem::take(&mut found.rows.rows);
            let views = pool_views(reading, account, pools, now)?;
            Ok(found.with(views))
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// A page of an account's product instances with what stands beside it.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn list_instances(
        &self,
        permit: &Permit,
        account: AccountId,
        question: ListQuestion<InstanceColumn>,
        counting: Counting,
        limit: u32,
    ) -> Result<Listing<InstanceView>, Error> {
        permit.allows(Action::Read, account)?;
        let base = question.base(permit, InstanceColumn::VirtualAccount, limit);
        // What was removed has its own page and its history, and leaves the lists.
        let base = base.with(InstanceColumn::RemovedAt, Test::Is(Value::Null));
        let read = move |reading: &mut Reading<'_>| {
            let mut found = listing::<Instance, _>(reading, account, (&base, &question), counting)?;
            let instances = std::mem::take(&mut found.rows.rows);
            let views = instance_views(reading, account, instances)?;
            Ok(found.with(views))
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }
}
