//! How many pushes of one report a second the writer takes, durably: 10,000 product instances,
//! 1,000 pools, and a new level in each push, so that every push writes lines.
//!
//! `cargo run --release -p store --example ceiling [folder] [postgres://…]`: without arguments a
//! SQLite book in the temporary folder. Not here: reading, verifying and sealing of messages.

#[path = "../tests/store/stage.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod stage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use ledger::command::{Answer, Command};
use stage::{Device, Stage};
use store::{Book, Options, Order, Place, Runner};
use wire::time::{Span, Timestamp};

const INSTANCES: usize = 10_000;
const POOLS: usize = 1_000;
const SECONDS: u64 = 6;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("scrip-ceiling"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    measure("SQLite, synchronous=FULL", Place::Sqlite(folder.clone()));
    let _ = std::fs::remove_dir_all(&folder);
    if let Some(url) = arguments.next() {
        measure("PostgreSQL, fsync and synchronous_commit on", Place::Postgres(url));
    }
}

fn measure(name: &str, place: Place) {
    let options = Options {
        place,
        channels: Vec::new(),
        runner: Runner::Threads,
        now: Timestamp::MIN,
        salt: [3; 32],
    };
    let stage = Stage::new(Book::open(&options).expect("the book opens"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let devices = runtime.block_on(prepare(&stage));
    let mut rounds = vec![0_u64; INSTANCES];
    println!("{name}; {INSTANCES} instances, {POOLS} pools, load {}", load());
    for in_flight in [1, 64, 256, 512] {
        for hot in [false, true] {
            let pools = if hot { 1 } else { POOLS };
            let rate = runtime.block_on(push(&stage, &devices, &mut rounds, in_flight, pools));
            println!("  {in_flight:>4} in flight, {pools:>5} pools: {rate:>8.0} pushes/s");
        }
    }
}

/// Binds all devices, and fills pools so that levels move within what is owned.
async fn prepare(stage: &Stage) -> Vec<Device> {
    let orders: Vec<Order> =
        (0..POOLS).map(|n| stage.order(stage.grant(&tag(n), 1_000_000))).collect();
    all(stage, orders).await;
    let names: Vec<String> = (0..INSTANCES).map(|n| format!("device-{n:05}")).collect();
    let orders = names.iter().map(|name| stage.order(stage.binding(name, "door"))).collect();
    let bound = all(stage, orders).await;
    let device = |(name, answer): (String, Answer)| {
        let Answer::Bound(bound) = answer else { panic!("bound") };
        Device {
            key: stage.key(&name),
            name,
            instance: bound.instance,
            place: bound.virtual_account,
        }
    };
    names.into_iter().zip(bound).map(device).collect()
}

async fn all(stage: &Stage, orders: Vec<Order>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for chunk in orders.chunks(500) {
        let writes = chunk.iter().map(|order| stage.book.write(order.clone()));
        for written in futures_util::future::join_all(writes).await {
            answers.push(written.expect("it is written"));
        }
    }
    answers
}

fn tag(pool: usize) -> String {
    format!("regid.2017-05.com.example.license-{pool:04},1.0_411773c3-2116-4c10-94a4-5d357fe6ff18")
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]
async fn push(
    stage: &Stage,
    devices: &[Device],
    rounds: &mut [u64],
    in_flight: usize,
    pools: usize,
) -> f64 {
    let mut running = FuturesUnordered::new();
    let (mut next, mut done) = (0_usize, 0_u64);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(SECONDS) {
        while running.len() < in_flight {
            let nth = next % INSTANCES;
            if nth == 0 {
                stage.wait(Span::from_minutes(1));
            }
            next += 1;
            rounds[nth] += 1;
            let command: Command =
                stage.push(&devices[nth], rounds[nth], &tag(nth % pools), 1 + rounds[nth] % 7);
            running.push(stage.book.write(stage.order(command)));
        }
        if let Some(written) = running.next().await {
            written.expect("it is written");
            done += 1;
        }
    }
    let rate = done as f64 / began.elapsed().as_secs_f64();
    while let Some(written) = running.next().await {
        written.expect("it is written");
    }
    rate
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
