//! Homes for books: a throw-away SQLite folder, or a throw-away database of the cluster that
//! `SCRIP_TEST_POSTGRES` names; without that variable the PostgreSQL half is skipped with a notice.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use store::{Book, Channel, Fault, Options, Place, Runner};
use wire::time::Timestamp;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A place for a book, removed when the test is over.
pub(crate) struct Home {
    place: Place,
    cluster: Option<String>,
}

fn unique() -> String {
    format!("scrip_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Home {
    /// A folder for SQLite.
    pub(crate) fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique());
        let _ = std::fs::remove_dir_all(&folder);
        Self { place: Place::Sqlite(folder), cluster: None }
    }

    /// A database on PostgreSQL, if there is a cluster for tests.
    pub(crate) fn postgres() -> Option<Self> {
        let Ok(cluster) = std::env::var("SCRIP_TEST_POSTGRES") else {
            eprintln!("SCRIP_TEST_POSTGRES is not set: skipped on PostgreSQL");
            return None;
        };
        let name = unique();
        sql_on(&cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        sql_on(&cluster, &format!("CREATE DATABASE {name}"));
        let (server, _) = cluster.rsplit_once('/').expect("the address ends with a database");
        Some(Self { place: Place::Postgres(format!("{server}/{name}")), cluster: Some(cluster) })
    }

    /// Whether the book is on PostgreSQL, so that several may be open at once.
    pub(crate) fn takes_several_nodes(&self) -> bool {
        self.cluster.is_some()
    }

    /// The folder of a book on SQLite.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.place {
            Place::Sqlite(folder) => folder.clone(),
            Place::Postgres(_) => panic!("a PostgreSQL book has no folder"),
        }
    }

    /// How to open the book.
    pub(crate) fn options(&self, runner: Runner) -> Options {
        let channels = vec![Channel::Mail, Channel::Syslog];
        Options {
            place: self.place.clone(),
            channels,
            runner,
            now: Timestamp::from_seconds(1_750_000_000),
            salt: [3; 32],
        }
    }

    /// Opens the book with a writer of its own.
    pub(crate) fn open(&self) -> Book {
        self.try_open().expect("the book opens")
    }

    /// Opens the book with a writer of its own, if it can be opened.
    pub(crate) fn try_open(&self) -> Result<Book, Fault> {
        Book::open(&self.options(Runner::Threads))
    }

    /// Runs statements behind the book's back.
    pub(crate) fn sql(&self, text: &str) {
        match &self.place {
            Place::Sqlite(folder) => {
                let file =
                    rusqlite::Connection::open(folder.join("scrip.db")).expect("the file opens");
                file.busy_timeout(std::time::Duration::from_secs(20)).expect("a timeout");
                file.execute_batch(text).expect("the statements run");
            }
            Place::Postgres(url) => {
                sql_on(url, text);
            }
        }
    }

    /// The first column of the first row of an answer, as a number.
    pub(crate) fn number(&self, text: &str) -> i64 {
        match &self.place {
            Place::Sqlite(folder) => {
                let file =
                    rusqlite::Connection::open(folder.join("scrip.db")).expect("the file opens");
                file.query_row(text, [], |row| row.get(0)).expect("a number")
            }
            Place::Postgres(url) => sql_on(url, text).expect("a row").parse().expect("a number"),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        match (&self.place, &self.cluster) {
            (Place::Postgres(url), Some(cluster)) => {
                let name = url.rsplit('/').next().unwrap_or_default();
                sql_on(cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            }
            (Place::Sqlite(folder), _) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            _ => {}
        }
    }
}

/// Runs statements on a PostgreSQL database; returns the first field of the last row, if there is one.
pub(crate) fn sql_on(url: &str, text: &str) -> Option<String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
        let (client, connection) = connecting.await.expect("the test cluster answers");
        tokio::spawn(connection);
        let answer = client.simple_query(text).await.expect("the statements run");
        answer.iter().rev().find_map(|one| match one {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
    })
}

/// Runs each test on both engines.
macro_rules! both {
    ($($(#[$meta:meta])* fn $name:ident($home:ident: &Home) $body:block)+) => {
        $(fn $name($home: &crate::homes::Home) $body)+

        mod on_sqlite {
            $($(#[$meta])* #[test] fn $name() { super::$name(&crate::homes::Home::sqlite()); })+
        }

        mod on_postgres {
            $($(#[$meta])* #[test] fn $name() {
                if let Some(home) = crate::homes::Home::postgres() { super::$name(&home); }
            })+
        }
    };
}
pub(crate) use both;
