//! `sim`: lets worlds of bad luck happen. Run it as `cargo xtask sim`.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use sim::world::{Figures, Outcome, Plan, STEPS, run};

/// How many lines of a scene are shown before what went wrong, where many worlds are run.
const LAST_LINES: usize = 40;

/// Lets worlds of bad luck happen.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Twenty devices, one server, and bad luck: one seed with its scene, or many with figures
    World(WorldArguments),
}

#[derive(Debug, Args)]
struct WorldArguments {
    /// One world, with a line for each of its steps
    #[arg(long, value_name = "N", conflicts_with = "seeds", default_value_t = 1)]
    seed: u64,
    /// All worlds from seed A up to, but not including, seed B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<(u64, u64)>,
    /// How many steps each takes before it heals
    #[arg(long, value_name = "STEPS", default_value_t = STEPS)]
    steps: u64,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let words = || "write two numbers, as in 0..100".to_owned();
    let (first, end) = text.split_once("..").ok_or_else(words)?;
    Ok((first.parse().map_err(|_| words())?, end.parse().map_err(|_| words())?))
}

fn main() -> ExitCode {
    let What::World(arguments) = Arguments::parse().what;
    let whole = match arguments.seeds {
        Some((first, end)) => run_many(first..end, arguments.steps),
        None => run_one(Plan { seed: arguments.seed, steps: arguments.steps }),
    };
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the world came out whole.
fn run_one(plan: Plan) -> bool {
    let outcome = run(plan);
    for line in &outcome.lines {
        println!("{line}");
    }
    println!("\n{}", outcome.figures);
    tell(&outcome);
    outcome.failure.is_none()
}

/// Whether all worlds came out whole.
fn run_many(seeds: std::ops::Range<u64>, steps: u64) -> bool {
    let (mut figures, mut worlds, mut failed) = (Figures::default(), 0, Vec::new());
    for seed in seeds {
        let outcome = run(Plan { seed, steps });
        worlds += 1;
        figures.add(&outcome.figures);
        if outcome.failure.is_some() {
            let from = outcome.lines.len().saturating_sub(LAST_LINES);
            for line in &outcome.lines[from..] {
                println!("{line}");
            }
            tell(&outcome);
            failed.push(seed);
        }
    }
    println!("{figures}\n{worlds} worlds, {} failed {failed:?}", failed.len());
    failed.is_empty()
}

fn tell(outcome: &Outcome) {
    let Some(failure) = &outcome.failure else { return };
    println!("seed {}, step {}: the world is not whole", outcome.seed, failure.step);
    for difference in &failure.differences {
        println!("  {difference}");
    }
}
