//! A process that is killed while it writes: what it was told is durable is there, once.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wire::time::Span;

use crate::homes::Home;
use crate::stage::{Device, Stage};

/// Names the folder to the process that is to be killed.
const FOLDER: &str = "SCRIP_TEST_CRASH_FOLDER";
const THREADS: u64 = 4;

pub(crate) fn device(stage: &Stage, thread: u64) -> Device {
    stage.bind(&format!("edge-{thread}"))
}

/// The numbers of the reports of a device that are in the book.
pub(crate) fn numbers(stage: &Stage, device: &Device) -> Vec<u64> {
    let reports = stage.read(|reading| reading.reports_of(stage.account, device.instance));
    reports.iter().map(|report| report.position.number).collect()
}

/// Writes pushes until it is killed; says after each answer which one it was.
#[test]
#[ignore = "it is started by the test that kills it"]
fn the_process_that_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let home = Home::sqlite();
    let options = store::Options {
        place: store::Place::Sqlite(folder.into()),
        ..home.options(store::Runner::Threads)
    };
    let book = store::Book::open(&options).expect("it opens");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let stage = Stage::again(book.clone(), thread);
            scope.spawn(move || {
                let device = device(&stage, thread);
                let first = numbers(&stage, &device).last().copied().unwrap_or(0) + 1;
                stage.wait(Span::from_minutes(i64::try_from(first).unwrap()));
                for number in first.. {
                    stage.wait(Span::from_minutes(1));
                    let license = format!("license-{}", number % 3);
                    stage.must(stage.push(&device, number, &license, 1 + number % 7));
                    let mut out = std::io::stdout().lock();
                    let told = writeln!(out, "told {thread} {number}").and_then(|()| out.flush());
                    if told.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

fn start(home: &Home) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "crash::the_process_that_is_killed", "--ignored", "--nocapture"]);
    command.env(FOLDER, home.folder()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

/// Kills the process some time after its first word; returns what it was told.
fn kill(mut child: Child, after: Duration) -> Vec<(u64, u64)> {
    let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
    let mut told = Vec::new();
    let mut take = |line: &str| {
        let mut words = line.split(' ');
        if words.next() != Some("told") {
            return;
        }
        let mut number = || words.next().and_then(|word| word.parse().ok());
        // The last line may be cut short: then it is not known what it said.
        if let (Some(thread), Some(number)) = (number(), number()) {
            told.push((thread, number));
        }
    };
    while let Some(Ok(line)) = lines.next() {
        take(&line);
        if line.starts_with("told") {
            break;
        }
    }
    std::thread::sleep(after);
    child.kill().expect("it is killed");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let whole = rest.len().saturating_sub(1);
    rest[..whole].iter().for_each(|line| take(line));
    child.wait().expect("it ends");
    told
}

#[test]
fn what_was_told_to_be_durable_is_there_once_after_a_kill() {
    let home = Home::sqlite();
    drop(Stage::new(home.open()));
    let kills = if std::env::var_os("SCRIP_LONG").is_some() { 100 } else { 10 };
    let mut told: Vec<(u64, u64)> = Vec::new();
    for nth in 0..kills {
        told.extend(kill(start(&home), Duration::from_millis(nth * 37 % 300)));
        let stage = Stage::again(home.open(), 1000 + nth);
        assert_eq!(stage.check(), Vec::<String>::new(), "after kill {nth}");
        for thread in 0..THREADS {
            let there = numbers(&stage, &device(&stage, thread));
            let unique: BTreeSet<u64> = there.iter().copied().collect();
            assert_eq!(unique.len(), there.len(), "twice in the book after kill {nth}");
            let own = told.iter().filter(|(by, _)| *by == thread);
            let lost: Vec<u64> =
                own.map(|(_, number)| *number).filter(|number| !unique.contains(number)).collect();
            assert_eq!(lost, Vec::<u64>::new(), "lost by kill {nth}");
        }
        let reports = home.number("SELECT COUNT(*) FROM report");
        assert_eq!(home.number("SELECT COUNT(*) FROM evidence"), reports);
    }
    assert!(told.len() >= usize::try_from(kills).unwrap(), "it was killed before it did anything");
    println!("{kills} kills, {} pushes told to be durable, all there", told.len());
}
