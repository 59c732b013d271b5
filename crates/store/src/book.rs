//! The book: a handle on one database, by which everything is written and read.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use wire::time::Timestamp;

use crate::chore::{Chore, Swept};
use crate::engine::{Engine, LineRuntime, PostgresPlace, open_writer};
use crate::fault::Fault;
use crate::migrate::migrate;
use crate::outbox::Channel;
use crate::pool::{Pool, Sight, Source};
use crate::read::Reading;
use crate::writer::{Order, Writer, Written};

/// How many commands may be queued; the next one is told that the store is busy.
const QUEUE: usize = 8_192;
/// How many commands a batch takes at most.
const BATCH: usize = 1_024;
/// The file in a SQLite folder.
pub(crate) const FILE: &str = "scrip.db";

/// Where the book is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder with a SQLite file, for one process.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for one or several nodes.
    Postgres(String),
}

/// On whose thread the writer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// On a thread of its own, taking everything queued at once.
    Threads,
    /// On the caller's, one batch for each call, in call order: for simulation.
    Inline,
}

/// How to open a book.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// Along which channels news is queued.
    pub channels: Vec<Channel>,
    /// On whose thread the writer runs.
    pub runner: Runner,
    /// The moment that counts as now, for the log of migrations.
    pub now: Timestamp,
}

enum Work {
    Order(Box<Order>, oneshot::Sender<Written>),
    Chore(Chore, oneshot::Sender<Result<Swept, Fault>>),
}

enum Desk {
    Queue(SyncSender<Work>),
    Inline(Box<Mutex<Writer>>),
}

struct Inner {
    desk: Desk,
    pool: Pool,
    /// Held as long as the folder is in use.
    _lock: Option<File>,
    /// Kept last: connections live on it.
    _runtime: Option<Arc<LineRuntime>>,
}

/// A handle on one database; clones share it.
#[derive(Clone)]
pub struct Book {
    inner: Arc<Inner>,
}

impl Book {
    /// Opens a book, making it or bringing it up to date if need be.
    ///
    /// # Errors
    /// [`Fault::Locked`] if another process has the folder, [`Fault::Newer`] if a newer program
    /// wrote the database, [`Fault::Down`] if it cannot be reached or made durable.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        let (mut engine, source, lock, runtime) = match &options.place {
            Place::Sqlite(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| folder_fault(folder, &error))?;
                let lock = lock(folder)?;
                let file = folder.join(FILE);
                (Engine::Sqlite(open_writer(&file)?), Source::Sqlite(file), Some(lock), None)
            }
            Place::Postgres(url) => {
                let runtime = Arc::new(LineRuntime::new()?);
                let place = PostgresPlace { url: url.clone(), runtime };
                let runtime = Arc::clone(&place.runtime);
                (
                    Engine::Postgres(Box::new(place.connect()?)),
                    Source::Postgres(place),
                    None,
                    Some(runtime),
                )
            }
        };
        migrate(&mut engine, options.now)?;
        let writer = Writer::new(engine, options.channels.clone());
        let desk = match options.runner {
            Runner::Inline => Desk::Inline(Box::new(Mutex::new(writer))),
            Runner::Threads => Desk::Queue(start(writer)?),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                desk,
                pool: Pool::new(source),
                _lock: lock,
                _runtime: runtime,
            }),
        })
    }

    /// Where readers find it.
    pub(crate) fn source(&self) -> &Source {
        self.inner.pool.source()
    }

    /// Writes an order; when this returns without a fault, it is durable.
    ///
    /// # Errors
    /// A refusal by rule, or a fault of the store: then nothing of it is written, or, if the
    /// database was lost in the middle, the outcome is unknown and a repeat finds it out.
    pub async fn write(&self, order: Order) -> Written {
        match &self.inner.desk {
            Desk::Inline(writer) => inline(writer, &order),
            Desk::Queue(queue) => {
                let (reply, answer) = oneshot::channel();
                send(queue, Work::Order(Box::new(order), reply))?;
                answer.await.unwrap_or_else(|_| Err(Fault::down("the writer has stopped").into()))
            }
        }
    }

    /// As [`write`](Self::write), on a thread that may wait.
    ///
    /// # Errors
    /// As there.
    pub fn write_waiting(&self, order: Order) -> Written {
        match &self.inner.desk {
            Desk::Inline(writer) => inline(writer, &order),
            Desk::Queue(queue) => {
                let (reply, answer) = oneshot::channel();
                send(queue, Work::Order(Box::new(order), reply))?;
                answer
                    .blocking_recv()
                    .unwrap_or_else(|_| Err(Fault::down("the writer has stopped").into()))
            }
        }
    }

    /// Does a chore.
    ///
    /// # Errors
    /// A fault of the store; then nothing of it is written.
    pub async fn chore(&self, chore: Chore) -> Result<Swept, Fault> {
        match &self.inner.desk {
            Desk::Inline(writer) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).chore(&chore)
            }
            Desk::Queue(queue) => {
                let (reply, answer) = oneshot::channel();
                send(queue, Work::Chore(chore, reply))?;
                answer.await.unwrap_or_else(|_| Err(Fault::down("the writer has stopped")))
            }
        }
    }

    /// Reads on a thread for waiting; the read sees one moment, and only what it may.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn read<T: Send + 'static>(
        &self,
        sight: Sight,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        if matches!(self.inner.desk, Desk::Inline(_)) {
            return self.read_waiting(sight, read);
        }
        let book = self.clone();
        let reading = tokio::task::spawn_blocking(move || book.read_waiting(sight, read));
        reading.await.unwrap_or_else(|error| Err(Fault::down(error)))
    }

    /// As [`read`](Self::read), on a thread that may wait.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn read_waiting<T>(
        &self,
        sight: Sight,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.inner.pool.read(sight, |engine| read(&mut Reading::new(engine, sight)))
    }
}

fn inline(writer: &Mutex<Writer>, order: &Order) -> Written {
    let mut outcomes = writer.lock().unwrap_or_else(PoisonError::into_inner).write(&[order]);
    outcomes.pop().unwrap_or(Err(Fault::Busy.into()))
}

fn send(queue: &SyncSender<Work>, work: Work) -> Result<(), Fault> {
    queue.try_send(work).map_err(|error| match error {
        TrySendError::Full(_) => Fault::Busy,
        TrySendError::Disconnected(_) => Fault::down("the writer has stopped"),
    })
}

fn lock(folder: &Path) -> Result<File, Fault> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(|error| folder_fault(folder, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::Locked { folder: folder.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(folder_fault(folder, &error)),
    }
}

fn folder_fault(folder: &Path, error: &std::io::Error) -> Fault {
    Fault::Down { why: format!("{}: {error}", folder.display()) }
}

fn start(writer: Writer) -> Result<SyncSender<Work>, Fault> {
    let (queue, work) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new().name("scrip-writer".to_owned());
    thread.spawn(move || serve(writer, &work)).map_err(Fault::down)?;
    Ok(queue)
}

/// Takes everything queued, writes it as one batch, answers, and again.
fn serve(mut writer: Writer, work: &Receiver<Work>) {
    let mut next = work.recv().ok();
    while let Some(first) = next.take() {
        match first {
            Work::Chore(chore, reply) => {
                let _ = reply.send(writer.chore(&chore));
            }
            Work::Order(order, reply) => {
                let mut batch = vec![(order, reply)];
                while batch.len() < BATCH {
                    match work.try_recv() {
                        Ok(Work::Order(order, reply)) => batch.push((order, reply)),
                        Ok(chore) => {
                            next = Some(chore);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                metrics::histogram!("scrip_store_batch_commands").record(batch.len() as f64);
                let orders: Vec<&Order> = batch.iter().map(|(order, _)| order.as_ref()).collect();
                let outcomes = writer.write(&orders);
                for ((_, reply), outcome) in batch.into_iter().zip(outcomes) {
                    let _ = reply.send(outcome);
                }
            }
        }
        if next.is_none() {
            next = work.recv().ok();
        }
    }
}
