//! What goes into a client session and what comes out of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::SharedBytes;
use crate::channel::ChannelMode;
use crate::position::{Cursor, Outcome, Position, ResetReason, StartAt};
use crate::session::op::{ErrorCode, ScopeRequest};
use crate::session::wire::Content;
use crate::time::Moment;

/// What the driver tells the session. Input of an older attempt than the latest `Connect` is ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The socket of this attempt is open and speaks `push-wire.v1`.
    Opened {
        /// From [`Output::Connect`].
        attempt: u32,
    },
    /// One binary message.
    Message {
        /// From [`Output::Connect`].
        attempt: u32,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// The socket has ended, or could not be opened.
    Closed {
        /// From [`Output::Connect`].
        attempt: u32,
        /// The peer's close code; `None` when there was none (1006).
        code: Option<u16>,
    },
}

/// What the driver must do, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Open a socket; any earlier one is history and is to be dropped.
    Connect {
        /// Names the socket in the [`Input`]s about it.
        attempt: u32,
    },
    /// Send this binary message over the latest socket.
    Transmit(Vec<u8>),
    /// Close the latest socket with this code, after what was to be transmitted before. No input about it is
    /// awaited.
    Disconnect {
        /// WebSocket close code.
        code: u16,
    },
    /// Get this dictionary, from a cache or from `<route>/dictionaries/<sha256 in hex>`, and hand it to
    /// [`ClientSession::dictionary_fetched`](super::ClientSession::dictionary_fetched). Until then, or if it cannot
    /// be had, entries come less compressed.
    FetchDictionary {
        /// What it is fetched by.
        sha256: [u8; 32],
    },
    /// Something for the application.
    Event(Event),
}

/// Something for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The connection changed.
    Status(Status),
    /// The server took the handshake.
    Ready {
        /// The session that this client had goes on; otherwise it is a new one.
        resumed: bool,
        /// What proves the right to continue it, which the client keeps with its id.
        secret: [u8; 16],
    },
    /// A subscribe or resume ended: continuity is proved, or it is not.
    Outcome {
        /// The subscription.
        id: u32,
        /// How.
        outcome: Outcome,
        /// Reading goes on after this; `None` when the subscription has ended.
        position: Option<Position>,
        /// The entry just before the oldest kept; told with a reset only.
        floor: Option<Cursor>,
        /// The newest entry.
        head: Cursor,
        /// What the stream is; as last known when the subscription has ended.
        mode: ChannelMode,
    },
    /// The next entry of a stream.
    Entry(Entry),
    /// The server ended a subscription.
    Ended {
        /// The subscription; its id is not used again.
        id: u32,
        /// Why, for programs.
        cause: EndCause,
        /// Why, for people.
        message: String,
        /// Where the application stands, should it want to subscribe again.
        position: Option<Position>,
    },
    /// The server took a send.
    Sent {
        /// From [`ClientSession::send`](super::ClientSession::send).
        ticket: u64,
    },
    /// A send was not carried out and will not be tried again.
    Refused {
        /// From [`ClientSession::send`](super::ClientSession::send).
        ticket: u64,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
    /// Something went wrong that concerns no single subscription or send.
    Error {
        /// What, for programs.
        code: ErrorCode,
        /// What, for people.
        message: String,
    },
}

/// One entry of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The subscription.
    pub id: u32,
    /// Where the reader stands once this entry is handled.
    pub position: Position,
    /// What the body is.
    pub content: Content,
    /// The body, always whole: deltas are applied already.
    pub body: SharedBytes,
    /// Bytes of the frame that carried it, which are fewer than the body's when it came compressed or as a delta.
    pub wire_bytes: usize,
    /// Published before the latest outcome of the subscription: caught up rather than live.
    pub replayed: bool,
}

/// Why the server ended a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndCause {
    /// A reset that leaves nothing to read.
    Reset(ResetReason),
    /// The request was wrong.
    Error(ErrorCode),
}

impl EndCause {
    /// The name of the reason or code on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reset(reason) => reason.name(),
            Self::Error(code) => code.name(),
        }
    }
}

/// How a session is connected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// `connect` was not called yet.
    Idle,
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
        /// Why the last connection ended.
        cause: Cause,
    },
    /// Away, and no attempt before [`ClientSession::wake`](super::ClientSession::wake).
    Suspended {
        /// Why the last connection ended.
        cause: Cause,
    },
    /// Over, until `connect` is called again.
    Closed {
        /// Why.
        cause: Cause,
    },
}

/// Why a connection ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cause {
    /// Close code; `None` for a connection that was lost or could not be opened.
    pub code: Option<u16>,
    /// For people; may be empty.
    pub message: String,
}

/// A stream to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Name of the channel.
    pub channel: String,
    /// Which stream of the channel.
    pub scope: ScopeRequest,
    /// Where the application stands, if it kept that from an earlier life.
    pub position: Option<Position>,
    /// Where to begin without a position.
    pub start: StartAt,
}

/// Why a subscription was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SubscribeError {
    /// This subscription reads the same stream already.
    Duplicate(u32),
    /// A topic has 1 to 255 bytes.
    BadTopic,
    /// More than [`SUBSCRIPTIONS`](crate::limits::SUBSCRIPTIONS).
    TooMany,
}

/// Why a send was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// As many sends as allowed wait for the server's word already; try again when one is `Sent`.
    QueueFull,
    /// Larger than the server takes.
    TooLarge {
        /// The largest message that it takes, in bytes.
        max_message_bytes: usize,
    },
    /// The session is closed; connect first.
    Closed,
}

macro_rules! texts {
    ($error:ty { $($variant:pat => $text:literal,)* }) => {
        impl core::fmt::Display for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self { $($variant => $text,)* })
            }
        }

        impl core::error::Error for $error {}
    };
}

texts! {
    SubscribeError {
        Self::Duplicate(_) => "another subscription reads this stream already",
        Self::BadTopic => "a topic has 1 to 255 bytes",
        Self::TooMany => "too many subscriptions in one session",
    }
}

texts! {
    SendError {
        Self::QueueFull => "too many sends wait for the server's word",
        Self::TooLarge { .. } => "the message is larger than the server takes",
        Self::Closed => "the session is closed",
    }
}

/// What has passed since the session began.
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
    /// Bytes of their bodies, whole: what they would have cost without deltas and
    /// compression.
    pub value_bytes: u64,
    /// How many of them came as deltas.
    pub deltas: u64,
    /// How many of them came compressed.
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
}
