//! The life of a connection: when it is tried, what stands on it, how it ends.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::subscription::Stage;
use super::timer::Timer;
use super::{Cause, ClientSession, Event, Output, Status};
use crate::close::{CloseReason, RetryAdvice, retry_advice};
use crate::limits::{MESSAGE_BYTES, RETRY_DIRECTED_MAX};
use crate::session::op::{Auth, AuthOk, ChannelInfo, ClientOp};
use crate::time::Moment;

/// Where a session is between "never connected" and "over".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Idle,
    Waiting,
    Connecting,
    Authenticating,
    Ready,
    Closed,
}

/// What is true of the latest attempt.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) phase: Phase,
    pub(super) attempt: u32,
    /// When the phase began.
    since: Moment,
    /// No attempts until woken.
    is_suspended: bool,
    /// When the next attempt is due, while waiting.
    retry_at: Moment,
    /// Whether that time was imposed, by the server or by `interrupt`.
    is_imposed: bool,
    /// Why the last connection ended.
    cause: Cause,
    /// The status that the application knows.
    last_reported: Status,
    /// The server's goodbye, until its close follows.
    pub(super) farewell: Option<Farewell>,
    pub(super) link: Link,
}

/// What a server's goodbye said.
#[derive(Clone, Default, Debug)]
pub(super) struct Farewell {
    pub(super) cause: Cause,
    pub(super) retry: Option<Duration>,
}

/// The control frames of one connection (docs/protocol.md section 3).
#[derive(Default, Debug)]
pub(super) struct Link {
    /// Wire id of the system channel, once the server has said its first word.
    pub(super) system: Option<u8>,
    pub(super) next_in: u32,
    pub(super) next_out: u32,
}

/// What the handshake told of the server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) channels: Vec<ChannelInfo>,
    pub(super) heartbeat: Duration,
    pub(super) max_message_bytes: usize,
}

impl Server {
    pub(super) const fn unknown() -> Self {
        Self {
            channels: Vec::new(),
            heartbeat: Duration::ZERO,
            max_message_bytes: MESSAGE_BYTES,
        }
    }

    pub(super) fn channel(&self, name: &str) -> Option<&ChannelInfo> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            attempt: 0,
            since: Moment::default(),
            is_suspended: false,
            retry_at: Moment::default(),
            is_imposed: false,
            cause: Cause::default(),
            last_reported: Status::Idle,
            farewell: None,
            link: Link::default(),
        }
    }

    /// Whether there is a socket, or is about to be one.
    pub(super) const fn is_live(&self) -> bool {
        matches!(
            self.phase,
            Phase::Connecting | Phase::Authenticating | Phase::Ready
        )
    }
}

impl ClientSession {
    pub(super) fn current_status(&self) -> Status {
        let cause = || self.connection.cause.clone();
        let failures = self.retry.failures();
        match self.connection.phase {
            Phase::Idle => Status::Idle,
            Phase::Connecting | Phase::Authenticating => Status::Connecting { failures },
            Phase::Ready => Status::Ready,
            Phase::Waiting if self.connection.is_suspended => Status::Suspended { cause: cause() },
            Phase::Waiting => Status::Waiting {
                until: self.connection.retry_at,
                failures,
                cause: cause(),
            },
            Phase::Closed => Status::Closed { cause: cause() },
        }
    }

    fn enter(&mut self, now: Moment, phase: Phase) {
        self.connection.phase = phase;
        self.connection.since = now;
        self.tell_status();
    }

    fn tell_status(&mut self) {
        let status = self.current_status();
        if status != self.connection.last_reported {
            self.connection.last_reported = status.clone();
            self.outputs.event(Event::Status(status));
        }
    }

    /// The application wants a connection now.
    pub(super) fn try_now(&mut self, now: Moment) {
        match self.connection.phase {
            Phase::Connecting | Phase::Authenticating | Phase::Ready => return,
            Phase::Idle | Phase::Closed => self.retry.start_over(),
            Phase::Waiting => {}
        }
        if self.connection.is_suspended {
            self.wait(now, Duration::ZERO, false);
        } else {
            self.begin_attempt(now);
        }
    }

    /// Attempts to connect that this client has made in all its lives, if they are counted.
    #[must_use]
    pub fn attempts(&self) -> Option<u64> {
        let made = u64::from(self.connection.attempt);
        Some(self.config.attempts?.saturating_add(made))
    }

    fn begin_attempt(&mut self, now: Moment) {
        self.timers.stop(Timer::Retry);
        self.timers
            .set(Timer::Handshake, now + self.config.handshake);
        self.connection.attempt = self.connection.attempt.wrapping_add(1);
        let attempt = self.connection.attempt;
        self.outputs.push(Output::Connect { attempt });
        self.enter(now, Phase::Connecting);
    }

    /// The socket is open: says who we are and what we read.
    pub(super) fn opened(&mut self, now: Moment) {
        if self.connection.phase != Phase::Connecting {
            return;
        }
        self.connection.link = Link::default();
        self.connection.phase = Phase::Authenticating;
        self.connection.since = now;
        let subscriptions = self.request_detached();
        self.send_op(&ClientOp::Auth(Auth {
            client_id: self.config.client_id,
            token: self.config.token.clone(),
            secret: self.config.secret,
            attempt: self.attempts(),
            encoding: self.config.encoding,
            zstd: self.config.compression,
            max_message_bytes: self.config.max_message_bytes as u64,
            max_value_bytes: self.config.max_value_bytes as u64,
            subscriptions,
        }));
    }

    /// The server took the handshake.
    pub(super) fn welcomed(&mut self, now: Moment, welcome: AuthOk) {
        if welcome.client_id != self.config.client_id {
            let what = "the server answered for another client";
            return self.fail(now, CloseReason::ProtocolError, what);
        }
        self.timers.stop(Timer::Handshake);
        self.config.secret = Some(welcome.secret);
        self.server = Server {
            channels: welcome.channels,
            // Bounded so that a careless server can neither cause a storm of pings nor switch them off.
            heartbeat: Duration::from_millis(welcome.heartbeat_ms.clamp(1_000, 3_600_000)),
            max_message_bytes: usize::try_from(welcome.max_message_bytes).unwrap_or(usize::MAX),
        };
        self.enter(now, Phase::Ready);
        let resumed = welcome.resumed;
        let secret = welcome.secret;
        self.outputs.event(Event::Ready { resumed, secret });
        let rejected = welcome.rejected;
        self.uplink
            .start(resumed, welcome.received, rejected, &mut self.outputs);
        self.settle_subscriptions();
        self.uplink.transmit(&self.server, &mut self.outputs);
        self.expect_word(now);
    }

    /// Something was received, so the line is alive: the next silence is judged from here.
    pub(super) fn expect_word(&mut self, now: Moment) {
        if self.connection.phase != Phase::Ready || self.connection.farewell.is_some() {
            return;
        }
        let patience = self.server.heartbeat + self.config.heartbeat_grace / 2;
        self.timers.set(Timer::Silence, now + patience);
        self.timers.stop(Timer::Probe);
    }

    /// Asks for a sign of life. The answer's time counts from here, so that a timer which fired late, after a
    /// sleep, condemns nobody whose words lie unread in the socket.
    pub(super) fn probe(&mut self, now: Moment) {
        self.send_op(&ClientOp::Ping);
        self.await_end(now);
    }

    /// Gives the connection up unless something is heard soon.
    pub(super) fn await_end(&mut self, now: Moment) {
        self.timers.stop(Timer::Silence);
        self.timers
            .set(Timer::Probe, now + self.config.heartbeat_grace / 2);
    }

    pub(super) fn silent(&mut self, now: Moment) {
        let reason = CloseReason::HeartbeatLost;
        if let Some(farewell) = self.connection.farewell.take() {
            self.disconnect(reason);
            return self.lost(now, farewell);
        }
        self.fail(now, reason, reason.text());
    }

    /// Ends the connection from this side.
    pub(super) fn fail(&mut self, now: Moment, reason: CloseReason, what: &'static str) {
        self.disconnect(reason);
        let cause = Cause {
            code: Some(reason.code()),
            message: what.into(),
        };
        self.lost(now, Farewell { cause, retry: None });
    }

    pub(super) fn disconnect(&mut self, reason: CloseReason) {
        self.outputs.push(Output::Disconnect {
            code: reason.code(),
        });
    }

    /// The socket has ended by itself or by the peer.
    pub(super) fn closed(&mut self, now: Moment, code: Option<u16>) {
        let mut farewell = self.connection.farewell.take().unwrap_or_default();
        let cause = &mut farewell.cause;
        cause.code = code.filter(|&code| code != 1006).or(cause.code);
        if cause.message.is_empty()
            && let Some(reason) = cause.code.and_then(CloseReason::from_code)
        {
            cause.message = reason.text().into();
        }
        self.lost(now, farewell);
    }

    fn lost(&mut self, now: Moment, farewell: Farewell) {
        let Farewell { cause, retry } = farewell;
        if self.connection.phase == Phase::Ready {
            self.retry.stood(now.since(self.connection.since));
        }
        self.detach();
        let advice = retry_advice(cause.code);
        self.connection.cause = cause;
        match (self.retry.next(advice), retry) {
            (None, _) => self.enter(now, Phase::Closed),
            (Some(_), Some(directed)) if advice == RetryAdvice::Later => {
                self.wait(now, directed.min(RETRY_DIRECTED_MAX), true);
            }
            (Some(drawn), _) => self.wait(now, drawn, false),
        }
    }

    /// Forgets what was true of the connection only.
    fn detach(&mut self) {
        for timer in [Timer::Handshake, Timer::Silence, Timer::Probe, Timer::Ack] {
            self.timers.stop(timer);
        }
        self.connection.farewell = None;
        self.left_streams.clear();
        self.cancelled_requests.clear();
        self.dictionaries.disconnected();
        self.give_up_all();
        for reader in &mut self.readers {
            reader.stage = Stage::Detached;
        }
    }

    fn wait(&mut self, now: Moment, time: Duration, is_imposed: bool) {
        self.connection.retry_at = now + time;
        self.connection.is_imposed = is_imposed;
        if !self.connection.is_suspended {
            self.timers.set(Timer::Retry, self.connection.retry_at);
        }
        self.enter(now, Phase::Waiting);
    }

    pub(super) fn retry_due(&mut self, now: Moment) {
        if self.connection.phase == Phase::Waiting {
            self.begin_attempt(now);
        }
    }

    pub(super) fn attempt_too_slow(&mut self, now: Moment) {
        let what = "the server did not answer in time";
        self.fail(now, CloseReason::HandshakeTimeout, what);
    }

    /// Drops the line and stays away.
    pub(super) fn stay_away(&mut self, now: Moment, time: Duration) {
        if matches!(self.connection.phase, Phase::Idle | Phase::Closed) {
            return;
        }
        if self.connection.is_live() {
            self.disconnect(CloseReason::Normal);
            self.detach();
        }
        self.connection.cause = Cause {
            code: None,
            message: String::from("interrupted by the application"),
        };
        self.wait(now, time, true);
    }

    /// Ends everything, until the application connects again.
    pub(super) fn end(&mut self, now: Moment) {
        if self.connection.phase == Phase::Ready {
            self.send_acks();
            self.send_op(&ClientOp::Goodbye);
        }
        if self.connection.is_live() {
            self.disconnect(CloseReason::Normal);
            self.detach();
        }
        self.timers.stop(Timer::Retry);
        self.connection.cause = Cause {
            code: Some(CloseReason::Normal.code()),
            message: CloseReason::Normal.text().into(),
        };
        self.enter(now, Phase::Closed);
    }

    pub(super) fn pause(&mut self) {
        self.connection.is_suspended = true;
        self.timers.stop(Timer::Retry);
        self.tell_status();
    }

    pub(super) fn resume_trying(&mut self, now: Moment) {
        self.connection.is_suspended = false;
        let age = now.since(self.connection.since);
        match self.connection.phase {
            Phase::Idle | Phase::Closed => {}
            Phase::Ready => self.probe(now),
            // An attempt made in a sleeping page or dead network may hang for long: a fresh one is sooner.
            Phase::Connecting | Phase::Authenticating if age >= self.config.retry.steady => {
                self.disconnect(CloseReason::Normal);
                self.detach();
                self.begin_attempt(now);
            }
            Phase::Connecting | Phase::Authenticating => {}
            Phase::Waiting if self.connection.is_imposed && now < self.connection.retry_at => {
                self.timers.set(Timer::Retry, self.connection.retry_at);
                self.tell_status();
            }
            Phase::Waiting => self.begin_attempt(now),
        }
    }
}
