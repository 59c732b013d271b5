//! Chance from a seed: the same on every machine, for ever.
//!
//! Each concern has dice of its own, so that a new question in one place does not turn the whole
//! world over.

use wire::time::Span;

/// A stream of numbers (SplitMix64: short, well mixed).
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of a seed for a concern.
    pub(crate) fn new(seed: u64, concern: &str) -> Dice {
        let mut dice = Dice { state: seed ^ 0x5CA1_AB1E };
        for byte in concern.bytes() {
            dice.state ^= u64::from(byte);
            dice.next();
        }
        dice.state = dice.next();
        dice
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound` − 1; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let drawn = self.next();
        usize::try_from(drawn % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = most.abs_diff(least) + 1;
        least.saturating_add_unsigned(self.next() % width)
    }

    /// A span from `least` to `most`, to the millisecond.
    pub(crate) fn span(&mut self, least: Span, most: Span) -> Span {
        Span::from_millis(self.between(least.millis(), most.millis()))
    }

    /// Whether something happens that does so `per_mille` times in a thousand.
    pub(crate) fn happens(&mut self, per_mille: u64) -> bool {
        self.next() % 1_000 < per_mille
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }
}
