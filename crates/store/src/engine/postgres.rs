//! PostgreSQL: statements of a batch are sent together, rows are held in one order.
//!
//! Isolation is READ COMMITTED: what a command rests on is held, or is a child of what is held.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::{Commit, Found};
use crate::fault::Fault;
use crate::rows::{Change, Target};
use crate::table::{Hold, Kind, Table, Write};
use crate::value::Value;

/// Where a PostgreSQL database is, and the runtime on which its connections live.
#[derive(Clone)]
pub(crate) struct PostgresPlace {
    pub(crate) url: String,
    pub(crate) runtime: Arc<LineRuntime>,
}

/// A runtime that may be dropped anywhere, even inside another one.
pub(crate) struct LineRuntime {
    inner: Option<Runtime>,
}

impl LineRuntime {
    pub(crate) fn new() -> Result<Self, Fault> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("scrip-postgres").enable_all();
        Ok(Self { inner: Some(builder.build().map_err(Fault::down)?) })
    }
}

impl std::ops::Deref for LineRuntime {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.inner.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for LineRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.inner.take() {
            runtime.shutdown_background();
        }
    }
}

/// A PostgreSQL connection.
pub(crate) struct Postgres {
    place: PostgresPlace,
    client: Client,
    statements: BTreeMap<String, Statement>,
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            Self::Int(int) => int.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

fn fault(error: &tokio_postgres::Error) -> Fault {
    let Some(cause) = error.as_db_error() else { return Fault::down(error) };
    let code = cause.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return Fault::Busy;
    }
    match code.code().get(..2) {
        Some("22" | "23") => Fault::Rejected { why: cause.message().to_owned() },
        Some("53") => Fault::Down { why: format!("the database has no room: {}", cause.message()) },
        _ => Fault::down(cause.message()),
    }
}

impl PostgresPlace {
    /// Connects.
    pub(crate) fn connect(&self) -> Result<Postgres, Fault> {
        let connecting = tokio_postgres::connect(&self.url, NoTls);
        let (client, connection) =
            self.runtime.block_on(connecting).map_err(|error| fault(&error))?;
        self.runtime.spawn(connection);
        Ok(Postgres { place: self.clone(), client, statements: BTreeMap::new() })
    }
}

fn columns_of(row: &Row) -> Vec<Value> {
    (0..row.len())
        .map(|column| match *row.columns()[column].type_() {
            Type::INT8 => row.get::<_, Option<i64>>(column).map_or(Value::Null, Value::Int),
            Type::INT4 => {
                row.get::<_, Option<i32>>(column).map_or(Value::Null, |int| Value::Int(int.into()))
            }
            Type::BOOL => {
                row.get::<_, Option<bool>>(column).map_or(Value::Null, |yes| Value::Int(yes.into()))
            }
            Type::BYTEA => row.get::<_, Option<Vec<u8>>>(column).map_or(Value::Null, Value::Bytes),
            _ => row.get::<_, Option<String>>(column).map_or(Value::Null, Value::Text),
        })
        .collect()
}

type Argument = Box<dyn ToSql + Sync + Send>;

/// One column of many rows, as an array argument.
fn array<'a>(kind: Kind, column: impl Iterator<Item = &'a Value>) -> Argument {
    match kind {
        Kind::Int => Box::new(
            column
                .map(|v| if let Value::Int(int) = v { Some(*int) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            column
                .map(|v| if let Value::Text(text) = v { Some(text.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            column
                .map(|v| if let Value::Bytes(b) = v { Some(b.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}

fn arrays(table: &Table, columns: usize, rows: &[&[Value]]) -> Vec<Argument> {
    let column = |n: usize| array(table.columns[n].kind, rows.iter().map(move |row| &row[n]));
    (0..columns).map(column).collect()
}

/// A statement with its arguments, ready to be sent.
struct Call {
    statement: Statement,
    arguments: Vec<Argument>,
}

impl Postgres {
    fn prepare(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let preparing = self.client.prepare(sql);
        let statement = self.place.runtime.block_on(preparing).map_err(|error| fault(&error))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends all calls at once; the server runs them in order.
    fn send(&self, calls: &[Call]) -> Result<Vec<Vec<Row>>, Fault> {
        let all = calls.iter().map(|call| async {
            let arguments: Vec<&(dyn ToSql + Sync)> = call
                .arguments
                .iter()
                .map(|argument| argument.as_ref() as &(dyn ToSql + Sync))
                .collect();
            self.client.query(&call.statement, &arguments).await
        });
        self.place.runtime.block_on(try_join_all(all)).map_err(|error| fault(&error))
    }

    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        if self.client.is_closed() {
            *self = self.place.connect()?;
        }
        self.script("BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    pub(super) fn read(&mut self, targets: &[Target]) -> Result<Vec<Found>, Fault> {
        let mut groups: BTreeMap<(u8, &str, usize, Hold), Vec<&Target>> = BTreeMap::new();
        for target in targets {
            let rank = target.anchor().map_or(3, |(rank, _)| rank);
            let group = (rank, target.table.name, target.keys.len(), target.hold);
            groups.entry(group).or_default().push(target);
        }
        let mut calls = Vec::new();
        let mut tables = Vec::new();
        for ((_, _, keys, hold), targets) in &groups {
            let table = targets[0].table;
            let statement = self.prepare(&table.select_many(*keys, *hold))?;
            let mut rows: Vec<&[Value]> =
                targets.iter().map(|target| target.keys.as_slice()).collect();
            rows.sort_unstable();
            rows.dedup();
            calls.push(Call { statement, arguments: arrays(table, *keys, &rows) });
            tables.push((table, targets));
        }
        let answers = self.send(&calls)?;
        let mut found: Vec<Found> = Vec::new();
        for ((table, targets), rows) in tables.into_iter().zip(answers) {
            let mut rows: Vec<Vec<Value>> = rows.iter().map(columns_of).collect();
            rows.extend(self.open_missing(table, targets, &rows)?);
            found.push((table, rows));
        }
        Ok(found)
    }

    /// Puts and holds the rows that are to be held and are not there yet.
    fn open_missing(
        &mut self,
        table: &'static Table,
        targets: &[&Target],
        rows: &[Vec<Value>],
    ) -> Result<Vec<Vec<Value>>, Fault> {
        let there: std::collections::BTreeSet<&[Value]> =
            rows.iter().map(|row| &row[..table.key]).collect();
        let mut blanks: Vec<&[Value]> = targets
            .iter()
            .filter(|target| !there.contains(target.keys.as_slice()))
            .filter_map(|target| target.blank.as_deref())
            .collect();
        if blanks.is_empty() {
            return Ok(Vec::new());
        }
        blanks.sort_unstable();
        blanks.dedup();
        let insert = self.prepare(&table.insert_many(Write::Ensure))?;
        let select = self.prepare(&table.select_many(table.key, Hold::Yes))?;
        let calls = [
            Call { statement: insert, arguments: arrays(table, table.columns.len(), &blanks) },
            Call { statement: select, arguments: arrays(table, table.key, &blanks) },
        ];
        let answers = self.send(&calls)?;
        Ok(answers[1].iter().map(columns_of).collect())
    }

    pub(super) fn write(&mut self, changes: &[Change]) -> Result<(), Fault> {
        let mut calls = Vec::new();
        for change in changes {
            let statement = self.prepare(&change.table.insert_many(change.write))?;
            let rows: Vec<&[Value]> = change.rows.iter().map(Vec::as_slice).collect();
            calls.push(Call {
                statement,
                arguments: arrays(change.table, change.table.columns.len(), &rows),
            });
        }
        self.send(&calls).map(|_| ())
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        let statement = self.prepare(sql)?;
        let arguments: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let querying = self.client.query(&statement, &arguments);
        let rows = self.place.runtime.block_on(querying).map_err(|error| fault(&error))?;
        Ok(rows.iter().map(columns_of).collect())
    }

    pub(super) fn commit(&mut self) -> Result<Commit, Fault> {
        match self.script("COMMIT") {
            Ok(()) => Ok(Commit::Done),
            Err(Fault::Busy) => {
                self.rollback();
                Ok(Commit::Conflict)
            }
            Err(fault) => Err(fault),
        }
    }

    pub(crate) fn rollback(&mut self) {
        let _ = self.script("ROLLBACK");
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.place.runtime.block_on(self.client.batch_execute(sql)).map_err(|error| fault(&error))
    }

    /// Begins a reading transaction that sees one account, or the whole house.
    pub(crate) fn begin_reading(&mut self, scope: &str) -> Result<(), Fault> {
        if self.client.is_closed() {
            *self = self.place.connect()?;
        }
        // The scope is hexadecimal digits or the word `house`: never anybody's text.
        self.script(&format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE scrip_read; \
             SET LOCAL scrip.account = '{scope}'"
        ))
    }
}
