//! Repository chores: `cargo xtask tidy`, `cargo xtask bench …`, `cargo xtask sim …`.
//!
//! Not here: anything that is shipped, and anything that needs the server, the store or the
//! simulator as a library. Those live in `crates/sim` and are started as a process, so that
//! `cargo xtask tidy` builds in seconds.

mod bench;
mod simulator;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Check the rules that the compiler does not: lengths, arrows, names, words, links
    Tidy(tidy::Arguments),
    /// Measure, and print figures with the machine's load
    Bench(bench::Arguments),
    /// Let worlds of bad luck happen: one seed with its scene, or many with figures
    Sim {
        /// The seed of one world
        #[arg(long, value_name = "N", conflicts_with = "seeds", default_value_t = 1)]
        seed: u64,
        /// All worlds from seed A up to, but not including, seed B
        #[arg(long, value_name = "A..B")]
        seeds: Option<String>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let root = root();
    match Chores::parse().chore {
        Chore::Tidy(arguments) => tidy::run(&root, &arguments),
        Chore::Bench(arguments) => bench::run(&root, &arguments),
        Chore::Sim { seed, seeds } => {
            let one = ["world".to_owned(), "--seed".to_owned(), seed.to_string()];
            let words = match seeds {
                Some(seeds) => vec!["world".to_owned(), "--seeds".to_owned(), seeds],
                None => one.to_vec(),
            };
            simulator::run(&root, "sim", &words)
        }
    }
}

/// The folder of the workspace: the one above this package.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}
