//! How long every list takes in a large account: thousands of virtual accounts and people, and a
//! million events.
//!
//! The book is made with the use cases of the server; only the bulk of the event log, and that
//! most of the people have accepted, is written behind them (see `log`). Then the server itself
//! is started on it, and everything that its tables of routes show is asked for over loopback
//! HTTP, one request after another, by people of different reach.

mod ask;
mod company;
mod crowd;
mod findings;
mod log;
mod pages;
mod questions;
mod scale;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use ledger::role::{Action, Actor, Scope, permit};
use server::config::Config;
use server::serve::{Running, open, start};
use server::world::{Script, World};
use wire::time::{Span, Timestamp};

use super::Folder;
use ask::Asker;
use company::Company;
use crowd::People;
use findings::Findings;
pub use findings::Outcome;
pub use scale::Scale;

/// An answer within so long is in time.
const GOAL: Duration = Duration::from_millis(100);
/// The book is checked up to so many events; of a million that takes minutes.
const CHECKED: u32 = 100_000;
/// So long before now the company begins.
const HISTORY: Span = Span::from_days(300);
/// The devices report in the last days.
const LAST_DAYS: Span = Span::from_days(2);

/// What to measure.
#[derive(Clone, Debug)]
pub struct ListsBench {
    /// How large the account is.
    pub scale: Scale,
    /// How often each question is asked and counted, after it was asked once uncounted.
    pub asks: u32,
    /// Where to write the figures as JSON.
    pub json: Option<PathBuf>,
    /// A PostgreSQL database that may be filled; without it only SQLite is measured.
    pub postgres: Option<String>,
    /// Asks only what has this in its route; for looking at one list.
    pub only: Option<String>,
    /// Measures this engine only.
    pub engine: Option<String>,
}

/// Runs the bench, prints its figures and returns what was found.
///
/// # Errors
/// If the book cannot be made, the server does not start, or a list answers what it must not.
pub fn lists(bench: &ListsBench) -> anyhow::Result<Vec<Outcome>> {
    let folder = Folder::make("lists")?;
    let mut findings = Findings::begin(bench)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for (engine, url) in [("sqlite", None), ("postgres", bench.postgres.as_ref())] {
        if bench.engine.as_ref().is_some_and(|only| only != engine) {
            continue;
        }
        if engine == "postgres" && url.is_none() {
            println!("postgres: skipped, because no database was named (--postgres URL)");
            continue;
        }
        let mut config = Config::in_folder(&folder.0.join(engine));
        config.database.url = url.cloned();
        runtime.block_on(measure(bench, engine, &config, &mut findings))?;
    }
    findings.finish(bench.json.as_deref())
}

async fn measure(
    bench: &ListsBench,
    engine: &'static str,
    config: &Config,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let Scale { places, people, events, .. } = bench.scale;
    println!("{engine}: making {places} virtual accounts, {people} people, {events} events …");
    let (company, spent) = findings::timed(make(bench.scale, config)).await;
    let company = company?;
    println!("{engine}: made within {:.0} s", spent.as_secs_f64());
    let running = start(config.clone(), World::system()).await?;
    findings.note_version(engine, &log::version(config).await?);
    let measured = ask_everything(bench, engine, &running, &company, findings).await;
    running.shutdown().await;
    measured
}

/// The company, made as things stood over the last months.
async fn make(scale: Scale, config: &Config) -> anyhow::Result<Company> {
    let now = World::system().now();
    let script = Script::new(7, now.minus(HISTORY));
    let opened = open(config, script.world()).await?;
    let begun = company::begin(&opened, &script, scale, now).await?;
    drop(opened);
    // This is written behind the book's back, so nobody may have it open.
    log::write_behind(config, &begun, scale, now.minus(LAST_DAYS)).await?;
    script.set(now.minus(LAST_DAYS));
    let opened = open(config, script.world()).await?;
    let company = company::finish(&opened, &script, scale, begun).await?;
    if scale.events <= CHECKED {
        let checked = check(&opened.app).await?;
        ensure!(checked >= u64::from(scale.events), "the log holds {checked} events only");
    }
    Ok(company)
}

/// The book is whole, with every event at its place in the tree; says how many there are.
async fn check(app: &server::app::App) -> anyhow::Result<u64> {
    let host = permit(&Actor::Host, Action::Read, Scope::House)?;
    let found = app.check(&host).await?;
    ensure!(found.wrong.is_empty(), "the book is not whole: {:?}", found.wrong);
    Ok(found.events)
}

async fn ask_everything(
    bench: &ListsBench,
    engine: &'static str,
    running: &Running,
    company: &Company,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let people = People::sign_in(&running.app, company).await?;
    for one in &people.all {
        let mut asker = Asker::connect(running.address, one).await?;
        let mut questions = questions::of_apis(&mut asker, company).await?;
        questions.extend(pages::questions(&mut asker, company).await?);
        for question in questions {
            if bench.only.as_ref().is_none_or(|part| question.route.contains(part.as_str())) {
                let times = asker.time(&question, bench.asks).await?;
                findings.note(Outcome::new(engine, one.role, question, times));
            }
        }
        println!("{engine}: asked as {}; load {}", one.role, super::figures::load_average());
    }
    Ok(())
}

/// A moment as the APIs write it.
fn moment(at: Timestamp) -> String {
    at.to_string()
}

/// The folder of keys is beside the book of the engine.
fn book_file(config: &Config) -> PathBuf {
    Path::new(&config.server.data).join("scrip.db")
}

/// A number that is surely small.
fn small<N: TryInto<usize>>(n: N) -> anyhow::Result<usize> {
    n.try_into().ok().context("the number is small")
}
