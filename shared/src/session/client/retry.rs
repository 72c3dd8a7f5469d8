//! Retry schedule: the delay before the next attempt to connect (docs/protocol.md section 10).

use core::time::Duration;

use super::RetryPolicy;
use crate::close::RetryAdvice;
use crate::time::nanos;

/// The retry schedule of one session.
#[derive(Debug)]
pub(super) struct Retry {
    policy: RetryPolicy,
    jitter: fastrand::Rng,
    failures: u32,
}

impl Retry {
    pub(super) fn new(policy: RetryPolicy, seed: u64) -> Self {
        Self {
            policy,
            jitter: fastrand::Rng::with_seed(seed),
            failures: 0,
        }
    }

    /// Attempts that failed in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Sets the attempts that failed in a row, for a connection that another tab makes.
    pub(super) const fn set_failures(&mut self, failures: u32) {
        self.failures = failures;
    }

    /// Records how long a connection lasted.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= self.policy.steady {
            self.failures = 0;
        }
    }

    pub(super) const fn start_over(&mut self) {
        self.failures = 0;
    }

    /// The longest delay before an attempt.
    pub(super) const fn longest_delay(&self) -> Duration {
        self.policy.max
    }

    /// Does not count the attempt that failed last.
    pub(super) const fn forget_failure(&mut self) {
        self.failures = self.failures.saturating_sub(1);
    }

    /// Delay before the next attempt; `None` when there is none.
    pub(super) fn next(&mut self, advice: RetryAdvice) -> Option<Duration> {
        let steps = match advice {
            RetryAdvice::Never => return None,
            RetryAdvice::Now => self.failures,
            // One step further than a lost line: the server has asked for time.
            RetryAdvice::Later => self.failures.saturating_add(1),
        };
        if self
            .policy
            .max_attempts
            .is_some_and(|max| self.failures >= max)
        {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        let ceiling = self.policy.ceiling(steps);
        if !self.policy.jitter {
            return Some(ceiling);
        }
        let drawn = u64::from(self.jitter.u32(..) >> 16);
        Some(Duration::from_nanos((nanos(ceiling) >> 16) * drawn))
    }
}

impl RetryPolicy {
    /// Ceiling of the delay after this many attempts that failed in a row.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a delay needs no more precision, and the cast saturates"
    )]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let max = nanos(self.max);
        let mut ceiling = nanos(self.initial) as f64;
        for _ in 0..failures {
            if ceiling >= max as f64 {
                break;
            }
            let longer = ceiling * self.factor;
            // A factor of 1, or a first delay of 0.
            if longer <= ceiling {
                break;
            }
            ceiling = longer;
        }
        Duration::from_nanos((ceiling as u64).min(max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        initial: Duration::from_millis(500),
        max: Duration::from_secs(20),
        factor: 2.0,
        jitter: true,
        steady: Duration::from_secs(2),
        max_attempts: None,
    };

    fn fail(retry: &mut Retry, times: u32) {
        (0..times).for_each(|_| assert!(retry.next(RetryAdvice::Now).is_some()));
    }

    fn longest(steps: u32, advice: RetryAdvice) -> Duration {
        let delays = (0..500).map(|seed| {
            let mut retry = Retry::new(POLICY, seed);
            fail(&mut retry, steps);
            retry.next(advice).unwrap()
        });
        delays.max().unwrap()
    }

    #[test]
    fn delay_ceiling_doubles() {
        for (steps, ceiling_ms) in [(0, 500), (1, 1000), (3, 4000), (6, 20_000), (90, 20_000)] {
            let ceiling = Duration::from_millis(ceiling_ms);
            let longest = longest(steps, RetryAdvice::Now);
            assert!(
                longest < ceiling && longest > ceiling * 9 / 10,
                "{longest:?}"
            );
        }
        let later = longest(0, RetryAdvice::Later);
        assert!(later > POLICY.initial && later < POLICY.initial * 2);
    }

    #[test]
    fn ceiling_grows_by_factor() {
        let ceilings = |initial_ms, factor, failures: [u32; 4]| {
            let initial = Duration::from_millis(initial_ms);
            let policy = RetryPolicy {
                initial,
                factor,
                ..POLICY
            };
            failures.map(|failures| policy.ceiling(failures).as_millis())
        };
        assert_eq!(
            ceilings(500, 2.0, [0, 1, 6, u32::MAX]),
            [500, 1_000, 20_000, 20_000]
        );
        assert_eq!(
            ceilings(1_000, 1.5, [0, 1, 2, 99]),
            [1_000, 1_500, 2_250, 20_000]
        );
        assert_eq!(ceilings(700, 1.0, [0, 1, 9, u32::MAX]), [700; 4]);
        assert_eq!(ceilings(0, 2.0, [0, 1, 9, u32::MAX]), [0; 4]);
        assert_eq!(ceilings(30_000, 2.0, [0, 1, 9, u32::MAX]), [20_000; 4]);
    }

    #[test]
    fn delay_without_jitter_is_the_ceiling() {
        let policy = RetryPolicy {
            jitter: false,
            ..POLICY
        };
        let mut retry = Retry::new(policy, 1);
        let delays = [0; 3].map(|_| retry.next(RetryAdvice::Now).unwrap().as_millis());
        assert_eq!(delays, [500, 1_000, 2_000]);
    }

    #[test]
    fn short_connection_keeps_back_off() {
        let mut retry = Retry::new(POLICY, 1);
        fail(&mut retry, 4);
        retry.lasted(Duration::from_secs(1));
        assert_eq!(retry.failures(), 4);
        retry.lasted(Duration::from_secs(2));
        assert_eq!(retry.failures(), 0);
    }

    #[test]
    fn no_attempt_where_none_is_to_be() {
        assert_eq!(Retry::new(POLICY, 1).next(RetryAdvice::Never), None);
        let policy = RetryPolicy {
            max_attempts: Some(2),
            ..POLICY
        };
        let mut retry = Retry::new(policy, 1);
        assert!(retry.next(RetryAdvice::Now).is_some());
        assert!(retry.next(RetryAdvice::Later).is_some());
        assert_eq!(retry.next(RetryAdvice::Now), None);
    }
}
