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
    let Bench::Reports(reports) = &arguments.bench;
    simulator::run(root, "scrip-bench", &words(reports))
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
