//! [`PeerSession`]: one client's end of the exchange with another client.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;
use uuid::Uuid;

use super::delivery::Delivery;
use super::hello::Hello;
use super::negotiation::Negotiation;
use super::pair::{Label, Pair};
use super::pairing::Pairing;
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
    /// The session of the other client has been replaced by a new one, such as after a restart. Messages from now on are of
    /// the new session.
    Restarted {
        /// Messages that were sent to the earlier session and not acknowledged, in order: each may have been delivered or
        /// not. They are not delivered to the new session, unless they are sent again. Those that were never sent go to the
        /// new session.
        unacknowledged: Vec<Value>,
    },
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
/// The two sessions introduce themselves to each other by [`RtcMessage::Status`]. Messages go by relay at first, and while
/// there is no connection between the clients. Each is delivered once and in order, as long as both sessions live. A
/// session that replaces an earlier one of the same client is reported by [`Output::Restarted`].
#[derive(Debug)]
pub struct PeerSession {
    own: Uuid,
    other: Uuid,
    config: PeerConfig,
    now: Moment,
    pairing: Pairing,
    negotiation: Negotiation,
    delivery: Delivery,
    /// Path of the last packet that has come, on which an acknowledgement returns.
    last_route: TransportRoute,
    mode: TransportMode,
    generation: u64,
    outputs: VecDeque<Output>,
}

impl PeerSession {
    /// The end of client `own` in the exchange with client `other`. `seed` is a random number, another one for each session
    /// of the client: the other end tells sessions apart by a number that is drawn from it. It also spreads the attempts in
    /// time.
    #[must_use]
    pub fn new(own: Uuid, other: Uuid, config: PeerConfig, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self {
            own,
            other,
            config,
            now: Moment::default(),
            pairing: Pairing::new(rng.fork(), config.resend),
            negotiation: Negotiation::new(own, other, config, rng),
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
        if !self.delivery.push(message) {
            return Err(PeerError::Backpressure { waiting });
        }
        self.introduce();
        Ok(())
    }

    /// Takes an input.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        self.now = now;
        match input {
            Input::Connect => self.negotiation.connect(),
            Input::Signal(message) => self.receive_signal(message),
            Input::Described { attempt, sdp } => {
                self.negotiation.describe(attempt, sdp, &mut self.outputs);
            }
            Input::Candidate { attempt, candidate } => {
                self.negotiation
                    .announce(attempt, &candidate, &mut self.outputs);
            }
            Input::Opened(attempt) => self.negotiation.opened(attempt),
            Input::Closed(attempt) => self.negotiation.closed(now, attempt),
            Input::Packet(route, packet) => self.receive_packet(route, packet),
        }
        self.settle();
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
        self.settle();
    }

    /// Next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if !self.pairing.is_confirmed() {
            return None;
        }
        let packet = self.delivery.next(self.now, self.pairing.pair())?;
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
        let introduction = self.has_to_ask().then(|| self.pairing.ask_at());
        let delivery = sooner(self.delivery.timeout(), introduction);
        sooner(self.negotiation.timeout(), delivery)
    }

    fn receive_signal(&mut self, message: RtcMessage) {
        let expected = (self.other, self.own);
        match &message {
            RtcMessage::Status { from, to, status } if (*from, *to) == expected => {
                if let Some(hello) = Hello::from_text(status) {
                    self.receive_hello(hello);
                }
                return;
            }
            RtcMessage::Offer { from, to, meta, .. } if (*from, *to) == expected => {
                let label = Label::from_meta(meta);
                if label.is_none_or(|label| !self.is_current(label.pair)) {
                    return;
                }
            }
            RtcMessage::Offer { .. }
            | RtcMessage::Answer { .. }
            | RtcMessage::Candidate { .. }
            | RtcMessage::CandidateBatch { .. }
            | RtcMessage::Status { .. }
            | RtcMessage::PeerList { .. }
            | RtcMessage::PeerDiscovery { .. }
            | RtcMessage::TurnCredentials(_) => {}
        }
        self.negotiation
            .receive(self.now, message, &mut self.outputs);
    }

    fn receive_hello(&mut self, hello: Hello) {
        let former = self.pairing.receive(hello);
        if let Some(former) = former {
            self.negotiation.restart(&mut self.outputs);
            let unacknowledged = self.delivery.restart();
            self.last_route = TransportRoute::Relay;
            if former != 0 {
                self.outputs.push_back(Output::Restarted { unacknowledged });
            }
        }
        self.negotiation.see(hello.attempt);
        let asks = !self.pairing.is_confirmed();
        if asks {
            self.pairing.asked(self.now);
        }
        if hello.asks || asks {
            self.say_hello(asks);
        }
    }

    fn receive_packet(&mut self, route: TransportRoute, packet: PeerPacket) {
        let named = Pair {
            session: packet.session,
            peer: packet.peer,
        };
        if !self.is_current(named) {
            return;
        }
        self.last_route = route;
        let message = self.delivery.receive(self.now, packet);
        self.outputs.extend(message.map(Output::Message));
    }

    /// Returns whether these are the two sessions that exchange messages. If not, one end does not know the other's
    /// session, and is told.
    fn is_current(&mut self, named: Pair) -> bool {
        let is_current = self.pairing.matches(named);
        if !is_current && self.pairing.ask(self.now) {
            self.say_hello(true);
        }
        is_current
    }

    fn say_hello(&mut self, asks: bool) {
        let hello = self.pairing.hello(self.negotiation.attempt(), asks);
        self.outputs.push_back(Output::Signal(RtcMessage::Status {
            from: self.own,
            to: self.other,
            status: hello.to_text(),
        }));
    }

    /// Returns whether something waits for the session of the other client.
    fn has_to_ask(&self) -> bool {
        let waits = self.negotiation.waits_for_session() || self.delivery.unacknowledged() > 0;
        waits && !self.pairing.is_confirmed()
    }

    /// Asks for the session of the other client if something waits for it.
    fn introduce(&mut self) {
        if self.has_to_ask() && self.pairing.ask(self.now) {
            self.say_hello(true);
        }
    }

    /// Does what an input or the time has made possible.
    fn settle(&mut self) {
        if self.pairing.is_confirmed() {
            let pair = self.pairing.pair();
            self.negotiation.paired(self.now, pair, &mut self.outputs);
        }
        self.introduce();
        self.select_path();
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
