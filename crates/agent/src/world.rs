//! The one door of the command to the system's clocks and randomness.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wire::time::{Span, Timestamp};

use crate::device::Clock;

/// A moment that was past when this version was made: 2026-01-01T00:00:00Z. No clock can be right
/// that says an earlier one.
pub const BUILT: Timestamp = Timestamp::from_seconds(1_767_225_600);

static START: OnceLock<Instant> = OnceLock::new();

/// What the system's clocks say.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the agent's one door to the system's clocks")]
pub fn clock() -> Clock {
    let now = Instant::now();
    let start = *START.get_or_init(|| now);
    let passed = now.saturating_duration_since(start).as_millis();
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let millis = |value: u128| i64::try_from(value).unwrap_or(i64::MAX);
    Clock {
        wall: Timestamp::from_millis(millis(wall)),
        monotonic: Span::from_millis(millis(passed)),
    }
}

/// 64 bytes from the system's source of randomness.
///
/// # Errors
/// When the system has none.
#[expect(clippy::disallowed_methods, reason = "the agent's one door to the system's randomness")]
pub fn noise() -> Result<[[u8; 32]; 2], getrandom::Error> {
    let mut noise = [[0; 32]; 2];
    getrandom::fill(&mut noise[0])?;
    getrandom::fill(&mut noise[1])?;
    Ok(noise)
}
