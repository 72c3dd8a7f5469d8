//! Reservoir of samples: bodies of a channel drawn at random, newer ones favoured, in bounded memory.

use std::sync::Arc;

use fastrand::Rng;

/// Bodies kept (1,000): more do not make a better dictionary of 12 KiB, and fewer, newer samples serve better than more
/// older ones.
const SAMPLES: usize = 1_000;

/// Bytes kept (2 MiB): more than a hundred times the dictionary.
const SAMPLE_BYTES: usize = 2 * 1024 * 1024;

/// Reservoir sampling (Vitter's algorithm R): each offered body is kept with the same probability, until the reservoir
/// [ages](Self::age).
#[derive(Debug)]
pub(super) struct Reservoir {
    rng: Rng,
    /// Number of offered bodies; those from before [`age`](Self::age) count half.
    weight: u64,
    passed: u64,
    bytes: usize,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// Number of the body among those offered.
    number: u64,
    body: Arc<[u8]>,
}

impl Reservoir {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            weight: 0,
            passed: 0,
            bytes: 0,
            samples: Vec::new(),
        }
    }

    /// Offers a body, which is kept or not.
    pub(super) fn offer(&mut self, body: &[u8]) {
        self.weight += 1;
        self.passed += 1;
        let number = self.passed;
        // Copied, since a slice might keep a far larger buffer.
        let sample = || Sample {
            number,
            body: body.into(),
        };
        if self.samples.len() < SAMPLES && self.bytes + body.len() <= SAMPLE_BYTES {
            self.bytes += body.len();
            return self.samples.push(sample());
        }
        let among = self.weight.max(self.samples.len() as u64);
        let at = usize::try_from(self.rng.u64(..among)).ok();
        let Some(place) = at.and_then(|at| self.samples.get_mut(at)) else {
            return;
        };
        let bytes = self.bytes - place.body.len() + body.len();
        if bytes <= SAMPLE_BYTES {
            self.bytes = bytes;
            *place = sample();
        }
    }

    /// Number of bodies offered so far.
    pub(super) const fn passed(&self) -> u64 {
        self.passed
    }

    /// The samples, oldest first.
    pub(super) fn samples(&mut self) -> Vec<Arc<[u8]>> {
        self.samples.sort_unstable_by_key(|sample| sample.number);
        let bodies = self.samples.iter().map(|sample| Arc::clone(&sample.body));
        bodies.collect()
    }

    /// Halves the count of offered bodies, so that later ones are kept with twice the probability.
    pub(super) const fn age(&mut self) {
        self.weight /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(reservoir: &mut Reservoir) -> Vec<usize> {
        let samples = reservoir.samples();
        let numbers = samples
            .iter()
            .map(|sample| std::str::from_utf8(sample).unwrap().parse().unwrap());
        numbers.collect()
    }

    fn offer(reservoir: &mut Reservoir, numbers: std::ops::Range<usize>) {
        for n in numbers {
            reservoir.offer(n.to_string().as_bytes());
        }
    }

    #[test]
    fn keeps_bounded_ordered_spread_samples() {
        let mut reservoir = Reservoir::new(1);
        let passed = 20 * SAMPLES;
        offer(&mut reservoir, 0..passed);
        let numbers = numbers(&mut reservoir);
        assert_eq!(numbers.len(), SAMPLES);
        assert!(numbers.is_sorted());
        for tenth in 0..10 {
            let of_tenth = numbers.iter().filter(|n| **n * 10 / passed == tenth);
            // About 100 of 1,000; five standard deviations are 47.
            assert!((50..150).contains(&of_tenth.count()), "tenth {tenth}");
        }
        assert_eq!(reservoir.passed(), passed as u64);
    }

    #[test]
    fn ageing_doubles_weight_of_new_samples() {
        let mut reservoir = Reservoir::new(1);
        let half = 10 * SAMPLES;
        offer(&mut reservoir, 0..half);
        reservoir.age();
        offer(&mut reservoir, half..2 * half);
        let newer = numbers(&mut reservoir).into_iter().filter(|n| *n >= half);
        // About 667 of 1,000; five standard deviations are 75.
        assert!((590..745).contains(&newer.count()));
    }

    #[test]
    fn large_bodies_are_bounded_in_bytes() {
        let mut reservoir = Reservoir::new(1);
        for n in 0..5_000 {
            reservoir.offer(&vec![0; 1 + n % 16_384]);
        }
        let bytes: usize = reservoir.samples().iter().map(|sample| sample.len()).sum();
        assert!(
            (SAMPLE_BYTES / 2..=SAMPLE_BYTES).contains(&bytes),
            "{bytes}"
        );
    }
}
