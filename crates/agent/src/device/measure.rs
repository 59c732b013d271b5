//! The running record of one license: which level was in use from when to when.
//!
//! An [`OpenReport`] grows by a [`Run`] with each change of level. It holds at most
//! [`MEASUREMENTS_PER_REPORT`] runs: beyond that, neighbours are merged (see [`OpenReport::merge`]).
//! Numbers, signatures and sending are not here.

use minicbor::{Decode, Encode};
use wire::limits::MEASUREMENTS_PER_REPORT;

/// How many neighbouring runs are looked at together when the record grows too long.
const WINDOW: usize = 4;

/// Why a run ended, other than by a change of level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Ending {
    /// The level changed, or the report closed at its interval: nothing special.
    #[n(0)]
    Plain,
    /// The product restarted.
    #[n(1)]
    ProductReload,
    /// A report or a file was asked for.
    #[n(2)]
    CurrentUsageRequested,
}

impl Ending {
    /// The word that stands in the report, if any.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Ending::Plain => None,
            Ending::ProductReload => Some("ProductReload"),
            Ending::CurrentUsageRequested => Some("CurrentUsageRequested"),
        }
    }
}

/// One level over one span of time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Run {
    /// Start, in seconds UTC.
    #[n(0)]
    pub start: i64,
    /// End, in seconds UTC; not before `start`.
    #[n(1)]
    pub end: i64,
    /// Seconds that were measured; less than `end − start` where a gap was merged.
    #[n(2)]
    pub seconds: u64,
    /// The level.
    #[n(3)]
    pub level: u32,
    /// By how many seconds the clock was set during the run; negative: turned back.
    #[n(4)]
    pub step: i64,
    /// Why it ended.
    #[n(5)]
    pub ending: Ending,
}

/// What goes on now: a level since a time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Running {
    /// Start, in seconds UTC.
    #[n(0)]
    pub start: i64,
    /// The level.
    #[n(1)]
    pub level: u32,
    /// By how many seconds the clock was set so far.
    #[n(2)]
    pub step: i64,
}

/// The record of one license since its last report was closed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenReport {
    /// What was measured, oldest first.
    #[n(0)]
    pub runs: Vec<Run>,
    /// What is being measured.
    #[n(1)]
    pub running: Running,
}

impl OpenReport {
    /// A record that begins at `start` (seconds UTC) with `level`.
    #[must_use]
    pub fn begin(start: i64, level: u32) -> OpenReport {
        OpenReport { runs: Vec::new(), running: Running { start, level, step: 0 } }
    }

    /// Ends the running measurement at `end` and begins one of `level` at `resumed`.
    pub fn turn(&mut self, end: i64, ending: Ending, resumed: i64, level: u32) {
        let run = self.running.ended(end, ending);
        self.running = Running { start: resumed.max(run.end), level, step: 0 };
        self.runs.push(run);
        // The running measurement will be one more.
        while self.runs.len() + 1 > MEASUREMENTS_PER_REPORT && self.merge() {}
    }

    /// Everything measured up to `end`, for a report that closes now.
    #[must_use]
    pub fn ended(&self, end: i64, ending: Ending) -> Vec<Run> {
        let mut runs = self.runs.clone();
        runs.push(self.running.ended(end, ending));
        runs
    }

    /// Makes the record shorter by the merge that loses least.
    ///
    /// A measurement holds one whole number, so two neighbours of different level cannot become
    /// one without losing either the time-weighted sum or the peak. The smallest exact merge is
    /// of four neighbours into at most three: the *peak* of the four, for as long as it lasted in
    /// all, and beside it the rest, flattened to its mean, as one level for some seconds and one
    /// level more for the others. So the peak, the time at the peak, the measured seconds and
    /// Σ level × seconds stay exactly as they were. Of all windows of four, that one is taken where
    /// Σ |level − mean| × seconds of the flattened part is least; of equals the oldest.
    /// The running measurement is never merged, so what is in use now stays exact.
    ///
    /// Returns false when there is nothing to merge.
    pub fn merge(&mut self) -> bool {
        let best = self.runs.windows(WINDOW).enumerate().min_by_key(|(_, window)| loss(window));
        let Some((first, window)) = best else { return false };
        let merged = flatten(window);
        self.runs.splice(first..first + WINDOW, merged);
        true
    }
}

impl Running {
    fn ended(&self, end: i64, ending: Ending) -> Run {
        let end = end.max(self.start);
        Run {
            start: self.start,
            end,
            seconds: end.abs_diff(self.start),
            level: self.level,
            step: self.step,
            ending,
        }
    }
}

/// The peak of a window, its seconds at the peak, and the weighted sum and seconds of the rest.
struct Shape {
    peak: u32,
    peak_seconds: u64,
    rest_sum: u128,
    rest_seconds: u64,
}

impl Shape {
    fn of(window: &[Run]) -> Shape {
        let peak = window.iter().map(|run| run.level).max().unwrap_or(0);
        let mut shape = Shape { peak, peak_seconds: 0, rest_sum: 0, rest_seconds: 0 };
        for run in window {
            if run.level == peak {
                shape.peak_seconds += run.seconds;
            } else {
                shape.rest_sum += u128::from(run.level) * u128::from(run.seconds);
                shape.rest_seconds += run.seconds;
            }
        }
        shape
    }

    /// The mean level of the rest, rounded down; it is below the peak.
    fn floor(&self) -> u32 {
        match self.rest_seconds {
            0 => 0,
            seconds => u32::try_from(self.rest_sum / u128::from(seconds)).unwrap_or(self.peak),
        }
    }
}

/// What flattening a window would move, in level × seconds.
fn loss(window: &[Run]) -> u128 {
    let shape = Shape::of(window);
    let floor = shape.floor();
    window
        .iter()
        .filter(|run| run.level != shape.peak)
        .map(|run| u128::from(run.level.abs_diff(floor)) * u128::from(run.seconds))
        .sum()
}

/// Turns a window into at most three runs of the same peak, seconds and weighted sum.
fn flatten(window: &[Run]) -> Vec<Run> {
    let shape = Shape::of(window);
    let mut parts = Vec::with_capacity(3);
    if shape.rest_seconds > 0 {
        let floor = shape.floor();
        let above = shape.rest_sum - u128::from(floor) * u128::from(shape.rest_seconds);
        let above = u64::try_from(above).unwrap_or(shape.rest_seconds);
        parts.push((floor + 1, above));
        parts.push((floor, shape.rest_seconds - above));
        parts.retain(|(_, seconds)| *seconds > 0);
    }
    let peak_at = window.iter().position(|run| run.level == shape.peak).unwrap_or(0);
    if peak_at < WINDOW / 2 {
        parts.insert(0, (shape.peak, shape.peak_seconds));
    } else {
        parts.reverse();
        parts.push((shape.peak, shape.peak_seconds));
    }
    lay_out(window, &parts)
}

/// Lays the parts one after the other from the window's start to its end.
fn lay_out(window: &[Run], parts: &[(u32, u64)]) -> Vec<Run> {
    let (Some(first), Some(last)) = (window.first(), window.last()) else { return Vec::new() };
    let mut at = first.start;
    let mut runs: Vec<Run> = parts
        .iter()
        .map(|&(level, seconds)| {
            let start = at;
            at = at.saturating_add_unsigned(seconds).min(last.end);
            Run { start, end: at, seconds, level, step: 0, ending: Ending::Plain }
        })
        .collect();
    if let Some(end) = runs.last_mut() {
        end.end = last.end;
        end.step = window.iter().map(|run| run.step).sum();
        end.ending = last.ending;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weighted(runs: &[Run]) -> u128 {
        runs.iter().map(|run| u128::from(run.level) * u128::from(run.seconds)).sum()
    }

    fn seconds(runs: &[Run]) -> u64 {
        runs.iter().map(|run| run.seconds).sum()
    }

    #[test]
    fn the_quietest_neighbours_are_merged_first() {
        let mut open = OpenReport::begin(0, 1);
        for (at, level) in [(10, 9), (20, 1), (30, 50), (40, 51), (50, 52), (60, 51), (70, 3)] {
            open.turn(at, Ending::Plain, at, level);
        }
        open.merge();
        let levels: Vec<_> = open.runs.iter().map(|run| (run.level, run.seconds)).collect();
        assert_eq!(levels, [(1, 10), (9, 10), (1, 10), (50, 10), (51, 20), (52, 10)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn merging_keeps_the_weighted_sum_the_seconds_and_the_peak(
            changes in proptest::collection::vec((0u32..2000, 0i64..100_000, -1i64..3), 4..900),
        ) {
            let mut open = OpenReport::begin(1_000, 7);
            let (mut at, mut sum, mut peak, mut total, mut level) = (1_000i64, 0u128, 7u32, 0u64, 7u32);
            for (next, lasted, gap) in changes {
                let end = at + lasted;
                sum += u128::from(level) * u128::from(lasted.unsigned_abs());
                total += lasted.unsigned_abs();
                peak = peak.max(level);
                at = end + gap.max(0) * 50;
                level = next;
                open.turn(end, Ending::Plain, at, next);
            }
            prop_assert!(open.runs.len() < MEASUREMENTS_PER_REPORT);
            prop_assert_eq!(weighted(&open.runs), sum);
            prop_assert_eq!(seconds(&open.runs), total);
            prop_assert_eq!(open.runs.iter().map(|run| run.level).max().unwrap(), peak);
            prop_assert_eq!(open.running.level, level);
            for pair in open.runs.windows(2) {
                prop_assert!(pair[0].start <= pair[0].end && pair[0].end <= pair[1].start);
            }
            while open.merge() {
                prop_assert_eq!(weighted(&open.runs), sum);
                prop_assert_eq!(open.runs.iter().map(|run| run.level).max().unwrap(), peak);
            }
        }
    }
}
