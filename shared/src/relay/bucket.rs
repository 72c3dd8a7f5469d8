//! Token bucket of one sender, in integers.

use core::time::Duration;

use super::RelayBandwidth;
use crate::time::Moment;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Bytes that a sender may send now, at most a burst.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bucket {
    bytes: u64,
    /// Part of the next byte that has come, in billionths, so that nothing is lost to rounding.
    billionths: u64,
    filled_at: Moment,
}

impl Bucket {
    /// A full bucket.
    pub(super) const fn full(now: Moment, bandwidth: RelayBandwidth) -> Self {
        Self {
            bytes: bandwidth.burst_bytes,
            billionths: 0,
            filled_at: now,
        }
    }

    /// Takes bytes. Returns `false`, and takes none, if there are fewer.
    pub(super) fn take(&mut self, now: Moment, bytes: u64, bandwidth: RelayBandwidth) -> bool {
        self.fill(now, bandwidth);
        let Some(left) = self.bytes.checked_sub(bytes) else {
            return false;
        };
        self.bytes = left;
        true
    }

    /// Time until as many bytes can be taken, rounded up to a nanosecond; `None` for never.
    pub(super) fn wait(
        &mut self,
        now: Moment,
        bytes: u64,
        bandwidth: RelayBandwidth,
    ) -> Option<Duration> {
        self.fill(now, bandwidth);
        let missing = u128::from(bytes.saturating_sub(self.bytes));
        if missing == 0 {
            return Some(Duration::ZERO);
        }
        if bytes > bandwidth.burst_bytes || bandwidth.bytes_per_second == 0 {
            return None;
        }
        let missing = missing * NANOS_PER_SECOND - u128::from(self.billionths);
        let nanos = missing.div_ceil(u128::from(bandwidth.bytes_per_second));
        Some(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }

    /// Gives bytes back that were taken.
    pub(super) fn give_back(&mut self, bytes: u64, bandwidth: RelayBandwidth) {
        self.bytes = self.bytes.saturating_add(bytes).min(bandwidth.burst_bytes);
    }

    /// Adds the bytes that have come since the last call. A time before that adds none.
    fn fill(&mut self, now: Moment, bandwidth: RelayBandwidth) {
        let elapsed = now.since(self.filled_at).as_nanos();
        self.filled_at = self.filled_at.max(now);
        // Both factors have 64 bits.
        let come = elapsed * u128::from(bandwidth.bytes_per_second) + u128::from(self.billionths);
        let bytes = u128::from(self.bytes) + come / NANOS_PER_SECOND;
        match u64::try_from(bytes) {
            Ok(bytes) if bytes < bandwidth.burst_bytes => {
                self.bytes = bytes;
                self.billionths = u64::try_from(come % NANOS_PER_SECOND).unwrap_or(0);
            }
            Ok(_) | Err(_) => {
                self.bytes = bandwidth.burst_bytes;
                self.billionths = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const NANOS: u64 = 1_000_000_000;

    const fn bandwidth(bytes_per_second: u64, burst_bytes: u64) -> RelayBandwidth {
        RelayBandwidth {
            bytes_per_second,
            burst_bytes,
        }
    }

    fn at(nanos: u64) -> Moment {
        Moment::after_origin(Duration::from_nanos(nanos))
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Wait(u64),
        Take(u64),
        GiveBack(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let wait = prop_oneof![0..20_u64, 0..3 * NANOS];
        prop_oneof![
            wait.prop_map(Step::Wait),
            (0..40_u64).prop_map(Step::Take),
            (0..40_u64).prop_map(Step::GiveBack),
        ]
    }

    proptest! {
        /// Agrees with a bucket of billionths of bytes, filled after each step.
        #[test]
        fn agrees_with_plain_bucket(
            per_second in prop_oneof![Just(0), 1..50_u64, 1..3 * NANOS],
            burst in 0..40_u64,
            steps in prop::collection::vec(step(), 0..60),
        ) {
            let bandwidth = bandwidth(per_second, burst);
            let mut bucket = Bucket::full(at(0), bandwidth);
            let (mut now, full) = (0, u128::from(burst) * u128::from(NANOS));
            let mut plain = full;
            for step in steps {
                match step {
                    Step::Wait(nanos) => {
                        now += nanos;
                        plain = full.min(plain + u128::from(nanos) * u128::from(per_second));
                    }
                    Step::Take(bytes) => {
                        let wanted = u128::from(bytes) * u128::from(NANOS);
                        let is_taken = plain >= wanted;
                        plain -= if is_taken { wanted } else { 0 };
                        prop_assert_eq!(bucket.take(at(now), bytes, bandwidth), is_taken);
                    }
                    // As the driver does: after a `take` at the same time, so that the bucket is filled.
                    Step::GiveBack(bytes) => {
                        prop_assert!(bucket.take(at(now), 0, bandwidth));
                        bucket.give_back(bytes, bandwidth);
                        let given = u128::from(bytes) * u128::from(NANOS);
                        plain = full.min(plain + given);
                    }
                }
            }
        }

        /// The bytes are there after the wait, and not before.
        #[test]
        fn waits_exactly_as_long_as_needed(
            per_second in prop_oneof![Just(0), 1..50_u64, 1..3 * NANOS],
            burst in 1..40_u64,
            taken in 0..40_u64,
            wanted in 0..50_u64,
            later in 0..NANOS,
        ) {
            let bandwidth = bandwidth(per_second, burst);
            let mut bucket = Bucket::full(at(0), bandwidth);
            let left = if bucket.take(at(0), taken, bandwidth) { burst - taken } else { burst };
            let Some(wait) = bucket.wait(at(later), wanted, bandwidth) else {
                prop_assert!(wanted > burst || (per_second == 0 && wanted > left));
                return Ok(());
            };
            let wait = u64::try_from(wait.as_nanos()).unwrap();
            if wait > 0 {
                prop_assert!(!bucket.take(at(later + wait - 1), wanted, bandwidth));
            }
            prop_assert!(bucket.take(at(later + wait), wanted, bandwidth));
        }

        /// Over any span, no more is taken than a burst and what comes in that span.
        #[test]
        fn never_exceeds_rate(
            per_second in 0..1_000_u64,
            burst in 0..1_000_u64,
            takes in prop::collection::vec((0..NANOS, 0..600_u64), 1..60),
        ) {
            let bandwidth = bandwidth(per_second, burst);
            let mut bucket = Bucket::full(at(0), bandwidth);
            let mut now = 0;
            let mut taken: Vec<(u64, u64)> = Vec::new();
            for (wait, bytes) in takes {
                now += wait;
                if bucket.take(at(now), bytes, bandwidth) {
                    taken.push((now, bytes));
                }
            }
            for (first, &(from, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for &(to, bytes) in &taken[first..] {
                    sum += bytes;
                    let come = u128::from(to - from) * u128::from(per_second) / u128::from(NANOS);
                    prop_assert!(u128::from(sum) <= u128::from(burst) + come + 1);
                }
            }
        }
    }

    #[test]
    fn extremes_neither_overflow_nor_refuse() {
        let unbounded = RelayBandwidth::unbounded();
        let mut bucket = Bucket::full(at(0), unbounded);
        assert!(bucket.take(at(0), unbounded.burst_bytes, unbounded));
        assert!(!bucket.take(at(0), 1, unbounded));
        assert!(
            bucket.take(at(1), 1 << 34, unbounded),
            "18 GB in a nanosecond"
        );
        assert!(bucket.take(at(u64::MAX), u64::MAX / 2, unbounded));
        assert!(!bucket.take(at(u64::MAX), u64::MAX, unbounded));

        let largest = bandwidth(u64::MAX, u64::MAX);
        let mut bucket = Bucket::full(at(0), largest);
        assert!(bucket.take(at(0), u64::MAX, largest));
        bucket.give_back(u64::MAX, largest);
        bucket.give_back(u64::MAX, largest);
        assert!(bucket.take(at(u64::MAX), u64::MAX, largest));
    }

    #[test]
    fn zero_allows_nothing() {
        let none = bandwidth(0, 0);
        let mut bucket = Bucket::full(at(0), none);
        assert!(!bucket.take(at(u64::MAX), 1, none));
        let burst_only = bandwidth(0, 3);
        let mut bucket = Bucket::full(at(0), burst_only);
        assert!(bucket.take(at(0), 3, burst_only));
        assert!(!bucket.take(at(u64::MAX), 1, burst_only));
    }

    #[test]
    fn slow_rate_is_not_rounded_away() {
        let slow = bandwidth(1, 1);
        let mut bucket = Bucket::full(at(0), slow);
        assert!(bucket.take(at(0), 1, slow));
        for now in (0..NANOS).step_by(1_000_000) {
            assert!(!bucket.take(at(now), 1, slow));
        }
        assert!(bucket.take(at(NANOS), 1, slow));
    }

    #[test]
    fn earlier_time_adds_nothing() {
        let rate = bandwidth(10, 10);
        let mut bucket = Bucket::full(at(NANOS), rate);
        assert!(bucket.take(at(NANOS), 10, rate));
        assert!(!bucket.take(at(0), 1, rate));
        assert!(
            !bucket.take(at(NANOS), 1, rate),
            "the second did not count twice"
        );
        assert!(bucket.take(at(2 * NANOS), 10, rate));
    }
}
