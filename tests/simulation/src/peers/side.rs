//! One of the two clients, and the record of what it was told.

use push_wire_shared::RawPayload;
use push_wire_shared::rtc::peer::{PeerConfig, PeerSession};
use push_wire_shared::time::Moment;
use push_wire_shared::transport::{ModeSwitchSignal, TransportMode};
use uuid::Uuid;

use super::ledger::Ledger;

/// A client: its session, and what was checked of it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) id: Uuid,
    other: Uuid,
    config: PeerConfig,
    seed: u64,
    pub(super) session: PeerSession,
    /// Sessions before this one.
    pub(super) restarts: u32,
    /// Messages that it has sent.
    pub(super) ledger: Ledger,
    /// Session of the other side whose messages it was handed, since it was told of a restart.
    heard: Option<u64>,
    /// Attempt whose connection it has, whose descriptions it knows.
    pub(super) known: Option<u64>,
    /// It knows an address of the other side for that attempt.
    pub(super) has_address: bool,
    mode: TransportMode,
    generation: u64,
}

impl Side {
    pub(super) fn new(at: usize, config: PeerConfig, seed: u64, ledger: Ledger) -> Self {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        Self {
            id: ids[at],
            other: ids[1 - at],
            config,
            seed,
            session: PeerSession::new(ids[at], ids[1 - at], config, seed),
            restarts: 0,
            ledger,
            heard: None,
            known: None,
            has_address: false,
            mode: TransportMode::Relay,
            generation: 0,
        }
    }

    /// Replaces the session by a new one, with a seed of its own or, against the contract, the same one.
    pub(super) fn restart(&mut self, seed: Option<u64>) {
        self.seed = seed.unwrap_or(self.seed);
        self.session = PeerSession::new(self.id, self.other, self.config, self.seed);
        self.restarts += 1;
        self.ledger.end_session();
        self.heard = None;
        self.known = None;
        self.has_address = false;
        self.mode = TransportMode::Relay;
        self.generation = 0;
    }

    /// Sends the next message, unless the session is full: its number, and that of the session.
    pub(super) fn send(&mut self, now: Moment) {
        let number = self.ledger.next();
        let message = RawPayload::from(u64::from(self.restarts) << 32 | number);
        if self.session.send(now, message).is_ok() {
            self.ledger.sent();
        }
    }

    /// Checks that a message is the next one of the other side, and of a session that this side knows of.
    pub(super) fn check_message(
        &mut self,
        message: &RawPayload,
        sent: &mut Ledger,
    ) -> Result<(), String> {
        let (number, session) = read(message)?;
        let deliver = sent.deliver(number);
        deliver.map_err(|error| format!("{} was handed {message}: {error}", self.id))?;
        let heard = *self.heard.get_or_insert(session);
        if heard != session {
            return Err(format!(
                "{} was handed {message} of another session than {heard} without notice",
                self.id
            ));
        }
        Ok(())
    }

    /// Records that this side was told of a restart of the other one.
    pub(super) fn check_restart(&mut self, unacknowledged: &[RawPayload]) -> Result<(), String> {
        self.heard = None;
        for message in unacknowledged {
            let (number, _) = read(message)?;
            self.ledger.report(number);
        }
        Ok(())
    }

    /// Checks that a signal continues the last one.
    pub(super) fn check_signal(&mut self, signal: ModeSwitchSignal) -> Result<(), String> {
        let continues = signal.previous_mode == self.mode
            && signal.mode != self.mode
            && signal.generation == self.generation + 1;
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

    /// Checks that the last signal named the session's mode.
    pub(super) fn check_mode(&self) -> Result<(), String> {
        let (told, mode) = (self.mode, self.session.mode());
        if told != mode {
            return Err(format!("{} was told {told:?} in {mode:?}", self.id));
        }
        Ok(())
    }
}

/// Number of a message, and of the session that sent it.
fn read(message: &RawPayload) -> Result<(u64, u64), String> {
    let parts = message.as_u64().map(|n| (n & u64::from(u32::MAX), n >> 32));
    parts.ok_or_else(|| format!("{message} was not sent"))
}
