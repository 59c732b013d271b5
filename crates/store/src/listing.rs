//! Listings: filter, sort, and pages by key, one mechanism for every table.
//!
//! Columns are an enum for each table and values are bound, so nothing that a person
//! types becomes SQL. A page continues after the last row seen (a cursor), so it neither
//! repeats nor misses a row when others are written meanwhile.

use wire::id::AccountId;

use crate::fault::Fault;
use crate::read::Reading;
use crate::record::Record;
use crate::value::{Stored, Value};

mod text;

use text::Flavour;

/// Counts are exact up to here.
pub const COUNT_LIMIT: i64 = 10_000;

/// A column of a listed table.
pub trait ListColumn: Copy {
    /// Its name in the table, or what is made of several, each with its table's letter.
    fn name(self) -> &'static str;

    /// What is indexed in place of a column that changes too often for an index of its own.
    fn coarse(self) -> Option<Coarse> {
        None
    }
}

/// A column of whole steps of another one: it changes seldom, so an index may hold it.
///
/// A row without a value has the step [`NO_STEP`], and so comes first where the smallest does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coarse {
    /// Its name.
    pub name: &'static str,
    /// How much of the other column is one step.
    pub step: i64,
    /// The index that has it.
    pub index: &'static str,
}

/// The step of a row that has no value.
pub(crate) const NO_STEP: i64 = -1;

/// A record that can be listed within an account.
pub trait Listed: Record {
    /// Its columns by which one may filter and sort.
    type Column: ListColumn;
    /// Another table whose columns one may filter and sort by, under the letter `j`.
    const JOINED: &'static str = "";
}

macro_rules! listed {
    ($($(#[$doc:meta])* $column:ident for $row:ty $(, joined $joined:literal)? {
        $($variant:ident = $name:literal $(by $coarse:expr)?),+ $(,)?
    })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is named after the field of the row")]
        pub enum $column { $($variant),+ }

        impl ListColumn for $column {
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn coarse(self) -> Option<Coarse> {
                match self {
                    $($(Self::$variant => Some($coarse),)?)+
                    _ => None,
                }
            }
        }

        impl Listed for $row {
            type Column = $column;
            $(const JOINED: &'static str = $joined;)?
        }
    )+ };
}

/// Reports come all the time; an hour's devices are few enough to be sorted.
const HEARD_HOUR: Coarse = Coarse { name: "heard_hour", step: HOUR, index: "instance_by_heard" };

/// Milliseconds.
pub(crate) const HOUR: i64 = 60 * 60 * 1_000;

listed! {
    /// Columns of virtual accounts.
    VirtualAccountColumn for ledger::account::VirtualAccount {
        Id = "virtual_account_id", Name = "name_folded", CreatedAt = "created_at", ArchivedAt = "archived_at",
    }
    /// Columns of pools.
    PoolColumn for ledger::pool::Pool, joined "LEFT JOIN license j ON j.tag = t.tag" {
        VirtualAccount = "virtual_account_id", Tag = "tag", Balance = "balance", ShortSince = "short_since",
        InForce = "(t.available + t.reserved + t.delegated + t.in_transfer)", Future = "future", Expired = "retired",
        Reserved = "reserved", InUse = "(t.used + t.used_unverified)", Concern = "concern",
        NextBoundary = "next_boundary", Name = "j.name_folded", Kind = "j.kind", Enforcement = "j.enforcement",
    }
    /// Columns of entitlements.
    EntitlementColumn for ledger::entitlement::Entitlement {
        Pool = "pool_id", Start = "starts_at", End = "ends_at", Quantity = "quantity", Source = "source",
    }
    /// Columns of product instances.
    InstanceColumn for ledger::instance::Instance {
        Id = "instance_id", Name = "name_folded", Identity = "identity", VirtualAccount = "virtual_account_id",
        HeardAt = "heard_at" by HEARD_HOUR, StaleAt = "stale_at", BoundAt = "bound_at", Software = "software",
        Country = "country_of_use", CreatedAt = "created_at", RemovedAt = "removed_at",
    }
    /// Columns of uses.
    UseColumn for ledger::instance::Use { Instance = "instance_id", Pool = "pool_id", Tag = "tag", Level = "level", Since = "since" }
    /// Columns of device keys.
    DeviceKeyColumn for ledger::instance::DeviceKey { Instance = "instance_id", BoundAt = "bound_at" }
    /// Columns of instance names.
    NameColumn for ledger::instance::Name { Instance = "instance_id", Name = "name_folded", FirstHeardAt = "first_heard_at" }
    /// Columns of alarms.
    AlarmColumn for ledger::alarm::Alarm {
        State = "state", Severity = "severity", VirtualAccount = "virtual_account_id", OpenedAt = "opened_at", Missing = "missing",
        SettledAt = "settled_at",
    }
    /// Columns of ID tokens.
    TokenColumn for ledger::token::Token {
        Id = "token_id", VirtualAccount = "virtual_account_id", ExpiresAt = "expires_at", CreatedAt = "created_at",
        Description = "description_folded",
    }
    /// Columns of reports.
    ReportColumn for ledger::report::Recorded {
        Instance = "instance_id", Key = "key_id", Epoch = "epoch", Number = "number", HeardAt = "heard_at", Tag = "tag",
    }
    /// Columns of the changes of alarms.
    AlarmChangeColumn for ledger::posting::AlarmChange { Alarm = "alarm_id", Happening = "happening", RecordedAt = "recorded_at" }
    /// Columns of grants.
    GrantColumn for ledger::person::Grant {
        Email = "email_folded", Person = "person_id", Role = "role", VirtualAccount = "virtual_account_id", EndedAt = "ended_at",
        EndsAt = "ends_at",
    }
    /// Columns of requests for access.
    AccessRequestColumn for ledger::person::AccessRequest {
        State = "state", VirtualAccount = "virtual_account_id", AskedAt = "asked_at",
    }
    /// Columns of entries.
    EntryColumn for ledger::posting::Entry { Pool = "pool_id", Seq = "seq", EffectiveAt = "effective_at" }
}

/// What a column must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal to a value.
    Is(Value),
    /// At least a value.
    AtLeast(Value),
    /// At least a value, or without one.
    NotBelow(Value),
    /// Less than a value.
    Below(Value),
    /// One of some values.
    In(Vec<Value>),
    /// Text that begins so; give it folded for a folded column.
    Begins(String),
    /// Text in which this stands somewhere; give it folded for a folded column.
    Contains(String),
    /// Has a value.
    Some,
    /// An instance that uses the license of this pool.
    Uses(Value),
}

/// Several tests that all must hold.
pub type Tests<C> = Vec<(C, Test)>;

/// Which way to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Up,
    /// Largest first.
    Down,
}

/// The place after a row: the value it was sorted by, and its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// The value of the column that is sorted by, if one is.
    pub sorted: Option<Value>,
    /// The key, without the account.
    pub key: Vec<Value>,
}

/// A question for rows of one account.
#[derive(Clone, Debug)]
pub struct Query<C> {
    /// What must hold, all of it.
    pub tests: Tests<C>,
    /// Of each of these, one alternative must hold.
    pub groups: Vec<Vec<Tests<C>>>,
    /// What to sort by; by key alone if nothing is named.
    pub sort: Option<(C, Direction)>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// How many rows at most.
    pub limit: u32,
}

impl<C> Query<C> {
    /// Everything in order of keys, up to `limit` rows.
    pub fn all(limit: u32) -> Self {
        Self { tests: Vec::new(), groups: Vec::new(), sort: None, after: None, limit }
    }

    /// With one more thing that must hold.
    #[must_use]
    pub fn with(mut self, column: C, test: Test) -> Self {
        self.tests.push((column, test));
        self
    }

    /// With a value that a column must equal.
    #[must_use]
    pub fn is(self, column: C, value: impl Stored) -> Self {
        self.with(column, Test::Is(value.store()))
    }

    /// With some alternatives, of which one must hold.
    #[must_use]
    pub fn one_of(mut self, alternatives: Vec<Tests<C>>) -> Self {
        self.groups.push(alternatives);
        self
    }

    /// Sorted by a column.
    #[must_use]
    pub fn sorted(mut self, column: C, direction: Direction) -> Self {
        self.sort = Some((column, direction));
        self
    }

    /// Going on after a row.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }
}

/// What one may choose from to narrow a list; of what is chosen, one must hold.
#[derive(Clone, Debug)]
pub struct Facet<C> {
    /// What there is to choose.
    pub alternatives: Vec<Tests<C>>,
    /// The places of what is chosen; none chosen is as if all were.
    pub chosen: Vec<usize>,
}

impl<C: Clone> Facet<C> {
    /// What is chosen, as the alternatives of a query; `None` if nothing is.
    pub fn group(&self) -> Option<Vec<Tests<C>>> {
        let chosen = self.chosen.iter().filter_map(|n| self.alternatives.get(*n).cloned());
        Some(chosen.collect::<Vec<_>>()).filter(|chosen| !chosen.is_empty())
    }
}

/// A page of rows, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Rows<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

impl Reading<'_> {
    /// A page of rows of an account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn list<R: Listed>(
        &mut self,
        account: AccountId,
        query: &Query<R::Column>,
    ) -> Result<Rows<R>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Rows { rows: Vec::new(), next: None });
        }
        let statement = text::page::<R>(account, query, self.flavour());
        let mut found = self.query(&statement.sql, &statement.values)?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|row| Cursor {
            sorted: query.sort.and_then(|_| row.last().cloned()),
            key: row[1..R::TABLE.key].to_vec(),
        });
        let rows = found
            .into_iter()
            .enumerate()
            .map(|(n, row)| R::from_values(n, row))
            .collect::<Result<_, _>>()?;
        Ok(Rows { rows, next })
    }

    /// How many rows there are: exact up to [`COUNT_LIMIT`], one more than that if there are more.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn count<R: Listed>(
        &mut self,
        account: AccountId,
        query: &Query<R::Column>,
    ) -> Result<i64, Fault> {
        if !self.sees(&account.store()) {
            return Ok(0);
        }
        let statement = text::count::<R>(account, query, self.flavour());
        self.number(&statement.sql, &statement.values)
    }

    /// How many rows meet each alternative of each facet and what is chosen of the other facets,
    /// all in one look at the rows that the query means. Exact: count those first.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn count_facets<R: Listed>(
        &mut self,
        account: AccountId,
        query: &Query<R::Column>,
        facets: &[Facet<R::Column>],
    ) -> Result<Vec<Vec<i64>>, Fault> {
        let none = || facets.iter().map(|facet| vec![0; facet.alternatives.len()]).collect();
        if !self.sees(&account.store()) || facets.iter().all(|facet| facet.alternatives.is_empty())
        {
            return Ok(none());
        }
        let statement = text::facets::<R>(account, query, facets, self.flavour());
        let row = self.query(&statement.sql, &statement.values)?.into_iter().next();
        let mut counts = row.unwrap_or_default().into_iter().map(|one| i64::load(one).unwrap_or(0));
        let of = |facet: &Facet<R::Column>| {
            facet.alternatives.iter().map(|_| counts.next().unwrap_or(0)).collect()
        };
        Ok(facets.iter().map(of).collect())
    }

    /// The values of a column, those of most rows first, each with how many rows have it.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn count_by<R: Listed>(
        &mut self,
        account: AccountId,
        query: &Query<R::Column>,
        column: R::Column,
        most: u32,
    ) -> Result<Vec<(Value, i64)>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let statement = text::by_value::<R>(account, query, column, most, self.flavour());
        let rows = self.query(&statement.sql, &statement.values)?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((row.next()?, i64::load(row.next()?)?))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    fn flavour(&self) -> Flavour {
        if self.holds() { Flavour::PostgreSql } else { Flavour::Sqlite }
    }
}
