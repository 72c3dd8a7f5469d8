//! [`TransportError`]: error of a packet that was not sent.

/// Error of a packet that was not sent. The text names the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TransportError {
    /// The path does not exist now. From the path between peers it counts as a failure of that path, and the packet is
    /// sent by relay.
    #[error("path unavailable: {0}")]
    PathUnavailable(&'static str),
    /// The packet cannot be sent, on this path or another.
    #[error("dispatch failed: {0}")]
    DispatchFailed(&'static str),
    /// The sender's budget does not allow the packet now.
    #[error("rate limited: {0}")]
    RateLimited(&'static str),
}
