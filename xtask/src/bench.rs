//! `cargo xtask bench …`: the command line of the benches.
//!
//! Not here: the measuring itself. It needs the server, so it lives in `crates/sim` and is run
//! from there.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::simulator;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Pushes of signed usage reports over HTTP, every commit durable
    Reports(Reports),
    /// Every list of a large account, asked for over HTTP by people of different reach
    Lists(Lists),
}

#[derive(Debug, Args)]
struct Lists {
    /// Also write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often each question is asked and counted
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=999))]
    asks: u32,
    /// Virtual accounts of the account
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(50..=9_000))]
    virtual_accounts: u32,
    /// People with roles in it
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(20..=9_000))]
    people: u32,
    /// Events in its log
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    events: u32,
    /// Measures this engine only
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    engine: Option<String>,
    /// Asks only the routes that hold this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// A PostgreSQL database that may be filled; without it only SQLite is measured
    #[arg(long, value_name = "URL", env = "SCRIP_BENCH_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
}

#[derive(Debug, Args)]
struct Reports {
    /// Also write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seconds counted in each run, after the warm-up
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Runs of each route, interleaved; the median is reported
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Connections held open at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: u32,
    /// A PostgreSQL database that may be filled; without it only SQLite is measured
    #[arg(long, value_name = "URL", env = "SCRIP_BENCH_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
}

/// Runs the bench that was asked for, in release.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let words = match &arguments.bench {
        Bench::Reports(reports) => words(reports),
        Bench::Lists(lists) => words_of_lists(lists),
    };
    simulator::run(root, "scrip-bench", &words)
}

/// The same request as the simulator's own arguments.
fn words_of_lists(lists: &Lists) -> Vec<String> {
    let json = lists.json.as_ref().map(|file| file.display().to_string());
    let given = [
        ("--asks", Some(lists.asks.to_string())),
        ("--virtual-accounts", Some(lists.virtual_accounts.to_string())),
        ("--people", Some(lists.people.to_string())),
        ("--events", Some(lists.events.to_string())),
        ("--engine", lists.engine.clone()),
        ("--only", lists.only.clone()),
        ("--json", json),
        ("--postgres", lists.postgres.clone()),
    ];
    let words = given.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    ["lists".to_owned()].into_iter().chain(words.flatten()).collect()
}

/// The same request as the simulator's own arguments.
fn words(reports: &Reports) -> Vec<String> {
    let mut words = vec!["reports".to_owned()];
    let figures = [
        ("--seconds", reports.seconds),
        ("--runs", reports.runs),
        ("--connections", reports.connections),
    ];
    for (name, figure) in figures {
        words.extend([name.to_owned(), figure.to_string()]);
    }
    if let Some(file) = &reports.json {
        words.extend(["--json".to_owned(), file.display().to_string()]);
    }
    if let Some(url) = &reports.postgres {
        words.extend(["--postgres".to_owned(), url.clone()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bench_of_lists_is_handed_on_with_every_argument() {
        let lists = Lists {
            json: Some("figures.json".into()),
            asks: 3,
            virtual_accounts: 60,
            people: 30,
            events: 2_000,
            engine: Some("sqlite".to_owned()),
            only: Some("events".to_owned()),
            postgres: None,
        };
        let expected = "lists --asks 3 --virtual-accounts 60 --people 30 --events 2000 \
                        --engine sqlite --only events --json figures.json";
        assert_eq!(words_of_lists(&lists).join(" "), expected);
    }

    #[test]
    fn a_bench_is_handed_on_with_every_argument() {
        let reports = Reports {
            json: Some("figures.json".into()),
            seconds: 2,
            runs: 1,
            connections: 8,
            postgres: Some("postgres://localhost/bench".to_owned()),
        };
        let expected = "reports --seconds 2 --runs 1 --connections 8 --json figures.json \
                        --postgres postgres://localhost/bench";
        assert_eq!(words(&reports).join(" "), expected);
    }
}
