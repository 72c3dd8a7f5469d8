//! Status and statistics of a session.

use alloc::string::String;

use crate::time::Moment;

/// State of a session's connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// `connect` was not called yet.
    Idle,
    /// The application was asked for a token.
    AwaitingToken {
        /// Attempts that failed in a row before this one.
        failures: u32,
    },
    /// Opening a socket, or waiting for the server's answer to the handshake.
    Connecting {
        /// Attempts that failed in a row before this one.
        failures: u32,
    },
    /// The server accepted the handshake.
    Ready,
    /// Not connected; the next attempt is scheduled.
    Waiting {
        /// Time of the next attempt.
        until: Moment,
        /// Attempts that failed in a row.
        failures: u32,
        /// Reason for the end of the last connection.
        cause: Cause,
    },
    /// Not connected; no attempt is made before [`ClientSession::wake`](super::ClientSession::wake), or rare ones after
    /// [`ClientSession::go_offline`](super::ClientSession::go_offline).
    Suspended {
        /// Reason for the end of the last connection.
        cause: Cause,
    },
    /// Closed: no attempt is made until `connect` is called again. Reported once.
    Closed {
        /// Reason for the end of the connection.
        cause: Cause,
    },
}

/// Reason for the end of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cause {
    /// Close code; `None` for a connection that was lost or could not be opened.
    pub code: Option<u16>,
    /// Description, for people; may be empty.
    pub message: String,
}

/// Counts since the session began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Messages received.
    pub messages_in: u64,
    /// Messages sent.
    pub messages_out: u64,
    /// Bytes of the messages received.
    pub bytes_in: u64,
    /// Bytes of the messages sent.
    pub bytes_out: u64,
    /// Entries given to the application.
    pub entries: u64,
    /// Bytes of those entries' bodies, without deltas and compression.
    pub value_bytes: u64,
    /// Entries received as deltas.
    pub deltas: u64,
    /// Entries received compressed.
    pub compressed: u64,
    /// Compression dictionaries fetched.
    pub dictionaries: u64,
    /// Entries dropped because the application had been given them before.
    pub repeats: u64,
    /// Losses found and requested again.
    pub gaps: u64,
    /// Fragments received of entries too large for one frame.
    pub fragments: u64,
    /// Entries dropped after some of their fragments, because the connection was lost or the subscription ended.
    pub unfinished: u64,
    /// Times that a subscription was paused by back-pressure.
    pub pauses: u64,
}
