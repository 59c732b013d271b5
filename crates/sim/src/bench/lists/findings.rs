//! The figures: the worst of each list on each engine, and what is above the goal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ask::{Question, Times};
use super::{GOAL, ListsBench};
use crate::bench::figures::load_average;

/// A question with what came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The engine.
    pub engine: &'static str,
    /// As whom.
    pub role: &'static str,
    /// The route.
    pub route: String,
    /// Which page, filter or sort.
    pub variant: String,
    /// The status of the answer.
    pub status: u16,
    /// How many rows it showed.
    pub rows: usize,
    /// Its length.
    pub bytes: usize,
    /// Half of the answers came within.
    pub half: Duration,
    /// All of the answers came within.
    pub most: Duration,
}

impl Outcome {
    pub(super) fn new(
        engine: &'static str,
        role: &'static str,
        question: Question,
        times: Times,
    ) -> Self {
        let at = |n: usize| times.spent.get(n).copied().unwrap_or_default();
        let (half, most) = (at(times.spent.len() / 2), at(times.spent.len().saturating_sub(1)));
        let Question { route, variant, .. } = question;
        let Times { status, rows, bytes, .. } = times;
        Self { engine, role, route, variant, status, rows, bytes, half, most }
    }

    fn json(&self) -> Value {
        json!({
            "as": self.role,
            "variant": self.variant,
            "rows": self.rows,
            "bytes": self.bytes,
            "p50_ms": millis(self.half),
            "max_ms": millis(self.most),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, role, route, variant, rows, .. } = self;
        let (half, most) = (millis(self.half), millis(self.most));
        write!(out, "{engine} {half:.1} (max {most:.1}) {route} as {role}: {variant}, {rows} rows")
    }
}

/// Everything found so far.
pub(super) struct Findings {
    about: Value,
    all: Vec<Outcome>,
}

fn millis(spent: Duration) -> f64 {
    (spent.as_secs_f64() * 10_000.0).round() / 10.0
}

/// How long something took.
#[expect(clippy::disallowed_methods, reason = "a bench measures with the real clock")]
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let done = work.await;
    (done, Instant::now() - begun)
}

impl Findings {
    pub(super) fn begin(bench: &ListsBench) -> anyhow::Result<Self> {
        let scale = bench.scale;
        let about = json!({
            "load_before": load_average(),
            "cores": std::thread::available_parallelism()?.get(),
            "asks": bench.asks,
            "virtual_accounts": scale.places,
            "people": scale.people,
            "events": scale.events,
        });
        Ok(Self { about, all: Vec::new() })
    }

    pub(super) fn note_version(&mut self, engine: &str, version: &str) {
        println!("{engine}: {version}");
        self.about[engine] = json!(version);
    }

    pub(super) fn note(&mut self, outcome: Outcome) {
        if outcome.half > GOAL {
            println!("{outcome}");
        }
        self.all.push(outcome);
    }

    /// Prints the table, says what is above the goal, and writes the JSON.
    pub(super) fn finish(mut self, json: Option<&Path>) -> anyhow::Result<Vec<Outcome>> {
        self.about["load_after"] = json!(load_average());
        let mut lists = serde_json::Map::new();
        println!(
            "\nworst of each list: p50 and max of {} asks in ms, over loopback, the answer read whole (files: their first byte)",
            self.about["asks"]
        );
        for (route, by_engine) in self.worst() {
            println!("{route}");
            let mut engines = serde_json::Map::new();
            for (engine, one) in by_engine {
                println!(
                    "{engine:>10} {:>7.1} {:>7.1}   {:>5} rows {:>6} kB   {}: {}",
                    millis(one.half),
                    millis(one.most),
                    one.rows,
                    one.bytes.div_ceil(1000),
                    one.role,
                    one.variant,
                );
                engines.insert(engine.to_owned(), one.json());
            }
            lists.insert(route.to_owned(), Value::Object(engines));
        }
        self.judge();
        let mut all = self.about.clone();
        all["lists"] = Value::Object(lists);
        if let Some(file) = json {
            std::fs::write(file, serde_json::to_string_pretty(&all)? + "\n")?;
        }
        Ok(self.all)
    }

    /// The answered question that took longest, of each route and engine; the slowest routes first.
    fn worst(&self) -> Vec<(&str, BTreeMap<&'static str, &Outcome>)> {
        let mut worst: BTreeMap<&str, BTreeMap<&'static str, &Outcome>> = BTreeMap::new();
        for one in self.all.iter().filter(|one| one.status == 200) {
            let of = worst.entry(&one.route).or_default();
            let so_far = of.entry(one.engine).or_insert(one);
            if one.half > so_far.half {
                *so_far = one;
            }
        }
        let mut worst: Vec<_> = worst.into_iter().collect();
        let slowest = |of: &BTreeMap<_, &Outcome>| of.values().map(|one| one.half).max();
        worst.sort_by_key(|(_, of)| std::cmp::Reverse(slowest(of)));
        worst
    }

    fn judge(&self) {
        let answered: Vec<&Outcome> = self.all.iter().filter(|one| one.status == 200).collect();
        let routes: BTreeSet<&str> = answered.iter().map(|one| one.route.as_str()).collect();
        println!(
            "\n{} questions about {} routes were answered; load {}",
            answered.len(),
            routes.len(),
            load_average()
        );
        let mut above: Vec<_> = answered.iter().filter(|one| one.half > GOAL).collect();
        above.sort_by_key(|one| std::cmp::Reverse(one.half));
        if above.is_empty() {
            println!("none took longer than {} ms at the median", GOAL.as_millis());
        }
        for one in above {
            println!("above {} ms: {one}", GOAL.as_millis());
        }
        let only_once = |one: &&&Outcome| one.half <= GOAL && one.most > GOAL;
        for one in answered.iter().filter(only_once) {
            println!("once above: {one}");
        }
    }
}
