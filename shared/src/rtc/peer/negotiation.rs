//! Negotiation of the connection between two clients: offer, answer and candidates.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::pair::{Label, Pair};
use super::{Output, PeerConfig};
use crate::limits::PEER_CANDIDATES;
use crate::rtc::RtcMessage;
use crate::time::Moment;

/// Attempts of two clients to connect.
///
/// Attempts are numbered. The client with the lower id takes odd numbers, the other one even numbers, each the lowest above
/// all that it has seen. An attempt ends those with lower numbers, so of two offers that cross, the one with the higher
/// number stands on both sides. A number is used once in the life of a session.
#[derive(Debug)]
pub(super) struct Negotiation {
    own: Uuid,
    other: Uuid,
    config: PeerConfig,
    jitter: fastrand::Rng,
    pair: Pair,
    /// Number of the newest attempt; 0 before the first.
    attempt: u64,
    state: State,
    /// Candidates of the other client that came before its answer.
    held: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    /// A connection is wanted, and the session of the other client is not known.
    Wanted,
    /// This client has offered, and has no answer.
    Offering(Moment),
    /// The other client has offered, and has no answer.
    Answering(Moment),
    /// There are an offer and an answer.
    Connecting(Moment),
    Open,
    /// Until the next attempt.
    Waiting(Moment),
}

type Outputs = VecDeque<Output>;

impl Negotiation {
    pub(super) fn new(own: Uuid, other: Uuid, config: PeerConfig, jitter: fastrand::Rng) -> Self {
        Self {
            own,
            other,
            config,
            jitter,
            pair: Pair::default(),
            attempt: 0,
            state: State::Idle,
            held: Vec::new(),
        }
    }

    /// Returns whether the connection is open.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Returns whether an attempt waits for the session of the other client.
    pub(super) fn waits_for_session(&self) -> bool {
        self.state == State::Wanted
    }

    /// Highest number of an attempt that was seen.
    pub(super) const fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Begins an attempt when the session of the other client is known, unless there is one or one is due.
    pub(super) fn connect(&mut self) {
        if self.state == State::Idle {
            self.state = State::Wanted;
        }
    }

    /// Begins anew with another session of the other client.
    pub(super) fn restart(&mut self, out: &mut Outputs) {
        self.abandon(out);
        if self.state != State::Idle {
            self.state = State::Wanted;
        }
    }

    /// Takes the highest number of an attempt that the other client has seen.
    pub(super) fn see(&mut self, attempt: u64) {
        if !self.is_under_way() && !self.is_open() {
            self.attempt = self.attempt.max(attempt);
        }
    }

    /// Records that the sessions of both clients know each other.
    pub(super) fn paired(&mut self, now: Moment, pair: Pair, out: &mut Outputs) {
        self.pair = pair;
        if self.state == State::Wanted {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Moment, out: &mut Outputs) {
        let parity = u64::from(self.own < self.other);
        let step = if self.attempt % 2 == parity { 2 } else { 1 };
        // No number is left only if the other client has named one near the largest: the relay remains.
        let Some(attempt) = self.attempt.checked_add(step) else {
            self.state = State::Idle;
            return;
        };
        self.take(attempt, State::Offering(now + self.config.attempt));
        out.push_back(Output::MakeOffer { attempt });
    }

    fn take(&mut self, attempt: u64, state: State) {
        self.attempt = attempt;
        self.state = state;
        self.held.clear();
    }

    /// Passes on this client's description, an offer or an answer.
    pub(super) fn describe(&mut self, attempt: u64, sdp: String, out: &mut Outputs) {
        if attempt != self.attempt {
            return;
        }
        let (from, to, meta) = (self.own, self.other, self.label().to_meta());
        match self.state {
            State::Offering(_) => {
                out.push_back(Output::Signal(RtcMessage::Offer {
                    from,
                    to,
                    sdp,
                    meta,
                }));
            }
            State::Answering(until) => {
                self.state = State::Connecting(until);
                out.push_back(Output::Signal(RtcMessage::Answer {
                    from,
                    to,
                    sdp,
                    meta,
                }));
            }
            State::Idle
            | State::Wanted
            | State::Connecting(_)
            | State::Open
            | State::Waiting(_) => {}
        }
    }

    /// Passes on a candidate of this client.
    pub(super) fn announce(&self, attempt: u64, candidate: &str, out: &mut Outputs) {
        if attempt == self.attempt && self.is_under_way() {
            out.push_back(Output::Signal(RtcMessage::Candidate {
                from: self.own,
                to: self.other,
                candidate: self.label().add_to(candidate),
            }));
        }
    }

    const fn label(&self) -> Label {
        Label {
            pair: self.pair,
            attempt: self.attempt,
        }
    }

    /// Takes a message of the other client. Those of another client or session, of an older attempt, and of other kinds
    /// have no effect.
    pub(super) fn receive(&mut self, now: Moment, message: RtcMessage, out: &mut Outputs) {
        match message {
            RtcMessage::Offer {
                from,
                to,
                sdp,
                meta,
            } if self.is_for_us(from, to) => {
                self.receive_offer(now, &meta, sdp, out);
            }
            RtcMessage::Answer {
                from,
                to,
                sdp,
                meta,
            } if self.is_for_us(from, to) => {
                self.receive_answer(&meta, sdp, out);
            }
            RtcMessage::Candidate {
                from,
                to,
                candidate,
            } if self.is_for_us(from, to) => {
                self.receive_candidate(&candidate, out);
            }
            RtcMessage::CandidateBatch {
                from,
                to,
                candidates,
            } if self.is_for_us(from, to) => {
                for candidate in candidates {
                    self.receive_candidate(&candidate, out);
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
    }

    fn is_for_us(&self, from: Uuid, to: Uuid) -> bool {
        (from, to) == (self.other, self.own)
    }

    fn receive_offer(&mut self, now: Moment, meta: &Value, offer: String, out: &mut Outputs) {
        let parity = u64::from(self.other < self.own);
        let Some(Label { pair, attempt }) = Label::from_meta(meta) else {
            return;
        };
        let is_newer = attempt % 2 == parity && attempt > self.attempt;
        if !is_newer || pair != self.pair.reversed() {
            return;
        }
        self.abandon(out);
        self.take(attempt, State::Answering(now + self.config.attempt));
        out.push_back(Output::MakeAnswer { attempt, offer });
    }

    fn receive_answer(&mut self, meta: &Value, answer: String, out: &mut Outputs) {
        let attempt = self.attempt;
        if let State::Offering(until) = self.state
            && Label::from_meta(meta) == Some(self.label().reversed())
        {
            self.state = State::Connecting(until);
            out.push_back(Output::Accept { attempt, answer });
            let held = self.held.drain(..);
            out.extend(held.map(|candidate| Output::AddCandidate { attempt, candidate }));
        }
    }

    fn receive_candidate(&mut self, candidate: &str, out: &mut Outputs) {
        let label = Label::split(candidate);
        let label = label.filter(|&(_, label)| label == self.label().reversed());
        let Some((candidate, Label { attempt, .. })) = label else {
            return;
        };
        let candidate = candidate.to_string();
        match self.state {
            State::Offering(_) if self.held.len() < PEER_CANDIDATES => self.held.push(candidate),
            State::Answering(_) | State::Connecting(_) | State::Open => {
                out.push_back(Output::AddCandidate { attempt, candidate });
            }
            State::Idle | State::Wanted | State::Offering(_) | State::Waiting(_) => {}
        }
    }

    /// Records that the connection of an attempt is open.
    pub(super) fn opened(&mut self, attempt: u64) {
        if attempt == self.attempt && self.is_under_way() {
            self.state = State::Open;
        }
    }

    /// Records that the connection of an attempt has ended, or was not opened.
    pub(super) fn closed(&mut self, now: Moment, attempt: u64) {
        if attempt == self.attempt && (self.is_under_way() || self.is_open()) {
            self.wait(now);
        }
    }

    /// Gives up the present connection or attempt until the next one.
    pub(super) fn give_up(&mut self, now: Moment, out: &mut Outputs) {
        self.abandon(out);
        self.wait(now);
    }

    fn abandon(&self, out: &mut Outputs) {
        if self.is_under_way() || self.is_open() {
            let attempt = self.attempt;
            out.push_back(Output::Abandon { attempt });
        }
    }

    const fn is_under_way(&self) -> bool {
        match self.state {
            State::Offering(_) | State::Answering(_) | State::Connecting(_) => true,
            State::Idle | State::Wanted | State::Open | State::Waiting(_) => false,
        }
    }

    fn wait(&mut self, now: Moment) {
        let backoff = self.config.failover.retry_backoff;
        let share = 0.5 + self.jitter.f64();
        let wait = Duration::try_from_secs_f64(backoff.as_secs_f64() * share);
        self.state = State::Waiting(now + wait.unwrap_or(Duration::MAX));
    }

    /// Time at which [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) const fn timeout(&self) -> Option<Moment> {
        match self.state {
            State::Offering(until)
            | State::Answering(until)
            | State::Connecting(until)
            | State::Waiting(until) => Some(until),
            State::Idle | State::Wanted | State::Open => None,
        }
    }

    /// Gives up an attempt that takes too long, or begins the next one.
    pub(super) fn handle_timeout(&mut self, now: Moment, out: &mut Outputs) {
        if self.timeout().is_none_or(|at| at > now) {
            return;
        }
        if matches!(self.state, State::Waiting(_)) {
            self.begin(now, out);
        } else {
            self.give_up(now, out);
        }
    }
}
