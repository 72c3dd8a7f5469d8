//! The machine itself: who may call what, and when.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;

use uuid::Uuid;

use super::handshake::Phase;
use super::heartbeat::Heartbeat;
use super::subscriptions::Subscriptions;
use super::uplink::UplinkOrder;
use super::{Output, ServerConfig};
use crate::close::CloseReason;
use crate::session::op::{ClientOp, ErrorCode, ServerOp};
use crate::time::{Moment, sooner};

/// The server's side of one connection: handshake, subscriptions and their outcomes, the order of client
/// messages, heartbeats and time-outs.
///
/// It has no socket, clock, log or application: the driver decodes messages into [`ClientOp`]s and
/// [`Uplink`](super::Uplink)s, hands them in with the time, and carries out what comes back.
///
/// **The contract.** After each call that takes `&mut self`, drain [`poll_output`](Self::poll_output) until it
/// is `None`, carrying out each output in order (some ask for a call back, which may put out more); then arm
/// one timer for [`poll_timeout`](Self::poll_timeout) and call [`handle_timeout`](Self::handle_timeout) when
/// it is due. After [`Output::Close`] nothing is put out any more.
#[derive(Debug)]
pub struct ServerSession {
    pub(super) config: Arc<ServerConfig>,
    pub(super) phase: Phase,
    pub(super) client_id: Uuid,
    pub(super) subscriptions: Subscriptions,
    pub(super) uplink: UplinkOrder,
    pub(super) heartbeat: Heartbeat,
    outputs: VecDeque<Output>,
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
            subscriptions: Subscriptions::default(),
            uplink: UplinkOrder::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes a control op of the client.
    pub fn handle_op(&mut self, now: Moment, op: ClientOp) {
        self.heard(now);
        match (&self.phase, op) {
            (Phase::Closed, _) => {}
            (Phase::AwaitingAuth { .. }, ClientOp::Auth(auth)) => self.authenticate(auth),
            (Phase::AwaitingAuth { .. }, _) => self.close(CloseReason::AuthExpected),
            (Phase::Authenticating { .. }, op) => self.defer(op),
            (Phase::Ready, op) => self.handle_ready_op(op),
        }
    }

    pub(super) fn handle_ready_op(&mut self, op: ClientOp) {
        match op {
            ClientOp::Auth(_) => {
                self.error(ErrorCode::BadOp, "this connection is authenticated", None)
            }
            ClientOp::Subscribe(items) => items.into_iter().for_each(|item| self.subscribe(item)),
            ClientOp::Unsubscribe(ids) => ids.into_iter().for_each(|id| self.unsubscribe(id)),
            ClientOp::Ack(acks) => acks
                .into_iter()
                .for_each(|(id, cursor)| self.acked(id, cursor)),
            ClientOp::Whole(id) => self.whole(id),
            ClientOp::Have(ids) => self.put(Output::Have(ids)),
            ClientOp::Ping => self.put(Output::Op(ServerOp::Pong)),
            ClientOp::Pong => {}
            ClientOp::Goodbye => {
                self.put(Output::EndSession);
                self.close(CloseReason::Normal);
            }
        }
    }

    /// Notes that something arrived, whatever it was.
    pub fn heard(&mut self, now: Moment) {
        self.heartbeat.heard(now);
    }

    /// States a fault of the client's; nothing else is affected.
    pub fn report(&mut self, code: ErrorCode, message: &str) {
        self.error(code, message, None);
    }

    /// Ends the connection.
    pub fn close(&mut self, reason: CloseReason) {
        if self.phase != Phase::Closed {
            self.put(Output::Close(reason));
            self.phase = Phase::Closed;
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        match self.phase {
            Phase::AwaitingAuth { until } | Phase::Authenticating { until, .. } if until <= now => {
                self.close(CloseReason::HandshakeTimeout);
            }
            Phase::Ready => self.beat(now),
            Phase::AwaitingAuth { .. } | Phase::Authenticating { .. } | Phase::Closed => {}
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        match self.phase {
            Phase::AwaitingAuth { until } | Phase::Authenticating { until, .. } => Some(until),
            Phase::Ready => sooner(Some(self.heartbeat.next()), self.heartbeat.lost_at()),
            Phase::Closed => None,
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() {
            // The room that a busy moment took is not kept: most connections are idle.
            self.outputs = VecDeque::new();
        }
        output
    }

    /// Whether the handshake is done and the connection not closed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether [`Output::Close`] has been put out.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// The id that the client gave in `auth`; nil before.
    #[must_use]
    pub const fn client_id(&self) -> Uuid {
        self.client_id
    }

    pub(super) fn put(&mut self, output: Output) {
        if self.phase != Phase::Closed {
            self.outputs.push_back(output);
        }
    }

    pub(super) fn error(&mut self, code: ErrorCode, message: &str, id: Option<u32>) {
        self.put(Output::Op(ServerOp::Error {
            code,
            message: String::from(message),
            id,
        }));
    }
}
