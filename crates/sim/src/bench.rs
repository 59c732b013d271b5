//! Benches: what a push of usage reports costs, durable, over loopback HTTP.
//!
//! The server runs as a process of its own, so that its CPU time can be told from the
//! load generator's. Every figure stands beside the verify-and-sign-only route of the
//! same server in the same run: all but the writer.

mod figures;
mod fleet;
mod house;
mod lists;
mod load;

use std::path::PathBuf;

use anyhow::Context as _;

pub use house::{HouseOptions, run_house};
pub use lists::{ListsBench, Outcome as ListOutcome, Scale, lists};

use figures::Figures;
use fleet::Fleet;
use house::House;
use load::{Load, Outcome, Pace};

/// What to measure.
#[derive(Clone, Debug)]
pub struct ReportsBench {
    /// Seconds counted in each run.
    pub seconds: u32,
    /// Runs of each route, interleaved; the median is told.
    pub runs: u32,
    /// Connections held open at once.
    pub connections: u32,
    /// Product instances behind many pools, and as many behind one hot pool.
    pub instances: u32,
    /// Where to write the figures as JSON.
    pub json: Option<PathBuf>,
    /// A PostgreSQL database that may be emptied; without it only SQLite is measured.
    pub postgres: Option<String>,
}

/// A way of pushing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// All but the writer.
    VerifySign,
    /// One report for each push, a thousand pools.
    Many,
    /// One report for each push, one pool.
    Hot,
    /// Ten reports for each push, a thousand pools.
    Ten,
}

impl Route {
    pub(crate) const ALL: [Self; 4] = [Self::VerifySign, Self::Many, Self::Hot, Self::Ten];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::VerifySign => "verify_sign",
            Self::Many => "many",
            Self::Hot => "hot",
            Self::Ten => "ten",
        }
    }

    fn reports(self) -> u32 {
        if self == Self::Ten { 10 } else { 1 }
    }

    fn path(self) -> &'static str {
        if self == Self::VerifySign { "/bench/v1/verify-and-sign" } else { "/device/v1/usage" }
    }
}

/// What a bench writes to the disk; gone when it ends, whichever way.
struct Folder(PathBuf);

impl Folder {
    fn make(what: &str) -> anyhow::Result<Self> {
        let folder = format!("scrip-bench-{what}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the bench and prints its figures.
///
/// # Errors
/// If the server cannot be started, or answers anything but acknowledgements.
pub fn reports(bench: &ReportsBench) -> anyhow::Result<()> {
    let mut figures = Figures::begin(bench)?;
    let folder = Folder::make("reports")?;
    let places = [
        Some(format!("sqlite:{}", folder.0.join("book").display())),
        bench.postgres.as_ref().map(|url| format!("postgres:{url}")),
    ];
    for (engine, place) in ["sqlite", "postgres"].into_iter().zip(places) {
        let Some(place) = place else {
            println!("{engine}: skipped, because no database was named (--postgres URL)");
            continue;
        };
        let keys = folder.0.join(format!("keys-{engine}"));
        measure(
            bench,
            engine,
            &HouseOptions { place, keys, instances: bench.instances },
            &mut figures,
        )?;
    }
    figures.finish(bench.json.as_deref())
}

fn measure(
    bench: &ReportsBench,
    engine: &str,
    options: &HouseOptions,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    println!("{engine}: preparing {} product instances …", 2 * bench.instances);
    let house = House::start(options)?;
    println!("{engine}: the server is process {}", house.process());
    let mut fleet = Fleet::new(bench.instances, house.realm);
    for route in [Route::Many, Route::Hot] {
        // Whichever route comes first would pay for what every device's first push costs.
        let once = usize::try_from(bench.instances)?;
        load::prime(house.address, fleet.requests(route, once, bench.connections))?;
    }
    let mut rate: std::collections::BTreeMap<Route, f64> = std::collections::BTreeMap::new();
    for _ in 0..bench.runs {
        for route in Route::ALL {
            let expected =
                rate.get(&route).copied().unwrap_or(30_000.0 / f64::from(route.reports()));
            let outcome = run(bench, &house, &mut fleet, route, expected, Pace::Full)?;
            rate.insert(route, outcome.rate * 1.3);
            figures.note(engine, route, &outcome);
        }
    }
    let half = figures.median_rate(engine, Route::Many) / 2.0;
    let outcome = run(bench, &house, &mut fleet, Route::Many, half, Pace::Fixed(half))?;
    figures.note_half_load(engine, &outcome);
    house.stop().context("the server did not end cleanly")
}

fn run(
    bench: &ReportsBench,
    house: &House,
    fleet: &mut Fleet,
    route: Route,
    expected: f64,
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let seconds = f64::from(bench.seconds + load::WARM_UP_SECONDS + 1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few million at most"
    )]
    let pushes = (expected * seconds) as usize + 1_000;
    let requests = fleet.requests(route, pushes, bench.connections);
    let load =
        Load { address: house.address, seconds: bench.seconds, pace, reports: route.reports() };
    load.run(requests, || house.cpu_seconds())
}
