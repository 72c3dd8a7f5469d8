//! Errors of a client session.

use alloc::string::String;

use crate::close::CloseReason;
use crate::limits::{CLIENT_MESSAGE_BYTES_MIN, MAX_TOPIC_BYTES, SUBSCRIPTIONS, TOKEN_BYTES};

/// Reason for which this client ends a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ConnectionError {
    pub(super) reason: CloseReason,
    pub(super) message: &'static str,
}

impl ConnectionError {
    pub(super) const fn new(reason: CloseReason, message: &'static str) -> Self {
        Self { reason, message }
    }

    /// The server broke the protocol.
    pub(super) const fn protocol(message: &'static str) -> Self {
        Self::new(CloseReason::ProtocolError, message)
    }
}

/// Setting that a session cannot work with.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `max_message_bytes` is too small for the server's control frames.
    #[error("max_message_bytes is {0}; the least is {CLIENT_MESSAGE_BYTES_MIN}")]
    MessageBytes(usize),
    /// `max_value_bytes` is too small.
    #[error("max_value_bytes is {0}; the least is {CLIENT_MESSAGE_BYTES_MIN}")]
    ValueBytes(usize),
    /// The factor of the retry schedule is below 1, infinite or no number.
    #[error("the back-off factor is {0}; the least is 1")]
    BackoffFactor(f64),
    /// The token is larger than a handshake carries.
    #[error("the token has {0} bytes; the most is {TOKEN_BYTES}")]
    TokenBytes(usize),
}

/// Error of a subscription request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The subscription of this id reads the same stream.
    #[error("another subscription reads this stream already")]
    Duplicate(u32),
    /// The channel's name is empty or longer than 255 bytes.
    #[error("the name of a channel has 1 to {MAX_TOPIC_BYTES} bytes")]
    BadChannel,
    /// The topic is empty or longer than 255 bytes.
    #[error("a topic has 1 to {MAX_TOPIC_BYTES} bytes")]
    BadTopic,
    /// The session has the largest number of subscriptions allowed.
    #[error("a session has at most {SUBSCRIPTIONS} subscriptions")]
    TooMany,
}

/// Error of a send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The largest number of sends allowed waits for the server's answer; try again after
    /// [`Event::Sent`](super::Event::Sent).
    #[error("too many sends wait for the server's answer")]
    QueueFull,
    /// Above the server's message limit.
    #[error("the message is larger than the {max_message_bytes} bytes that the server takes")]
    TooLarge {
        /// The largest message that the server takes, in bytes.
        max_message_bytes: usize,
    },
    /// The session is closed; connect first.
    #[error("the session is closed")]
    Closed,
    /// The topic is empty or longer than 255 bytes.
    #[error("a topic has 1 to {MAX_TOPIC_BYTES} bytes")]
    BadTopic,
}

/// Error of the application's request for a token.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Transient: the session asks again after the back-off delay.
    #[error("no token now: {message}")]
    Retry {
        /// Reason, for people.
        message: String,
    },
    /// Final: the session is closed.
    #[error("no token: {message}")]
    Denied {
        /// Reason, for people.
        message: String,
    },
}
