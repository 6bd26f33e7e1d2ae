//! Randomness from a seed: different at each draw, the same in each run.

use std::sync::atomic::{AtomicU64, Ordering};

use octroi_domain::credential::digest::sha256;
use octroi_domain::time::Entropy;

/// SHA-256 of a seed and a counter.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    draws: AtomicU64,
}

impl SeededEntropy {
    /// Draws that depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        Self { seed, draws: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let draw = self.draws.fetch_add(1, Ordering::Relaxed);
            let block = sha256(&[self.seed.to_be_bytes(), draw.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
