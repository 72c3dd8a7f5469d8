//! [`PeerSession`]: one client's end of the exchange with another client.

use alloc::collections::VecDeque;
use alloc::string::String;

use serde_json::Value;
use uuid::Uuid;

use super::delivery::Delivery;
use super::negotiation::Negotiation;
use super::{PeerConfig, PeerPacket};
use crate::rtc::RtcMessage;
use crate::time::{Moment, sooner};
use crate::transport::{ModeSwitchReason, ModeSwitchSignal, TransportMode, TransportRoute};

/// Input of a [`PeerSession`].
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A connection to the other client is wanted, now and whenever it is lost.
    Connect,
    /// A signalling message has come from the server.
    Signal(RtcMessage),
    /// The description that [`Output::MakeOffer`] or [`Output::MakeAnswer`] asked for.
    Described {
        /// Number of the attempt.
        attempt: u64,
        /// Session description.
        sdp: String,
    },
    /// An address at which this client may be reached.
    Candidate {
        /// Number of the attempt.
        attempt: u64,
        /// ICE candidate.
        candidate: String,
    },
    /// The connection of an attempt is open.
    Opened(u64),
    /// The connection of an attempt has ended, or cannot be opened.
    Closed(u64),
    /// A packet of the other client has come, on this path.
    Packet(TransportRoute, PeerPacket),
}

/// Output of a [`PeerSession`].
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Send this message to the other client, through the server.
    Signal(RtcMessage),
    /// Prepare a connection, and describe it by [`Input::Described`].
    MakeOffer {
        /// Number of the attempt.
        attempt: u64,
    },
    /// Prepare a connection that answers an offer, and describe it by [`Input::Described`].
    MakeAnswer {
        /// Number of the attempt.
        attempt: u64,
        /// Description by the other client.
        offer: String,
    },
    /// Connect with the answer to this client's offer.
    Accept {
        /// Number of the attempt.
        attempt: u64,
        /// Description by the other client.
        answer: String,
    },
    /// Try an address of the other client.
    AddCandidate {
        /// Number of the attempt.
        attempt: u64,
        /// ICE candidate.
        candidate: String,
    },
    /// End the connection of an attempt; no input with its number has an effect from now on.
    Abandon {
        /// Number of the attempt.
        attempt: u64,
    },
    /// Send a packet on this path: [`TransportRoute::P2p`] or [`TransportRoute::Relay`]. One that cannot be sent is
    /// dropped; it is repeated.
    Send(TransportRoute, PeerPacket),
    /// A message of the other client.
    Message(Value),
    /// The path of this client's messages has changed.
    Switched(ModeSwitchSignal),
}

/// Error of a message that was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeerError {
    /// As many messages wait for an acknowledgement as are kept
    /// ([`limits::PEER_MESSAGES`](crate::limits::PEER_MESSAGES)).
    #[error("{waiting} messages wait for an acknowledgement of the peer")]
    Backpressure {
        /// Messages that wait.
        waiting: usize,
    },
}

/// One client's end of the exchange with another client. Sans-IO.
///
/// After each call of [`handle_input`](Self::handle_input), [`handle_timeout`](Self::handle_timeout) or
/// [`send`](Self::send) the driver takes outputs from [`poll_output`](Self::poll_output) until there are none, then arms
/// one timer for [`poll_timeout`](Self::poll_timeout).
///
/// Messages go by relay at first, and while there is no connection between the clients. Each is delivered once and in
/// order, as long as both sessions live. A session that replaces an earlier one of the same client numbers its messages
/// anew, so the other client needs a new one as well.
#[derive(Debug)]
pub struct PeerSession {
    other: Uuid,
    config: PeerConfig,
    now: Moment,
    negotiation: Negotiation,
    delivery: Delivery,
    /// Path of the last packet that has come, on which an acknowledgement returns.
    last_route: TransportRoute,
    mode: TransportMode,
    generation: u64,
    outputs: VecDeque<Output>,
}

impl PeerSession {
    /// The end of client `own` in the exchange with client `other`; `seed` spreads the attempts in time.
    #[must_use]
    pub fn new(own: Uuid, other: Uuid, config: PeerConfig, seed: u64) -> Self {
        Self {
            other,
            config,
            now: Moment::default(),
            negotiation: Negotiation::new(own, other, config, seed),
            delivery: Delivery::new(config.resend),
            last_route: TransportRoute::Relay,
            mode: TransportMode::Relay,
            generation: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Path of this client's messages: [`TransportMode::P2p`] or [`TransportMode::Relay`].
    #[must_use]
    pub const fn mode(&self) -> TransportMode {
        self.mode
    }

    /// Messages of this client that the other one has not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.delivery.unacknowledged()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`PeerError::Backpressure`] if too many messages are not acknowledged.
    pub fn send(&mut self, now: Moment, message: Value) -> Result<(), PeerError> {
        self.now = now;
        let waiting = self.delivery.unacknowledged();
        let is_taken = self.delivery.push(message);
        is_taken
            .then_some(())
            .ok_or(PeerError::Backpressure { waiting })
    }

    /// Takes an input.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        self.now = now;
        match input {
            Input::Connect => self.negotiation.connect(now, &mut self.outputs),
            Input::Signal(message) => self.negotiation.receive(now, message, &mut self.outputs),
            Input::Described { attempt, sdp } => {
                self.negotiation.describe(attempt, sdp, &mut self.outputs);
            }
            Input::Candidate { attempt, candidate } => {
                self.negotiation
                    .announce(attempt, &candidate, &mut self.outputs);
            }
            Input::Opened(attempt) => self.negotiation.opened(attempt),
            Input::Closed(attempt) => self.negotiation.closed(now, attempt),
            Input::Packet(route, packet) => {
                self.last_route = route;
                let message = self.delivery.receive(now, packet);
                self.outputs.extend(message.map(Output::Message));
            }
        }
        self.select_path();
    }

    /// Does what is due. Has no effect before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = now;
        let threshold = self.config.failover.failure_threshold.max(1);
        let repetitions = self.delivery.handle_timeout(now);
        if repetitions >= threshold && self.mode == TransportMode::P2p {
            self.negotiation.give_up(now, &mut self.outputs);
        }
        self.negotiation.handle_timeout(now, &mut self.outputs);
        self.select_path();
    }

    /// Next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let packet = self.delivery.next(self.now)?;
        let route = if packet.sequence == 0 {
            self.last_route
        } else {
            self.mode.into()
        };
        Some(Output::Send(route, packet))
    }

    /// Time at which [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        sooner(self.negotiation.timeout(), self.delivery.timeout())
    }

    /// Changes the mode if the connection has opened or ended.
    fn select_path(&mut self) {
        let mode = if self.negotiation.is_open() {
            TransportMode::P2p
        } else {
            TransportMode::Relay
        };
        if mode == self.mode {
            return;
        }
        let reason = match mode {
            TransportMode::P2p if self.generation == 0 => ModeSwitchReason::Requested,
            TransportMode::P2p => ModeSwitchReason::PathRecovered,
            TransportMode::Relay | TransportMode::Direct => ModeSwitchReason::PathDegraded,
        };
        self.generation += 1;
        self.outputs.push_back(Output::Switched(ModeSwitchSignal {
            peer_id: self.other,
            mode,
            previous_mode: self.mode,
            reason,
            generation: self.generation,
        }));
        self.mode = mode;
        self.delivery.change_path();
    }
}
