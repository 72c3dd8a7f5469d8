//! [`Paths`]: the state machine of the paths to all peers.

use uuid::Uuid;

use super::path::{Path, Reservation};
use super::{
    FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, RouteOutcome, TransportMode,
    TransportPacket, TransportRoute,
};
use crate::limits::PATHS;
use crate::recent::Recent;
use crate::time::Moment;

/// Paths to peers. Sans-IO: its driver sends the packets, and passes the time.
///
/// For each packet the driver calls [`begin`](Self::begin) and sends the packet on [`Dispatch::route`]. If the path
/// between the peers is not available, it calls [`fail_over`](Self::fail_over) and sends the packet on the route that
/// the dispatch names then. At last it calls [`sent`](Self::sent), or [`cancel`](Self::cancel) if the packet was not sent.
/// Several dispatches may be under way at once.
///
/// The state of a peer is kept until [`forget`](Self::forget). Beyond [`PATHS`] peers, the state of the one that was used
/// least recently is dropped: its mode is [`TransportMode::Direct`] again, without a signal. Numbers of changes
/// ([`ModeSwitchSignal::generation`]) rise nevertheless.
#[derive(Debug)]
pub struct Paths {
    policy: FailoverPolicy,
    peers: Recent<Uuid, Path>,
    /// Greatest number of a change that a dropped peer has seen.
    dropped_generation: u64,
    /// Number of the last reservation.
    tickets: u64,
}

/// Packet that is being sent: from [`Paths::begin`] to [`Paths::sent`] or [`Paths::cancel`].
#[derive(Debug)]
#[must_use = "its cursor stays reserved until it is passed to `sent` or `cancel`"]
pub struct Dispatch {
    peer: Uuid,
    /// Mode of the peer when the packet was begun, and number of the change to it.
    mode: TransportMode,
    generation: u64,
    has_failed_over: bool,
    reservation: Option<Reservation>,
}

impl Dispatch {
    /// Path that the packet is to be sent on.
    #[must_use]
    pub fn route(&self) -> TransportRoute {
        if self.has_failed_over {
            return TransportRoute::Relay;
        }
        self.mode.into()
    }

    /// Returns whether the mode has not changed since.
    fn is_current(&self, path: &Path) -> bool {
        // The number alone is not enough: a peer that was forgotten begins again with the last one.
        (self.mode, self.generation) == (path.mode, path.generation)
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::new(FailoverPolicy::default())
    }
}

impl Paths {
    /// Paths without peers, for up to [`PATHS`] of them.
    #[must_use]
    pub const fn new(policy: FailoverPolicy) -> Self {
        Self::with_limit(policy, PATHS)
    }

    /// Paths for up to `peers` peers, at least one.
    #[must_use]
    pub const fn with_limit(policy: FailoverPolicy, peers: usize) -> Self {
        Self {
            policy,
            peers: Recent::with_limit(peers),
            dropped_generation: 0,
            tickets: 0,
        }
    }

    /// Peers whose state is held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Returns whether no peer's state is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Mode of a peer; [`TransportMode::Direct`] of one that is not known.
    #[must_use]
    pub fn mode(&self, peer: Uuid) -> TransportMode {
        let path = self.peers.get(peer);
        path.map_or(TransportMode::Direct, |path| path.mode)
    }

    /// Changes the mode of a peer. Returns the signal of the change; `None` if it has the mode already.
    ///
    /// With the reason [`ModeSwitchReason::PathDegraded`], a change from the path between the peers to the relay ends
    /// as one after failures does, by [`retry`](Self::retry). Any other mode is kept until the next call, also if it is
    /// the present one.
    pub fn switch(
        &mut self,
        now: Moment,
        peer: Uuid,
        mode: TransportMode,
        reason: ModeSwitchReason,
    ) -> Option<ModeSwitchSignal> {
        let retry_at = now + self.policy.retry_backoff;
        let path = self.path(peer);
        if path.mode == mode {
            if reason != ModeSwitchReason::PathDegraded {
                path.stay();
            }
            return None;
        }
        let is_failover = path.mode == TransportMode::P2p
            && mode == TransportMode::Relay
            && reason == ModeSwitchReason::PathDegraded;
        Some(path.switch(peer, mode, reason, is_failover.then_some(retry_at)))
    }

    /// Begins the dispatch of a packet, and reserves its cursor. `None` if the packet is a duplicate: its cursor is not
    /// above the last one of its channel that was sent to this peer or is being sent.
    ///
    /// The newest cursors of [`PATH_CHANNELS`](crate::limits::PATH_CHANNELS) channels of a peer are remembered.
    pub fn begin(&mut self, peer: Uuid, packet: &TransportPacket) -> Option<Dispatch> {
        self.peers.touch(peer);
        let reservation = match packet.cursor {
            Some(cursor) => Some(self.reserve(peer, &packet.channel, cursor)?),
            None => None,
        };
        let path = self.peers.get(peer);
        Some(Dispatch {
            peer,
            mode: self.mode(peer),
            generation: path.map_or(self.dropped_generation, |path| path.generation),
            has_failed_over: false,
            reservation,
        })
    }

    fn reserve(&mut self, peer: Uuid, channel: &str, cursor: u64) -> Option<Reservation> {
        self.tickets += 1;
        let ticket = self.tickets;
        self.path(peer).reserve(channel, cursor, ticket)
    }

    /// Records that the path between the peers is not available: the failure is counted, and the packet goes by relay.
    /// Has no effect on a packet that is sent on another path.
    pub fn fail_over(&mut self, dispatch: &mut Dispatch) {
        if dispatch.route() != TransportRoute::P2p {
            return;
        }
        dispatch.has_failed_over = true;
        if let Some(path) = self.peers.get_mut(dispatch.peer)
            && dispatch.is_current(path)
        {
            path.count_failure();
        }
    }

    /// Ends the dispatch of a packet that was sent.
    ///
    /// The mode changes to the relay here, with the packet that the relay took after
    /// [`FailoverPolicy::failure_threshold`] failures. While the relay takes no packets either, the mode stays.
    pub fn sent(&mut self, now: Moment, dispatch: Dispatch) -> RouteOutcome {
        let mut outcome = RouteOutcome {
            route: dispatch.route(),
            active_mode: TransportMode::Direct,
            switch: None,
            delivered: true,
        };
        let Some(path) = self.peers.get_mut(dispatch.peer) else {
            return outcome;
        };
        if let Some(reservation) = dispatch.reservation {
            path.commit(reservation);
        }
        if dispatch.mode == TransportMode::P2p && dispatch.is_current(path) {
            if !dispatch.has_failed_over {
                path.count_success();
            } else if path.is_degraded(&self.policy) {
                outcome.switch = Some(path.switch(
                    dispatch.peer,
                    TransportMode::Relay,
                    ModeSwitchReason::PathDegraded,
                    Some(now + self.policy.retry_backoff),
                ));
            }
        }
        outcome.active_mode = path.mode;
        outcome
    }

    /// Ends the dispatch of a packet that was not sent. Its cursor may be sent again, unless a later one of the channel
    /// was sent.
    pub fn cancel(&mut self, dispatch: Dispatch) {
        if let Some(reservation) = dispatch.reservation
            && let Some(path) = self.peers.get_mut(dispatch.peer)
        {
            path.release(reservation);
        }
    }

    /// Changes from the relay back to the path between the peers, if the relay has replaced that path for
    /// [`FailoverPolicy::retry_backoff`]. Returns the signal of the change.
    pub fn retry(&mut self, now: Moment, peer: Uuid) -> Option<ModeSwitchSignal> {
        let path = self.peers.get_mut(peer)?;
        let recovered = ModeSwitchReason::PathRecovered;
        path.may_retry(now)
            .then(|| path.switch(peer, TransportMode::P2p, recovered, None))
    }

    /// Time from which on [`retry`](Self::retry) changes the mode of a peer, if nothing else happens.
    #[must_use]
    pub fn retry_at(&self, peer: Uuid) -> Option<Moment> {
        self.peers.get(peer)?.retry_at()
    }

    /// Drops the state of a peer that has left.
    pub fn forget(&mut self, peer: Uuid) {
        if let Some(path) = self.peers.remove(peer) {
            self.dropped_generation = self.dropped_generation.max(path.generation);
        }
    }

    /// State of a peer, which becomes the one used most recently.
    fn path(&mut self, peer: Uuid) -> &mut Path {
        let floor = self.dropped_generation;
        let (path, dropped) = self.peers.touch_or_insert(peer, || Path::new(floor));
        if let Some(dropped) = dropped {
            self.dropped_generation = floor.max(dropped.generation);
        }
        path
    }
}
