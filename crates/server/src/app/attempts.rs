//! Wrong secrets, counted per network address, so that guessing is slow and leaves the store alone.
//!
//! In memory and bounded: who restarts the server or has many addresses begins anew, and
//! still has 160 random bits to guess.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::time::{Span, Timestamp};

/// How many wrong secrets an address may show within [`WINDOW`]: a person who mistypes needs a few.
const MOST: u32 = 10;
/// From the first wrong secret on.
const WINDOW: Span = Span::from_minutes(1);
/// How many addresses are remembered; of more, those that began first are forgotten.
const ADDRESSES: usize = 10_000;

/// The wrong secrets of late.
#[derive(Debug, Default)]
pub struct Attempts {
    wrong: Mutex<BTreeMap<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    count: u32,
}

impl Window {
    fn is_over(self, now: Timestamp) -> bool {
        // A clock that was turned back must not lock anyone out for long.
        now < self.began || self.began.plus(WINDOW) <= now
    }
}

impl Attempts {
    /// How long an address must wait before another secret of it is looked at; `None` if it need not.
    pub fn wait(&self, address: &str, now: Timestamp) -> Option<Span> {
        let window = *self.lock().get(address)?;
        let waits = window.count >= MOST && !window.is_over(now);
        waits.then(|| window.began.plus(WINDOW).since(now))
    }

    /// Notes that an address showed a wrong secret.
    pub fn note_wrong(&self, address: &str, now: Timestamp) {
        let mut wrong = self.lock();
        if wrong.len() >= ADDRESSES && !wrong.contains_key(address) {
            make_room(&mut wrong, now);
        }
        let window = wrong.entry(address.to_owned()).or_insert(Window { began: now, count: 0 });
        if window.is_over(now) {
            *window = Window { began: now, count: 0 };
        }
        window.count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Window>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the windows that are over; if none is, the older half.
fn make_room(wrong: &mut BTreeMap<String, Window>, now: Timestamp) {
    wrong.retain(|_, window| !window.is_over(now));
    if wrong.len() >= ADDRESSES {
        let mut began: Vec<Timestamp> = wrong.values().map(|window| window.began).collect();
        began.sort_unstable();
        let middle = began[began.len() / 2];
        wrong.retain(|_, window| window.began > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_750_000_000);

    #[test]
    fn ten_wrong_secrets_in_a_minute_are_enough() {
        let attempts = Attempts::default();
        for _ in 0..MOST {
            assert_eq!(attempts.wait("a", NOON), None);
            attempts.note_wrong("a", NOON);
        }
        assert_eq!(
            attempts.wait("a", NOON.plus(Span::from_seconds(20))),
            Some(Span::from_seconds(40))
        );
        assert_eq!(attempts.wait("b", NOON), None);
        assert_eq!(attempts.wait("a", NOON.plus(WINDOW)), None);
        assert_eq!(attempts.wait("a", NOON.minus(Span::from_hours(1))), None);
        attempts.note_wrong("a", NOON.plus(WINDOW));
        assert_eq!(attempts.wait("a", NOON.plus(WINDOW)), None);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let attempts = Attempts::default();
        for n in 0..3 * ADDRESSES {
            attempts.note_wrong(&n.to_string(), NOON);
        }
        assert!(attempts.lock().len() <= ADDRESSES);
    }
}
