//! [`Moment`]: a point in time, which callers pass in. Nothing in this crate reads a clock.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on the driver's monotonic clock, counted in nanoseconds from an origin that the driver chooses once; the
/// largest is 584 years later.
///
/// Moments of two drivers cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(
    /// Nanoseconds since the origin: smaller code than a [`Duration`].
    u64,
);

impl Moment {
    /// The moment this long after the driver's origin.
    #[must_use]
    pub const fn after_origin(elapsed: Duration) -> Self {
        Self(nanos(elapsed))
    }

    /// Time since the driver's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(nanos(wait)))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// The nanoseconds of a duration; longer ones than 584 years saturate.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    const PER_SECOND: u64 = 1_000_000_000;
    const MAX_SECONDS: u64 = u64::MAX / PER_SECOND - 1;
    let seconds = duration.as_secs();
    let seconds = if seconds < MAX_SECONDS {
        seconds
    } else {
        MAX_SECONDS
    };
    seconds * PER_SECOND + duration.subsec_nanos() as u64
}

/// The whole milliseconds of a duration, as ops carry them; longer ones than 584 million years saturate.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The sooner of two deadlines, either of which may be absent.
#[must_use]
pub fn sooner(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
