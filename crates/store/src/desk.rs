//! The desk: where orders are handed in, and the thread that takes them to the writer.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

mod flow;

use crate::chore::{Chore, Swept};
use crate::fault::Fault;
use crate::writer::{Order, Writer, Written};
use flow::{Asker, flow};

/// How many commands may be queued; the next one is told that the store is busy.
const QUEUE: usize = 8_192;

/// Where orders are handed in.
pub(crate) enum Desk {
    /// A thread takes everything queued at once.
    Threaded(Queue),
    /// The caller's thread writes, one order after the other.
    Inline(Box<Mutex<Writer>>),
}

/// The queue and the thread that serves it.
pub(crate) struct Queue {
    /// There until it is dropped.
    work: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

enum Work {
    Order(Box<Order>, oneshot::Sender<Written>),
    Together(Vec<Order>, oneshot::Sender<Vec<Written>>),
    Chore(Chore, oneshot::Sender<Result<Swept, Fault>>),
}

/// An answer that is there, or comes.
pub(crate) enum Answering<T> {
    /// It is there.
    Now(Option<T>),
    /// The writer sends it.
    Later(oneshot::Receiver<T>),
}

/// An answer that can say that the writer has stopped.
pub(crate) trait Stopped {
    /// Says so.
    fn stopped() -> Self;
}

fn has_stopped() -> Fault {
    Fault::down("the writer has stopped: start the program again")
}

impl Stopped for Written {
    fn stopped() -> Self {
        Err(has_stopped().into())
    }
}

impl Stopped for Result<Swept, Fault> {
    fn stopped() -> Self {
        Err(has_stopped())
    }
}

impl Stopped for Vec<Written> {
    fn stopped() -> Self {
        Vec::new()
    }
}

impl<T: Stopped> Answering<T> {
    /// Waits for it on this thread.
    pub(crate) fn wait(self) -> T {
        match self {
            Self::Now(answer) => answer.unwrap_or_else(T::stopped),
            Self::Later(answer) => answer.blocking_recv().unwrap_or_else(|_| T::stopped()),
        }
    }
}

impl<T: Stopped + Unpin> Future for Answering<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Self::Now(answer) => Poll::Ready(answer.take().unwrap_or_else(T::stopped)),
            Self::Later(answer) => {
                Pin::new(answer).poll(context).map(|answer| answer.unwrap_or_else(|_| T::stopped()))
            }
        }
    }
}

/// Runs what waits for PostgreSQL on a thread of its own if this one must not wait.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

impl Desk {
    pub(crate) fn inline(writer: Writer) -> Self {
        Self::Inline(Box::new(Mutex::new(writer)))
    }

    /// A desk with a thread that serves it.
    pub(crate) fn threaded(writer: Writer) -> Result<Self, Fault> {
        let (queue, work) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("scrip-writer".to_owned());
        let thread = thread.spawn(move || serve(writer, &work)).map_err(Fault::down)?;
        Ok(Self::Threaded(Queue { work: Some(queue), thread: Some(thread) }))
    }

    pub(crate) fn is_inline(&self) -> bool {
        matches!(self, Self::Inline(_))
    }

    /// Hands in an order.
    pub(crate) fn write(&self, order: Order) -> Result<Answering<Written>, Fault> {
        match self {
            Self::Inline(writer) => {
                let mut outcomes = on(writer, |writer| writer.write(&[&order]));
                Ok(Answering::Now(outcomes.pop()))
            }
            Self::Threaded(queue) => queue.send(|reply| Work::Order(Box::new(order), reply)),
        }
    }

    /// Hands in orders that are one batch.
    pub(crate) fn write_together(
        &self,
        orders: Vec<Order>,
    ) -> Result<Answering<Vec<Written>>, Fault> {
        match self {
            Self::Inline(writer) => {
                let outcomes =
                    on(writer, |writer| writer.write(&orders.iter().collect::<Vec<_>>()));
                Ok(Answering::Now(Some(outcomes)))
            }
            Self::Threaded(queue) => queue.send(|reply| Work::Together(orders, reply)),
        }
    }

    /// Hands in a chore.
    pub(crate) fn chore(&self, chore: Chore) -> Result<Answering<Result<Swept, Fault>>, Fault> {
        match self {
            Self::Inline(writer) => {
                Ok(Answering::Now(Some(on(writer, |writer| writer.chore(&chore)))))
            }
            Self::Threaded(queue) => queue.send(|reply| Work::Chore(chore, reply)),
        }
    }
}

/// Writes on this thread, or on another if this one must not wait.
fn on<T: Send>(writer: &Mutex<Writer>, work: impl FnOnce(&mut Writer) -> T + Send) -> T {
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    let writer: &mut Writer = &mut writer;
    if writer.waits_for_others() { aside(|| work(writer)) } else { work(writer) }
}

impl Queue {
    fn send<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<T>) -> Work,
    ) -> Result<Answering<T>, Fault> {
        let (reply, answer) = oneshot::channel();
        let queue = self.work.as_ref().ok_or_else(has_stopped)?;
        queue.try_send(work(reply)).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Disconnected(_) => has_stopped(),
        })?;
        Ok(Answering::Later(answer))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // What is queued is still written; then the folder is free.
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes everything queued, writes it as one batch, answers, and again.
fn serve(mut writer: Writer, work: &Receiver<Work>) {
    let mut next = work.recv().ok();
    while let Some(first) = next.take() {
        match first {
            Work::Chore(chore, reply) => {
                let _ = reply.send(writer.chore(&chore));
            }
            Work::Together(orders, reply) => {
                let _ = reply.send(writer.write(&orders.iter().collect::<Vec<_>>()));
            }
            Work::Order(order, reply) => next = flow(&mut writer, Asker { order, reply }, work),
        }
        if next.is_none() {
            next = work.recv().ok();
        }
    }
}
