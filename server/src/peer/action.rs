//! Actions that a peer asks of its transport's driver.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::Auth;
use push_wire_shared::session::server::Delivery;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use crate::auth::Grant;

/// Actions for the driver, to be carried out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Authenticate this client, or check its renewed token, then call `handle_authenticated`.
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

/// Client of the handshake. `Debug` leaves the token out.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthRequest {
    /// The client's id, its own choice.
    pub client_id: Uuid,
    /// The application's credential.
    pub token: Option<String>,
    /// Wire ids of the known channels that the client named; none means that it named none.
    pub channels: Vec<u8>,
}

impl fmt::Debug for AuthRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRequest")
            .field("client_id", &self.client_id)
            .field("has_token", &self.token.is_some())
            .field("channels", &self.channels)
            .finish()
    }
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

    /// A client that shows a renewed token.
    pub(super) const fn of_renewal(client_id: Uuid, token: String) -> Self {
        Self {
            client_id,
            token: Some(token),
            channels: Vec::new(),
        }
    }
}

/// A client's message for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inbound {
    /// Client id of the sender.
    pub client_id: Uuid,
    /// Grant of the sender.
    pub grant: Arc<Grant>,
    /// Wire id of the channel.
    pub channel: u8,
    /// The topic that it is for; none for the channel itself.
    pub topic: Option<String>,
    /// Kind of the body.
    pub content: Content,
    /// A value as JSON text, or the application's bytes.
    pub body: Bytes,
    /// Its number, to be given back with the answer.
    pub number: Option<u64>,
}

/// Answer of the authenticator for a client that is accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// Rights of the client.
    pub grant: Grant,
    /// [`Grant::expiry`] on the monotonic clock; `None` for never.
    pub expires: Option<Moment>,
}

impl Accepted {
    /// Answer with a grant that does not expire.
    #[cfg(any(test, feature = "__internals"))]
    #[must_use]
    pub const fn for_ever(grant: Grant) -> Self {
        let expires = None;
        Self { grant, expires }
    }

    /// Returns whether the grant has ended.
    pub(super) fn has_expired(&self, now: Moment) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
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
    /// The grant has ended before the client was accepted.
    pub(super) fn expired() -> Self {
        Self {
            message: "the grant had expired before the client was accepted".into(),
            unavailable: false,
        }
    }

    /// The credentials were valid, and have been revoked.
    pub(super) fn revoked() -> Self {
        Self {
            message: "the credentials were revoked".into(),
            unavailable: false,
        }
    }

    pub(super) const fn close_reason(&self) -> CloseReason {
        if self.unavailable {
            CloseReason::AuthUnavailable
        } else {
            CloseReason::Unauthorized
        }
    }
}

/// Something that is done once all before it is done.
#[derive(Debug)]
pub(super) enum Queued {
    /// An action of the driver.
    Action(Action),
    /// A message of the client that its session has not taken yet; the body is in the connection's encoding.
    Message(Delivery),
    /// The end of the session.
    EndSession,
}

/// Queue of actions for the driver.
#[derive(Default, Debug)]
pub(super) struct Actions {
    queue: VecDeque<Queued>,
}

impl Actions {
    pub(super) fn push(&mut self, queued: Queued) {
        self.queue.push_back(queued);
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let queued = self.queue.pop_front();
        if queued.is_none() {
            // The capacity of a busy moment is not kept: most connections are idle.
            self.queue = VecDeque::new();
        }
        queued
    }

    /// Puts messages of the client back, before everything in the queue.
    pub(super) fn put_back(&mut self, messages: VecDeque<Delivery>) {
        for message in messages.into_iter().rev() {
            self.queue.push_front(Queued::Message(message));
        }
    }

    /// Drops the client's messages that its session has not taken.
    pub(super) fn drop_messages(&mut self) {
        self.queue
            .retain(|queued| !matches!(queued, Queued::Message(_)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
