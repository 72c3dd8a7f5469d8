//! [`FailoverPolicy`]: the thresholds of a change to the relay and back.

use core::time::Duration;

/// Thresholds of a change to the relay and back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailoverPolicy {
    /// Failures of the path between peers, one after another, that change the mode to the relay (default 3). 0 counts
    /// as 1.
    pub failure_threshold: u32,
    /// Time on the relay before the path between peers is tried again (default 10 s).
    pub retry_backoff: Duration,
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            retry_backoff: Duration::from_secs(10),
        }
    }
}
