//! State machine of a session's connection.
//!
//! ```text
//!            connect                    (renewable token)
//!   Idle ───────────────▶ begin attempt ───────────────▶ AwaitingToken
//!                          ▲   │   ▲                      │    │    │
//!             retry is due │   │   │ connect        token │    │    │ denied
//!                          │   │   │                      │    │    ▼
//!                       Waiting│  Closed ◀───────────────────────── Closed
//!                          ▲   ▼   ▲                      ▼    │
//!                          │  Connecting ◀────────────────┘    │ no token now, or none in time
//!                          │   │ socket opened: auth           ▼
//!                          │   ▼                             Waiting
//!                          │  Authenticating
//!                          │   │ auth_ok
//!                          │   ▼
//!                          │  Ready
//!                          │   │
//!                          └───┴──▶ any end of Connecting, Authenticating or Ready: Waiting,
//!                                   or Closed if the close code or the retry policy says so
//! ```
//!
//! `close` leads from every state to `Closed`, which only `connect` leaves. While suspended `Waiting` lasts until
//! `wake`, or, where the page has only said that it is offline, for the longest delay of the retry policy.

mod page;
mod token;

use alloc::string::String;
use core::time::Duration;

pub(super) use self::page::Attempts;
use super::credential::Credential;
use super::link::Link;
use super::retry::Retry;
use super::timer::Timer;
use super::transport::Transports;
use super::{Cause, ClientConfig, Event, Output, Status, Transport};
use crate::close::{CloseReason, RetryAdvice, retry_advice};
use crate::limits::RETRY_DIRECTED_MAX;
use crate::session::op::ClientOp;
use crate::time::Moment;

/// State of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// `connect` was not called yet.
    Idle,
    /// Waits for the next attempt's time, or for `wake`.
    Waiting,
    /// The application was asked for a token.
    AwaitingToken,
    /// The driver opens a socket.
    Connecting,
    /// `auth` was sent.
    Authenticating,
    /// The server has answered `auth_ok`.
    Ready,
    /// No more attempts.
    Closed,
}

/// End of a connection as the server announced it.
#[derive(Clone, Default, Debug)]
pub(super) struct Farewell {
    pub(super) cause: Cause,
    pub(super) retry: Option<Duration>,
}

/// The connection of a session, over all its attempts.
#[derive(Debug)]
pub(super) struct Connection {
    phase: Phase,
    /// Number of the latest attempt to open a socket.
    attempt: u32,
    /// Beginning of the phase.
    since: Moment,
    attempts: Attempts,
    /// Time of the next attempt, while waiting.
    retry_at: Moment,
    /// The time was set by the server or by `interrupt`, so `wake` does not shorten it.
    is_imposed: bool,
    /// Reason for the end of the last connection.
    cause: Cause,
    /// Status last reported to the application.
    last_reported: Status,
    /// The server's goodbye, until its close follows.
    farewell: Option<Farewell>,
    /// The server's last error before `auth_ok`, which explains the close that follows.
    refusal: String,
    retry: Retry,
    transports: Transports,
    /// True if the end of the connection is no evidence that its transport is blocked.
    has_transport_worked: bool,
    credential: Credential,
    /// The server's time between heartbeats.
    heartbeat: Duration,
    timing: Timing,
}

/// Times of the configuration.
#[derive(Debug)]
struct Timing {
    handshake: Duration,
    heartbeat_grace: Duration,
    token: Duration,
    steady: Duration,
}

impl Connection {
    pub(super) fn new(config: &ClientConfig) -> Self {
        Self {
            phase: Phase::Idle,
            attempt: 0,
            since: Moment::default(),
            attempts: Attempts::Usual,
            retry_at: Moment::default(),
            is_imposed: false,
            cause: Cause::default(),
            last_reported: Status::Idle,
            farewell: None,
            refusal: String::new(),
            retry: Retry::new(config.retry, config.seed),
            transports: Transports::new(config.transports),
            has_transport_worked: false,
            credential: Credential::new(config.token.clone(), config.renews_token),
            heartbeat: Duration::ZERO,
            timing: Timing {
                handshake: config.handshake,
                heartbeat_grace: config.heartbeat_grace,
                token: config.token_wait,
                steady: config.retry.steady,
            },
        }
    }

    /// Number of the latest attempt to open a socket.
    pub(super) const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns whether there is a socket, or one is being opened.
    pub(super) const fn is_live(&self) -> bool {
        matches!(
            self.phase,
            Phase::Connecting | Phase::Authenticating | Phase::Ready
        )
    }

    pub(super) fn is_authenticating(&self) -> bool {
        self.phase == Phase::Authenticating
    }

    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Transport of the latest attempt.
    pub(super) const fn transport(&self) -> Transport {
        self.transports.current()
    }

    pub(super) fn status(&self) -> Status {
        let cause = || self.cause.clone();
        let failures = self.retry.failures();
        match self.phase {
            Phase::Idle => Status::Idle,
            Phase::AwaitingToken => Status::AwaitingToken { failures },
            Phase::Connecting | Phase::Authenticating => Status::Connecting { failures },
            Phase::Ready => Status::Ready,
            Phase::Waiting if self.is_suspended() => Status::Suspended { cause: cause() },
            Phase::Waiting => Status::Waiting {
                until: self.retry_at,
                failures,
                cause: cause(),
            },
            Phase::Closed => Status::Closed { cause: cause() },
        }
    }

    fn enter(&mut self, now: Moment, phase: Phase, link: &mut Link) {
        self.phase = phase;
        self.since = now;
        self.report(link);
    }

    /// Reports the status to the application if it has changed.
    fn report(&mut self, link: &mut Link) {
        let status = self.status();
        if status != self.last_reported {
            self.last_reported = status.clone();
            link.event(Event::Status(status));
        }
    }
}

/// Beginning of a connection.
impl Connection {
    /// Starts an attempt now, on the application's request.
    pub(super) fn connect(&mut self, now: Moment, link: &mut Link) {
        match self.phase {
            Phase::AwaitingToken | Phase::Connecting | Phase::Authenticating | Phase::Ready => {
                return;
            }
            Phase::Idle | Phase::Closed => {
                self.retry.start_over();
                self.credential.start_over();
            }
            Phase::Waiting => {}
        }
        if self.attempts == Attempts::None {
            self.wait(now, Duration::ZERO, false, link);
        } else {
            self.begin_attempt(now, link);
        }
    }

    pub(super) fn retry_due(&mut self, now: Moment, link: &mut Link) {
        if self.phase == Phase::Waiting {
            self.begin_attempt(now, link);
        }
    }

    fn begin_attempt(&mut self, now: Moment, link: &mut Link) {
        link.timers.stop(Timer::Retry);
        let Some(request) = self.credential.request(now) else {
            return self.open_socket(now, link);
        };
        link.timers.set(Timer::Token, now + self.timing.token);
        link.outputs.push(Output::TokenWanted { request });
        self.enter(now, Phase::AwaitingToken, link);
    }

    fn open_socket(&mut self, now: Moment, link: &mut Link) {
        link.timers
            .set(Timer::Handshake, now + self.timing.handshake);
        self.attempt = self.attempt.wrapping_add(1);
        self.has_transport_worked = false;
        let (attempt, transport) = (self.attempt, self.transports.choose(now));
        link.outputs.push(Output::Connect { attempt, transport });
        self.enter(now, Phase::Connecting, link);
    }

    /// Records that the socket is open. Returns the token for `auth`; `None` if this was known already.
    pub(super) fn opened(&mut self, now: Moment) -> Option<Option<String>> {
        if self.phase != Phase::Connecting {
            return None;
        }
        self.phase = Phase::Authenticating;
        self.since = now;
        Some(self.credential.show(now))
    }

    /// Records that the server has answered `auth_ok`.
    pub(super) fn authenticated(&mut self, now: Moment, heartbeat: Duration, link: &mut Link) {
        link.timers.stop(Timer::Handshake);
        self.refusal.clear();
        self.heartbeat = heartbeat;
        self.transports.opened();
        self.plan_first_transport(link);
        self.enter(now, Phase::Ready, link);
    }

    /// Sets the time at which the first transport is tried again, if the connection has the second one.
    fn plan_first_transport(&self, link: &mut Link) {
        if let Some(at) = self.transports.return_at() {
            link.timers.set(Timer::BetterTransport, at);
        }
    }
}

/// Signs of life.
impl Connection {
    /// Something was received: the next silence is judged from here.
    pub(super) fn note_activity(&mut self, now: Moment, link: &mut Link) {
        if self.phase != Phase::Ready || self.farewell.is_some() {
            return;
        }
        let patience = self.heartbeat + self.timing.heartbeat_grace / 2;
        link.timers.set(Timer::Silence, now + patience);
        link.timers.stop(Timer::Probe);
    }

    /// Sends a `ping`. The time for the answer counts from here, because a timer may fire late, after a sleep, while
    /// messages of the server are still unread in the socket.
    pub(super) fn probe(&mut self, now: Moment, link: &mut Link) {
        link.send(&ClientOp::Ping);
        self.await_end(now, link);
    }

    /// Records the server's goodbye. Entries sent before the close may still arrive.
    pub(super) fn note_goodbye(&mut self, now: Moment, farewell: Farewell, link: &mut Link) {
        self.farewell = Some(farewell);
        self.await_end(now, link);
    }

    /// Sets the deadline after which the connection is given up if nothing arrives.
    fn await_end(&mut self, now: Moment, link: &mut Link) {
        link.timers.stop(Timer::Silence);
        let patience = self.timing.heartbeat_grace / 2;
        link.timers.set(Timer::Probe, now + patience);
    }

    /// Records the server's error before `auth_ok`.
    pub(super) fn note_refusal(&mut self, message: &str) {
        self.refusal = message.into();
    }

    /// Takes the server's last error before `auth_ok`; empty if there was none.
    pub(super) fn take_refusal(&mut self) -> String {
        core::mem::take(&mut self.refusal)
    }

    /// Takes the server's goodbye, if there was one.
    pub(super) const fn take_farewell(&mut self) -> Option<Farewell> {
        self.farewell.take()
    }
}

/// End of a connection.
impl Connection {
    /// Records that the server has ended the connection, so its transport is not blocked. A socket that was
    /// refused before it was open may have been refused by a proxy.
    pub(super) fn transport_worked(&mut self) {
        self.has_transport_worked = self.phase != Phase::Connecting;
    }

    /// Returns whether the connection may be left for an attempt with the first transport. Not while suspended: if that
    /// attempt fails, none follows soon.
    pub(super) fn may_try_first_transport(&self) -> bool {
        !self.is_suspended()
    }

    /// Tries the first transport again. The caller has dropped the connection.
    pub(super) fn try_first_transport(&mut self, now: Moment, link: &mut Link) {
        self.transports.try_first();
        self.begin_attempt(now, link);
    }

    /// Records the end of the connection, and sets the time of the next attempt.
    pub(super) fn lost(&mut self, now: Moment, farewell: Farewell, link: &mut Link) {
        let was_ready = self.phase == Phase::Ready;
        let time = now.since(self.since);
        if self.has_transport_worked {
            self.transports.worked();
        } else if self.attempts == Attempts::Usual {
            self.transports.failed(now, was_ready.then_some(time));
        }
        if was_ready {
            self.retry.lasted(time);
            self.credential.lasted(time, self.timing.steady);
        }
        self.farewell = None;
        let Farewell { cause, retry } = farewell;
        let is_refused = cause.code == Some(CloseReason::Unauthorized.code());
        let advice = if is_refused && self.credential.refused(was_ready) {
            RetryAdvice::Now
        } else {
            retry_advice(cause.code)
        };
        self.come_back(now, cause, advice, retry, link);
    }

    fn come_back(
        &mut self,
        now: Moment,
        cause: Cause,
        advice: RetryAdvice,
        directed: Option<Duration>,
        link: &mut Link,
    ) {
        self.cause = cause;
        let delay = self.retry.next(advice);
        if delay.is_some() && self.attempts == Attempts::Rare {
            self.retry.forget_failure();
        }
        match (delay, directed) {
            (None, _) => self.enter(now, Phase::Closed, link),
            (Some(_), Some(directed)) if advice == RetryAdvice::Later => {
                self.wait(now, directed.min(RETRY_DIRECTED_MAX), true, link);
            }
            (Some(drawn), _) => self.wait(now, drawn, false, link),
        }
    }

    /// Records the end of a connection that another tab makes: the time until that tab's next attempt, `None` for never, and
    /// the number of its attempts that failed in a row.
    pub(super) fn away(
        &mut self,
        now: Moment,
        cause: Cause,
        retry: Option<Duration>,
        failures: u32,
        link: &mut Link,
    ) {
        self.farewell = None;
        self.retry.set_failures(failures);
        self.cause = cause;
        match retry {
            Some(time) => self.wait(now, time, false, link),
            None => self.enter(now, Phase::Closed, link),
        }
    }

    fn wait(&mut self, now: Moment, time: Duration, is_imposed: bool, link: &mut Link) {
        self.retry_at = now + time;
        self.is_imposed = is_imposed;
        self.plan_attempt(now, link);
        self.enter(now, Phase::Waiting, link);
    }

    /// Makes no attempt for this long. The caller has dropped the socket.
    pub(super) fn stay_away(&mut self, now: Moment, time: Duration, link: &mut Link) {
        link.timers.stop(Timer::Token);
        self.cause = Cause {
            code: None,
            message: String::from("interrupted by the application"),
        };
        self.wait(now, time, true, link);
    }

    /// Makes no more attempts until `connect`. The cause of an earlier end is kept.
    pub(super) fn close(&mut self, now: Moment, link: &mut Link) {
        if self.phase == Phase::Closed {
            return;
        }
        link.timers.stop(Timer::Retry);
        link.timers.stop(Timer::Token);
        self.cause = Cause {
            code: Some(CloseReason::Normal.code()),
            message: CloseReason::Normal.text().into(),
        };
        self.enter(now, Phase::Closed, link);
    }
}
