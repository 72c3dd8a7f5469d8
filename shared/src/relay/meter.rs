//! [`RelayMeter`]: budgets of each sender and of all together.

use core::time::Duration;

use uuid::Uuid;

use super::bucket::Bucket;
use super::{Charge, RelayBandwidth, RelayBudgets};
use crate::limits::{
    RELAY_BURST_BYTES, RELAY_BYTES_PER_SECOND, RELAY_PACKET_BYTES, RELAY_SENDERS,
    RELAY_TOTAL_BURST_BYTES, RELAY_TOTAL_BYTES_PER_SECOND,
};
use crate::recent::Recent;
use crate::time::Moment;

/// Limits of a relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayLimits {
    /// Rate of each sender; default 256 KiB a second, 1 MiB at once.
    pub per_sender: RelayBandwidth,
    /// Rate of all senders; default 16 MiB a second, 64 MiB at once.
    pub in_all: RelayBandwidth,
    /// Largest packet, in bytes; default 64 KiB.
    pub packet_bytes: usize,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            per_sender: RelayBandwidth {
                bytes_per_second: RELAY_BYTES_PER_SECOND,
                burst_bytes: RELAY_BURST_BYTES,
            },
            in_all: RelayBandwidth {
                bytes_per_second: RELAY_TOTAL_BYTES_PER_SECOND,
                burst_bytes: RELAY_TOTAL_BURST_BYTES,
            },
            packet_bytes: RELAY_PACKET_BYTES,
        }
    }
}

/// Error of a packet that is not relayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RelayError {
    /// The packet is above the limit, or above what a budget ever has.
    #[error("a packet of {bytes} bytes is above the limit of {limit}")]
    TooLarge {
        /// Size of the packet.
        bytes: u64,
        /// Largest size that is relayed.
        limit: u64,
    },
    /// A budget does not allow the packet now.
    #[error("relay bandwidth exceeded")]
    RateLimited {
        /// Time until the budget allows it, if nothing else is sent; `None` for never.
        retry: Option<Duration>,
        /// The packet before was relayed, so that the sender has not been told to send less.
        is_first: bool,
    },
}

/// Budgets of a relay: of each sender, and of all together. Sans-IO, with the same contract as [`RelayBudgets`].
#[derive(Debug)]
pub struct RelayMeter {
    limits: RelayLimits,
    senders: RelayBudgets,
    /// `None` before the first packet.
    total: Option<Bucket>,
    /// Senders whose last packet was refused.
    refused: Recent<Uuid, ()>,
}

impl RelayMeter {
    /// A meter without senders.
    #[must_use]
    pub const fn new(limits: RelayLimits) -> Self {
        Self {
            limits,
            senders: RelayBudgets::new(limits.per_sender),
            total: None,
            refused: Recent::with_limit(RELAY_SENDERS),
        }
    }

    /// Takes the bytes of a packet from the budgets.
    ///
    /// # Errors
    /// [`RelayError`]; nothing was taken.
    pub fn charge(&mut self, now: Moment, from: Uuid, bytes: u64) -> Result<Charge, RelayError> {
        let limit = self.largest();
        if bytes > limit {
            return Err(RelayError::TooLarge { bytes, limit });
        }
        let Ok(charge) = self.senders.charge(now, from, bytes) else {
            let retry = self.senders.wait(now, from, bytes);
            return Err(self.refuse(from, retry));
        };
        let in_all = self.limits.in_all;
        let total = self.total.get_or_insert(Bucket::full(now, in_all));
        if !total.take(now, bytes, in_all) {
            let retry = total.wait(now, bytes, in_all);
            self.senders.refund(charge);
            return Err(self.refuse(from, retry));
        }
        self.refused.remove(from);
        Ok(charge)
    }

    /// Counts the bytes of a packet that was sent. Returns their number.
    pub fn sent(&mut self, charge: Charge) -> u64 {
        self.senders.sent(charge)
    }

    /// Gives the bytes of a packet back that was not sent.
    pub fn refund(&mut self, charge: Charge) {
        if let Some(total) = &mut self.total {
            total.give_back(charge.bytes(), self.limits.in_all);
        }
        self.senders.refund(charge);
    }

    /// Bytes that were relayed for a sender; 0 for one that is not known.
    #[must_use]
    pub fn total_bytes(&self, from: Uuid) -> u64 {
        self.senders.total_bytes(from)
    }

    fn largest(&self) -> u64 {
        let RelayLimits {
            per_sender,
            in_all,
            packet_bytes,
        } = self.limits;
        let budgets = per_sender.burst_bytes.min(in_all.burst_bytes);
        budgets.min(u64::try_from(packet_bytes).unwrap_or(u64::MAX))
    }

    fn refuse(&mut self, from: Uuid, retry: Option<Duration>) -> RelayError {
        let is_first = self.refused.get(from).is_none();
        self.refused.touch_or_insert(from, || ());
        RelayError::RateLimited { retry, is_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    const fn bandwidth(bytes_per_second: u64, burst_bytes: u64) -> RelayBandwidth {
        RelayBandwidth {
            bytes_per_second,
            burst_bytes,
        }
    }

    fn meter() -> RelayMeter {
        RelayMeter::new(RelayLimits {
            per_sender: bandwidth(10, 100),
            in_all: bandwidth(20, 150),
            packet_bytes: 80,
        })
    }

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    fn relay(
        meter: &mut RelayMeter,
        now: Moment,
        from: Uuid,
        bytes: u64,
    ) -> Result<u64, RelayError> {
        let charge = meter.charge(now, from, bytes)?;
        Ok(meter.sent(charge))
    }

    fn rate_limited(ms: u64, is_first: bool) -> Result<u64, RelayError> {
        let retry = Some(Duration::from_millis(ms));
        Err(RelayError::RateLimited { retry, is_first })
    }

    #[test]
    fn sender_and_all_have_budgets() {
        let mut meter = meter();
        assert_eq!(relay(&mut meter, at(0), A, 80), Ok(80));
        assert_eq!(relay(&mut meter, at(0), A, 30), rate_limited(1_000, true));
        assert_eq!(relay(&mut meter, at(0), A, 30), rate_limited(1_000, false));
        assert_eq!(
            relay(&mut meter, at(0), B, 80),
            rate_limited(500, true),
            "all senders have 70 left"
        );
        assert_eq!(relay(&mut meter, at(0), B, 70), Ok(70), "B was refunded");
        assert_eq!(relay(&mut meter, at(1_500), A, 30), Ok(30));
        assert_eq!(meter.total_bytes(A), 110);
        assert_eq!(
            relay(&mut meter, at(1_500), A, 30),
            rate_limited(2_500, true),
            "told again after a success"
        );
    }

    #[test]
    fn refund_returns_to_both_budgets() {
        let mut meter = meter();
        for _ in 0..10 {
            let charge = meter.charge(at(0), A, 80).unwrap();
            meter.refund(charge);
        }
        assert_eq!(meter.total_bytes(A), 0);
    }

    #[test]
    fn large_packet_is_refused_for_ever() {
        let mut meter = meter();
        let (bytes, limit) = (81, 80);
        assert_eq!(
            relay(&mut meter, at(0), A, bytes),
            Err(RelayError::TooLarge { bytes, limit })
        );
    }
}
