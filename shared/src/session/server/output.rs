//! Outputs of a server session for its driver, and the types of the driver's answers.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::close::CloseReason;
use crate::hidden::Hidden;
use crate::position::{Bounds, Cursor, Position, StreamKey, Tag};
use crate::session::op::{Auth, ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;

/// An action for the driver; actions are carried out in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Send a control op.
    Op(ServerOp),
    /// Credentials to check; the result goes to `handle_accepted` or `handle_refused`.
    Authenticate(Auth),
    /// A renewed token to check; the result goes to `set_grant_end` or `handle_renewal_failed`.
    Renew(Hidden<String>),
    /// Open a stream, then call `handle_opened`.
    Open {
        /// Number of this lookup, used in `handle_opened` and `Read`, since the client may end the subscription and use
        /// its id for another stream before the answer.
        lookup: u64,
        /// The stream; an inbox is the session's own.
        key: StreamKey,
        /// Last entry that the client has.
        position: Option<Position>,
    },
    /// Deliver the entries of the stream of a lookup from now on. The outcome was sent before.
    Read {
        /// The subscription.
        id: u32,
        /// Number of the lookup.
        lookup: u64,
        /// Entries after this.
        after: Cursor,
        /// The client holds the value of that entry, so a delta may build on it.
        has_base: bool,
    },
    /// Stop delivering.
    Stop {
        /// The subscription.
        id: u32,
    },
    /// Send the current value whole next.
    Whole {
        /// The subscription.
        id: u32,
    },
    /// The client holds these dictionaries: entries may be compressed with them.
    Have(Vec<u32>),
    /// The client has handled everything up to the cursor.
    Acked {
        /// The subscription.
        id: u32,
        /// Up to here.
        cursor: Cursor,
    },
    /// A client's message for the application; its result goes to `handle_answer`.
    Deliver(Delivery),
    /// A heartbeat is due: call `send_heartbeat` with the heads.
    Heartbeat,
    /// The client sent a goodbye: remove its session.
    EndSession,
    /// Send what is queued, close the transport, and drop the session.
    Close(CloseReason),
}

/// A client's message for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Wire id of the channel.
    pub channel: u8,
    /// The topic that it is for; none for the channel itself.
    pub topic: Option<String>,
    /// Kind of the body.
    pub content: Content,
    /// The message.
    pub body: Bytes,
    /// Its number, in dialects that have one.
    pub number: Option<u64>,
}

/// State of the session that a connection has opened or continued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionState {
    /// The session's secret.
    pub secret: Hidden<[u8; 16]>,
    /// True if an earlier session continues.
    pub resumed: bool,
    /// Newest client message that the session has taken.
    pub received: u64,
    /// The newest of those that were not carried out.
    pub rejected: Vec<RejectedMessage>,
}

/// Result of a lookup of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// It can be read.
    Readable {
        /// Number that names the stream on the wire.
        stream: u64,
        /// Bounds of its log.
        bounds: Bounds,
        /// Tag that the log has at the cursor of [`Output::Open`]'s position; unknown without a position.
        found: Tag,
    },
    /// The grant does not allow it.
    NotPermitted,
    /// The log cannot be read now, or a limit of streams is reached.
    Unavailable,
}

/// Error of carrying out a client's message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageError {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Time after which the same message may be carried out, in milliseconds; only with [`ErrorCode::RateLimited`].
    pub retry_ms: Option<u64>,
}

impl MessageError {
    /// An error without a time to try again.
    #[must_use]
    pub const fn new(code: ErrorCode, message: String) -> Self {
        Self {
            code,
            message,
            retry_ms: None,
        }
    }
}
