//! Delivery of messages once and in order, over paths that lose packets.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::Value;

use super::PeerPacket;
use super::pair::Pair;
use crate::limits::{PEER_MESSAGES, PEER_WINDOW};
use crate::time::Moment;

/// Messages that are not acknowledged, and the number of those received.
///
/// A receiver takes the message that follows the last one, and no other. A sender repeats all that are not acknowledged,
/// from the oldest on.
#[derive(Debug)]
pub(super) struct Delivery {
    resend: Duration,
    /// Messages from number `acknowledged + 1` on.
    kept: VecDeque<Value>,
    acknowledged: u64,
    /// Number of the last message that was sent since the last repetition.
    sent: u64,
    /// Number of the last message that was sent at all.
    ever_sent: u64,
    /// Number of the last message that was received.
    received: u64,
    owes_acknowledgement: bool,
    resend_at: Option<Moment>,
    /// Repetitions since the last acknowledgement.
    repetitions: u32,
}

impl Delivery {
    pub(super) const fn new(resend: Duration) -> Self {
        Self {
            resend,
            kept: VecDeque::new(),
            acknowledged: 0,
            sent: 0,
            ever_sent: 0,
            received: 0,
            owes_acknowledgement: false,
            resend_at: None,
            repetitions: 0,
        }
    }

    /// Keeps a message until it is acknowledged. Returns `false` if too many are kept.
    pub(super) fn push(&mut self, message: Value) -> bool {
        if self.kept.len() >= PEER_MESSAGES {
            return false;
        }
        self.kept.push_back(message);
        true
    }

    /// Messages that are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.kept.len()
    }

    /// Begins anew with another session of the other client. Returns the messages that were sent to the earlier one and not
    /// acknowledged; those that were never sent are kept.
    pub(super) fn restart(&mut self) -> Vec<Value> {
        let uncertain = usize::try_from(self.ever_sent - self.acknowledged).unwrap_or(usize::MAX);
        let uncertain = self.kept.drain(..uncertain.min(self.kept.len())).collect();
        *self = Self {
            kept: core::mem::take(&mut self.kept),
            ..Self::new(self.resend)
        };
        uncertain
    }

    /// Takes a packet. Returns its message, if it is the next one.
    pub(super) fn receive(&mut self, now: Moment, packet: PeerPacket) -> Option<Value> {
        self.acknowledge(now, packet.acknowledged);
        if packet.sequence == 0 {
            return None;
        }
        self.owes_acknowledgement = true;
        if packet.sequence != self.received + 1 {
            return None;
        }
        self.received = packet.sequence;
        Some(packet.payload)
    }

    fn acknowledge(&mut self, now: Moment, number: u64) {
        let acknowledged = number.saturating_sub(self.acknowledged);
        let Ok(count) = usize::try_from(acknowledged) else {
            return;
        };
        if count == 0 || count > self.kept.len() {
            return;
        }
        self.kept.drain(..count);
        self.acknowledged = number;
        self.sent = self.sent.max(number);
        self.repetitions = 0;
        self.resend_at = (self.sent > number).then(|| now + self.wait());
    }

    /// Next packet to be sent between these sessions; `None` if there is none for now.
    pub(super) fn next(&mut self, now: Moment, pair: Pair) -> Option<PeerPacket> {
        let under_way = self.sent - self.acknowledged;
        let at = usize::try_from(under_way).unwrap_or(usize::MAX);
        let message = self.kept.get(at).filter(|_| at < PEER_WINDOW).cloned();
        if message.is_none() && !self.owes_acknowledgement {
            return None;
        }
        self.owes_acknowledgement = false;
        let mut packet = PeerPacket {
            session: pair.session,
            peer: pair.peer,
            sequence: 0,
            acknowledged: self.received,
            payload: Value::Null,
        };
        if let Some(message) = message {
            self.sent += 1;
            self.ever_sent = self.ever_sent.max(self.sent);
            packet.sequence = self.sent;
            packet.payload = message;
            if self.resend_at.is_none() {
                self.resend_at = Some(now + self.wait());
            }
        }
        Some(packet)
    }

    /// Time at which [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) const fn timeout(&self) -> Option<Moment> {
        self.resend_at
    }

    /// Repeats the messages if the time has come. Returns the repetitions since the last acknowledgement.
    pub(super) fn handle_timeout(&mut self, now: Moment) -> u32 {
        if self.resend_at.is_some_and(|at| at <= now) {
            self.repetitions = self.repetitions.saturating_add(1);
            self.repeat();
        }
        self.repetitions
    }

    /// Sends the messages on another path: all that are not acknowledged once more.
    pub(super) fn change_path(&mut self) {
        self.repetitions = 0;
        self.repeat();
    }

    fn repeat(&mut self) {
        self.sent = self.acknowledged;
        self.resend_at = None;
    }

    fn wait(&self) -> Duration {
        self.resend.saturating_mul(1 << self.repetitions.min(3))
    }
}
