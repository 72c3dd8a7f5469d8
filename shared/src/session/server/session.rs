//! [`ServerSession`]: entry points of the driver, passed on to handshake, subscriptions, client messages or heartbeat.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

use super::grant_end::GrantEnd;
use super::handshake::{Phase, authenticate};
use super::heartbeat::{Heartbeat, ping};
use super::outputs::Outputs;
use super::post::PostOrder;
use super::subscriptions::Subscriptions;
use super::throttle::{Excess, Throttle};
use super::uplink::UplinkOrder;
use super::{
    ClientLimits, MessageError, Opened, Output, PostCheck, PostNumber, ServerConfig, SessionState,
    Uplink,
};
use crate::close::{CloseReason, RetryAdvice, retry_advice};
use crate::hidden::Hidden;
use crate::limits::GRANT_RETRY;
use crate::position::{Bounds, Position, ResetReason};
use crate::session::op::{ClientOp, ErrorCode, ServerOp, StreamHead};
use crate::time::{Moment, sooner};

/// The server's side of one connection: handshake, subscriptions and their outcomes, the order of client
/// messages, heartbeats and time-outs.
///
/// It has no socket, clock, log or application: the driver decodes messages into [`ClientOp`]s and [`Uplink`]s, passes
/// them in with the time, and carries out the outputs.
///
/// **The contract.** After each call that takes `&mut self`, drain [`poll_output`](Self::poll_output) until it is
/// `None`, carrying out each output in order (some request a call, which may add outputs); then arm one timer for
/// [`poll_timeout`](Self::poll_timeout) and call [`handle_timeout`](Self::handle_timeout) when it is due. There are no
/// outputs after [`Output::Close`].
#[derive(Debug)]
pub struct ServerSession {
    config: Arc<ServerConfig>,
    phase: Phase,
    client_id: Uuid,
    client_limits: ClientLimits,
    subscriptions: Subscriptions,
    uplink: UplinkOrder,
    posts: PostOrder,
    heartbeat: Heartbeat,
    throttle: Throttle,
    grant_end: GrantEnd,
    outputs: Outputs,
}

impl ServerSession {
    /// The session of a connection that has just been opened.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, now: Moment) -> Self {
        Self {
            phase: Phase::AwaitingAuth {
                until: now + config.handshake,
            },
            heartbeat: Heartbeat::new(now, &config),
            config,
            client_id: Uuid::nil(),
            client_limits: ClientLimits::default(),
            subscriptions: Subscriptions::default(),
            uplink: UplinkOrder::default(),
            posts: PostOrder::default(),
            throttle: Throttle::default(),
            grant_end: GrantEnd::default(),
            outputs: Outputs::default(),
        }
    }

    /// Takes a control op of the client.
    pub fn handle_op(&mut self, now: Moment, op: ClientOp) {
        self.note_activity(now);
        self.end_expired(now);
        match (&mut self.phase, op) {
            (Phase::Closed, _) => {}
            (Phase::AwaitingAuth { .. }, ClientOp::Auth(auth)) => {
                self.client_id = auth.client_id;
                self.client_limits = ClientLimits::of(&auth);
                self.subscriptions.takes_skipped = auth.skips;
                self.grant_end.begin(auth.renews);
                self.posts.begin(auth.attempt.unwrap_or_default());
                authenticate(&mut self.phase, auth, &mut self.outputs);
            }
            (Phase::AwaitingAuth { .. }, _) => {
                self.report(ErrorCode::BadOp, "the first op of a connection is auth");
                self.close(CloseReason::AuthExpected);
            }
            (Phase::Authenticating { request, .. }, op) => {
                if !request.defer(op) {
                    let message = "more ops before auth_ok than are kept (protocol, section 11)";
                    self.report(ErrorCode::BadOp, message);
                    self.close(CloseReason::ProtocolError);
                }
            }
            (Phase::Ready, op) => self.handle_ready_op(op),
        }
    }

    fn handle_ready_op(&mut self, op: ClientOp) {
        let outputs = &mut self.outputs;
        match op {
            ClientOp::Auth(_) => {
                outputs.error(ErrorCode::BadOp, "this connection is authenticated", None);
            }
            ClientOp::Subscribe(items) => {
                for item in items {
                    self.subscriptions
                        .subscribe(item, self.client_id, &self.config, outputs);
                }
            }
            ClientOp::Unsubscribe(ids) => self.subscriptions.unsubscribe(ids, outputs),
            ClientOp::Ack(acks) => self.subscriptions.acked(acks, outputs),
            ClientOp::Whole(id) => self.subscriptions.whole(id, outputs),
            ClientOp::Have(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                outputs.put(Output::Have(ids));
            }
            ClientOp::Token(token) => self.take_token(token),
            ClientOp::Ping => outputs.op(ServerOp::Pong),
            ClientOp::Pong => {}
            ClientOp::Goodbye => {
                outputs.put(Output::EndSession);
                self.close(CloseReason::Normal);
            }
        }
    }

    /// Takes a client's message.
    pub fn handle_uplink(&mut self, now: Moment, uplink: Uplink) {
        self.note_activity(now);
        self.end_expired(now);
        if self.is_closed() {
            return;
        }
        if !self.is_ready() {
            return self.close(CloseReason::AuthExpected);
        }
        self.uplink.take(uplink, &self.config, &mut self.outputs);
        self.note_close();
    }

    /// Checks the number of a POST; if it is the next one, its message is to be handled as any other.
    pub const fn take_post(&mut self, post: PostNumber) -> PostCheck {
        self.posts.take(post)
    }

    /// Sets the end of the client's grant, at which the connection is closed with 4005; `None` for never. A client that
    /// renews its token is asked for one before.
    pub fn set_grant_end(&mut self, now: Moment, end: Option<Moment>) {
        if let Some(token) = self.grant_end.set(now, end) {
            self.take_token(token);
        }
    }

    /// Records that the token of [`Output::Renew`] was refused, or could not be checked now, as `reason` says. In the latter
    /// case the connection goes on, and the client is asked again before its grant ends.
    pub fn handle_renewal_failed(&mut self, now: Moment, reason: CloseReason, message: &str) {
        match retry_advice(Some(reason.code())) {
            RetryAdvice::Now | RetryAdvice::Later => {
                self.report(ErrorCode::Unavailable, message);
                if let Some(token) = self.grant_end.not_checked(now) {
                    self.take_token(token);
                }
            }
            RetryAdvice::Never => {
                self.report(ErrorCode::NotPermitted, message);
                self.close(reason);
            }
        }
    }

    /// Begins to check a renewed token. Where the grant does not end, the client is sent away instead, to come back with the
    /// token in `auth`.
    fn take_token(&mut self, token: Hidden<String>) {
        if !self.grant_end.take(token, &mut self.outputs) {
            self.leave(CloseReason::GrantExpired, GRANT_RETRY);
        }
    }

    /// Ends a subscription that the client's grant does not allow any more.
    pub fn handle_forbidden(&mut self, id: u32) {
        let reason = ResetReason::NotPermitted;
        self.subscriptions.end(id, reason, &mut self.outputs);
    }

    /// Opens the session: the credentials are accepted.
    pub fn handle_accepted(&mut self, now: Moment, state: SessionState) {
        if !matches!(self.phase, Phase::Authenticating { .. }) {
            return;
        }
        let phase = core::mem::replace(&mut self.phase, Phase::Ready);
        let Phase::Authenticating { request, .. } = phase else {
            return;
        };
        self.uplink.start_after(state.received);
        self.heartbeat = Heartbeat::new(now, &self.config);
        let limits = self.client_limits;
        let answer = request.answer(self.client_id, limits, state, &self.config);
        let auth_ok = ServerOp::AuthOk(answer);
        if let Some(message) = limits.excess(&auth_ok) {
            self.outputs.error(ErrorCode::TooLarge, &message, None);
            return self.close(CloseReason::MessageTooLarge);
        }
        self.outputs.op(auth_ok);
        for op in request.into_ops() {
            self.handle_ready_op(op);
        }
    }

    /// Refuses the connection with this `reason`: the credentials are wrong, or the client may reconnect later.
    pub fn handle_refused(&mut self, reason: CloseReason, message: &str) {
        if matches!(self.phase, Phase::Authenticating { .. }) {
            let code = match retry_advice(Some(reason.code())) {
                RetryAdvice::Now | RetryAdvice::Later => ErrorCode::Unavailable,
                RetryAdvice::Never => ErrorCode::NotPermitted,
            };
            self.outputs.error(code, message, None);
            self.close(reason);
        }
    }

    /// Takes the result of a lookup, and sends the outcome. Returns whether [`Output::Read`] of this lookup follows; if
    /// not, the driver drops the stream.
    #[must_use]
    pub fn handle_opened(&mut self, lookup: u64, opened: Opened) -> bool {
        self.is_ready() && self.subscriptions.opened(lookup, opened, &mut self.outputs)
    }

    /// Sends a `reset` to a reader that retention has passed; the driver continues after the floor.
    pub fn handle_overrun(&mut self, id: u32, bounds: Bounds) {
        self.subscriptions.overrun(id, bounds, &mut self.outputs);
    }

    /// States that a reader too far behind continues after this position, `count` entries after the last one that it was
    /// sent; the driver continues there.
    pub fn handle_skipped(&mut self, id: u32, count: u64, position: Position, bounds: Bounds) {
        self.subscriptions
            .skipped(id, count, position, bounds, &mut self.outputs);
    }

    /// Ends a subscription whose log cannot be read any more.
    pub fn handle_unreadable(&mut self, id: u32) {
        let reason = ResetReason::StoreUnavailable;
        self.subscriptions.end(id, reason, &mut self.outputs);
    }

    /// Ends a subscription whose next entry is above the client's limit.
    pub fn handle_too_large(&mut self, id: u32, bytes: usize, limit: usize) {
        self.subscriptions
            .too_large(id, bytes, limit, &mut self.outputs);
    }

    /// Takes the application's answer to a message.
    pub fn handle_answer(&mut self, number: Option<u64>, answer: Result<(), MessageError>) {
        self.uplink.answer(number, answer, &mut self.outputs);
    }

    /// Sends the heartbeat that [`Output::Heartbeat`] requests.
    pub fn send_heartbeat(&mut self, heads: Vec<StreamHead>) {
        ping(&heads, self.client_limits.message_bytes, &mut self.outputs);
    }

    /// Records that something was received.
    pub fn note_activity(&mut self, now: Moment) {
        self.heartbeat.note_activity(now);
    }

    /// Reports an error of the client; nothing else is affected.
    pub fn report(&mut self, code: ErrorCode, message: &str) {
        self.outputs.error(code, message, None);
    }

    /// Ends the connection.
    pub fn close(&mut self, reason: CloseReason) {
        self.uplink.acknowledge(&mut self.outputs);
        self.outputs.close(reason);
        self.note_close();
    }

    /// Ends the connection because the server ends; the client comes back after `retry`.
    pub fn drain(&mut self, retry: Duration) {
        self.leave(CloseReason::Draining, retry);
    }

    /// Ends the connection with a goodbye, after which the client comes back.
    fn leave(&mut self, reason: CloseReason, retry: Duration) {
        self.uplink.acknowledge(&mut self.outputs);
        self.outputs.goodbye(reason, retry);
        self.close(reason);
    }

    /// Records that the client has sent more than its limit, so that nothing is read from it for a time. The client is
    /// sent `slow`; if it goes on, an `error`; then the connection is closed with 4102 (docs/protocol.md
    /// section 5.6). Its silence counts from the end of that time. Before `auth_ok` it is sent nothing.
    pub fn throttle(&mut self, now: Moment, excess: Excess) {
        self.note_activity(excess.until);
        if self.is_ready() {
            self.uplink.acknowledge(&mut self.outputs);
            self.throttle.wait(now, excess, &mut self.outputs);
            self.note_close();
        }
    }

    /// Ends the connection if the client's grant has ended.
    fn end_expired(&mut self, now: Moment) {
        if self.is_ready() && self.grant_end.has_come(now) {
            self.leave(CloseReason::GrantExpired, GRANT_RETRY);
        }
    }

    fn note_close(&mut self) {
        if self.outputs.is_closed() {
            self.phase = Phase::Closed;
        }
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.end_expired(now);
        match self.phase {
            Phase::AwaitingAuth { until } | Phase::Authenticating { until, .. } if until <= now => {
                self.close(CloseReason::HandshakeTimeout);
            }
            Phase::Ready if self.heartbeat.is_lost(now) => self.close(CloseReason::HeartbeatLost),
            Phase::Ready => {
                self.grant_end.ask(now, &mut self.outputs);
                self.heartbeat.beat(now, &mut self.outputs);
            }
            Phase::AwaitingAuth { .. } | Phase::Authenticating { .. } | Phase::Closed => {}
        }
    }

    /// Time at which to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        match self.phase {
            Phase::AwaitingAuth { until } | Phase::Authenticating { until, .. } => Some(until),
            Phase::Ready => sooner(Some(self.heartbeat.next()), self.grant_end.due()),
            Phase::Closed => None,
        }
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.take() {
            return Some(output);
        }
        self.uplink.acknowledge(&mut self.outputs);
        self.outputs.take()
    }

    /// Returns whether the handshake is done and the connection not closed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Returns whether [`Output::Close`] was returned or is queued.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// The id that the client gave in `auth`; nil before.
    #[must_use]
    pub const fn client_id(&self) -> Uuid {
        self.client_id
    }

    /// Limits that the client stated in `auth`; the defaults before.
    #[must_use]
    pub const fn client_limits(&self) -> ClientLimits {
        self.client_limits
    }
}
