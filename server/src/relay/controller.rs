//! [`RelayController`]: the budgets of all senders, for several threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use push_wire_shared::relay::{Charge, RelayBudgets};
use uuid::Uuid;

use super::RelayBandwidth;
use crate::clock;
use crate::transport::{TransportDispatcher, TransportError, TransportPacket};

/// A packet that was relayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayOutcome {
    /// Client id of the sender.
    pub from: Uuid,
    /// Client id of the receiver.
    pub to: Uuid,
    /// Bytes that were taken from the sender's budget ([`TransportPacket::bytes`]).
    pub bytes: u64,
}

/// Relays packets within a budget of each sender, and counts their bytes. Can be shared by threads.
///
/// The state of 65,536 senders is held; beyond, that of the one that sent least recently is dropped
/// ([`limits::RELAY_SENDERS`](push_wire_shared::limits::RELAY_SENDERS)).
///
/// ```
/// use push_wire_server::relay::{RelayBandwidth, RelayController};
/// use push_wire_server::transport::{TransportDispatcher, TransportError, TransportPacket};
/// use push_wire_server::Uuid;
///
/// struct Sink;
///
/// impl TransportDispatcher for Sink {
///     fn send_direct(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Ok(())
///     }
///     fn send_p2p(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Ok(())
///     }
///     fn send_relay(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Ok(())
///     }
/// }
///
/// let controller = RelayController::new(RelayBandwidth {
///     bytes_per_second: 64 * 1024,
///     burst_bytes: 256 * 1024,
/// });
/// let (from, to) = (Uuid::from_u128(1), Uuid::from_u128(2));
/// let packet = TransportPacket::new("game", serde_json::json!({"x": 3}));
/// let outcome = controller.relay(from, to, packet, &Sink)?;
/// assert_eq!(outcome.bytes, 11);
/// assert_eq!(controller.total_bytes(from), 11);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug)]
pub struct RelayController {
    budgets: Mutex<RelayBudgets>,
}

impl RelayController {
    /// A controller that gives each sender this bandwidth.
    #[must_use]
    pub const fn new(limits: RelayBandwidth) -> Self {
        Self {
            budgets: Mutex::new(RelayBudgets::new(limits)),
        }
    }

    /// Relays a packet: takes its bytes from the sender's budget and calls
    /// [`send_relay`](TransportDispatcher::send_relay) for the receiver.
    ///
    /// # Errors
    /// - [`TransportError::RateLimited`] (`relay bandwidth exceeded`): the budget does not allow the packet now; one above
    ///   [`RelayBandwidth::burst_bytes`] at no time.
    /// - The error of the dispatcher, if it did not send the packet. The budget has the bytes back, and they are not
    ///   counted.
    pub fn relay<D: TransportDispatcher + ?Sized>(
        &self,
        from: Uuid,
        to: Uuid,
        packet: TransportPacket,
        dispatcher: &D,
    ) -> Result<RelayOutcome, TransportError> {
        let charge = self.budgets().charge(clock::now(), from, packet.bytes())?;
        let pending = Pending {
            controller: self,
            charge: Some(charge),
        };
        dispatcher.send_relay(to, packet)?;
        let bytes = pending.sent();
        Ok(RelayOutcome { from, to, bytes })
    }

    /// Bytes that were relayed for a sender; 0 for one that is not known.
    #[must_use]
    pub fn total_bytes(&self, peer: Uuid) -> u64 {
        self.budgets().total_bytes(peer)
    }

    /// Drops the state of a sender that has left. To be called when its session has ended: a sender that returns has a full
    /// budget.
    pub fn forget(&self, peer: Uuid) {
        self.budgets().forget(peer);
    }

    fn budgets(&self) -> MutexGuard<'_, RelayBudgets> {
        // Nothing panics while the lock is held: the dispatcher is called without it.
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Packet that is being sent. Its bytes are given back when it is dropped, also by a panic of the dispatcher.
struct Pending<'a> {
    controller: &'a RelayController,
    /// `None` when it has ended.
    charge: Option<Charge>,
}

impl Pending<'_> {
    fn sent(mut self) -> u64 {
        let charge = self.charge.take().expect("only this method takes it");
        self.controller.budgets().sent(charge)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(charge) = self.charge.take() {
            self.controller.budgets().refund(charge);
        }
    }
}
