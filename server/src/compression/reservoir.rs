//! A fair sample of what passes, in bounded memory.

use fastrand::Rng;

/// Bodies kept (1,000): more do not make a better dictionary of 16 KiB.
const SAMPLES: usize = 1_000;

/// Bytes kept (2 MiB): about a hundred times the dictionary, what zstd's training asks for.
const SAMPLE_BYTES: usize = 2 * 1024 * 1024;

/// Keeps each body that passes with the same probability (Vitter's algorithm R).
#[derive(Debug)]
pub(super) struct Reservoir {
    rng: Rng,
    seen: u64,
    bytes: usize,
    samples: Vec<Box<[u8]>>,
}

impl Reservoir {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            seen: 0,
            bytes: 0,
            samples: Vec::new(),
        }
    }

    /// A body passes.
    pub(super) fn offer(&mut self, body: &[u8]) {
        self.seen += 1;
        if self.samples.len() < SAMPLES && self.bytes + body.len() <= SAMPLE_BYTES {
            self.bytes += body.len();
            // Copied, since a slice might keep a far larger buffer alive.
            return self.samples.push(body.into());
        }
        let at = usize::try_from(self.rng.u64(..self.seen)).ok();
        let Some(sample) = at.and_then(|at| self.samples.get_mut(at)) else {
            return;
        };
        let bytes = self.bytes - sample.len() + body.len();
        if bytes <= SAMPLE_BYTES {
            self.bytes = bytes;
            *sample = body.into();
        }
    }

    /// Bodies that have passed since the last [`take`](Self::take).
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// The samples; the next ones are of what passes from now on.
    pub(super) fn take(&mut self) -> Vec<Box<[u8]>> {
        self.seen = 0;
        self.bytes = 0;
        std::mem::take(&mut self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_spread_over_all_that_passed() {
        let mut reservoir = Reservoir::new(1);
        let passed = 20 * SAMPLES;
        for n in 0..passed {
            reservoir.offer(n.to_string().as_bytes());
        }
        let numbers: Vec<usize> = reservoir
            .take()
            .iter()
            .map(|sample| std::str::from_utf8(sample).unwrap().parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), SAMPLES);
        for tenth in 0..10 {
            let of_tenth = numbers.iter().filter(|n| **n * 10 / passed == tenth);
            // About 100 of 1,000; five standard deviations are 47.
            assert!((50..150).contains(&of_tenth.count()), "tenth {tenth}");
        }
        assert_eq!(reservoir.seen(), 0);
    }

    #[test]
    fn large_bodies_are_bounded_in_bytes() {
        let mut reservoir = Reservoir::new(1);
        for n in 0..5_000 {
            reservoir.offer(&vec![0; 1 + n % 16_384]);
        }
        let bytes: usize = reservoir.take().iter().map(|sample| sample.len()).sum();
        assert!(
            (SAMPLE_BYTES / 2..=SAMPLE_BYTES).contains(&bytes),
            "{bytes}"
        );
    }
}
