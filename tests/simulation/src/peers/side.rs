//! One of the two clients, and the record of what it was told.

use push_wire_shared::RawPayload;
use push_wire_shared::rtc::peer::{PeerConfig, PeerSession};
use push_wire_shared::time::Moment;
use push_wire_shared::transport::{ModeSwitchSignal, TransportMode};
use uuid::Uuid;

/// A client: its session, and what was checked of it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) id: Uuid,
    pub(super) session: PeerSession,
    /// Messages that it has sent: 1, 2, 3, …
    pub(super) sent: u64,
    /// Number of the last message that it was handed.
    pub(super) received: u64,
    /// Attempt whose connection it has, whose descriptions it knows.
    pub(super) known: Option<u64>,
    /// It knows an address of the other side for that attempt.
    pub(super) has_address: bool,
    mode: TransportMode,
    generation: u64,
}

impl Side {
    pub(super) fn new(at: usize, config: PeerConfig, seed: u64) -> Self {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        Self {
            id: ids[at],
            session: PeerSession::new(ids[at], ids[1 - at], config, seed),
            sent: 0,
            received: 0,
            known: None,
            has_address: false,
            mode: TransportMode::Relay,
            generation: 0,
        }
    }

    /// Sends the next message, unless the session is full.
    pub(super) fn send(&mut self, now: Moment) {
        let message = RawPayload::from(self.sent + 1);
        if self.session.send(now, message).is_ok() {
            self.sent += 1;
        }
    }

    /// Checks that a message is the next one of the other side, which has sent so many.
    pub(super) fn check_message(&mut self, message: &RawPayload, sent: u64) -> Result<(), String> {
        let expected = self.received + 1;
        if message.as_u64() != Some(expected) || expected > sent {
            return Err(format!(
                "{} was handed {message} in place of {expected}",
                self.id
            ));
        }
        self.received = expected;
        Ok(())
    }

    /// Checks that a signal continues the last one, and that it is the session's mode.
    pub(super) fn check_signal(&mut self, signal: ModeSwitchSignal) -> Result<(), String> {
        let continues = signal.previous_mode == self.mode
            && signal.mode != self.mode
            && signal.generation == self.generation + 1
            && signal.mode == self.session.mode();
        if !continues {
            return Err(format!(
                "{} in {:?} was told {signal:?}",
                self.id, self.mode
            ));
        }
        self.mode = signal.mode;
        self.generation = signal.generation;
        Ok(())
    }

    /// Replaces the session by a new one, which no side may do: the check has to find it.
    pub(super) fn lose_session(&mut self, other: Uuid, config: PeerConfig, seed: u64) {
        self.session = PeerSession::new(self.id, other, config, seed);
    }
}
