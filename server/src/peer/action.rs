//! Actions that a peer asks of its transport's driver.

use std::collections::VecDeque;

use bytes::Bytes;
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::Auth;
use push_wire_shared::session::wire::Content;
use uuid::Uuid;

/// Actions for the driver, to be carried out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Authenticate this client, then call `handle_authenticated`.
    Authenticate(AuthRequest),
    /// A client's message for the application; its result goes to `handle_answer`.
    Deliver(Inbound),
    /// Write what `poll_write` still has, close the transport with this code and text, then call
    /// `disconnected`.
    Close {
        /// Close code.
        code: u16,
        /// A short text.
        text: String,
    },
}

/// Client of the handshake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthRequest {
    /// The client's id, its own choice.
    pub client_id: Uuid,
    /// The application's credential.
    pub token: Option<String>,
    /// Wire ids of the known channels that the client named; none means that it named none.
    pub channels: Vec<u8>,
}

impl AuthRequest {
    /// The client of an `auth` that names these channels, known or not.
    pub(super) fn new(auth: &Auth, names: &[&str], table: &ChannelTable) -> Self {
        let known = names.iter().filter_map(|name| table.by_name(name));
        let mut channels: Vec<u8> = known.map(|channel| channel.id).collect();
        channels.sort_unstable();
        channels.dedup();
        Self {
            client_id: auth.client_id,
            token: auth.token.clone(),
            channels,
        }
    }
}

/// A client's message for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inbound {
    /// Client id of the sender.
    pub client_id: Uuid,
    /// Identity of the sender, if the authenticator gave one.
    pub identity: Option<String>,
    /// Wire id of the channel.
    pub channel: u8,
    /// Kind of the body.
    pub content: Content,
    /// A value as JSON text, or the application's bytes.
    pub body: Bytes,
    /// Its number, to be given back with the answer.
    pub number: Option<u64>,
}

/// Error of the authenticator, for a client that is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthFailure {
    /// For people.
    pub message: String,
    /// The credentials could not be checked: come back later.
    pub unavailable: bool,
}

impl AuthFailure {
    pub(super) const fn close_reason(&self) -> CloseReason {
        if self.unavailable {
            CloseReason::AuthUnavailable
        } else {
            CloseReason::Unauthorized
        }
    }
}

/// Actions that wait for the driver.
#[derive(Default, Debug)]
pub(super) struct Actions {
    queue: VecDeque<Action>,
}

impl Actions {
    pub(super) fn push(&mut self, action: Action) {
        self.queue.push_back(action);
    }

    pub(super) fn pop(&mut self) -> Option<Action> {
        let action = self.queue.pop_front();
        if action.is_none() {
            // The capacity of a busy moment is not kept: most connections are idle.
            self.queue = VecDeque::new();
        }
        action
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
