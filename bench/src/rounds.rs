//! Timing of several subjects in turn, so that other load of the machine affects all of them equally.

use std::time::{Duration, Instant};

/// Times of each subject in each round.
pub struct Rounds(Vec<Vec<Duration>>);

impl Rounds {
    /// Runs every subject once a round, after one round that is not counted. Each runs `repeat` times in a row.
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

    /// The middle of a subject's times, in nanoseconds.
    pub fn median_ns(&self, subject: usize) -> f64 {
        median(self.0[subject].iter().map(|time| time.as_secs_f64() * 1e9))
    }

    /// The middle of how many times as long as `other` a subject took in the same round.
    pub fn ratio(&self, subject: usize, other: usize) -> f64 {
        let pairs = self.0[subject].iter().zip(&self.0[other]);
        median(pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()))
    }
}

/// The middle of figures; not a number when there are none.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
