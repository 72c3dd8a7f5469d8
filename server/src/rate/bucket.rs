//! One token bucket.

use std::time::Duration;

use push_wire_shared::time::Moment;

use crate::limits::Rate;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Token bucket, stored as the time at which it is full again. It can be overdrawn: its owner then waits until it is no
/// longer overdrawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bucket {
    full_at: Moment,
}

impl Bucket {
    /// Takes tokens. Returns the time from which on the bucket is no longer overdrawn; `now` or earlier if it is not.
    pub(super) fn take(&mut self, now: Moment, tokens: u64, rate: Rate) -> Moment {
        if tokens > 0 {
            self.full_at = self.full_at.max(now) + refill(tokens, rate);
        }
        self.ready_at(rate)
    }

    fn ready_at(self, rate: Rate) -> Moment {
        let capacity = refill(u64::from(rate.burst), rate);
        Moment::after_origin(self.full_at.since_origin().saturating_sub(capacity))
    }

    /// Whole tokens that are left.
    pub(super) fn left(self, now: Moment, rate: Rate) -> u64 {
        let missing = nanos(self.full_at.since(now));
        let per_second = u128::from(rate.per_second);
        let missing = (u128::from(missing) * per_second).div_ceil(u128::from(NANOS_PER_SECOND));
        u128::from(rate.burst)
            .saturating_sub(missing)
            .try_into()
            .unwrap_or(u64::MAX)
    }

    /// Returns whether it is full.
    pub(super) fn is_full(self, now: Moment) -> bool {
        self.full_at <= now
    }
}

/// Time in which this many tokens come.
fn refill(tokens: u64, rate: Rate) -> Duration {
    let per_second = u128::from(rate.per_second.max(1));
    let nanos = u128::from(tokens) * u128::from(NANOS_PER_SECOND) / per_second;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(10, 5);

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    #[test]
    fn burst_is_free_and_the_rest_is_paid_later() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take(at(1_000), 5, RATE), at(1_000));
        assert_eq!(bucket.left(at(1_000), RATE), 0);
        assert_eq!(bucket.take(at(1_000), 3, RATE), at(1_300));
        assert_eq!(bucket.take(at(1_300), 1, RATE), at(1_400));
    }

    #[test]
    fn refills_at_its_rate_up_to_the_burst() {
        let mut bucket = Bucket::default();
        bucket.take(at(1_000), 5, RATE);
        assert_eq!(bucket.left(at(1_099), RATE), 0);
        assert_eq!(bucket.left(at(1_100), RATE), 1);
        assert_eq!(bucket.left(at(1_499), RATE), 4);
        assert!(!bucket.is_full(at(1_499)));
        assert!(bucket.is_full(at(1_500)));
        assert_eq!(bucket.left(at(9_000), RATE), 5);
    }

    #[test]
    fn extreme_rates_never_overflow() {
        for rate in [
            Rate::UNLIMITED,
            Rate::new(1, u32::MAX),
            Rate::new(u32::MAX, 1),
        ] {
            let mut bucket = Bucket::default();
            bucket.take(at(0), u64::MAX, rate);
            bucket.take(at(0), u64::MAX, rate);
            assert_eq!(bucket.left(at(0), rate), 0);
        }
        let mut bucket = Bucket::default();
        assert!(bucket.take(at(0), 1 << 31, Rate::UNLIMITED) <= at(0));
    }
}
