//! What the store does inside: statements, tables, roles. What can be seen from outside is
//! tested in `tests/store`.

mod events;
mod people;
mod statements;
mod tables;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use wire::time::Timestamp;

use crate::engine::{Engine, PostgresPlace, open_reader, open_writer};
use crate::migrate::migrate;
use crate::value::{Stored as _, Value};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An empty book on one engine, removed when the test is over.
struct Bare {
    engine: Option<Engine>,
    end: End,
}

/// What is to be removed.
enum End {
    Folder(PathBuf),
    Database { cluster: String, name: String },
}

fn unique() -> String {
    format!("scrip_test_bare_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn postgres(url: &str) -> Engine {
    let place = PostgresPlace { url: url.to_owned() };
    Engine::Postgres(Box::new(place.connect().expect("the test cluster answers")))
}

impl Bare {
    fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut engine = Engine::Sqlite(open_writer(&folder.join("scrip.db")).expect("it opens"));
        migrate(&mut engine, Timestamp::MIN).expect("it is migrated");
        Self { engine: Some(engine), end: End::Folder(folder) }
    }

    fn postgres() -> Option<Self> {
        let Ok(cluster) = std::env::var("SCRIP_TEST_POSTGRES") else {
            eprintln!("SCRIP_TEST_POSTGRES is not set: skipped on PostgreSQL");
            return None;
        };
        let name = unique();
        let mut door = postgres(&cluster);
        door.script(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).expect("it is gone");
        door.script(&format!("CREATE DATABASE {name}")).expect("it is made");
        let (server, _) = cluster.rsplit_once('/').expect("the address ends with a database");
        let mut engine = postgres(&format!("{server}/{name}"));
        migrate(&mut engine, Timestamp::MIN).expect("it is migrated");
        Some(Self { engine: Some(engine), end: End::Database { cluster, name } })
    }

    /// Both engines, as far as there are any.
    fn all() -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres()).collect()
    }

    fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().expect("it is open")
    }

    /// Another connection, as readers have it.
    fn reader(&self) -> Engine {
        match &self.end {
            End::Folder(folder) => {
                Engine::Sqlite(open_reader(&folder.join("scrip.db")).expect("it opens"))
            }
            End::Database { cluster, name } => {
                let (server, _) = cluster.rsplit_once('/').expect("an address");
                postgres(&format!("{server}/{name}"))
            }
        }
    }

    /// Runs a query in a transaction that is taken back.
    fn rows(&mut self, sql: &str) -> Vec<Vec<Value>> {
        let engine = self.engine();
        engine.begin().expect("it begins");
        let rows = engine.query(sql, &[]).unwrap_or_else(|fault| panic!("{fault}: {sql}"));
        engine.rollback();
        rows
    }

    /// As [`rows`](Self::rows), each as texts and numbers with bars between.
    fn lines(&mut self, sql: &str) -> Vec<String> {
        let line = |row: Vec<Value>| {
            let words = row.into_iter().map(|value| match value {
                Value::Int(int) => int.to_string(),
                other => String::load(other).unwrap_or_default(),
            });
            words.collect::<Vec<_>>().join("|")
        };
        self.rows(sql).into_iter().map(line).collect()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.engine = None;
        match &self.end {
            End::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            End::Database { cluster, name } => {
                let gone = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                postgres(cluster).script(&gone).expect("it is gone");
            }
        }
    }
}
