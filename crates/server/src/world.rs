//! The world: the one door to the system's clock and randomness.
//!
//! Everything else takes `now` and bytes as arguments, so a test or a simulation can be
//! the world. Libraries with randomness of their own (TLS) are the exception.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use wire::time::Timestamp;

/// Where time and chance come from.
trait Source: Send + Sync {
    fn now(&self) -> Timestamp;
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the dice; clones share them.
#[derive(Clone)]
pub struct World {
    source: Arc<dyn Source>,
}

struct System;

impl Source for System {
    #[expect(clippy::disallowed_methods, reason = "this is the door to the system's clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_millis(
            since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door to the system's randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}

/// A world whose clock stands still until it is set, and whose dice are counted out from a seed.
#[derive(Clone)]
pub struct Script {
    inner: Arc<Scripted>,
}

struct Scripted {
    millis: AtomicI64,
    state: AtomicU64,
}

impl Source for Scripted {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        // SplitMix64: short, well mixed, and the same on every machine.
        for chunk in bytes.chunks_mut(8) {
            let step = 0x9E37_79B9_7F4A_7C15_u64;
            let mut z = self.state.fetch_add(step, Ordering::SeqCst).wrapping_add(step);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

impl Script {
    /// A scripted world from a seed, at a moment.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let inner = Scripted { millis: AtomicI64::new(now.millis()), state: AtomicU64::new(seed) };
        Self { inner: Arc::new(inner) }
    }

    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.inner.millis.store(now.millis(), Ordering::SeqCst);
    }

    /// The world that it scripts.
    pub fn world(&self) -> World {
        World { source: self.inner.clone() }
    }
}

impl World {
    /// The system's own clock and randomness.
    pub fn system() -> Self {
        Self { source: Arc::new(System) }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.source.now()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source.fill(&mut bytes);
        bytes
    }

    /// A random number of nine digits, the first of which is not zero.
    pub fn nine_digits(&self) -> u32 {
        100_000_000 + u32::from_le_bytes(self.random()) % 900_000_000
    }
}
