//! Messages that clients POST beside an event stream, on their way to the connection (docs/event-streams.md).

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::PostNumber;

use crate::limits::POSTS_WAITING;

/// A client's message that came in a request of its own.
#[derive(Debug)]
pub struct Post {
    /// The message, as it would be sent in a WebSocket.
    pub content: Bytes,
    /// Its number; none in the JSON dialect.
    pub number: Option<PostNumber>,
    /// Receiver of the answer.
    pub reply: Reply,
}

/// Answer to a POST.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PostAnswer {
    /// The message was taken. In the JSON dialect it is handled, with these ops as the result.
    Taken(Vec<OpAnswer>),
    /// A message before it is missing; it was not taken.
    Gap {
        /// Number of the newest that was taken.
        received: u64,
    },
    /// The connection has ended, or is not the one that the POST names.
    Gone,
}

/// An op in the answer to a POST of the JSON dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpAnswer {
    /// Meaning of the op.
    pub kind: AnswerKind,
    /// The op as JSON text.
    pub text: Vec<u8>,
}

/// Meaning of an op in the answer to a POST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerKind {
    /// The message was carried out, with this result.
    Information,
    /// An `error`: it was not.
    Error(ErrorCode),
    /// A `resume_required`: the acknowledged cursor was never sent.
    Unproved,
}

/// Receiver of the answer to a POST. Dropped, it answers [`PostAnswer::Gone`].
pub struct Reply(Option<Box<dyn FnOnce(PostAnswer) + Send>>);

impl Reply {
    /// A receiver that calls this function once.
    pub fn new(receive: impl FnOnce(PostAnswer) + Send + 'static) -> Self {
        Self(Some(Box::new(receive)))
    }

    /// Answers.
    pub fn give(mut self, answer: PostAnswer) {
        if let Some(receive) = self.0.take() {
            receive(answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(receive) = self.0.take() {
            receive(PostAnswer::Gone);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

/// Error of a POST that does not reach a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PostError {
    /// There is no connection of this client.
    #[error("this client has no open connection: open an event stream first")]
    NoConnection,
    /// The secret or the token is not the session's.
    #[error("the credentials are not those of this client's session")]
    Unauthorized,
    /// Too many wait for the connection.
    #[error("more than {POSTS_WAITING} messages of this client wait to be handled")]
    Busy,
}

/// Proof that a POST comes from the client of a session. `Debug` leaves secrets and hashes of tokens out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PostProof {
    /// The session's secret.
    Secret(Hidden<[u8; 16]>),
    /// In the JSON dialect: SHA-256 of the token that the session was opened with; none for a session that was opened
    /// without a token and has no identity.
    Token(Option<Hidden<[u8; 32]>>),
    /// In the JSON dialect, for a session that was opened without a token: the identity that the authenticator gives to
    /// the POST.
    Identity(String),
}

/// POSTs of one connection whose credentials are being checked.
#[derive(Default, Debug)]
pub(super) struct Checks(AtomicUsize);

impl Checks {
    /// Adds one.
    pub(super) fn begin(&self) -> Result<(), PostError> {
        let begun = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |checks| {
                (checks < POSTS_WAITING).then_some(checks + 1)
            });
        begun.map(|_| ()).map_err(|_| PostError::Busy)
    }

    /// Removes one.
    pub(super) fn end(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// POSTs that wait for a connection.
#[derive(Debug)]
pub(super) enum Posts {
    Waiting(VecDeque<Post>),
    /// The connection has ended.
    Closed,
}

impl Posts {
    /// No POSTs.
    pub(super) const fn new() -> Self {
        Self::Waiting(VecDeque::new())
    }

    /// Adds a POST.
    pub(super) fn add(&mut self, post: Post) -> Result<(), PostError> {
        match self {
            Self::Closed => Err(PostError::NoConnection),
            Self::Waiting(posts) if posts.len() == POSTS_WAITING => Err(PostError::Busy),
            Self::Waiting(posts) => {
                posts.push_back(post);
                Ok(())
            }
        }
    }

    /// Takes the oldest one.
    pub(super) fn take(&mut self) -> Option<Post> {
        match self {
            Self::Closed => None,
            Self::Waiting(posts) => {
                let post = posts.pop_front();
                if posts.is_empty() {
                    *posts = VecDeque::new();
                }
                post
            }
        }
    }
}
