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

/// Counts are exact up to here.
pub const COUNT_LIMIT: i64 = 10_000;

/// A column of a listed table.
pub trait ListColumn: Copy {
    /// Its name in the table.
    fn name(self) -> &'static str;
}

/// A record that can be listed within an account.
pub trait Listed: Record {
    /// Its columns by which one may filter and sort.
    type Column: ListColumn;
}

macro_rules! listed {
    ($($(#[$doc:meta])* $column:ident for $row:ty { $($variant:ident = $name:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is named after the field of the row")]
        pub enum $column { $($variant),+ }

        impl ListColumn for $column {
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl Listed for $row {
            type Column = $column;
        }
    )+ };
}

listed! {
    /// Columns of virtual accounts.
    VirtualAccountColumn for ledger::account::VirtualAccount {
        Id = "virtual_account_id", Name = "name_folded", CreatedAt = "created_at", ArchivedAt = "archived_at",
    }
    /// Columns of pools.
    PoolColumn for ledger::pool::Pool {
        VirtualAccount = "virtual_account_id", Tag = "tag", Balance = "balance", Used = "used", ShortSince = "short_since",
    }
    /// Columns of entitlements.
    EntitlementColumn for ledger::entitlement::Entitlement {
        Pool = "pool_id", Start = "starts_at", End = "ends_at", Quantity = "quantity",
    }
    /// Columns of product instances.
    InstanceColumn for ledger::instance::Instance {
        Name = "name_folded", Identity = "identity", VirtualAccount = "virtual_account_id", HeardAt = "heard_at",
        StaleAt = "stale_at", BoundAt = "bound_at",
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
    TokenColumn for ledger::token::Token { VirtualAccount = "virtual_account_id", ExpiresAt = "expires_at", CreatedAt = "created_at" }
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
    /// Less than a value.
    Below(Value),
    /// One of some values.
    In(Vec<Value>),
    /// Text that begins so; give it folded for a folded column.
    Begins(String),
}

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
    pub tests: Vec<(C, Test)>,
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
        Self { tests: Vec::new(), sort: None, after: None, limit }
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

/// A page of rows, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Rows<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

struct Text {
    sql: String,
    values: Vec<Value>,
}

impl Text {
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
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
        let mut text = Text { sql: String::new(), values: Vec::new() };
        let mut wheres = conditions::<R>(&mut text, account, query);
        wheres.extend(continuation::<R>(&mut text, query));
        let order = order::<R>(query);
        let limit = text.bind(Value::Int(i64::from(query.limit) + 1));
        let sorted = query.sort.map_or(String::new(), |(column, _)| format!(", {}", column.name()));
        text.sql = format!(
            "SELECT {}{sorted} FROM {} WHERE {} ORDER BY {order} LIMIT {limit}",
            R::TABLE.names(""),
            R::TABLE.name,
            wheres.join(" AND ")
        );
        let mut found = self.query(&text.sql, &text.values)?;
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
        let mut text = Text { sql: String::new(), values: Vec::new() };
        let wheres = conditions::<R>(&mut text, account, query).join(" AND ");
        let limit = text.bind(Value::Int(COUNT_LIMIT + 1));
        let table = R::TABLE.name;
        text.sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {table} WHERE {wheres} LIMIT {limit}) AS found"
        );
        self.number(&text.sql, &text.values)
    }
}

fn conditions<R: Listed>(
    text: &mut Text,
    account: AccountId,
    query: &Query<R::Column>,
) -> Vec<String> {
    let mut wheres = vec![format!("account_id = {}", text.bind(account.store()))];
    for (column, test) in &query.tests {
        let name = column.name();
        wheres.push(match test {
            Test::Is(Value::Null) => format!("{name} IS NULL"),
            Test::Is(value) => format!("{name} = {}", text.bind(value.clone())),
            Test::AtLeast(value) => format!("{name} >= {}", text.bind(value.clone())),
            Test::Below(value) => format!("{name} < {}", text.bind(value.clone())),
            Test::In(values) if values.is_empty() => "1 = 0".to_owned(),
            Test::In(values) => {
                let marks: Vec<String> =
                    values.iter().map(|value| text.bind(value.clone())).collect();
                format!("{name} IN ({})", marks.join(", "))
            }
            // No text that is kept holds a NUL, and PostgreSQL takes none as a value.
            Test::Begins(start) if start.contains('\0') => "1 = 0".to_owned(),
            Test::Begins(start) => {
                let from = text.bind(Value::Text(start.clone()));
                let to = text.bind(Value::Text(format!("{start}\u{10FFFF}")));
                format!("{name} >= {from} AND {name} < {to}")
            }
        });
    }
    wheres
}

/// The rows behind the cursor; rows without a value come last, whichever way is sorted.
///
/// Where a column always has a value, the condition begins with what an index can seek.
fn continuation<R: Listed>(text: &mut Text, query: &Query<R::Column>) -> Option<String> {
    let cursor = query.after.as_ref()?;
    let names: Vec<&str> =
        R::TABLE.columns[1..R::TABLE.key].iter().map(|column| column.name).collect();
    let marks: Vec<String> = cursor.key.iter().map(|value| text.bind(value.clone())).collect();
    let direction = query.sort.map_or(Direction::Up, |(_, direction)| direction);
    let sign = if direction == Direction::Up { ">" } else { "<" };
    let behind = format!("({}) {sign} ({})", names.join(", "), marks.join(", "));
    let (Some((column, _)), Some(value)) = (&query.sort, &cursor.sorted) else {
        return Some(behind);
    };
    let name = column.name();
    if *value == Value::Null {
        return Some(format!("({name} IS NULL AND {behind})"));
    }
    let mark = text.bind(value.clone());
    Some(if nullable::<R>(name) {
        format!("({name} {sign} {mark} OR ({name} = {mark} AND {behind}) OR {name} IS NULL)")
    } else {
        format!("({name} {sign}= {mark} AND ({name} {sign} {mark} OR {behind}))")
    })
}

fn nullable<R: Listed>(name: &str) -> bool {
    R::TABLE.columns.iter().any(|column| column.name == name && column.null)
}

/// By the column that is asked for, then by key, both the same way, so that an index serves.
fn order<R: Listed>(query: &Query<R::Column>) -> String {
    let way = match query.sort {
        Some((_, Direction::Down)) => "DESC",
        _ => "ASC",
    };
    let sorted = query.sort.map(|(column, _)| {
        let name = column.name();
        let last = if nullable::<R>(name) { " NULLS LAST" } else { "" };
        format!("{name} {way}{last}")
    });
    let keys = R::TABLE.columns[1..R::TABLE.key].iter().map(|c| format!("{} {way}", c.name));
    sorted.into_iter().chain(keys).collect::<Vec<_>>().join(", ")
}
