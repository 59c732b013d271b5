//! `scrip-kill`: ends the server by `kill -9` under load, again and again, and checks the book.

use std::path::PathBuf;

use clap::Parser;
use sim::kill::{Kills, run};

/// Ends the server by `kill -9` under load, again and again, and checks the book.
#[derive(Debug, Parser)]
struct Arguments {
    /// The scrip binary
    scrip: PathBuf,
    /// How often to kill
    #[arg(long, default_value_t = 30)]
    cycles: u32,
    /// A PostgreSQL database of its own; SQLite in a temporary folder without it
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let Arguments { scrip, cycles, postgres } = Arguments::parse();
    run(&Kills { scrip, cycles, postgres })
}
