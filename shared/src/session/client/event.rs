//! Inputs and outputs of a client session.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::{Cause, PostAnswer, Status, TokenError, Transport};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::hidden::Hidden;
use crate::position::{Cursor, Outcome, Position, ResetReason, StartAt};
use crate::session::op::{ErrorCode, RejectedMessage, ScopeRequest, SystemNotice};
use crate::session::wire::Content;

/// Input from the driver. Input about an older attempt than the latest `Connect` is ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The transport of this attempt takes the first message: a socket once it is open with subprotocol `push-wire.v1`,
    /// an event stream at once.
    Opened {
        /// From [`Output::Connect`].
        attempt: u32,
    },
    /// One binary message.
    Message {
        /// From [`Output::Connect`].
        attempt: u32,
        /// Bytes of the whole message.
        bytes: Vec<u8>,
    },
    /// A part of a message has arrived, in drivers that receive parts: it counts as activity of the server.
    Part {
        /// From [`Output::Connect`].
        attempt: u32,
    },
    /// The connection has ended, or could not be opened.
    Closed {
        /// From [`Output::Connect`].
        attempt: u32,
        /// The peer's close code; `None` when there was none (1006).
        code: Option<u16>,
        /// Description of the end, for people; may be empty.
        reason: String,
    },
    /// The connection could not be opened, because the server, or a proxy before it, takes none now.
    Refused {
        /// From [`Output::Connect`].
        attempt: u32,
        /// Time after which it may take one, if it states that.
        retry: Option<Duration>,
        /// Description, for people; may be empty.
        reason: String,
    },
    /// The connection has ended or could not be opened. It is another tab's, which states when it makes the next attempt.
    Away {
        /// From [`Output::Connect`].
        attempt: u32,
        /// Reason of the end.
        cause: Cause,
        /// Time of the next attempt; `None` for none.
        retry: Option<Duration>,
        /// Attempts of that tab that failed in a row.
        failures: u32,
    },
    /// The answer to [`Output::Post`].
    Posted {
        /// From [`Output::Connect`].
        attempt: u32,
        /// From [`Output::Post`].
        number: u64,
        /// The answer.
        answer: PostAnswer,
    },
    /// The application's answer to [`Output::TokenWanted`]; an answer to an older request is ignored.
    Token {
        /// From [`Output::TokenWanted`].
        request: u32,
        /// The token, or the reason for having none.
        token: Result<Hidden<String>, TokenError>,
    },
}

impl Input {
    /// The end of an attempt that HTTP has answered with this status in place of a connection. With 429 and 503 the client is
    /// refused for now, with `retry` as the time that the answer states; with others the transport has not opened.
    #[must_use]
    pub const fn answered(
        attempt: u32,
        status: u16,
        retry: Option<Duration>,
        reason: String,
    ) -> Self {
        match status {
            429 | 503 => Self::Refused {
                attempt,
                retry,
                reason,
            },
            _ => Self::Closed {
                attempt,
                code: None,
                reason,
            },
        }
    }
}

/// Action for the driver. Actions are carried out in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Open a connection; drop any earlier one. An event stream is opened by a POST of the first message to
    /// `<route>/sse`.
    Connect {
        /// Number that names the connection in [`Input`].
        attempt: u32,
        /// Its transport.
        transport: Transport,
    },
    /// Ask the application for a token, and hand its answer in with [`Input::Token`]. Only sessions that [renew their
    /// token](super::ClientConfig::renews_token) ask. Without an answer in
    /// [`token_wait`](super::ClientConfig::token_wait) the session asks again, after the back-off delay.
    TokenWanted {
        /// Number of the request, for the answer.
        request: u32,
    },
    /// Send this binary message over the latest socket; the first one opens an event stream.
    Transmit(Vec<u8>),
    /// POST this message beside the latest event stream, to `<route>/send?<query>`, with the secret in hexadecimal as the
    /// header `Push-Wire-Secret`. The answer is [`Input::Posted`].
    Post {
        /// Number that names the POST in [`Input`].
        number: u64,
        /// Query of the URL.
        query: String,
        /// The session's secret.
        secret: Hidden<[u8; 16]>,
        /// The message.
        message: Vec<u8>,
    },
    /// Close the latest connection with this code, after everything sent before. No input about it is awaited.
    Disconnect {
        /// WebSocket close code.
        code: u16,
    },
    /// Get this dictionary, from a cache or from `<route>/dictionaries/<sha256 in hex>`, and pass it to
    /// [`ClientSession::dictionary_fetched`](super::ClientSession::dictionary_fetched). Until then, or if that fails,
    /// entries arrive less compressed.
    FetchDictionary {
        /// Hash of the dictionary.
        sha256: [u8; 32],
    },
    /// Report this event to the application.
    Event(Event),
}

/// Event for the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The connection's status changed.
    Status(Status),
    /// The server accepted the handshake.
    Ready {
        /// True if the client's earlier session continues; otherwise it is a new one.
        resumed: bool,
        /// Secret of the session, to be kept with the client's id.
        secret: Hidden<[u8; 16]>,
        /// Newest client message that the session has taken.
        received: u64,
        /// The newest messages that the session took but did not carry out.
        rejected: Vec<RejectedMessage>,
    },
    /// A subscribe or resume ended: continuity is proved, or it is not.
    Outcome {
        /// The subscription.
        id: u32,
        /// The outcome.
        outcome: Outcome,
        /// Position after which reading continues; `None` when the subscription has ended.
        position: Option<Position>,
        /// The entry just before the oldest kept; only with a reset.
        floor: Option<Cursor>,
        /// The newest entry.
        head: Cursor,
        /// Mode of the channel; the last known one when the subscription has ended.
        mode: ChannelMode,
    },
    /// The server did not send the next entries of a stream, because this reader was too far behind for the channel's
    /// policy. The application handles it in order, as an entry: see
    /// [`ClientSession::handled`](super::ClientSession::handled).
    Skipped {
        /// The subscription.
        id: u32,
        /// Number of entries.
        count: u64,
        /// Position after which reading continues.
        position: Position,
    },
    /// The next entry of a stream.
    Entry(Entry),
    /// The server ended a subscription.
    Ended {
        /// The subscription; its id is not used again.
        id: u32,
        /// Reason, for programs.
        cause: EndCause,
        /// Reason, for people.
        message: String,
        /// Position of the application, for a new subscription.
        position: Option<Position>,
    },
    /// A send leaves with the next message, under this number in the server's session. Only of a session that
    /// [tells its numbers](super::ClientConfig::tells_numbers).
    Numbered {
        /// From [`ClientSession::send`](super::ClientSession::send).
        ticket: u64,
        /// Its number.
        number: u64,
    },
    /// The server has taken a send.
    Sent {
        /// From [`ClientSession::send`](super::ClientSession::send).
        ticket: u64,
    },
    /// The server did not carry out a send; it is not sent again.
    Refused {
        /// From [`ClientSession::send`](super::ClientSession::send).
        ticket: u64,
        /// Reason, for programs.
        code: ErrorCode,
        /// Reason, for people.
        message: String,
        /// Time after which the server may carry out the same send; only with [`ErrorCode::RateLimited`].
        retry: Option<Duration>,
    },
    /// A notice of the application on the server.
    Notice(SystemNotice),
    /// An error that concerns no single subscription or send.
    Error {
        /// Kind, for programs.
        code: ErrorCode,
        /// Description, for people.
        message: String,
    },
}

/// One entry of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The subscription.
    pub id: u32,
    /// Position of the reader after this entry.
    pub position: Position,
    /// Kind of the body.
    pub content: Content,
    /// Encoding of the body of a value.
    pub encoding: PayloadEncoding,
    /// The body, always whole: deltas are applied already.
    pub body: Bytes,
    /// Bytes of the frame that carried it: fewer than the body's if it was compressed or a delta.
    pub wire_bytes: usize,
    /// True if it was published before the latest outcome of the subscription: replayed rather than live.
    pub replayed: bool,
}

/// Reason for which the server ended a subscription.
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

/// Request to read a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Name of the channel.
    pub channel: String,
    /// Stream of the channel.
    pub scope: ScopeRequest,
    /// Position after which to read, if the application has one.
    pub position: Option<Position>,
    /// Start without a position.
    pub start: StartAt,
    /// Keep the handled position in [snapshots](super::ClientSession::snapshot); a position from a snapshot then takes
    /// precedence over `position` and `start`.
    pub keeps_position: bool,
}
