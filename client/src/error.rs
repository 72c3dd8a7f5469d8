//! Errors of the client.

use std::time::Duration;

use push_wire_shared::limits::MAX_TOPIC_BYTES;
use push_wire_shared::session::client::{self, ConfigError, EndCause, SubscribeError};
use push_wire_shared::session::op::ErrorCode;

/// Error of an attempt to connect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL of the configuration cannot be opened.
    #[error("cannot connect to {url:?}: {why}")]
    InvalidUrl {
        /// The URL.
        url: String,
        /// Description of the error.
        why: String,
    },
    /// A value of the configuration is out of range.
    #[error("the configuration is wrong: {0}")]
    InvalidConfig(#[from] ConfigError),
    /// The server could not be reached, or the connection was lost before it answered.
    #[error("cannot reach the server: {0}")]
    Transport(String),
    /// The server refused the credentials, or the application's token function had none; the text is the reason that it
    /// gave.
    #[error("the credentials were refused: {0}")]
    AuthRejected(String),
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server closed the connection.
    #[error("the server closed the connection ({code}): {message}")]
    Closed {
        /// The close code.
        code: u16,
        /// The server's message.
        message: String,
    },
}

/// Error of a send or a subscription.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The client is not connected and does not reconnect: call `connect`.
    #[error("not connected")]
    NotConnected,
    /// Too many messages wait for the server's answer.
    #[error("too many messages wait for the server's answer; try again when some were taken")]
    QueueFull,
    /// The message is above the server's limit.
    #[error("the message is larger than the {max_message_bytes} bytes that the server takes")]
    TooLarge {
        /// The server's limit, in bytes.
        max_message_bytes: usize,
    },
    /// A topic has 1 to 255 bytes.
    #[error("a topic has 1 to {MAX_TOPIC_BYTES} bytes")]
    BadTopic,
    /// Application messages cannot be sent on the system channel.
    #[error("the system channel carries no messages of the application")]
    SystemChannel,
    /// The server took the message but did not carry it out.
    #[error("the server refused the message ({}): {message}", code.name())]
    Refused {
        /// Reason, for programs.
        code: ErrorCode,
        /// Reason, for people.
        message: String,
        /// Time after which the server may carry out the same message; only with [`ErrorCode::RateLimited`].
        retry: Option<Duration>,
    },
    /// The subscription is not valid.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    /// The token is too large.
    #[error(transparent)]
    Token(#[from] ConfigError),
    /// The payload cannot be written as JSON.
    #[error("the payload cannot be written as JSON: {0}")]
    Serialize(#[from] serde_json::Error),
}

/// Error with which the server has ended a subscription. Other subscriptions, and the connection, go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server ended the subscription ({}): {message}", cause.name())]
pub struct StreamError {
    /// Reason, for programs.
    pub cause: EndCause,
    /// Reason, for people.
    pub message: String,
}

impl From<client::SendError> for SendError {
    fn from(error: client::SendError) -> Self {
        match error {
            client::SendError::QueueFull => Self::QueueFull,
            client::SendError::TooLarge { max_message_bytes } => {
                Self::TooLarge { max_message_bytes }
            }
            client::SendError::Closed => Self::NotConnected,
            client::SendError::BadTopic => Self::BadTopic,
        }
    }
}
