//! Error of authentication.

use push_wire_shared::close::CloseReason;

/// Error of authentication.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The token is missing, expired, or not one of ours.
    #[error("invalid token")]
    InvalidToken,
    /// The token is valid, but does not allow the requested channels.
    #[error("capabilities not permitted")]
    Forbidden,
    /// Another reason to refuse; the text is sent to the client.
    #[error("{0}")]
    Other(String),
    /// The credentials could not be checked now, and the client should come back later; the text is logged,
    /// not sent.
    #[error("the credentials could not be checked now")]
    Unavailable(String),
}

impl AuthError {
    /// Returns the reason that the connection is closed with.
    #[must_use]
    pub const fn close_reason(&self) -> CloseReason {
        match self {
            Self::InvalidToken | Self::Forbidden | Self::Other(_) => CloseReason::Unauthorized,
            Self::Unavailable(_) => CloseReason::AuthUnavailable,
        }
    }
}
