//! SQLite: one writing connection, WAL, `synchronous=FULL`; readers are read-only.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql, params_from_iter};

use super::Found;
use crate::fault::Fault;
use crate::rows::{Change, Target};
use crate::table::Write;
use crate::value::Value;

/// Below this version a WAL reset can corrupt the file.
const LEAST_VERSION: i32 = 3_051_003;
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 256;
/// After so many pages in the log a commit carries them into the file.
const CHECKPOINT_PAGES: i64 = 32_000;

/// A SQLite connection.
pub(crate) struct Sqlite {
    connection: Connection,
    selects: BTreeMap<(&'static str, usize), String>,
    writes: BTreeMap<(&'static str, Write), String>,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// rusqlite numbers `$N` by first appearance; `?N` means what it says.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn fault(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error().map(|cause| cause.code) {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            Fault::Rejected { why: error.to_string() }
        }
        Some(ErrorCode::DiskFull) => Fault::Down { why: "the disk is full: make room".to_owned() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        _ => Fault::down(error),
    }
}

fn read_row(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    let mut values = Vec::with_capacity(columns);
    for column in 0..columns {
        values.push(match row.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(int) => Value::Int(int),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Value::Text(text.to_owned()),
                // No version wrote it: whoever takes it for text will say so.
                Err(_) => Value::Bytes(text.to_vec()),
            },
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            // No column holds such a number.
            ValueRef::Real(_) => Value::Bytes(Vec::new()),
        });
    }
    Ok(values)
}

/// Opens the writing connection of a file, makes it durable and checks that it is.
pub(crate) fn open_writer(file: &Path) -> Result<Sqlite, Fault> {
    if rusqlite::version_number() < LEAST_VERSION {
        let why =
            format!("SQLite {} can corrupt its log: 3.51.3 is the least", rusqlite::version());
        return Err(Fault::Down { why });
    }
    let connection = Connection::open(file).map_err(|error| fault(&error))?;
    let set = || -> rusqlite::Result<(String, i64)> {
        connection.pragma_update(None, "page_size", 4096)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What is erased is overwritten, not only forgotten. (Moving rows between pages may leave
        // copies in the unused part of a page; only writing the file anew removes those.)
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let sync = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok((mode, sync))
    };
    let (mode, sync) = set().map_err(|error| fault(&error))?;
    if mode != "wal" || sync != 2 {
        let why =
            format!("the file cannot be made durable (journal_mode {mode}, synchronous {sync})");
        return Err(Fault::Down { why });
    }
    Ok(Sqlite::around(connection))
}

/// Opens a reading connection of a file.
pub(crate) fn open_reader(file: &Path) -> Result<Sqlite, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // The inner pages of the trees stay at hand.
        connection.pragma_update(None, "cache_size", -16_384)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map(Sqlite::around).map_err(|error| fault(&error))
}

impl Sqlite {
    fn around(connection: Connection) -> Self {
        Self { connection, selects: BTreeMap::new(), writes: BTreeMap::new() }
    }

    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        self.script("BEGIN IMMEDIATE")
    }

    pub(super) fn read(&mut self, targets: &[Target]) -> Result<Vec<Found>, Fault> {
        let mut groups: BTreeMap<(&'static str, usize), Vec<&Target>> = BTreeMap::new();
        for target in targets {
            groups.entry((target.table.name, target.keys.len())).or_default().push(target);
        }
        let mut found: Vec<Found> = Vec::new();
        for (named, targets) in groups {
            let table = targets[0].table;
            let text =
                self.selects.entry(named).or_insert_with(|| numbered(&table.select(named.1)));
            let mut rows = Vec::with_capacity(targets.len());
            let select = || -> rusqlite::Result<()> {
                let mut statement = self.connection.prepare_cached(text)?;
                for target in targets {
                    take_rows(&mut statement, &target.keys, &mut rows)?;
                }
                Ok(())
            };
            select().map_err(|error| fault(&error))?;
            found.push((table, rows));
        }
        Ok(found)
    }

    pub(super) fn finish(&mut self, changes: &[Change]) -> Result<(), Fault> {
        for change in changes {
            let named = (change.table.name, change.write);
            let text = || numbered(&change.table.write_one(change.write));
            let text = self.writes.entry(named).or_insert_with(text);
            let arguments = change.table.arguments(change.write);
            let write = || -> rusqlite::Result<()> {
                let mut statement = self.connection.prepare_cached(text)?;
                for row in &change.rows {
                    statement.execute(params_from_iter(arguments.iter().map(|n| &row[*n])))?;
                }
                Ok(())
            };
            write().map_err(|error| fault(&error))?;
        }
        self.commit()
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        let sql = numbered(sql);
        let mut rows = Vec::new();
        let mut query = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            take_rows(&mut statement, values, &mut rows)
        };
        query().map_err(|error| fault(&error))?;
        Ok(rows)
    }

    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        let Err(error) = self.connection.execute_batch("COMMIT") else { return Ok(()) };
        let failed_sync = error.sqlite_error().is_some_and(|cause| {
            // SQLITE_IOERR_FSYNC: what the system says it wrote may be lost, and asking again proves nothing.
            cause.extended_code == 1034
        });
        if failed_sync {
            tracing::error!(%error, "fsync failed: ending the process, so that nothing is acknowledged that is not durable");
            std::process::abort();
        }
        self.rollback();
        Err(fault(&error))
    }

    pub(crate) fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.connection.execute_batch(sql).map_err(|error| fault(&error))
    }
}

/// Runs a statement and adds its rows.
fn take_rows(
    statement: &mut Statement<'_>,
    values: &[Value],
    all: &mut Vec<Vec<Value>>,
) -> rusqlite::Result<()> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        all.push(read_row(row, columns)?);
    }
    Ok(())
}
