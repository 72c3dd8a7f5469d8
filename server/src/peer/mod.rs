//! One connection without its socket: carries out the session's outputs with the hub's streams, and passes on what the
//! outbox decides to send. It uses no clock and no runtime: transports and the simulator drive it alike.

mod action;
mod body;
mod incoming;
mod json_text;
mod membership;
mod perform;
mod stall;
#[cfg(test)]
mod tests;
mod usage;
mod write;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use action::{Action, AuthFailure, AuthRequest, Inbound};
use membership::Membership;
use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::HANDSHAKE_BYTES;
use push_wire_shared::session::server::{MessageError, ServerSession};
use push_wire_shared::time::{Moment, sooner};
use stall::Stall;
pub use usage::Usage;

use crate::auth::Grant;
use crate::dialect::Codec;
pub use crate::dialect::{Dialect, Message};
use crate::hub::{ConnectionWaker, Hub, OpenStream, SessionError};
use crate::outbox::Outbox;

/// One connection.
///
/// **The contract.** After each call that takes `&mut self` (other than `poll_write`): carry out
/// [`poll_action`](Self::poll_action) until it is `None`, write what [`poll_write`](Self::poll_write) gives
/// once the previous bytes are gone, hand it no message while it [`is_full`](Self::is_full), and arm one timer for
/// [`poll_timeout`](Self::poll_timeout). Wait for the first of: a message, the timer, [`poll_wake`](Self::poll_wake). At
/// the end, call [`disconnected`](Self::disconnected).
#[derive(Debug)]
pub struct Peer {
    hub: Arc<Hub>,
    waker: Arc<ConnectionWaker>,
    session: ServerSession,
    codec: Codec,
    outbox: Outbox,
    actions: VecDeque<Action>,
    membership: Membership,
    /// Streams that the session has looked at and not begun to read.
    opened: VecDeque<(u64, OpenStream)>,
    /// The rest of the client's last message, for whose answers there was no room.
    unread: Option<Message>,
    closed: bool,
    /// The hub has notices for which there was no room.
    notices_left: bool,
    stall: Stall,
}

impl Peer {
    /// The peer of a connection that has just been opened.
    #[must_use]
    pub fn new(hub: Arc<Hub>, dialect: Dialect, now: Moment) -> Self {
        let waker = Arc::<ConnectionWaker>::default();
        let config = Arc::clone(hub.session_config());
        let codec = Codec::new(dialect, &hub);
        Self {
            session: ServerSession::new(config, now),
            outbox: Outbox::new(Arc::clone(&waker)),
            membership: Membership::new(Arc::clone(&hub), dialect == Dialect::Json),
            stall: Stall::new(hub.limits().stall),
            hub,
            waker,
            codec,
            actions: VecDeque::new(),
            opened: VecDeque::new(),
            unread: None,
            closed: false,
            notices_left: false,
        }
    }

    /// The other end of the connection: what sessions without identity are counted under.
    pub fn set_address(&mut self, address: IpAddr) {
        self.membership.set_address(address);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if action.is_none() {
            // The capacity of a busy moment is not kept: most connections are idle.
            self.actions = VecDeque::new();
        }
        action
    }

    /// Returns whether [`poll_action`](Self::poll_action) has something.
    #[must_use]
    pub fn has_actions(&self) -> bool {
        !self.actions.is_empty()
    }

    /// Bytes of the largest message that the client may send now: a small one until its session stands.
    #[must_use]
    pub fn message_limit(&self) -> usize {
        let limit = self.hub.limits().message_bytes;
        if self.membership.client().is_some() {
            limit
        } else {
            limit.min(HANDSHAKE_BYTES)
        }
    }

    /// Ready if the hub has woken the connection; then call [`handle_wake`](Self::handle_wake) and
    /// [`poll_write`](Self::poll_write).
    pub fn poll_wake(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.poll(cx)
    }

    /// Returns whether the hub has woken the connection since the last call; for drivers without a waker.
    #[must_use]
    pub fn has_wake(&self) -> bool {
        self.waker.take()
    }

    /// Time at which to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        sooner(self.session.poll_timeout(), self.stall.deadline())
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.stall.is_over(now) {
            self.session.close(CloseReason::Stalled);
        }
        self.session.handle_timeout(now);
        self.perform(now);
    }

    /// The answer to [`Action::Authenticate`].
    pub fn handle_authenticated(&mut self, now: Moment, answer: Result<Grant, AuthFailure>) {
        match answer {
            Ok(grant) => self.open_session(now, grant),
            Err(failure) => {
                let reason = failure.close_reason();
                self.session.handle_refused(reason, &failure.message);
            }
        }
        self.perform(now);
    }

    fn open_session(&mut self, now: Moment, grant: Grant) {
        let client = self.session.client_id();
        let opened_session = self.membership.open(now, client, grant, &self.waker);
        let opened_session = match opened_session {
            Ok(opened_session) => opened_session,
            Err(error) => {
                let reason = match error {
                    SessionError::Late => CloseReason::Replaced,
                    SessionError::Foreign => CloseReason::Unauthorized,
                    SessionError::Limit(_) => CloseReason::Overloaded,
                };
                return self.session.handle_refused(reason, &error.to_string());
            }
        };
        self.codec
            .open(client, &opened_session, self.session.client_limits());
        let resumed = opened_session.state.resumed;
        self.session.handle_accepted(now, opened_session.state);
        self.begin(now, resumed);
    }

    /// The answer to [`Action::Deliver`], with the number that came with it.
    pub fn handle_answer(
        &mut self,
        now: Moment,
        number: Option<u64>,
        answer: Result<(), MessageError>,
    ) {
        self.session.handle_answer(number, answer);
        self.perform(now);
        self.read_on(now);
    }

    /// The server ends this connection.
    pub fn close(&mut self, now: Moment, reason: CloseReason) {
        self.session.close(reason);
        self.perform(now);
    }

    /// The transport has ended, for any reason.
    pub fn disconnected(&mut self, now: Moment) {
        self.closed = true;
        self.unread = None;
        self.membership.leave(now);
    }
}
