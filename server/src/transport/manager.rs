//! [`TransportManager`]: the paths to all peers, for several threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use push_wire_shared::transport::{Dispatch, Paths};
use uuid::Uuid;

use super::{
    FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, RouteOutcome, TransportDispatcher,
    TransportError, TransportMode, TransportPacket, TransportRoute,
};
use crate::clock;

/// Routes packets to peers, and changes to the relay while the path between peers fails. Can be shared by threads.
///
/// The state of 65,536 peers is held; beyond, that of the one used least recently is dropped
/// ([`limits::PATHS`](push_wire_shared::limits::PATHS)). Of each, the newest cursors of 64 channels are remembered.
///
/// ```
/// use push_wire_server::transport::{
///     FailoverPolicy, ModeSwitchReason, TransportDispatcher, TransportError, TransportManager,
///     TransportMode, TransportPacket, TransportRoute,
/// };
/// use push_wire_server::Uuid;
///
/// /// A peer without a path of its own.
/// struct Unreachable;
///
/// impl TransportDispatcher for Unreachable {
///     fn send_direct(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Ok(())
///     }
///     fn send_p2p(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Err(TransportError::PathUnavailable("no connection to the peer"))
///     }
///     fn send_relay(&self, _: Uuid, _: TransportPacket) -> Result<(), TransportError> {
///         Ok(())
///     }
/// }
///
/// let policy = FailoverPolicy { failure_threshold: 1, ..FailoverPolicy::default() };
/// let manager = TransportManager::with_policy(policy);
/// let peer = Uuid::from_u128(1);
/// manager.switch_mode(peer, TransportMode::P2p, ModeSwitchReason::Requested);
///
/// let packet = TransportPacket::new("game", serde_json::json!({"x": 3})).with_cursor(1);
/// let outcome = manager.route(peer, packet.clone(), &Unreachable)?;
/// assert_eq!(outcome.route, TransportRoute::Relay);
/// assert!(outcome.switch.is_some(), "the peer is to be told");
/// assert!(!manager.route(peer, packet, &Unreachable)?.delivered, "a duplicate");
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Default)]
pub struct TransportManager {
    paths: Mutex<Paths>,
}

impl TransportManager {
    /// A manager with the default policy: the relay after 3 failures, for 10 s.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A manager with this policy.
    #[must_use]
    pub const fn with_policy(policy: FailoverPolicy) -> Self {
        Self {
            paths: Mutex::new(Paths::new(policy)),
        }
    }

    /// Mode of a peer; [`TransportMode::Direct`] of one that is not known.
    #[must_use]
    pub fn mode_for(&self, peer: Uuid) -> TransportMode {
        self.paths().mode(peer)
    }

    /// Changes the mode of a peer. Returns the signal for the peer; `None` if it has the mode already.
    ///
    /// With the reason [`ModeSwitchReason::PathDegraded`], a change from [`TransportMode::P2p`] to
    /// [`TransportMode::Relay`] counts as a failure of the path: [`maybe_retry_p2p`](Self::maybe_retry_p2p) can return to
    /// [`TransportMode::P2p`]. Any other mode is kept until the next call, also if it is the present one.
    pub fn switch_mode(
        &self,
        peer: Uuid,
        new_mode: TransportMode,
        reason: ModeSwitchReason,
    ) -> Option<ModeSwitchSignal> {
        self.paths().switch(clock::now(), peer, new_mode, reason)
    }

    /// Sends a packet on the path of the peer's mode. One that the path between peers does not accept is sent by relay;
    /// after [`FailoverPolicy::failure_threshold`] of these, the mode is the relay, and the outcome has the signal for
    /// the peer.
    ///
    /// A packet whose cursor is not above the last one of its channel that was sent to the peer, or is being sent, is a
    /// duplicate: it is not sent. After an error it may be routed again, unless a later one of its channel was sent.
    ///
    /// # Errors
    /// Returns the error of the dispatcher if the packet was not sent.
    pub fn route<D: TransportDispatcher + ?Sized>(
        &self,
        peer: Uuid,
        packet: TransportPacket,
        dispatcher: &D,
    ) -> Result<RouteOutcome, TransportError> {
        let dispatch = {
            let mut paths = self.paths();
            let Some(dispatch) = paths.begin(peer, &packet) else {
                return Ok(RouteOutcome::duplicate(paths.mode(peer)));
            };
            dispatch
        };
        let route = dispatch.route();
        let mut pending = Pending::new(self, dispatch);
        match route {
            TransportRoute::P2p => match dispatcher.send_p2p(peer, packet.clone()) {
                Err(TransportError::PathUnavailable(_)) => {
                    pending.fail_over();
                    dispatcher.send_relay(peer, packet)?;
                }
                Ok(()) => {}
                Err(error) => return Err(error),
            },
            TransportRoute::Direct => dispatcher.send_direct(peer, packet)?,
            TransportRoute::Relay => dispatcher.send_relay(peer, packet)?,
        }
        Ok(pending.sent())
    }

    /// Changes a peer from the relay back to the path between peers, if the relay has replaced that path for
    /// [`FailoverPolicy::retry_backoff`]. Returns the signal for the peer.
    ///
    /// To be called now and then, such as before each packet for the peer.
    pub fn maybe_retry_p2p(&self, peer: Uuid) -> Option<ModeSwitchSignal> {
        self.paths().retry(clock::now(), peer)
    }

    /// Drops the state of a peer that has left.
    pub fn forget(&self, peer: Uuid) {
        self.paths().forget(peer);
    }

    fn paths(&self) -> MutexGuard<'_, Paths> {
        // Nothing panics while the lock is held: the dispatcher is called without it.
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Packet that is being sent. It is cancelled when it is dropped, also by a panic of the dispatcher.
struct Pending<'a> {
    manager: &'a TransportManager,
    /// `None` when it has ended.
    dispatch: Option<Dispatch>,
}

impl<'a> Pending<'a> {
    const fn new(manager: &'a TransportManager, dispatch: Dispatch) -> Self {
        Self {
            manager,
            dispatch: Some(dispatch),
        }
    }

    fn fail_over(&mut self) {
        if let Some(dispatch) = &mut self.dispatch {
            self.manager.paths().fail_over(dispatch);
        }
    }

    fn sent(mut self) -> RouteOutcome {
        let dispatch = self.dispatch.take().expect("only this method takes it");
        self.manager.paths().sent(clock::now(), dispatch)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(dispatch) = self.dispatch.take() {
            self.manager.paths().cancel(dispatch);
        }
    }
}
