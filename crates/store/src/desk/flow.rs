//! The flow of orders: while one batch waits for the disk, the next already runs.

use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use ledger::command::Command;
use tokio::sync::oneshot;

use super::Work;
use crate::engine::Engine;
use crate::writer::{Ahead, Order, Ready, Writer, Written, commit};

/// How many commands a batch takes at most.
const BATCH: usize = 1_024;
/// A file of more reports than this is a batch of its own.
const BULK: usize = 16;
/// From so many orders on a thread beside is worth its while.
const CROWD: usize = 8;
/// How often one looks for orders while a batch is being committed.
const GLANCE: Duration = Duration::from_millis(1);

/// An order and who waits for its outcome.
pub(super) struct Asker {
    pub(super) order: Box<Order>,
    pub(super) reply: oneshot::Sender<Written>,
}

/// What was taken from the queue while a batch was being committed.
#[derive(Default)]
struct Next {
    /// Those whose orders have run.
    askers: Vec<Asker>,
    ready: Ready,
    /// Those whose orders need the database.
    stuck: Vec<Asker>,
    /// What is not for a batch.
    other: Option<Work>,
}

fn orders(askers: &[Asker]) -> Vec<&Order> {
    askers.iter().map(|asker| asker.order.as_ref()).collect()
}

fn answer(askers: Vec<Asker>, outcomes: Vec<Written>) {
    for (asker, outcome) in askers.into_iter().zip(outcomes) {
        let _ = asker.reply.send(outcome);
    }
}

fn write(writer: &mut Writer, askers: Vec<Asker>) {
    if !askers.is_empty() {
        note(&askers);
        let outcomes = writer.write(&orders(&askers));
        answer(askers, outcomes);
    }
}

/// Writes an order and what comes after it, batch after batch, until the queue is empty; returns
/// what is not for a batch.
pub(super) fn flow(writer: &mut Writer, first: Asker, work: &Receiver<Work>) -> Option<Work> {
    let mut next = Next { askers: vec![first], ..Next::default() };
    if !is_bulk(&next.askers[0].order) {
        next.other = fill(&mut next.askers, work);
    }
    let crowded = next.askers.len() >= CROWD && next.other.is_none();
    let ready = if crowded { writer.parts().1.run(&orders(&next.askers)) } else { None };
    let Some(ready) = ready else {
        write(writer, next.askers);
        return next.other;
    };
    next.ready = ready;
    while !next.askers.is_empty() {
        next = land(writer, next, work);
    }
    next.other
}

/// Commits what has run, and lets run what comes meanwhile; whoever needs the database is served
/// behind it.
fn land(writer: &mut Writer, batch: Next, work: &Receiver<Work>) -> Next {
    let Next { askers, ready, stuck, other } = batch;
    note(&askers);
    let beside = stuck.is_empty() && other.is_none() && askers.len() >= CROWD;
    let (engine, ahead) = writer.parts();
    let (landed, mut next) = if beside {
        beside_each_other(engine, ahead, Flight { askers, ready }, work)
    } else {
        (Flight { askers, ready }.land(engine), Next::default())
    };
    if let Err(askers) = landed {
        // All of it once more, the slow way, which finds out who is to blame; what ran on top of
        // it ran on what is not so.
        let (engine, ahead) = writer.parts();
        engine.rollback();
        ahead.forget();
        let ran = std::mem::take(&mut next.askers);
        let behind = std::mem::take(&mut next.stuck);
        next.ready = Ready::default();
        write(writer, askers.into_iter().chain(stuck).chain(ran).chain(behind).collect());
    } else {
        write(writer, stuck);
    }
    if next.askers.is_empty() {
        write(writer, std::mem::take(&mut next.stuck));
    }
    next.other = next.other.or(other);
    next
}

/// Orders that have run and are to be committed, and who is told then.
struct Flight {
    askers: Vec<Asker>,
    ready: Ready,
}

impl Flight {
    /// Commits and tells everybody at once; if it cannot be committed, gives back who asked.
    fn land(self, engine: &mut Engine) -> Result<(), Vec<Asker>> {
        match commit(engine, &self.ready) {
            Ok(()) => {
                answer(self.askers, self.ready.outcomes);
                Ok(())
            }
            Err(fault) => {
                let commands = self.askers.len();
                tracing::warn!(%fault, commands, "a batch is tried once more, the slow way");
                Err(self.askers)
            }
        }
    }
}

/// Commits on a thread of its own, and lets run on this one what is queued meanwhile.
fn beside_each_other(
    engine: &mut Engine,
    ahead: &mut Ahead,
    flight: Flight,
    work: &Receiver<Work>,
) -> (Result<(), Vec<Asker>>, Next) {
    thread::scope(|scope| {
        let this = thread::current();
        let named = thread::Builder::new().name("scrip-commit".to_owned());
        let committing = named.spawn_scoped(scope, move || {
            let landed = flight.land(engine);
            this.unpark();
            landed
        });
        let mut next = Next::default();
        // Without a thread, or if it fails: nobody is told that anything was written.
        let nobody = || Err(Vec::new());
        let Ok(committing) = committing else { return (nobody(), next) };
        loop {
            let over = committing.is_finished();
            run_queued(ahead, work, &mut next);
            if over {
                break;
            }
            thread::park_timeout(GLANCE);
        }
        (committing.join().unwrap_or_else(|_| nobody()), next)
    })
}

/// Lets run what is queued, until something needs the database.
fn run_queued(ahead: &mut Ahead, work: &Receiver<Work>, next: &mut Next) {
    if !next.stuck.is_empty() || next.other.is_some() || next.askers.len() >= BATCH {
        return;
    }
    let mut askers = Vec::new();
    next.other = fill(&mut askers, work);
    if askers.is_empty() {
        return;
    }
    match ahead.run(&orders(&askers)) {
        Some(ready) => {
            next.askers.extend(askers);
            next.ready.add(ready);
        }
        None => next.stuck = askers,
    }
}

fn note(askers: &[Asker]) {
    metrics::histogram!("scrip_store_batch_commands").record(askers.len() as f64);
}

/// Whether an order is a batch of its own.
fn is_bulk(order: &Order) -> bool {
    match &order.command {
        Command::Import(import) => import.reports.len() > BULK,
        Command::MoveHoldings(one) => one.instances.len() + one.entitlements.len() > BULK,
        Command::DecideInstances(one) => one.instances.len() > BULK,
        _ => false,
    }
}

/// Takes into a batch what is queued; returns what is not for it.
fn fill(batch: &mut Vec<Asker>, work: &Receiver<Work>) -> Option<Work> {
    while batch.len() < BATCH {
        match work.try_recv() {
            Ok(Work::Order(order, reply)) if !is_bulk(&order) => batch.push(Asker { order, reply }),
            Ok(other) => return Some(other),
            Err(_) => return None,
        }
    }
    None
}
