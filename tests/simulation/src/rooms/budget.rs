//! Check of a rate over every span of time.

use push_wire_shared::relay::RelayBandwidth;
use push_wire_shared::time::Moment;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Amounts taken from a budget, with their times.
#[derive(Debug)]
pub(super) struct Budget {
    bandwidth: RelayBandwidth,
    taken: Vec<(Moment, u64)>,
}

impl Budget {
    pub(super) const fn new(bandwidth: RelayBandwidth) -> Self {
        Self {
            bandwidth,
            taken: Vec::new(),
        }
    }

    /// Records bytes that were taken. Fails if a span that ends now has more than a burst and what came in it.
    pub(super) fn take(&mut self, now: Moment, bytes: u64) -> Result<(), String> {
        self.taken.push((now, bytes));
        let RelayBandwidth {
            bytes_per_second,
            burst_bytes,
        } = self.bandwidth;
        let mut sum = 0;
        for &(from, bytes) in self.taken.iter().rev() {
            sum += u128::from(bytes);
            let come = now.since(from).as_nanos() * u128::from(bytes_per_second);
            if sum > u128::from(burst_bytes) + come / NANOS_PER_SECOND + 1 {
                return Err(format!(
                    "{sum} bytes since {from:?} exceed {:?}",
                    self.bandwidth
                ));
            }
        }
        Ok(())
    }
}
