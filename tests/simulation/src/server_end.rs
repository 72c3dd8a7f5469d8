//! The server's end of one simulated connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use push_wire_server::internals::carrier;
use push_wire_server::internals::peer::{
    Accepted, Action, AuthFailure, AuthRequest, Message, Peer,
};
use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::lane;
use super::lane_watch::{LaneWatch, Write};
use super::model::Model;
use super::node::{Node, Token};

/// The server's end of one connection: it drives a peer as the server's transport does, without a socket.
#[derive(Debug)]
pub struct ServerEnd {
    peer: Peer,
    client: Option<Uuid>,
    token: Token,
    /// Its renewed token was refused: it had expired, or was another user's.
    is_refused: bool,
    /// Its credentials were revoked before it opened, so that it has no session.
    came_revoked: bool,
    /// Its credentials are revoked.
    is_revoked: bool,
    /// Messages that arrived while the peer was full, oldest first.
    held: VecDeque<Vec<u8>>,
    unsent: VecDeque<Vec<u8>>,
    closed: Option<u16>,
    busy_until: Moment,
    wake_flag: Arc<WakeFlag>,
    lanes: LaneWatch,
}

/// Set when the hub wakes the connection.
#[derive(Debug)]
struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl ServerEnd {
    /// Server's end of a connection that was just opened.
    #[must_use]
    pub fn new(now: Moment, peer: Peer) -> Self {
        Self {
            peer,
            client: None,
            token: Token::default(),
            is_refused: false,
            came_revoked: false,
            is_revoked: false,
            held: VecDeque::new(),
            unsent: VecDeque::new(),
            closed: None,
            busy_until: now,
            wake_flag: Arc::new(WakeFlag(AtomicBool::new(true))),
            lanes: LaneWatch::default(),
        }
    }

    /// Takes a message, once the peer has room for the answers to those before it.
    pub fn handle_message(&mut self, now: Moment, message: Vec<u8>) {
        self.held.push_back(message);
        self.pass_held(now);
    }

    /// Number of messages that wait until the peer has room.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Passes held messages to the peer until it is full. Returns whether there was one.
    fn pass_held(&mut self, now: Moment) -> bool {
        let before = self.held.len();
        while !self.peer.is_full()
            && let Some(message) = self.held.pop_front()
        {
            self.peer
                .handle_message(now, Message::Binary(message.into()));
        }
        self.held.len() < before
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.peer.handle_timeout(now);
    }

    /// Time at which something is due, at `now` or later.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<Moment> {
        let busy = Some(self.busy_until).filter(|_| self.is_busy(now));
        busy.or_else(|| self.peer.poll_timeout())
    }

    /// End of the time in which its task is busy elsewhere.
    #[must_use]
    pub fn busy_until(&self) -> Moment {
        self.busy_until
    }

    /// Returns whether its task is busy elsewhere.
    #[must_use]
    pub fn is_busy(&self, now: Moment) -> bool {
        now < self.busy_until
    }

    /// Carries out the peer's actions. Returns whether there was one.
    ///
    /// # Errors
    /// Fails if an action breaks a promise.
    pub fn act(
        &mut self,
        now: Moment,
        node: &mut Node,
        model: &mut Model,
    ) -> Result<bool, PromiseError> {
        self.note_revocation(node);
        let mut acted = self.check_wake(now) | self.pass_held(now);
        while let Some(action) = self.peer.poll_action(now) {
            acted = true;
            match action {
                Action::Authenticate(request) => {
                    let answer = self.authenticate(now, &request, node, model);
                    self.peer.handle_authenticated(now, answer);
                    self.note_revocation(node);
                }
                Action::Deliver(inbound) => {
                    self.check_unrevoked(|| format!("{inbound:?} was taken"))?;
                    node.delivered(now, model, &inbound)?;
                    self.peer.handle_answer(now, inbound.number, Ok(()));
                }
                Action::Close { code, .. } => self.closed = Some(code),
            }
        }
        if acted {
            self.busy_until = now + node.delay();
        }
        Ok(acted)
    }

    fn authenticate(
        &mut self,
        now: Moment,
        request: &AuthRequest,
        node: &mut Node,
        model: &mut Model,
    ) -> Result<Accepted, AuthFailure> {
        let answer = match self.client {
            Some(_) => node.renew(now, request),
            None => node.authenticate(now, request, model),
        };
        self.is_refused |= answer.is_err();
        let accepted = answer?;
        let shown = request.token.as_deref().and_then(Token::read);
        let token = shown.unwrap_or(self.token);
        if self.client.is_some() && token.user != self.token.user {
            // A connection keeps its user.
            self.is_refused = true;
            return Ok(accepted);
        }
        self.token = token;
        self.came_revoked = self.client.is_none() && node.is_revoked(request.client_id, self.token);
        if !self.came_revoked {
            self.client = Some(request.client_id);
        }
        Ok(accepted)
    }

    fn note_revocation(&mut self, node: &Node) {
        let client = self.client;
        let is_revoked = client.is_some_and(|client| node.is_revoked(client, self.token));
        self.is_revoked = self.came_revoked || is_revoked;
    }

    fn check_unrevoked(&self, what: impl FnOnce() -> String) -> Result<(), PromiseError> {
        if self.is_revoked && self.closed.is_none() {
            let what = format!("client {:?} is revoked: {}", self.client, what());
            return Err(Promise::Revocation.broken(what));
        }
        Ok(())
    }

    /// Checks that a connection with revoked credentials is closed, and that no other is closed as if they were.
    ///
    /// # Errors
    /// Fails if not.
    pub fn check_revocation(&self) -> Result<(), PromiseError> {
        self.check_unrevoked(|| "it is still connected".into())?;
        let is_unauthorized = self.closed == Some(CloseReason::Unauthorized.code());
        if is_unauthorized && !self.is_revoked && !self.is_refused {
            let what = format!("client {:?} is closed without a reason", self.client);
            return Err(Promise::Revocation.broken(what));
        }
        Ok(())
    }

    /// Returns whether it was closed because its credentials are revoked.
    #[must_use]
    pub fn is_closed_as_revoked(&self) -> bool {
        self.is_revoked && self.closed == Some(CloseReason::Unauthorized.code())
    }

    /// Handles a wake-up if there was one. Without one the peer is not polled, so that a lost wake-up is found.
    fn check_wake(&mut self, now: Moment) -> bool {
        let mut woken = false;
        while self.wake_flag.0.swap(false, Ordering::Relaxed) {
            let waker = Waker::from(Arc::clone(&self.wake_flag));
            while self.peer.poll_wake(&mut Context::from_waker(&waker)) == Poll::Ready(()) {
                self.peer.handle_wake(now);
                woken = true;
            }
        }
        woken
    }

    /// The next message for the socket, if the socket has room. Others wait here.
    ///
    /// # Errors
    /// Fails if a write breaks a promise.
    pub fn next_message(
        &mut self,
        now: Moment,
        has_room: bool,
    ) -> Result<Option<Vec<u8>>, PromiseError> {
        if self.unsent.is_empty() {
            self.poll_write(now)?;
        }
        if !has_room {
            return Ok(None);
        }
        let Some(message) = self.unsent.pop_front() else {
            return Ok(None);
        };
        self.peer.wrote(now, self.unsent.is_empty());
        self.pass_held(now);
        Ok(Some(message))
    }

    fn poll_write(&mut self, now: Moment) -> Result<(), PromiseError> {
        let mut messages: Vec<carrier::Message> = Vec::new();
        self.peer.poll_write(now, &mut messages);
        let mut write = Write::default();
        for message in messages {
            let content = message.content().to_vec();
            write.add(&content);
            self.unsent.push_back(content);
        }
        if write.has_reset() {
            // A reader was overrun: its lane has lost its turn of the round, and waits again only now.
            self.lanes.restart();
        }
        if write.is_empty() {
            return Ok(());
        }
        self.check_unsent_to_revoked(&write)?;
        // The peer has not read yet what was published since the last wake-up.
        let is_woken = self.wake_flag.0.load(Ordering::Relaxed);
        let waiting = (!is_woken).then(|| self.lanes_waiting(now));
        self.lanes.wrote(&write, waiting)
    }

    fn check_unsent_to_revoked(&self, write: &Write) -> Result<(), PromiseError> {
        if self.is_revoked {
            let what = format!("client {:?} is revoked: {write:?}", self.client);
            return Err(Promise::Revocation.broken(what));
        }
        Ok(())
    }

    /// Lanes of which entries wait to be sent.
    fn lanes_waiting(&self, now: Moment) -> [bool; 3] {
        let mut waiting = [false; 3];
        let channels = self.peer.channels_waiting(now);
        channels.for_each(|channel| waiting[lane(channel)] = true);
        waiting
    }

    /// Returns whether saturated lanes have shared the connection for long enough to be tested since the last call.
    pub const fn take_saturated(&mut self) -> bool {
        self.lanes.take_tested()
    }

    /// Close code, once the peer has closed the connection; it is sent after all messages.
    #[must_use]
    pub fn closed(&self) -> Option<u16> {
        self.closed
    }

    /// Ends the connection.
    pub fn disconnected(&mut self, now: Moment, node: &mut Node) {
        self.peer.disconnected(now);
        if let Some(client) = self.client {
            node.left(now, client);
        }
    }
}
