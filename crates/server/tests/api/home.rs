//! Homes for books: a throw-away SQLite folder, or a throw-away database of the cluster that
//! `SCRIP_TEST_POSTGRES` names; without that variable the PostgreSQL half is skipped with a notice.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use store::{Book, Channel, Options, Place, Runner};

use crate::office::{NOON, Office};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A place for a book, removed when the test is over.
pub(crate) struct Home {
    place: Place,
    folder: PathBuf,
    cluster: Option<String>,
}

fn unique() -> String {
    format!("scrip_api_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Home {
    fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique());
        let _ = std::fs::remove_dir_all(&folder);
        Self { place: Place::Sqlite(folder.clone()), folder, cluster: None }
    }

    fn postgres() -> Option<Self> {
        let Ok(cluster) = std::env::var("SCRIP_TEST_POSTGRES") else {
            eprintln!("SCRIP_TEST_POSTGRES is not set: skipped on PostgreSQL");
            return None;
        };
        let name = unique();
        sql_on(&cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        sql_on(&cluster, &format!("CREATE DATABASE {name}"));
        let (server, _) = cluster.rsplit_once('/').expect("the address ends with a database");
        let place = Place::Postgres(format!("{server}/{name}"));
        Some(Self { place, folder: std::env::temp_dir().join(name), cluster: Some(cluster) })
    }

    fn open(&self) -> Book {
        let options = Options {
            place: self.place.clone(),
            channels: vec![Channel::Mail],
            runner: Runner::Threads,
            now: NOON,
            salt: [3; 32],
        };
        Book::open(&options).expect("the book opens")
    }

    /// A folder for keys.
    pub(crate) fn folder(&self) -> &PathBuf {
        &self.folder
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let (Place::Postgres(url), Some(cluster)) = (&self.place, &self.cluster) {
            let name = url.rsplit('/').next().unwrap_or_default();
            sql_on(cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn sql_on(url: &str, text: &str) {
    runtime().block_on(async {
        let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
        let (client, connection) = connecting.await.expect("the test cluster answers");
        tokio::spawn(connection);
        client.simple_query(text).await.expect("the statements run");
    });
}

fn run<F: Future<Output = ()>>(home: &Home, scene: impl FnOnce(Office) -> F) {
    // A book on PostgreSQL has a runtime of its own, which must not be begun or ended in another.
    let book = home.open();
    let runtime = runtime();
    let office = runtime.block_on(Office::found(home, book.clone()));
    runtime.block_on(scene(office));
    drop(runtime);
    drop(book);
}

/// Runs a scene on SQLite.
pub(crate) fn on_sqlite<F: Future<Output = ()>>(scene: impl FnOnce(Office) -> F) {
    run(&Home::sqlite(), scene);
}

/// Runs a scene on PostgreSQL, if there is a cluster for tests.
pub(crate) fn on_postgres<F: Future<Output = ()>>(scene: impl FnOnce(Office) -> F) {
    if let Some(home) = Home::postgres() {
        run(&home, scene);
    }
}

/// Runs each test on both engines.
macro_rules! both {
    ($(async fn $name:ident($($office:tt)+) $body:block)+) => {
        $(async fn $name($($office)+: crate::office::Office) $body)+

        mod on_sqlite {
            $(#[test] fn $name() { crate::home::on_sqlite(super::$name); })+
        }

        mod on_postgres {
            $(#[test] fn $name() { crate::home::on_postgres(super::$name); })+
        }
    };
}
pub(crate) use both;
