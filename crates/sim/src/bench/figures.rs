//! The figures: medians, ratios within one run, the machine's load.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use wire::key::SigningKey;

use super::load::Outcome;
use super::{ReportsBench, Route};

/// How many signatures the single-core verify rate is taken from.
const VERIFIES: u32 = 20_000;

/// Everything measured so far.
pub(super) struct Figures {
    about: Value,
    verify_rate: f64,
    runs: BTreeMap<(String, Route), Vec<Outcome>>,
    half: BTreeMap<String, Outcome>,
}

pub(super) fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[expect(clippy::disallowed_methods, reason = "a bench measures with the real clock")]
fn verify_rate() -> f64 {
    let key = SigningKey::from_seed([7; 32]);
    let message = [5_u8; 1_200];
    let signature = key.sign(&message);
    let verifying = key.verifying();
    let begin = std::time::Instant::now();
    let good = (0..VERIFIES)
        .filter(|_| verifying.verify(std::hint::black_box(&message), &signature))
        .count();
    good as f64 / begin.elapsed().as_secs_f64()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Figures {
    pub(super) fn begin(bench: &ReportsBench) -> anyhow::Result<Self> {
        let cores =
            std::thread::available_parallelism().context("the machine tells no number of cores")?;
        let about = json!({
            "load_before": load_average(),
            "cores": cores.get(),
            "seconds": bench.seconds,
            "runs": bench.runs,
            "connections": bench.connections,
            "instances": bench.instances,
            "durability": "SQLite WAL synchronous=FULL; PostgreSQL fsync and synchronous_commit as the server is set",
        });
        Ok(Self { about, verify_rate: verify_rate(), runs: BTreeMap::new(), half: BTreeMap::new() })
    }

    pub(super) fn note(&mut self, engine: &str, route: Route, outcome: &Outcome) {
        println!(
            "{engine:>9} {:<12} {:>9.0} pushes/s   p50 {:>6.0} µs   p99 {:>7.0} µs   {:>6.1} µs CPU a report   load {}{}",
            route.name(),
            outcome.rate,
            outcome.p50,
            outcome.p99,
            outcome.cpu_per_report,
            load_average(),
            if outcome.dry { "   (ran out of requests: too few were signed)" } else { "" },
        );
        self.runs.entry((engine.to_owned(), route)).or_default().push(outcome.clone());
    }

    pub(super) fn note_half_load(&mut self, engine: &str, outcome: &Outcome) {
        println!(
            "{engine:>9} half load    {:>9.0} pushes/s   p50 {:>6.0} µs   p99 {:>7.0} µs",
            outcome.rate, outcome.p50, outcome.p99
        );
        self.half.insert(engine.to_owned(), outcome.clone());
    }

    fn median(&self, engine: &str, route: Route, of: impl Fn(&Outcome) -> f64) -> f64 {
        let runs = self.runs.get(&(engine.to_owned(), route));
        median(runs.into_iter().flatten().map(of))
    }

    pub(super) fn median_rate(&self, engine: &str, route: Route) -> f64 {
        self.median(engine, route, |outcome| outcome.rate)
    }

    fn engine(&self, engine: &str) -> Option<Value> {
        if !self.runs.keys().any(|(of, _)| of == engine) {
            return None;
        }
        let mut all = serde_json::Map::new();
        for route in Route::ALL {
            all.insert(route.name().to_owned(), json!({
                "rate": self.median_rate(engine, route),
                "p50_us": self.median(engine, route, |o| o.p50),
                "p99_us": self.median(engine, route, |o| o.p99),
                "server_cpu_us_per_report": self.median(engine, route, |o| o.cpu_per_report),
                "ratio_to_verify_sign": self.median_rate(engine, route) / self.median_rate(engine, Route::VerifySign),
            }));
        }
        all.insert(
            "hot_to_many".to_owned(),
            json!(self.median_rate(engine, Route::Hot) / self.median_rate(engine, Route::Many)),
        );
        let ten = self.median_rate(engine, Route::Ten) * 10.0 / (2.0 * self.verify_rate);
        all.insert("ten_to_two_core_verify".to_owned(), json!(ten));
        if let Some(half) = self.half.get(engine) {
            all.insert(
                "half_load".to_owned(),
                json!({ "rate": half.rate, "p50_us": half.p50, "p99_us": half.p99 }),
            );
        }
        Some(Value::Object(all))
    }

    /// Prints the ratios and writes the JSON.
    pub(super) fn finish(self, json: Option<&Path>) -> anyhow::Result<()> {
        let mut all = self.about.clone();
        all["load_after"] = json!(load_average());
        all["verify_per_core"] = json!(self.verify_rate);
        println!(
            "\nsingle-core verify rate {:.0}/s; machine's load {}",
            self.verify_rate,
            load_average()
        );
        for engine in ["sqlite", "postgres"] {
            let Some(figures) = self.engine(engine) else { continue };
            println!(
                "{engine:>9}: many / verify-and-sign {:.2} (goal 0.60), hot / many {:.2} (goal 0.90), ten / two cores' verify {:.2} (goal 0.40)",
                figures["many"]["ratio_to_verify_sign"].as_f64().unwrap_or(0.0),
                figures["hot_to_many"].as_f64().unwrap_or(0.0),
                figures["ten_to_two_core_verify"].as_f64().unwrap_or(0.0),
            );
            all[engine] = figures;
        }
        if let Some(file) = json {
            std::fs::write(file, serde_json::to_string_pretty(&all)? + "\n")?;
        }
        Ok(())
    }
}
