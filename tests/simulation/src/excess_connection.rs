//! One connection of a client that sends more than its rates: it is read more slowly, notified, and closed if it goes
//! on. It may then reconnect.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::Hub;
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::{RATE_CLOSE, RATE_GAP, RATE_NOTICE, RATE_PAUSE};
use push_wire_shared::session::op::{Auth, AuthOk, ClientOp, ErrorCode, ServerOp, SystemNotice};
use push_wire_shared::session::wire::Records;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::excess::ExceededRate;
use super::feed::SYSTEM;
use super::raw_message::RawMessage;

/// Secret of each of its sessions.
const SECRET: [u8; 16] = [7; 16];

/// First of the ids of subscriptions that do not exist.
const UNKNOWN: u32 = 1_000_000;

/// Ids in one op, each of which counts as a frame.
const IDS: u32 = 1_000;

/// Bytes of a message that uses up the bytes.
const LONG: usize = 100_000;

/// Bytes of the text of any other message.
const SHORT: usize = 10;

/// Delays before the next connection of a client that was closed (docs/limits.md).
const RETRY_MS: std::ops::Range<u64> = 5_000..10_000;

/// Notice of the server about the rates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    /// `slow`, with its window.
    Slow(Option<u32>),
    /// The error, with the time of the pause.
    Error(Option<u64>),
    /// The goodbye, with its code and the delay.
    Goodbye(u16, Option<u64>),
}

/// Last notice that the client received, with the time of `slow`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Nothing,
    Slow(Moment),
    Error(Moment),
}

/// State of the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Sends as soon as it is read.
    Sends,
    /// Sends nothing until then.
    Pauses(Moment),
    /// Was closed, and comes back then.
    Away(Moment),
    /// Is done: it slowed down or came back, if that is known.
    Done(Option<End>),
}

/// End of a connection that sent more than its rates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It stopped for the time of the pause, and was not closed.
    SlowedDown,
    /// It was closed, and continued its session after the delay.
    CameBack,
}

/// One connection of a client that sends more than its rates.
pub struct ExcessConnection {
    hub: Arc<Hub>,
    peer: Peer,
    client: Uuid,
    rate: ExceededRate,
    /// True if it stops sending when it is notified.
    heeds: bool,
    state: State,
    told: Told,
    /// Time for which the next call was asked.
    due: Moment,
    /// A call came late: its wait may have ended long before.
    was_late: bool,
    control: u32,
    /// Messages to the application that were sent, and that were delivered.
    uploads: [u64; 2],
    /// Tokens of its rate that were taken.
    taken: u64,
    said: Vec<Said>,
    accepted: Option<AuthOk>,
    closed: Option<u16>,
}

impl fmt::Debug for ExcessConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExcessConnection")
            .field("rate", &self.rate)
            .field("state", &self.state)
            .field("told", &self.told)
            .field("said", &self.said)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl ExcessConnection {
    /// A connection that has authenticated.
    ///
    /// # Errors
    /// Fails if the server does not accept it.
    pub fn connect(
        hub: &Arc<Hub>,
        now: Moment,
        client: Uuid,
        rate: ExceededRate,
        heeds: bool,
    ) -> Result<Self, PromiseError> {
        let mut connection = Self {
            hub: Arc::clone(hub),
            peer: Peer::new(Arc::clone(hub), Dialect::Wire, now),
            client,
            rate,
            heeds,
            state: State::Sends,
            told: Told::Nothing,
            due: now,
            was_late: false,
            control: 0,
            uploads: [0; 2],
            taken: 0,
            said: Vec::new(),
            accepted: None,
            closed: None,
        };
        connection.authenticate(now, 1)?;
        Ok(connection)
    }

    /// Tokens of its rate that were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Returns whether a call came late, so that it did not send all the time.
    #[must_use]
    pub const fn was_late(&self) -> bool {
        self.was_late
    }

    /// Returns whether it still sends as much as it can.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.state == State::Sends
    }

    /// Time of the next call; `None` once it is done.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        match self.state {
            State::Done(_) => None,
            State::Sends | State::Pauses(_) | State::Away(_) => Some(self.due),
        }
    }

    /// Its end, if it is done and the end is known.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self.state {
            State::Done(end) => end,
            State::Sends | State::Pauses(_) | State::Away(_) => None,
        }
    }

    /// Sends, or ends its pause, or comes back. As long as it has taken no more than `allowed` tokens, the server may read
    /// another message.
    ///
    /// # Errors
    /// Fails if the server reads more, or its notices differ from section 5.6 of the protocol.
    pub fn drive(&mut self, now: Moment, allowed: u64) -> Result<(), PromiseError> {
        let is_late = now.since(self.due) >= RATE_GAP;
        self.was_late |= is_late;
        match self.state {
            State::Sends => self.send_all(now, allowed, is_late),
            State::Pauses(until) if until <= now => {
                self.peer.handle_timeout(now);
                self.settle(now)?;
                if self.is_lost(is_late) {
                    return self.leave(now, None);
                }
                self.finish(now, End::SlowedDown)
            }
            State::Away(until) if until <= now => self.come_back(now),
            State::Pauses(_) | State::Away(_) | State::Done(_) => Ok(()),
        }
    }

    /// Returns whether it was closed for its silence, which a late call of `drive` causes.
    fn is_lost(&self, is_late: bool) -> bool {
        is_late && self.closed == Some(CloseReason::HeartbeatLost.code())
    }

    fn broken(&self, what: &str) -> PromiseError {
        Promise::Limits.broken(format!("{what}: {self:?}"))
    }

    /// Sends as long as the server reads.
    fn send_all(&mut self, now: Moment, allowed: u64, is_late: bool) -> Result<(), PromiseError> {
        self.peer.handle_timeout(now);
        self.settle(now)?;
        let before = self.taken;
        while !self.peer.is_full() && self.closed.is_none() {
            if self.taken > allowed {
                return Err(self.broken(&format!("{} taken, {allowed} allowed", self.taken)));
            }
            let mut message = RawMessage::new(self.control);
            self.taken += match self.rate {
                ExceededRate::Frames => {
                    message.unsubscribe((UNKNOWN..UNKNOWN + IDS).collect());
                    u64::from(IDS)
                }
                ExceededRate::Uploads | ExceededRate::Shared => {
                    message.upload(self.uploads[0] + 1, SHORT);
                    1
                }
                ExceededRate::Bytes => {
                    message.upload_bytes(self.uploads[0] + 1, LONG);
                    message.len() as u64
                }
            };
            self.send(now, message)?;
        }
        let has_waited = self.taken > before;
        self.judge(now, has_waited, is_late)?;
        if self.state == State::Sends {
            self.due = self.peer.poll_timeout().unwrap_or(now + RATE_GAP);
        }
        Ok(())
    }

    /// Compares the server's notices with those required after a wait that begins now, or without one.
    fn judge(&mut self, now: Moment, has_waited: bool, is_late: bool) -> Result<(), PromiseError> {
        let limited = CloseReason::RateLimited.code();
        if let Some(code) = self.closed.filter(|code| *code != limited) {
            if self.is_lost(is_late) {
                return self.leave(now, None);
            }
            return Err(self.broken(&format!("closed with {code}")));
        }
        let said = std::mem::take(&mut self.said);
        let since = |at: Moment| now.since(at);
        match (self.told, &said[..]) {
            (_, []) if !has_waited => {}
            (Told::Slow(at), []) if since(at) < RATE_NOTICE => {}
            (Told::Error(at), []) if since(at) < RATE_CLOSE => {}
            (Told::Nothing, [Said::Slow(window)]) if self.rate.has_window(*window) => {
                self.told = Told::Slow(now);
            }
            // The wait before it ended long ago.
            (_, [Said::Slow(window)]) if is_late && self.rate.has_window(*window) => {
                self.told = Told::Slow(now);
            }
            (Told::Slow(at), [Said::Error(Some(pause))]) if since(at) >= RATE_NOTICE => {
                self.told = Told::Error(at);
                let pause = Duration::from_millis(*pause);
                if pause != RATE_PAUSE {
                    return Err(self.broken(&format!("a pause of {pause:?}")));
                }
                if self.heeds {
                    self.state = State::Pauses(now + pause);
                    self.due = now + pause;
                }
            }
            (Told::Error(at), [Said::Goodbye(code, Some(retry))])
                if since(at) >= RATE_CLOSE
                    && *code == limited
                    && self.closed == Some(limited)
                    && RETRY_MS.contains(retry) =>
            {
                let back_at = now + Duration::from_millis(*retry);
                self.peer.disconnected(now);
                self.state = State::Away(back_at);
                self.due = back_at;
            }
            _ => return Err(self.broken(&format!("{said:?} after a wait: {has_waited}"))),
        }
        Ok(())
    }

    /// Continues the session on another connection.
    fn come_back(&mut self, now: Moment) -> Result<(), PromiseError> {
        self.peer = Peer::new(Arc::clone(&self.hub), Dialect::Wire, now);
        (self.control, self.closed) = (0, None);
        self.authenticate(now, 2)?;
        let [sent, delivered] = self.uploads;
        let continues = |ok: &AuthOk| ok.resumed && ok.received == delivered;
        if sent != delivered || !self.accepted.as_ref().is_some_and(continues) {
            let what = format!(
                "{:?} after {sent} sent, {delivered} delivered",
                self.accepted
            );
            return Err(self.broken(&what));
        }
        self.finish(now, End::CameBack)
    }

    /// Sends a message that is within the rates, and ends the session.
    fn finish(&mut self, now: Moment, end: End) -> Result<(), PromiseError> {
        let mut message = RawMessage::new(self.control);
        message.upload(self.uploads[0] + 1, SHORT);
        self.send(now, message)?;
        let [sent, delivered] = self.uploads;
        if !self.said.is_empty() || self.closed.is_some() || sent != delivered {
            return Err(self.broken(&format!("{sent} sent, {delivered} delivered, {end:?}")));
        }
        let mut message = RawMessage::new(self.control);
        message.op(&ClientOp::Goodbye);
        self.send(now, message)?;
        self.leave(now, Some(end))
    }

    fn leave(&mut self, now: Moment, end: Option<End>) -> Result<(), PromiseError> {
        self.peer.disconnected(now);
        self.state = State::Done(end);
        Ok(())
    }

    fn authenticate(&mut self, now: Moment, attempt: u64) -> Result<(), PromiseError> {
        let mut message = RawMessage::new(0);
        message.op(&ClientOp::Auth(Auth {
            secret: Some(SECRET),
            attempt: Some(attempt),
            ..Auth::new(self.client)
        }));
        self.send(now, message)?;
        if self.accepted.is_some() && self.closed.is_none() {
            return Ok(());
        }
        Err(self.broken("not accepted"))
    }

    fn send(&mut self, now: Moment, message: RawMessage) -> Result<(), PromiseError> {
        self.control = message.control();
        self.uploads[0] += message.uploads();
        let message = Message::Binary(message.into_bytes().into());
        self.peer.handle_message(now, message);
        self.settle(now)
    }

    /// Carries out the peer's actions, and reads what it writes.
    fn settle(&mut self, now: Moment) -> Result<(), PromiseError> {
        loop {
            while let Some(action) = self.peer.poll_action(now) {
                self.carry_out(now, action)?;
            }
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(now, &mut messages);
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages {
                self.read(&message.content());
            }
            self.peer.wrote(now, true);
        }
    }

    fn carry_out(&mut self, now: Moment, action: Action) -> Result<(), PromiseError> {
        match action {
            Action::Authenticate(_) => {
                let grant = self.rate.grant();
                self.peer
                    .handle_authenticated(now, Ok(Accepted::for_ever(grant)));
            }
            Action::Deliver(inbound) => {
                self.uploads[1] += 1;
                if inbound.number != Some(self.uploads[1]) {
                    let what = format!("{:?} was delivered out of order", inbound.number);
                    return Err(Promise::ClientMessages.broken(what));
                }
                self.peer.handle_answer(now, inbound.number, Ok(()));
            }
            Action::Close { code, .. } => self.closed = Some(code),
        }
        Ok(())
    }

    fn read(&mut self, message: &[u8]) {
        for (header, payload) in Records::new(message).flatten() {
            if header.channel != SYSTEM {
                continue;
            }
            let said = match ServerOp::decode(payload) {
                Ok(ServerOp::AuthOk(ok)) => {
                    self.accepted = Some(ok);
                    continue;
                }
                Ok(ServerOp::Notice(SystemNotice::Slow(slow))) => Said::Slow(slow.window),
                Ok(ServerOp::Error {
                    code: ErrorCode::RateLimited,
                    retry_ms,
                    ..
                }) => Said::Error(retry_ms),
                Ok(ServerOp::Goodbye { code, retry_ms, .. }) => Said::Goodbye(code, retry_ms),
                Ok(_) | Err(_) => continue,
            };
            self.said.push(said);
        }
    }
}
