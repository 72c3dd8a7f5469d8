//! [`RelayBudgets`]: rate and bytes of each sender.

use core::time::Duration;

use uuid::Uuid;

use super::RelayBandwidth;
use super::bucket::Bucket;
use crate::limits::RELAY_SENDERS;
use crate::recent::Recent;
use crate::time::Moment;
use crate::transport::TransportError;

/// Rates and bytes of the senders whose packets a relay passes on.
///
/// The state of a sender is kept until [`forget`](Self::forget). Beyond [`RELAY_SENDERS`], the state of the sender that
/// sent least recently is dropped: its bytes are counted from 0 again, and its bucket is full.
#[derive(Debug)]
pub struct RelayBudgets {
    bandwidth: RelayBandwidth,
    senders: Recent<Uuid, Sender>,
}

#[derive(Debug)]
struct Sender {
    bucket: Bucket,
    total_bytes: u64,
}

/// Bytes of a packet that is being relayed: from [`RelayBudgets::charge`] to [`RelayBudgets::sent`] or
/// [`RelayBudgets::refund`].
#[derive(Debug)]
#[must_use = "the bytes are taken until it is passed to `sent` or `refund`"]
pub struct Charge {
    from: Uuid,
    bytes: u64,
}

impl Charge {
    /// The bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl RelayBudgets {
    /// Budgets without senders, for up to [`RELAY_SENDERS`] of them.
    #[must_use]
    pub const fn new(bandwidth: RelayBandwidth) -> Self {
        Self::with_limit(bandwidth, RELAY_SENDERS)
    }

    /// Budgets for up to `senders` senders, at least one.
    #[must_use]
    pub const fn with_limit(bandwidth: RelayBandwidth, senders: usize) -> Self {
        Self {
            bandwidth,
            senders: Recent::with_limit(senders),
        }
    }

    /// Senders whose state is held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.senders.len()
    }

    /// Returns whether no sender's state is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the bytes of a packet from the sender's budget.
    ///
    /// # Errors
    /// Returns [`TransportError::RateLimited`] if the budget does not allow them now. A packet above
    /// [`RelayBandwidth::burst_bytes`] is refused at any time.
    pub fn charge(
        &mut self,
        now: Moment,
        from: Uuid,
        bytes: u64,
    ) -> Result<Charge, TransportError> {
        const EXCEEDED: TransportError = TransportError::RateLimited("relay bandwidth exceeded");
        if bytes > self.bandwidth.burst_bytes {
            return Err(EXCEEDED);
        }
        let bandwidth = self.bandwidth;
        let (sender, _) = self.senders.touch_or_insert(from, || Sender {
            bucket: Bucket::full(now, bandwidth),
            total_bytes: 0,
        });
        if !sender.bucket.take(now, bytes, bandwidth) {
            return Err(EXCEEDED);
        }
        Ok(Charge { from, bytes })
    }

    /// Time until a packet of this sender can be charged; `None` for never.
    #[must_use]
    pub fn wait(&mut self, now: Moment, from: Uuid, bytes: u64) -> Option<Duration> {
        if bytes > self.bandwidth.burst_bytes {
            return None;
        }
        let bandwidth = self.bandwidth;
        let sender = self.senders.get_mut(from);
        sender.map_or(Some(Duration::ZERO), |sender| {
            sender.bucket.wait(now, bytes, bandwidth)
        })
    }

    /// Counts the bytes of a packet that was sent. Returns their number.
    pub fn sent(&mut self, charge: Charge) -> u64 {
        if let Some(sender) = self.senders.get_mut(charge.from) {
            sender.total_bytes = sender.total_bytes.saturating_add(charge.bytes);
        }
        charge.bytes
    }

    /// Gives the bytes of a packet back that was not sent.
    pub fn refund(&mut self, charge: Charge) {
        if let Some(sender) = self.senders.get_mut(charge.from) {
            sender.bucket.give_back(charge.bytes, self.bandwidth);
        }
    }

    /// Bytes that were sent for a sender; 0 for one that is not known. Saturates at [`u64::MAX`].
    #[must_use]
    pub fn total_bytes(&self, from: Uuid) -> u64 {
        self.senders
            .get(from)
            .map_or(0, |sender| sender.total_bytes)
    }

    /// Drops the state of a sender that has left. Should it send again, its bucket is full.
    pub fn forget(&mut self, from: Uuid) {
        self.senders.remove(from);
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    const BANDWIDTH: RelayBandwidth = RelayBandwidth {
        bytes_per_second: 100,
        burst_bytes: 10,
    };

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    fn sender(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn each_sender_has_its_own_budget() {
        let mut budgets = RelayBudgets::new(BANDWIDTH);
        let one = budgets.charge(at(0), sender(1), 10).unwrap();
        let two = budgets.charge(at(0), sender(2), 10).unwrap();
        let refused = budgets.charge(at(0), sender(1), 1).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "rate limited: relay bandwidth exceeded"
        );
        assert_eq!((budgets.sent(one), budgets.sent(two)), (10, 10));
        let later = budgets.charge(at(50), sender(1), 5).unwrap();
        budgets.sent(later);
        assert_eq!(budgets.total_bytes(sender(1)), 15);
        assert_eq!(budgets.total_bytes(sender(2)), 10);
        assert_eq!(budgets.total_bytes(sender(3)), 0);
    }

    #[test]
    fn refund_gives_bytes_back_and_counts_none() {
        let mut budgets = RelayBudgets::new(BANDWIDTH);
        for _ in 0..3 {
            let charge = budgets.charge(at(0), sender(1), 10).unwrap();
            budgets.refund(charge);
        }
        assert_eq!(budgets.total_bytes(sender(1)), 0);
        let charge = budgets.charge(at(0), sender(1), 10).unwrap();
        // The bucket is full again by then, and stays so.
        assert!(
            budgets
                .charge(at(100), sender(1), 0)
                .is_ok_and(|zero| budgets.sent(zero) == 0)
        );
        budgets.refund(charge);
        assert!(budgets.charge(at(100), sender(1), 11).is_err());
    }

    #[test]
    fn packet_above_burst_leaves_no_state() {
        let mut budgets = RelayBudgets::new(BANDWIDTH);
        assert!(budgets.charge(at(0), sender(1), 11).is_err());
        assert!(budgets.is_empty());
    }

    #[test]
    fn senders_are_bounded_and_forgotten() {
        let mut budgets = RelayBudgets::with_limit(BANDWIDTH, 2);
        for n in 1..=3 {
            let charge = budgets.charge(at(0), sender(n), 4).unwrap();
            budgets.sent(charge);
        }
        assert_eq!(budgets.len(), 2);
        assert_eq!([1, 2, 3].map(|n| budgets.total_bytes(sender(n))), [0, 4, 4]);
        budgets.forget(sender(2));
        assert_eq!((budgets.len(), budgets.total_bytes(sender(2))), (1, 0));
    }

    #[test]
    fn total_saturates() {
        let mut budgets = RelayBudgets::new(RelayBandwidth {
            bytes_per_second: u64::MAX,
            burst_bytes: u64::MAX,
        });
        for second in [0, 10_000] {
            let charge = budgets.charge(at(second), sender(1), u64::MAX).unwrap();
            budgets.sent(charge);
        }
        assert_eq!(budgets.total_bytes(sender(1)), u64::MAX);
    }
}
