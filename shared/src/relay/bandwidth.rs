//! [`RelayBandwidth`]: the rate that each sender may use.

use serde::{Deserialize, Serialize};

/// Rate of each sender, as a token bucket: what is allowed in the long run, and at once after a pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RelayBandwidth {
    /// Bytes per second in the long run. 0: nothing beyond the first burst.
    pub bytes_per_second: u64,
    /// Bytes at once after a pause. A larger packet is always refused.
    pub burst_bytes: u64,
}

impl RelayBandwidth {
    /// A rate that no sender reaches: 16 EiB per second, 8 EiB at once.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self {
            bytes_per_second: u64::MAX,
            burst_bytes: u64::MAX / 2,
        }
    }
}
