//! Control ops that a server sends.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bounded::{Bounded, cut_text, list, text};
use super::client::NoFields;
use super::fields::{fixed, is_false, is_untagged, name, position};
use super::{ErrorCode, OpError, Skipped, SystemNotice, op_fields, op_name, unknown_op, write_op};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::hidden::Hidden;
use crate::limits::{CHANNELS, NAME_BYTES, REJECTIONS, SUBSCRIPTIONS, TEXT_BYTES};
use crate::position::{Cursor, Position, ResetReason};

/// A server's control op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerOp {
    /// Answer to `auth`: the session is open.
    AuthOk(AuthOk),
    /// Outcome of a subscribe: reading continues exactly after the client's position.
    Resumed {
        /// The client's id of the subscription.
        id: u32,
        /// Number of the stream in entry frames.
        stream: u64,
        /// Position after which reading continues.
        position: Position,
        /// Entries between the position and the head.
        caught_up: u64,
    },
    /// Outcome of a subscribe, or of a reader that retention passed: continuity cannot be proved.
    Reset {
        /// The client's id of the subscription.
        id: u32,
        /// Reason of the reset.
        reason: ResetReason,
        /// Number of the stream in entry frames, and the position after which reading continues; `None` when the
        /// subscription has ended.
        reading: Option<(u64, Position)>,
        /// The entry just before the oldest kept.
        floor: Cursor,
        /// The newest entry.
        head: Cursor,
    },
    /// A reader too far behind continues after later entries. Sent only to clients that state in `auth` that they take
    /// it; others are sent a reset.
    Skipped(Skipped),
    /// Error of one request; nothing else is affected.
    Error {
        /// Error code, for programs.
        code: ErrorCode,
        /// Error text, for people.
        message: String,
        /// The subscription that has ended with it, if one has.
        id: Option<u32>,
        /// Time for which the client sends no messages, in milliseconds; only with [`ErrorCode::RateLimited`].
        retry_ms: Option<u64>,
    },
    /// Acknowledgement of client messages (docs/protocol.md section 7).
    Received {
        /// The newest message taken; all before it are too.
        upto: u64,
    },
    /// A client message was taken but not carried out.
    Rejected(RejectedMessage),
    /// Entries of a channel may be compressed with this dictionary after the client's `have`.
    Dictionary(DictionaryInfo),
    /// Heartbeat: cursors sent on this connection, and heads of the logs.
    Ping {
        /// One for every stream that changed since the last heartbeat.
        heads: Vec<StreamHead>,
    },
    /// Answers `ping`.
    Pong,
    /// Requests a renewed token: the client's grant ends soon. Sent only to clients that state in `auth` that they renew it.
    Renew,
    /// A notice of the application.
    Notice(SystemNotice),
    /// Announces the close of the connection.
    Goodbye {
        /// A close code.
        code: u16,
        /// Reason, for people.
        message: String,
        /// Shortest delay before the next attempt, in milliseconds.
        retry_ms: Option<u64>,
    },
}

/// A client message that was taken but not carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RejectedMessage {
    /// Its number.
    pub number: u64,
    /// Reason, for programs.
    #[serde(with = "name")]
    pub code: ErrorCode,
    /// Reason, for people.
    #[serde(
        default,
        serialize_with = "cut_text::<_, _, TEXT_BYTES>",
        deserialize_with = "text::<_, TEXT_BYTES>"
    )]
    pub message: String,
    /// Time after which the same message may be carried out, in milliseconds; only with [`ErrorCode::RateLimited`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
}

/// The answer to `auth`. `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthOk {
    /// The client's id.
    pub client_id: Uuid,
    /// Secret that continues this session; a new one in each session.
    #[serde(with = "fixed")]
    pub secret: [u8; 16],
    /// True if an earlier session continues, with its inboxes and message numbers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub resumed: bool,
    /// Newest client message that this session has taken.
    #[serde(default)]
    pub received: u64,
    /// The newest messages that the session took but did not carry out, reported again because the client may not know.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "list::<_, _, REJECTIONS>"
    )]
    pub rejected: Vec<RejectedMessage>,
    /// Time between heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Largest message that the server takes, in bytes.
    pub max_message_bytes: u64,
    /// Encoding of payload bodies on this connection.
    #[serde(with = "name")]
    pub encoding: PayloadEncoding,
    /// The channels that the server has, the system channel among them.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "list::<_, _, CHANNELS>"
    )]
    pub channels: Vec<ChannelInfo>,
}

impl fmt::Debug for AuthOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOk")
            .field("client_id", &self.client_id)
            .field("secret", &Hidden(self.secret))
            .field("resumed", &self.resumed)
            .field("received", &self.received)
            .field("rejected", &self.rejected)
            .field("heartbeat_ms", &self.heartbeat_ms)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("encoding", &self.encoding)
            .field("channels", &self.channels)
            .finish()
    }
}

/// One channel, as described to clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// Wire id.
    pub id: u8,
    /// Canonical name.
    #[serde(deserialize_with = "text::<_, NAME_BYTES>")]
    pub name: String,
    /// Lane: 0 high, 1 normal, 2 low.
    pub priority: u8,
    /// Mode of its streams.
    #[serde(with = "name")]
    pub mode: ChannelMode,
}

/// A dictionary, as described to clients (docs/protocol.md section 5.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DictionaryInfo {
    /// Id on this connection, in `have` and in compressed entries; not 0.
    pub id: u32,
    /// Wire id of the channel that it serves.
    pub channel: u8,
    /// Hash of its bytes, which names it in the URL and checks the download.
    #[serde(with = "fixed")]
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub bytes: u32,
}

/// Cursors of one stream in a heartbeat; on the wire `[stream, sent, head]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "(u64, Cursor, Cursor)", into = "(u64, Cursor, Cursor)")]
pub struct StreamHead {
    /// The stream's number.
    pub stream: u64,
    /// Every entry up to this one was sent on this connection before the heartbeat.
    pub sent: Cursor,
    /// The newest entry there is.
    pub head: Cursor,
}

impl StreamHead {
    /// Largest size in an op, in bytes: a list header and three integers.
    pub(crate) const WIRE_BYTES: usize = 1 + 3 * 9;
}

impl From<(u64, Cursor, Cursor)> for StreamHead {
    fn from((stream, sent, head): (u64, Cursor, Cursor)) -> Self {
        Self { stream, sent, head }
    }
}

impl From<StreamHead> for (u64, Cursor, Cursor) {
    fn from(head: StreamHead) -> Self {
        (head.stream, head.sent, head.head)
    }
}

/// An op as it is written; it is read field by field, by the name of its op.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Written<'a> {
    AuthOk(&'a AuthOk),
    Resumed(ResumedOp),
    Reset(ResetOp),
    Skipped(&'a Skipped),
    Error(ErrorOp<&'a str>),
    Received(ReceivedOp),
    Rejected(&'a RejectedMessage),
    Dictionary(DictionaryInfo),
    Ping {
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        heads: &'a [StreamHead],
    },
    Pong,
    Renew,
    Goodbye(GoodbyeOp<&'a str>),
}

#[derive(Serialize, Deserialize)]
struct ResumedOp {
    id: u32,
    stream: u64,
    epoch: u64,
    cursor: Cursor,
    #[serde(default, skip_serializing_if = "is_untagged")]
    tag: u32,
    caught_up: u64,
}

#[derive(Serialize, Deserialize)]
struct ResetOp {
    id: u32,
    #[serde(with = "name")]
    reason: ResetReason,
    floor: Cursor,
    head: Cursor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(default, skip_serializing_if = "is_untagged")]
    tag: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: AsRef<str>"))]
struct ErrorOp<T> {
    #[serde(with = "name")]
    code: ErrorCode,
    #[serde(default, serialize_with = "cut_text::<_, _, TEXT_BYTES>")]
    message: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct ReceivedOp {
    upto: u64,
}

#[derive(Deserialize)]
struct PingOp {
    #[serde(default)]
    heads: Bounded<StreamHead, SUBSCRIPTIONS>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: AsRef<str>"))]
struct GoodbyeOp<T> {
    close: u16,
    #[serde(default, serialize_with = "cut_text::<_, _, TEXT_BYTES>")]
    message: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u64>,
}

/// A text for people.
type Message = super::BoundedText<TEXT_BYTES>;

impl ServerOp {
    /// Appends the op as MessagePack. A text for people is cut to [`TEXT_BYTES`], which is what receivers take.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let written = match self {
            Self::AuthOk(ok) => Written::AuthOk(ok),
            Self::Resumed {
                id,
                stream,
                position,
                caught_up,
            } => Written::Resumed(ResumedOp {
                id: *id,
                stream: *stream,
                epoch: position.epoch.0,
                cursor: position.cursor,
                tag: position.tag.0,
                caught_up: *caught_up,
            }),
            Self::Reset {
                id,
                reason,
                reading,
                floor,
                head,
            } => {
                let position = reading.map(|(_, position)| position);
                Written::Reset(ResetOp {
                    id: *id,
                    reason: *reason,
                    floor: *floor,
                    head: *head,
                    stream: reading.map(|(stream, _)| stream),
                    epoch: position.map(|position| position.epoch.0),
                    cursor: position.map(|position| position.cursor),
                    tag: position.map_or(0, |position| position.tag.0),
                })
            }
            Self::Skipped(skipped) => Written::Skipped(skipped),
            Self::Error {
                code,
                message,
                id,
                retry_ms,
            } => Written::Error(ErrorOp {
                code: *code,
                message,
                id: *id,
                retry_ms: *retry_ms,
            }),
            Self::Received { upto } => Written::Received(ReceivedOp { upto: *upto }),
            Self::Rejected(rejection) => Written::Rejected(rejection),
            Self::Dictionary(info) => Written::Dictionary(*info),
            Self::Ping { heads } => Written::Ping { heads },
            Self::Pong => Written::Pong,
            Self::Renew => Written::Renew,
            Self::Notice(notice) => return write_op(out, notice),
            Self::Goodbye {
                code,
                message,
                retry_ms,
            } => Written::Goodbye(GoodbyeOp {
                close: *code,
                message,
                retry_ms: *retry_ms,
            }),
        };
        write_op(out, &written);
    }

    /// Reads an op; the bytes must hold nothing else.
    ///
    /// # Errors
    /// [`OpError`]: the invalid part and its place.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpError> {
        match op_name(bytes)? {
            "auth_ok" => op_fields("auth_ok", bytes).map(Self::AuthOk),
            "resumed" => op_fields("resumed", bytes).map(|op: ResumedOp| op.into()),
            "reset" => op_fields("reset", bytes).map(|op: ResetReading| op.0),
            "skipped" => op_fields("skipped", bytes).map(Self::Skipped),
            "error" => op_fields("error", bytes).map(|op: ErrorOp<Message>| Self::Error {
                code: op.code,
                message: op.message.into_string(),
                id: op.id,
                retry_ms: op.retry_ms,
            }),
            "received" => {
                op_fields("received", bytes).map(|op: ReceivedOp| Self::Received { upto: op.upto })
            }
            "rejected" => op_fields("rejected", bytes).map(Self::Rejected),
            "dictionary" => op_fields("dictionary", bytes).map(Self::Dictionary),
            "ping" => op_fields("ping", bytes).map(|op: PingOp| Self::Ping {
                heads: op.heads.into_vec(),
            }),
            "pong" => op_fields("pong", bytes).map(|NoFields {}| Self::Pong),
            "renew" => op_fields("renew", bytes).map(|NoFields {}| Self::Renew),
            "health" => op_fields("health", bytes).map(|op| Self::Notice(SystemNotice::Health(op))),
            "slow" => op_fields("slow", bytes).map(|op| Self::Notice(SystemNotice::Slow(op))),
            "features" => {
                op_fields("features", bytes).map(|op| Self::Notice(SystemNotice::Features(op)))
            }
            "goodbye" => op_fields("goodbye", bytes).map(|op: GoodbyeOp<Message>| Self::Goodbye {
                code: op.close,
                message: op.message.into_string(),
                retry_ms: op.retry_ms,
            }),
            unknown => Err(unknown_op(unknown)),
        }
    }
}

impl From<ResumedOp> for ServerOp {
    fn from(op: ResumedOp) -> Self {
        Self::Resumed {
            id: op.id,
            stream: op.stream,
            position: position(op.epoch, op.cursor, op.tag),
            caught_up: op.caught_up,
        }
    }
}

/// A `reset` that has all fields of a position, or none.
#[derive(Deserialize)]
#[serde(try_from = "ResetOp")]
struct ResetReading(ServerOp);

impl TryFrom<ResetOp> for ResetReading {
    type Error = &'static str;

    fn try_from(op: ResetOp) -> Result<Self, Self::Error> {
        let reading = match (op.stream, op.epoch, op.cursor) {
            (None, _, _) => None,
            (Some(stream), Some(epoch), Some(cursor)) => {
                Some((stream, position(epoch, cursor, op.tag)))
            }
            (Some(_), _, _) => return Err("a stream to read on, without its position"),
        };
        Ok(Self(ServerOp::Reset {
            id: op.id,
            reason: op.reason,
            reading,
            floor: op.floor,
            head: op.head,
        }))
    }
}

#[cfg(test)]
mod tests;
