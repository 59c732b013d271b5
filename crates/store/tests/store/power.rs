//! The power is cut at every place between the writes of a SQLite book: what was told to be
//! durable is there, and the book equals its lines.
//!
//! A process that pushes, and at its end carries its log into the file, is recorded by `strace`.
//! From the record the disk is put together as it may be at each place: what was synced is there,
//! and what was not is lost, there by chance, torn at a sector, or scattered by sectors in no order.
//! Not modelled: a disk that loses what it said it had synced, or a file's name after it was made.

mod tape;

use std::path::Path;
use std::process::{Command, Stdio};

use wire::time::Span;

use crate::crash::{device, numbers};
use crate::homes::Home;
use crate::stage::Stage;
use tape::{Files, Loss, Tape};

/// Names the folder to the process that is recorded.
const FOLDER: &str = "SCRIP_TEST_POWER_FOLDER";
const THREADS: u64 = 3;
const PUSHES: u64 = 12;
/// Without the long counts every so many places are tried.
const STRIDE: usize = 10;

/// Writes pushes, says after each answer which one it was, and closes the book.
#[test]
#[ignore = "it is started by the test that records it"]
fn the_process_that_is_recorded() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let options = store::Options {
        place: store::Place::Sqlite(folder.into()),
        ..Home::sqlite().options(store::Runner::Threads)
    };
    let book = store::Book::open(&options).expect("it opens");
    // What the test's own frame has begun to say ends here.
    println!();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let stage = Stage::again(book.clone(), thread);
            scope.spawn(move || {
                let device = device(&stage, thread);
                for number in 1..=PUSHES {
                    stage.wait(Span::from_minutes(1));
                    let license = format!("license-{}", number % 3);
                    stage.must(stage.push(&device, number, &license, 1 + number % 7));
                    println!("told {thread} {number}");
                }
            });
        }
    });
}

fn record(home: &Home) -> Option<Tape> {
    let file = home.folder().with_extension("strace");
    let program = std::env::current_exe().expect("this program");
    let calls = "trace=openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink";
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-xx", "-s", "10000000", "-e", calls, "-o"]).arg(&file);
    command.arg(program).args([
        "--exact",
        "power::the_process_that_is_recorded",
        "--ignored",
        "--nocapture",
    ]);
    command.env(FOLDER, home.folder()).stdout(Stdio::piped()).stderr(Stdio::null());
    let recorded = command.output().is_ok_and(|done| done.status.success());
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    if !recorded {
        eprintln!("there is no strace, or it may not trace: the power is not cut");
        return None;
    }
    Some(Tape::read(&text, &home.folder()))
}

fn files_in(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|one| one.expect("a file"));
    let files = entries.filter(|one| one.file_name().to_string_lossy().starts_with("scrip.db"));
    files
        .map(|one| {
            let name = one.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(one.path()).expect("its bytes"))
        })
        .collect()
}

/// Opens the book that a cut left, and holds it against what had been told.
fn judge(tape: &Tape, place: usize, loss: Loss, before: &Files) {
    let home = Home::sqlite();
    std::fs::create_dir_all(home.folder()).expect("a folder");
    for (name, bytes) in tape.cut(place, before, loss) {
        std::fs::write(home.folder().join(name), bytes).expect("it is written");
    }
    let stage = Stage::again(home.open(), 1_000);
    let at = format!("after a cut at {place} of {}, {loss:?} lost", tape.len());
    assert_eq!(stage.check(), Vec::<String>::new(), "{at}");
    let there: Vec<Vec<u64>> =
        (0..THREADS).map(|thread| numbers(&stage, &device(&stage, thread))).collect();
    for line in tape.said(place) {
        let mut words = line.split(' ');
        if words.next() != Some("told") {
            continue;
        }
        let mut number =
            || words.next().and_then(|word| word.parse::<u64>().ok()).expect("a number");
        let (thread, number) = (number(), number());
        let own = &there[usize::try_from(thread).expect("it is small")];
        assert_eq!(own.iter().filter(|one| **one == number).count(), 1, "{line}: {at}");
    }
    assert_eq!(
        home.number("SELECT COUNT(*) FROM evidence"),
        home.number("SELECT COUNT(*) FROM report"),
        "{at}"
    );
    drop(stage);
    assert_eq!(
        home.number("SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0,
        "{at}"
    );
}

#[test]
fn what_was_told_to_be_durable_is_there_wherever_the_power_is_cut() {
    let home = Home::sqlite();
    drop(Stage::new(home.open()));
    let before = files_in(&home.folder());
    let Some(tape) = record(&home) else { return };
    let told = tape.said(tape.len()).filter(|line| line.starts_with("told")).count();
    assert_eq!(
        told,
        usize::try_from(THREADS * PUSHES).expect("it is small"),
        "it was recorded whole"
    );
    let (writes, syncs) = tape.counts();
    assert!(writes > 100 && syncs > 10, "{writes} writes, {syncs} syncs");
    let stride = if std::env::var_os("SCRIP_LONG").is_some() { 1 } else { STRIDE };
    let mut cuts = 0;
    for place in (0..=tape.len()).rev().step_by(stride) {
        for loss in [Loss::All, Loss::Nothing, Loss::Torn, Loss::Scattered] {
            judge(&tape, place, loss, &before);
            cuts += 1;
        }
    }
    println!(
        "{cuts} cuts between {writes} writes and {syncs} syncs, {told} pushes told to be durable"
    );
}
