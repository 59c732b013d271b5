//! Randomness that was handed in: nonces and jitter from one seed.
//!
//! The seed comes from the system in the command, from the scenario in a simulation.

use sha2::{Digest, Sha256};

/// A stream of bytes from a 32-byte seed.
#[derive(Clone)]
pub(crate) struct Noise {
    seed: [u8; 32],
    drawn: u64,
}

impl Noise {
    pub(crate) fn new(seed: [u8; 32]) -> Noise {
        Noise { seed, drawn: 0 }
    }

    fn draw(&mut self) -> [u8; 32] {
        let block = Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_be_bytes());
        self.drawn += 1;
        block.finalize().into()
    }

    /// Sixteen bytes for a nonce.
    pub(crate) fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&self.draw()[..16]);
        nonce
    }

    /// A whole number from 0 to `bound` − 1; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let block = self.draw();
        let number = u64::from_be_bytes([
            block[0], block[1], block[2], block[3], block[4], block[5], block[6], block[7],
        ]);
        number.checked_rem(bound).unwrap_or(0)
    }
}
