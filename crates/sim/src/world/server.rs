//! The server of the world: real use cases over a real store, which can stop, be killed, or lose
//! its power in the middle of a commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Wake, Poll, Waker};

use anyhow::Context as _;
use server::app::found::{Founding, found};
use server::app::{App, Settings};
use server::keys::KeyFolder;
use server::world::Script;
use store::{Book, Channel, Options, Place, Runner};
use wire::time::Timestamp;

/// The variable that names a folder for the books, better in memory than on a disk.
const FOLDER: &str = "SIM_FOLDER";
/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";
/// A log as long as this may have been carried into the database file: then it is not cut.
const LONGEST_CUT: u64 = 16 * 1024 * 1024;

static FOLDERS: AtomicU64 = AtomicU64::new(0);

/// A server, running or not.
pub(crate) struct Server {
    root: Scratch,
    /// After each kill the book goes on in a copy of its folder.
    folder: u32,
    script: Script,
    app: Option<App>,
}

/// A folder that is removed with its owner.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is left of a server whose power was cut while it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The commit was not complete: nothing of it is there.
    Nothing,
    /// It was.
    Everything,
}

impl Server {
    /// A new installation that begins at `now`.
    pub(crate) fn new(seed: u64, now: Timestamp) -> anyhow::Result<Server> {
        let base = std::env::var_os(FOLDER).map(PathBuf::from).unwrap_or_else(|| {
            let in_memory = PathBuf::from(IN_MEMORY);
            if in_memory.is_dir() { in_memory } else { std::env::temp_dir() }
        });
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let root = base.join(format!("scrip-sim-{}-{nth}", std::process::id()));
        fs::create_dir_all(&root).with_context(|| format!("{} cannot be made", root.display()))?;
        let script = Script::new(seed, now);
        let mut server = Server { root: Scratch(root), folder: 0, script, app: None };
        server.start(now)?;
        Ok(server)
    }

    /// The use cases, while the server runs.
    pub(crate) fn app(&self) -> Option<&App> {
        self.app.as_ref()
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.script.set(now);
    }

    /// Starts the server on what is in its folder.
    pub(crate) fn start(&mut self, now: Timestamp) -> anyhow::Result<()> {
        self.script.set(now);
        let options = Options {
            place: Place::Sqlite(self.book_folder()),
            channels: vec![Channel::Syslog],
            runner: Runner::Inline,
            now,
            salt: [3; 32],
        };
        let book = Book::open(&options)?;
        let keys = KeyFolder::open(&self.root.0)?;
        let settings = Settings::at("http://sim.invalid");
        let founding = Founding { node: "sim-1".to_owned(), settings };
        let founded = complete(found(book, self.script.world(), &keys, &founding))?;
        self.app = Some(founded.app);
        Ok(())
    }

    /// Stops the server in good order.
    pub(crate) fn stop(&mut self) {
        self.app = None;
    }

    /// Kills the server: nothing is closed, no log is carried into the file.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.leave(u64::MAX)
    }

    /// Lets the server work, and cuts its power when it has written so many per mille of what the
    /// work writes. Says what is left.
    pub(crate) fn cut_within<T>(
        &mut self,
        per_mille: u64,
        work: impl FnOnce(&App) -> T,
    ) -> anyhow::Result<Left> {
        let before = self.log_length();
        if let Some(app) = &self.app {
            work(app);
        }
        let after = self.log_length();
        if after <= before || after > LONGEST_CUT {
            self.leave(u64::MAX)?;
            return Ok(Left::Everything);
        }
        self.leave(before + (after - before) * per_mille.min(999) / 1_000)?;
        Ok(Left::Nothing)
    }

    /// The process is gone; what it wrote is there, of the log the first bytes only.
    fn leave(&mut self, log: u64) -> anyhow::Result<()> {
        let from = self.book_folder();
        self.folder += 1;
        let to = self.book_folder();
        fs::create_dir_all(&to)?;
        fs::copy(from.join("scrip.db"), to.join("scrip.db"))?;
        if let Ok(mut bytes) = fs::read(log_of(&from)) {
            bytes.truncate(usize::try_from(log).unwrap_or(usize::MAX));
            fs::write(log_of(&to), bytes)?;
        }
        self.app = None;
        fs::remove_dir_all(from)?;
        Ok(())
    }

    fn log_length(&self) -> u64 {
        fs::metadata(log_of(&self.book_folder())).map_or(0, |file| file.len())
    }

    fn book_folder(&self) -> PathBuf {
        self.root.0.join(format!("book-{}", self.folder))
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("scrip.db-wal")
}

/// The value of a future that never waits, as all are on an inline runner.
pub(crate) fn complete<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Wake::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a use case waited, though its runner is inline"),
    }
}
