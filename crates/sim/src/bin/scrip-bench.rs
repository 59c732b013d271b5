//! `scrip-bench`: measures Scrip. Run it as `cargo xtask bench reports`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use sim::bench::{HouseOptions, ListsBench, ReportsBench, Scale, lists, reports, run_house};

/// Measures Scrip.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Pushes of signed usage reports over HTTP, every commit durable
    Reports {
        /// Seconds counted in each run, after the warm-up
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// Runs of each route, interleaved; the median is told
        #[arg(long, default_value_t = 3)]
        runs: u32,
        /// Connections held open at once
        #[arg(long, default_value_t = 64)]
        connections: u32,
        /// Product instances behind many pools, and as many behind one hot pool
        #[arg(long, default_value_t = 10_000)]
        instances: u32,
        /// Also write the figures to this file as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// A PostgreSQL database that may be filled; without it only SQLite is measured
        #[arg(long, value_name = "URL", env = "SCRIP_BENCH_POSTGRES")]
        postgres: Option<String>,
    },
    /// Every list of a large account, asked for over HTTP by people of different reach
    Lists {
        /// How often each question is asked and counted
        #[arg(long, default_value_t = 5)]
        asks: u32,
        /// Virtual accounts of the account
        #[arg(long, default_value_t = Scale::FULL.places)]
        virtual_accounts: u32,
        /// People with roles in it
        #[arg(long, default_value_t = Scale::FULL.people)]
        people: u32,
        /// Events in its log
        #[arg(long, default_value_t = Scale::FULL.events)]
        events: u32,
        /// Measures this engine only
        #[arg(long, value_parser = ["sqlite", "postgres"])]
        engine: Option<String>,
        /// Asks only the routes that hold this text
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Also write the figures to this file as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// A PostgreSQL database that may be filled; without it only SQLite is measured
        #[arg(long, value_name = "URL", env = "SCRIP_BENCH_POSTGRES")]
        postgres: Option<String>,
    },
    /// The server under load; started by the bench itself
    #[command(hide = true)]
    House {
        #[arg(long)]
        place: String,
        #[arg(long)]
        keys: PathBuf,
        #[arg(long)]
        instances: u32,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Reports { seconds, runs, connections, instances, json, postgres } => {
            reports(&ReportsBench { seconds, runs, connections, instances, json, postgres })
        }
        What::Lists {
            asks,
            virtual_accounts: places,
            people,
            events,
            engine,
            only,
            json,
            postgres,
        } => {
            let reach = Scale::FULL.reach.min(places / 2);
            let scale = Scale { places, people, events, reach, ..Scale::FULL };
            lists(&ListsBench { scale, asks, engine, only, json, postgres }).map(drop)
        }
        What::House { place, keys, instances } => {
            run_house(&HouseOptions { place, keys, instances })
        }
    }
}
