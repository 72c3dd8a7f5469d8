//! Timing of several functions in turn, so that other load of the machine affects all of them equally.

use std::time::{Duration, Instant};

/// Times of each function in each round.
pub struct Rounds(Vec<Vec<Duration>>);

impl Rounds {
    /// Times every function once a round, after one round that is not counted. Each is called `repeat` times in a row.
    pub fn run(rounds: usize, repeat: usize, subjects: &mut [&mut dyn FnMut()]) -> Self {
        let mut times = vec![Vec::with_capacity(rounds); subjects.len()];
        for round in 0..=rounds {
            for (subject, times) in subjects.iter_mut().zip(&mut times) {
                let start = Instant::now();
                for _ in 0..repeat {
                    subject();
                }
                if round > 0 {
                    times.push(start.elapsed() / u32::try_from(repeat).unwrap_or(u32::MAX));
                }
            }
        }
        Self(times)
    }

    /// Median of a function's times, in nanoseconds.
    pub fn median_ns(&self, subject: usize) -> f64 {
        median(self.0[subject].iter().map(|time| time.as_secs_f64() * 1e9))
    }

    /// Median of the ratios of a function's time to that of `other` in the same round.
    pub fn ratio(&self, subject: usize, other: usize) -> f64 {
        let pairs = self.0[subject].iter().zip(&self.0[other]);
        median(pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()))
    }
}

/// Median of the figures; NaN if there are none.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
