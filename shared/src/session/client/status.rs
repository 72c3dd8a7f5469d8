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
    /// Opening a socket, or waiting for the server to take the handshake.
    Connecting {
        /// Attempts that failed in a row before this one.
        failures: u32,
    },
    /// The server took the handshake.
    Ready,
    /// Away; the next attempt is set.
    Waiting {
        /// When it begins.
        until: Moment,
        /// Attempts that failed in a row.
        failures: u32,
        /// Reason for the end of the last connection.
        cause: Cause,
    },
    /// Away, and no attempt before [`ClientSession::wake`](super::ClientSession::wake).
    Suspended {
        /// Reason for the end of the last connection.
        cause: Cause,
    },
    /// Over: no attempt is made until `connect` is called again. Reported once.
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
    /// Entries handed to the application.
    pub entries: u64,
    /// Bytes of their bodies, whole: their cost without deltas and compression.
    pub value_bytes: u64,
    /// Number of them that came as deltas.
    pub deltas: u64,
    /// Number of them that came compressed.
    pub compressed: u64,
    /// Compression dictionaries that were fetched.
    pub dictionaries: u64,
    /// Entries that had been handed over before and were dropped.
    pub repeats: u64,
    /// Losses that were found and asked for again.
    pub gaps: u64,
    /// Fragments received of entries too large for one frame.
    pub fragments: u64,
    /// Entries given up after some of their fragments: the line was cut, or they were no longer wanted.
    pub unfinished: u64,
    /// Subscriptions paused because the application held too much of them.
    pub pauses: u64,
}
