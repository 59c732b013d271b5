//! Repository chores: `cargo xtask tidy`, `cargo xtask bench …`.
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
}

fn main() -> anyhow::Result<ExitCode> {
    let root = root();
    match Chores::parse().chore {
        Chore::Tidy(arguments) => tidy::run(&root, &arguments),
        Chore::Bench(arguments) => bench::run(&root, &arguments),
    }
}

/// The folder of the workspace: the one above this package.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}
