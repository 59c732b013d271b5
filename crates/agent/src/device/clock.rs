//! Time as the device counts it: never backwards, and never before what is known for certain.
//!
//! Nothing here reads a clock: every reading is handed in.

use wire::time::{Span, Timestamp};

/// A difference between wall clock and monotonic clock below this is not a set clock (network
/// time services slew by less).
pub const STEP: Span = Span::from_seconds(10);

/// What the clocks of the machine say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The wall clock, as it is, right or wrong.
    pub wall: Timestamp,
    /// A clock that only goes forward, from any origin (time since the machine or process started).
    pub monotonic: Span,
}

/// That the wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the time would have been.
    pub before: Timestamp,
    /// By how much it was set; negative: turned back.
    pub delta: Span,
    /// Whether the counted time follows (forward) or goes on by the monotonic clock (back).
    pub followed: bool,
}

/// Counts time by both clocks.
///
/// The counted time is the greatest of the floor, the wall clock, and the last counted time plus
/// what the monotonic clock went on since.
#[derive(Clone, Debug)]
pub(crate) struct Chronometer {
    last: Option<Clock>,
    at: Timestamp,
}

impl Chronometer {
    /// Starts at the floor: the highest of persisted, signed and built times.
    pub(crate) fn new(floor: Timestamp) -> Chronometer {
        Chronometer { last: None, at: floor }
    }

    /// The counted time of the last reading.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// Takes a reading in and says what time it is, and whether the clock was set.
    pub(crate) fn read(&mut self, now: Clock) -> (Timestamp, Option<Step>) {
        let Some(last) = self.last.replace(now) else { return self.read_first(now) };
        let passed = later(now.monotonic, last.monotonic);
        let expected = self.at.plus(passed);
        let drift = now.wall.since(last.wall.plus(passed));
        let lead = now.wall.since(expected);
        self.at = expected.max(now.wall);
        if lead.millis() > STEP.millis() {
            return (self.at, Some(Step { before: expected, delta: lead, followed: true }));
        }
        if drift.millis().abs() > STEP.millis() {
            return (self.at, Some(Step { before: expected, delta: drift, followed: false }));
        }
        (self.at, None)
    }

    fn read_first(&mut self, now: Clock) -> (Timestamp, Option<Step>) {
        let behind = now.wall.since(self.at);
        let floor = self.at;
        self.at = floor.max(now.wall);
        let turned_back = behind.millis() < -STEP.millis();
        (self.at, turned_back.then_some(Step { before: floor, delta: behind, followed: false }))
    }

    /// A signed time says that it is later than was thought: follows it.
    pub(crate) fn raise(&mut self, signed: Timestamp) -> Option<Step> {
        let lead = signed.since(self.at);
        let before = self.at;
        self.at = self.at.max(signed);
        (lead.millis() > STEP.millis()).then_some(Step { before, delta: lead, followed: true })
    }
}

fn later(now: Span, then: Span) -> Span {
    Span::from_millis((now.millis() - then.millis()).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(wall: i64, monotonic: i64) -> Clock {
        Clock { wall: Timestamp::from_seconds(wall), monotonic: Span::from_seconds(monotonic) }
    }

    #[test]
    fn a_clock_turned_back_is_noted_and_time_goes_on() {
        let mut time = Chronometer::new(Timestamp::from_seconds(1_000));
        assert_eq!(time.read(clock(2_000, 5)), (Timestamp::from_seconds(2_000), None));
        let (at, step) = time.read(clock(1_100, 105));
        assert_eq!(at, Timestamp::from_seconds(2_100));
        let step = step.expect("a step");
        assert_eq!((step.delta, step.followed), (Span::from_seconds(-1_000), false));
        assert_eq!(time.read(clock(1_200, 205)), (Timestamp::from_seconds(2_200), None));
    }

    #[test]
    fn a_clock_set_forward_is_followed() {
        let mut time = Chronometer::new(Timestamp::from_seconds(1_000));
        time.read(clock(0, 0));
        let (at, step) = time.read(clock(50_000, 100));
        assert_eq!(at, Timestamp::from_seconds(50_000));
        let step = step.expect("a step");
        assert_eq!(step.before, Timestamp::from_seconds(1_100));
        assert!(step.followed);
    }

    #[test]
    fn a_start_with_a_clock_behind_the_floor_is_noted() {
        let mut time = Chronometer::new(Timestamp::from_seconds(10_000));
        let (at, step) = time.read(clock(400, 0));
        assert_eq!(at, Timestamp::from_seconds(10_000));
        assert_eq!(step.expect("a step").delta, Span::from_seconds(-9_600));
    }
}
