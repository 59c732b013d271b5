//! PostgreSQL: statements of a batch are sent together, rows are held in one order.
//!
//! Isolation is READ COMMITTED: what a command rests on is held, or is a child of what is held
//! and is read after it. A row that is to be held and is not there is put there first, so that
//! its absence is held too; it is taken away again if nothing is written to it.

mod line;
mod reads;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use crate::fault::Fault;
use crate::rows::Change;
use crate::table::{Kind, Table, Write};
use crate::value::Value;
use line::Line;

/// How many statements a connection keeps prepared; then it begins anew.
const STATEMENTS: usize = 512;
/// How many statements are sent together at most. Futures up to this number are polled in their
/// order, and so the statements are sent in it.
const FLIGHT: usize = 30;

/// Where a PostgreSQL database is.
#[derive(Clone)]
pub(crate) struct PostgresPlace {
    pub(crate) url: String,
}

/// A PostgreSQL connection.
pub(crate) struct Postgres {
    place: PostgresPlace,
    line: Line,
    statements: BTreeMap<String, Statement>,
    /// Sent before the next statement: how a transaction begins.
    pending: Option<String>,
    /// The last row held in this transaction, in the order of holding.
    last_held: Option<(u8, Vec<Value>)>,
    /// The rows that this transaction put where there were none, to hold their absence.
    opened: BTreeSet<(&'static str, Vec<Value>)>,
    /// Whether the connection is of no more use.
    state: LineState,
}

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineState {
    Sound,
    Broken,
}

/// A fault from an error of the database.
fn fault(error: &tokio_postgres::Error) -> Fault {
    let Some(cause) = error.as_db_error() else {
        return Fault::down(format!("PostgreSQL: {error}"));
    };
    let code = cause.code();
    let conflicts = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    if conflicts.contains(code) {
        return Fault::Busy;
    }
    match code.code().get(..2) {
        Some("22" | "23" | "54") => Fault::Rejected { why: cause.message().to_owned() },
        Some("53") => Fault::Down { why: format!("the database has no room: {}", cause.message()) },
        _ => Fault::down(cause.message()),
    }
}

impl PostgresPlace {
    /// Connects.
    pub(crate) fn connect(&self) -> Result<Postgres, Fault> {
        Ok(Postgres {
            place: self.clone(),
            line: Line::connect(&self.url)?,
            statements: BTreeMap::new(),
            pending: None,
            last_held: None,
            opened: BTreeSet::new(),
            state: LineState::Sound,
        })
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

type Argument<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// One column of many rows, as an array argument.
fn array<'a>(kind: Kind, column: impl Iterator<Item = &'a Value>) -> Argument<'a> {
    match kind {
        Kind::Int => {
            let int = |value: &Value| if let Value::Int(int) = value { Some(*int) } else { None };
            Box::new(column.map(int).collect::<Vec<_>>())
        }
        Kind::Text => {
            let text = |v: &'a Value| if let Value::Text(t) = v { Some(t.as_str()) } else { None };
            Box::new(column.map(text).collect::<Vec<_>>())
        }
        Kind::Bytes => {
            let bytes =
                |v: &'a Value| if let Value::Bytes(b) = v { Some(b.as_slice()) } else { None };
            Box::new(column.map(bytes).collect::<Vec<_>>())
        }
    }
}

/// Columns of many rows, each as an array argument; the nth column of a row is its nth value.
fn arrays<'a>(table: &Table, columns: &[usize], rows: &[&'a [Value]]) -> Vec<Argument<'a>> {
    let column = |n: &usize| array(table.columns[*n].kind, rows.iter().map(|row| &row[*n]));
    columns.iter().map(column).collect()
}

/// Something to send.
enum Call<'a> {
    /// Statements that return nothing.
    Script(String),
    /// A prepared statement with its arguments.
    Query(Statement, Vec<Argument<'a>>),
}

impl Call<'_> {
    async fn send(&self, client: &Client) -> Result<Vec<Row>, tokio_postgres::Error> {
        match self {
            Self::Script(text) => client.batch_execute(text).await.map(|()| Vec::new()),
            Self::Query(statement, arguments) => {
                let arguments: Vec<&(dyn ToSql + Sync)> =
                    arguments.iter().map(|one| one.as_ref() as &(dyn ToSql + Sync)).collect();
                client.query(statement, &arguments).await
            }
        }
    }
}

impl Postgres {
    fn prepare(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let prepared = self.line.wait(|client| client.prepare(sql));
        let statement = prepared.map_err(|error| self.note(&error))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn note(&mut self, error: &tokio_postgres::Error) -> Fault {
        let fault = fault(error);
        if matches!(fault, Fault::Down { .. }) {
            self.state = LineState::Broken;
        }
        fault
    }

    /// Sends all calls at once; the server runs them in order. What was pending goes first.
    fn fly(&mut self, calls: Vec<Call<'_>>) -> Result<Vec<Vec<Row>>, Fault> {
        let begin = self.pending.take().map(Call::Script);
        let skipped = usize::from(begin.is_some());
        let all: Vec<Call<'_>> = begin.into_iter().chain(calls).collect();
        let mut answers = Vec::with_capacity(all.len());
        for flight in all.chunks(FLIGHT) {
            let landed =
                self.line.wait(|client| join_all(flight.iter().map(|call| call.send(client))));
            // The first error is the cause; those behind it only say that there was one.
            let landed: Result<Vec<_>, _> = landed.into_iter().collect();
            answers.extend(landed.map_err(|error| self.note(&error))?);
        }
        answers.drain(..skipped);
        Ok(answers)
    }

    /// Begins a transaction; nothing is sent before it has something to do.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        self.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED".to_owned())
    }

    /// Begins a reading transaction that sees one account, or the whole house.
    pub(crate) fn begin_reading(&mut self, scope: &str) -> Result<(), Fault> {
        // The scope is hexadecimal digits or the word `house`: never anybody's text. A plan that is
        // made for any values goes through a long list of them for every row, and takes a rare
        // value for a common one.
        self.begin_with(format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE scrip_read; \
             SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL scrip.account = '{scope}'"
        ))
    }

    fn begin_with(&mut self, text: String) -> Result<(), Fault> {
        if self.state == LineState::Broken || self.line.is_closed() {
            *self = self.place.connect()?;
        }
        self.last_held = None;
        self.opened.clear();
        self.pending = Some(text);
        Ok(())
    }

    /// Writes all changes, and takes away what was put only to be held; all of it becomes
    /// durable, or nothing.
    pub(super) fn finish(&mut self, changes: &[Change]) -> Result<(), Fault> {
        let removed = self.unused(changes);
        let mut calls = Vec::new();
        for change in changes.iter().chain(&removed) {
            let statement = self.prepare(&change.table.write_many(change.write))?;
            let rows: Vec<&[Value]> = change.rows.iter().map(Vec::as_slice).collect();
            let columns = change.table.arguments(change.write);
            calls.push(Call::Query(statement, arrays(change.table, &columns, &rows)));
        }
        calls.push(Call::Script("COMMIT".to_owned()));
        self.fly(calls).map(|_| ())
    }

    /// The rows that were put to hold their absence, and stayed absent.
    fn unused(&self, changes: &[Change]) -> Vec<Change> {
        let written: BTreeSet<(&str, &[Value])> = changes
            .iter()
            .filter(|change| change.write == Write::Put)
            .flat_map(|c| c.rows.iter().map(|row| (c.table.name, &row[..c.table.key])))
            .collect();
        let mut unused: BTreeMap<&str, Vec<Vec<Value>>> = BTreeMap::new();
        for (table, keys) in &self.opened {
            if !written.contains(&(*table, keys.as_slice())) {
                unused.entry(table).or_default().push(keys.clone());
            }
        }
        let tables = crate::schema::ALL.iter();
        let removal = |table: &&'static Table| {
            let rows = unused.remove(table.name)?;
            Some(Change { table, write: Write::Remove, rows })
        };
        tables.filter_map(removal).collect()
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        let statement = self.prepare(sql)?;
        let arguments = values.iter().map(|value| Box::new(value) as Argument<'_>).collect();
        let answers = self.fly(vec![Call::Query(statement, arguments)])?;
        Ok(answers.iter().flatten().map(columns_of).collect())
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.fly(vec![Call::Script(sql.to_owned())]).map(|_| ())
    }

    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        self.script("COMMIT")
    }

    pub(crate) fn rollback(&mut self) {
        let unbegun = self.pending.take().is_some();
        if !unbegun && self.state == LineState::Sound {
            let _ = self.script("ROLLBACK");
        }
    }
}
