//! One connection without its socket: carries out the session's outputs with the hub's streams, and passes on what the
//! outbox decides to send. It uses no clock and no runtime: transports and the simulator drive it alike.

mod action;
mod authentication;
mod body;
mod executor;
mod inflow;
mod membership;
mod notices;
mod opened;
mod outgoing;
mod posting;
mod stall;
#[cfg(test)]
mod tests;
mod unread;
#[cfg(any(test, feature = "__internals"))]
mod usage;
mod waiting;

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use action::{Accepted, Action, AuthFailure, AuthRequest, Inbound};
use executor::Executor;
use inflow::{Inflow, load};
use notices::Notices;
use posting::Posting;
use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::HANDSHAKE_BYTES;
use push_wire_shared::session::op::ClientOp;
use push_wire_shared::session::server::{Excess, MessageError, PostCheck, ServerSession};
use push_wire_shared::time::{Moment, sooner};
use unread::Unread;
#[cfg(feature = "__internals")]
pub use usage::Usage;

use crate::admission::Admitted;
use crate::carrier::Carrier;
use crate::dialect::Request;
pub use crate::dialect::{Dialect, Message};
use crate::hub::{ConnectionWaker, Hub, Notice, Post, PostAnswer};
use crate::limits::{RATE_PORTION, RATE_RETRY};
use crate::rate::Load;

/// One connection.
///
/// **The contract.** After each call that takes `&mut self` (other than `poll_write`): carry out
/// [`poll_action`](Self::poll_action) until it is `None`, write what [`poll_write`](Self::poll_write) gives
/// once the previous bytes are gone, hand it no message while it [`is_full`](Self::is_full), and arm one timer for
/// [`poll_timeout`](Self::poll_timeout). Wait for the first of: a message, the timer, [`poll_wake`](Self::poll_wake). At
/// the end, carry out the actions that are left, then call [`disconnected`](Self::disconnected).
#[derive(Debug)]
pub struct Peer {
    hub: Arc<Hub>,
    session: ServerSession,
    executor: Executor,
    notices: Notices,
    unread: Unread,
    posting: Posting,
    dialect: Dialect,
    inflow: Inflow,
    /// Place among the server's connections, in drivers that count them.
    admitted: Option<Admitted>,
    closed: bool,
    /// The server ends: so does the connection, once everything that it has received is handled.
    draining: bool,
}

impl Peer {
    /// The peer of a connection that has just been opened.
    #[must_use]
    pub fn new(hub: Arc<Hub>, dialect: Dialect, now: Moment) -> Self {
        let waker = Arc::<ConnectionWaker>::default();
        let config = Arc::clone(hub.session_config());
        Self {
            session: ServerSession::new(config, now),
            executor: Executor::new(Arc::clone(&hub), dialect, &waker),
            notices: Notices::new(waker),
            unread: Unread::default(),
            posting: Posting::default(),
            dialect,
            inflow: Inflow::new(Arc::clone(&hub)),
            admitted: None,
            closed: false,
            draining: false,
            hub,
        }
    }

    /// Sets the address of the other end, under which sessions without identity are counted.
    pub fn set_address(&mut self, address: IpAddr) {
        self.executor.membership.set_address(address);
    }

    /// Sets the id of the last event that the client of an event stream has seen; before `auth`.
    pub fn set_last_event(&mut self, id: String) {
        self.executor.outgoing.codec.set_last_event(id);
    }

    /// Sets an error of the request that opened the connection; before `auth`. The JSON dialect sends it.
    pub fn set_remark(&mut self, text: String) {
        self.executor.outgoing.codec.set_remark(text);
    }

    /// Sets the connection's place among those of the server, and with it the client's address.
    pub(crate) fn set_admitted(&mut self, admitted: Admitted) {
        if let Some(address) = admitted.address() {
            self.set_address(address);
        }
        self.admitted = Some(admitted);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self, now: Moment) -> Option<Action> {
        loop {
            let action = self.for_post(|peer| peer.executor.next_action(now, &mut peer.session));
            if action.is_some() {
                return action;
            }
            self.read_on(now);
            self.take_posts(now);
            self.tell_excess(now);
            if self.draining && self.is_idle() {
                self.session.drain(self.hub.return_delay());
                self.perform(now);
            }
            if self.executor.actions.is_empty() {
                return None;
            }
        }
    }

    /// Returns whether everything that was received is handled.
    fn is_idle(&self) -> bool {
        self.executor.is_idle() && self.unread.is_empty() && !self.session.is_closed()
    }

    /// Returns whether [`poll_action`](Self::poll_action) has something.
    #[must_use]
    pub(crate) fn has_actions(&self) -> bool {
        !self.executor.actions.is_empty()
    }

    /// Returns whether the client is authenticated.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.executor.membership.client().is_some()
    }

    /// Largest message that the client may send now, in bytes: smaller before the handshake is done.
    #[must_use]
    pub fn message_limit(&self) -> usize {
        let limit = self.hub.limits().message_bytes;
        match self.executor.membership.client() {
            Some(_) => limit,
            None => limit.min(HANDSHAKE_BYTES),
        }
    }

    /// Ready if the hub has woken the connection; then call [`handle_wake`](Self::handle_wake) and
    /// [`poll_write`](Self::poll_write).
    pub fn poll_wake(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.notices.waker().poll(cx)
    }

    /// Time at which to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let stalled = self.executor.outgoing.stall.deadline();
        let due = sooner(self.session.poll_timeout(), stalled);
        sooner(due, self.inflow.waits_until())
    }

    /// Returns whether no message of the client is taken now: the queue of ops is full until some have been written, the
    /// client has sent more than its rates, or a part of its last message waits for the check of a renewed token.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let waits = self.inflow.waits_until().is_some();
        let has_room = self.executor.op_room() > 0 && !self.executor.is_waiting();
        waits || !has_room || !self.unread.is_empty()
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        let stall = &self.executor.outgoing.stall;
        if stall.is_over(now) {
            self.session.close(CloseReason::Stalled);
        } else if stall.waits(now) {
            // A ping waits too: the time for its answer begins when it has left.
            self.session.note_activity(now);
        }
        self.session.handle_timeout(now);
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
        self.unread.clear();
        self.posting.drop_reply();
        self.notices.waker().close_posts();
        self.executor.membership.leave(now);
    }

    /// Records that something was received that has no other effect: a pong, or a fragment of a message.
    pub fn note_activity(&mut self, now: Moment) {
        self.session.note_activity(now);
    }

    /// Takes this many frames of the transport that belong to no message from the client's rates.
    pub fn handle_extra_frames(&mut self, now: Moment, frames: usize) {
        if frames > 0 {
            self.charge(now, Load::of_frames(frames));
        }
    }

    /// Takes a message of the client. If there is no room for all answers, the rest of the message waits, and the peer
    /// [`is_full`](Self::is_full).
    pub fn handle_message(&mut self, now: Moment, message: Message) {
        if self.closed || self.session.is_closed() {
            return;
        }
        self.session.note_activity(now);
        let bytes = Load::of_bytes(message.len());
        self.unread.set(message);
        self.read_on(now);
        self.charge(now, bytes);
    }

    /// Takes the messages that the client POSTs, each once the one before is handled.
    fn take_posts(&mut self, now: Moment) {
        loop {
            let is_handled = self.unread.is_empty()
                && self.executor.is_idle()
                && !self.executor.membership.holds_posts();
            if !is_handled && !self.session.is_closed() {
                return;
            }
            self.posting.finish();
            if self.is_full() {
                return;
            }
            match self.notices.waker().take_post() {
                Some(post) => self.take_post(now, post),
                None => return,
            }
        }
    }

    fn take_post(&mut self, now: Moment, post: Post) {
        if !self.session.is_ready() {
            return;
        }
        let check = post.number.map(|number| self.session.take_post(number));
        match check {
            Some(PostCheck::Gap { received }) => post.reply.give(PostAnswer::Gap { received }),
            Some(PostCheck::Repeat) => post.reply.give(PostAnswer::Taken(Vec::new())),
            Some(PostCheck::OtherAttempt) => post.reply.give(PostAnswer::Gone),
            Some(PostCheck::Next) | None => {
                self.posting.begin(post.reply);
                let message = Message::Binary(post.content);
                self.for_post(|peer| peer.handle_message(now, message));
            }
        }
    }

    /// Runs a part of the handling of the client's message. What is put out meanwhile answers the POST that the message
    /// came in, if there is one.
    fn for_post<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.posting.listen(&mut self.executor.outgoing.codec);
        let result = run(self);
        self.posting.collect(&mut self.executor.outgoing.codec);
        result
    }

    /// Takes as much of the client's last message as its rates allow and there is room for the answers to.
    fn read_on(&mut self, now: Moment) {
        while self.inflow.is_open(now) {
            let room = self.inflow.frames_at_once(now, self.executor.op_room());
            let codec = &mut self.executor.outgoing.codec;
            let Some(requests) = self.unread.read(room, codec) else {
                return;
            };
            let load = load(&requests);
            self.take(now, requests);
            self.perform(now);
            self.charge(now, load);
        }
    }

    /// Takes a load from the rates of the connection and of its owner. Beyond them, nothing more is read for a time, and
    /// the client is notified; a connection that ends with its server is read to the end.
    fn charge(&mut self, now: Moment, load: Load) {
        let own = self.inflow.take(now, load);
        let owner = self.executor.membership.charge(now, load);
        let wait = owner.map_or(own, |owner| own.longer(owner));
        if wait.until <= now || self.draining || self.session.is_closed() {
            return;
        }
        self.inflow.wait(Excess {
            until: wait.until + RATE_PORTION,
            window: wait.window,
            retry: RATE_RETRY + self.hub.return_delay(),
        });
    }

    /// Tells a client that has sent more than its rates. That is no part of the handling of a message, which may answer a
    /// POST.
    fn tell_excess(&mut self, now: Moment) {
        if let Some(excess) = self.inflow.take_excess() {
            self.session.throttle(now, excess);
            self.perform(now);
        }
    }

    fn open_session(&mut self, now: Moment, accepted: Accepted) {
        let Accepted { grant, expires } = accepted;
        let client = self.session.client_id();
        let opened = self
            .executor
            .membership
            .open(now, client, grant, self.notices.waker());
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let reason = error.close_reason();
                return self.session.handle_refused(reason, &error.to_string());
            }
        };
        if let Some(admitted) = &mut self.admitted {
            admitted.authenticated();
        }
        let limits = self.session.client_limits();
        self.executor.outgoing.codec.open(client, &opened, limits);
        let resumed = opened.state.resumed;
        self.draining = self.hub.is_draining();
        self.session.set_grant_end(now, expires);
        self.session.handle_accepted(now, opened.state);
        // Revoked between the check and the opening, when no notice could reach the connection.
        self.end_if_revoked(now);
        // `auth_ok` is written before anything that follows from it.
        self.perform(now);
        self.begin(now, resumed);
    }

    /// Subscribes to what the dialect begins with, once the session is open.
    fn begin(&mut self, now: Moment, resumed: bool) {
        let may_read = |channel, scope: &_| self.executor.membership.may_read(channel, scope);
        let mut requests = Vec::new();
        let each = &mut |one| requests.push(one);
        let items = self.executor.outgoing.codec.begin(resumed, may_read, each);
        if !items.is_empty() {
            self.session.handle_op(now, ClientOp::Subscribe(items));
        }
        self.take(now, requests);
    }

    fn take(&mut self, now: Moment, requests: Vec<Request>) {
        for request in requests {
            match request {
                Request::Op(op) => self.session.handle_op(now, op),
                Request::Uplink(uplink) => self.session.handle_uplink(now, uplink),
                Request::Names(_) => {}
                Request::Error(code, message) => self.session.report(code, &message),
                Request::Close(reason) => self.session.close(reason),
            }
        }
    }

    /// Takes the answer to [`Action::Deliver`], with its number.
    pub fn handle_answer(
        &mut self,
        now: Moment,
        number: Option<u64>,
        answer: Result<(), MessageError>,
    ) {
        self.executor.answer(number, answer, &mut self.session);
        // Answers to messages that the driver takes together are acknowledged together.
        if self.executor.actions.is_empty() {
            self.for_post(|peer| peer.perform(now));
            self.read_on(now);
            self.take_posts(now);
        }
    }

    /// Takes the hub's notices, as many as there is room for.
    pub fn handle_wake(&mut self, now: Moment) {
        let notices = self.notices.take(self.executor.op_room());
        self.executor.outgoing.outbox.collect_woken();
        for notice in notices {
            match notice {
                Notice::Replaced => self.session.close(CloseReason::Replaced),
                Notice::Draining => {
                    self.draining = true;
                    self.inflow.open();
                }
                Notice::Revoked => self.end_if_revoked(now),
                Notice::System { json, op } => self.executor.say_system(&json, op.as_ref()),
            }
        }
        self.perform(now);
    }

    /// Carries out the session's outputs.
    fn perform(&mut self, now: Moment) {
        self.executor.perform(now, &mut self.session);
        if self.session.is_closed() {
            self.unread.clear();
            self.inflow.open();
        }
    }

    /// Returns whether [`poll_write`](Self::poll_write) may have something.
    #[must_use]
    pub(crate) fn has_output(&self) -> bool {
        self.notices.are_left() || self.executor.outgoing.has_output()
    }

    /// Gives the next message or messages to the carrier; none if there is nothing to send. Call it only when all that
    /// it gave before has been written, then call [`wrote`](Self::wrote).
    pub fn poll_write(&mut self, now: Moment, out: &mut dyn Carrier) {
        if self.closed {
            return;
        }
        if self.notices.are_left() {
            self.handle_wake(now);
        }
        self.executor.write(now, &mut self.session, out);
    }

    /// Records that the transport took some bytes; `all`: it has taken everything that it was given.
    pub fn wrote(&mut self, now: Moment, all: bool) {
        let had_waited = self.executor.outgoing.stall.taken(now, all);
        // Bytes that had to wait are taken because the client took others. The client of an event stream sends nothing: that
        // it takes bytes is its only sign of life.
        if had_waited || self.dialect == Dialect::JsonEvents {
            self.session.note_activity(now);
        }
        if all {
            self.read_on(now);
        }
    }
}
