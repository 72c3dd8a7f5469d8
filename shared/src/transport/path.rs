//! Mode, failures and cursors of one peer.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::cursors::Cursors;
use super::{FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, TransportMode};
use crate::limits::PATH_CHANNELS;
use crate::recent::Recent;
use crate::time::Moment;

/// First bytes of the SHA-256 of a channel's name, so that a name of any length takes sixteen bytes.
type Channel = [u8; 16];

/// Place of a cursor that is being sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reservation {
    channel: Channel,
    ticket: u64,
}

/// State of one peer.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) mode: TransportMode,
    /// Number of the last change of mode.
    pub(super) generation: u64,
    /// Failures of the path between the peers since its last success.
    failures: u32,
    /// Time from which on the path between the peers may be tried again. Only while the relay replaces it.
    retry_at: Option<Moment>,
    channels: Recent<Channel, Cursors>,
}

impl Path {
    /// A path whose changes have greater numbers than `generation`.
    pub(super) const fn new(generation: u64) -> Self {
        Self {
            mode: TransportMode::Direct,
            generation,
            failures: 0,
            retry_at: None,
            channels: Recent::with_limit(PATH_CHANNELS),
        }
    }

    /// Changes the mode. What was known of failures no longer counts.
    pub(super) fn switch(
        &mut self,
        peer: Uuid,
        mode: TransportMode,
        reason: ModeSwitchReason,
        retry_at: Option<Moment>,
    ) -> ModeSwitchSignal {
        let previous_mode = core::mem::replace(&mut self.mode, mode);
        self.generation += 1;
        self.failures = 0;
        self.retry_at = retry_at;
        ModeSwitchSignal {
            peer_id: peer,
            mode,
            previous_mode,
            reason,
            generation: self.generation,
        }
    }

    /// Forbids to leave the present mode by itself.
    pub(super) const fn stay(&mut self) {
        self.retry_at = None;
    }

    /// Returns whether the relay has replaced the path between the peers for long enough.
    pub(super) fn may_retry(&self, now: Moment) -> bool {
        self.retry_at.is_some_and(|at| at <= now)
    }

    /// Time from which on [`may_retry`](Self::may_retry) is true, if nothing else happens.
    pub(super) const fn retry_at(&self) -> Option<Moment> {
        self.retry_at
    }

    /// Counts a failure of the path between the peers.
    pub(super) const fn count_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Records a success of the path between the peers.
    pub(super) const fn count_success(&mut self) {
        self.failures = 0;
    }

    /// Returns whether the relay should replace the path between the peers.
    pub(super) fn is_degraded(&self, policy: &FailoverPolicy) -> bool {
        self.failures >= policy.failure_threshold.max(1)
    }

    /// Reserves a cursor; `None` if the packet is a duplicate.
    pub(super) fn reserve(
        &mut self,
        channel: &str,
        cursor: u64,
        ticket: u64,
    ) -> Option<Reservation> {
        let channel = fingerprint(channel);
        let (cursors, _) = self.channels.touch_or_insert(channel, Cursors::default);
        let reservation = Reservation { channel, ticket };
        cursors.reserve(ticket, cursor).then_some(reservation)
    }

    /// Records that the packet of a reservation was sent.
    pub(super) fn commit(&mut self, reservation: Reservation) {
        if let Some(cursors) = self.channels.get_mut(reservation.channel) {
            cursors.commit(reservation.ticket);
        }
    }

    /// Ends the reservation of a packet that was not sent.
    pub(super) fn release(&mut self, reservation: Reservation) {
        let Some(cursors) = self.channels.get_mut(reservation.channel) else {
            return;
        };
        cursors.release(reservation.ticket);
        if cursors.is_empty() {
            self.channels.remove(reservation.channel);
        }
    }
}

fn fingerprint(name: &str) -> Channel {
    let hash = Sha256::digest(name);
    let mut channel = Channel::default();
    channel.copy_from_slice(&hash[..16]);
    channel
}
