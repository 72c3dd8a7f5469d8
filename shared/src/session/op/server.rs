//! Control ops that a server sends.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use uuid::Uuid;

use super::fields::{cut_text, fixed, is_false, is_untagged, name, position};
use super::read::{FieldError, Fields, Op, Read, tuple};
use super::{ErrorCode, OpError, Skipped, SystemNotice, unknown_op, write_op};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::encoding::msgpack::token::Reader;
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RejectedMessage {
    /// Its number.
    pub number: u64,
    /// Reason, for programs.
    #[serde(serialize_with = "name")]
    pub code: ErrorCode,
    /// Reason, for people.
    #[serde(serialize_with = "cut_text::<_, _, TEXT_BYTES>")]
    pub message: String,
    /// Time after which the same message may be carried out, in milliseconds; only with [`ErrorCode::RateLimited`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
}

/// The answer to `auth`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuthOk {
    /// The client's id.
    pub client_id: Uuid,
    /// Secret that continues this session; a new one in each session.
    #[serde(serialize_with = "fixed")]
    pub secret: [u8; 16],
    /// True if an earlier session continues, with its inboxes and message numbers.
    #[serde(skip_serializing_if = "is_false")]
    pub resumed: bool,
    /// Newest client message that this session has taken.
    pub received: u64,
    /// The newest messages that the session took but did not carry out, reported again because the client may not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedMessage>,
    /// Time between heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// Largest message that the server takes, in bytes.
    pub max_message_bytes: u64,
    /// Encoding of payload bodies on this connection.
    #[serde(serialize_with = "name")]
    pub encoding: PayloadEncoding,
    /// The channels that the server has, the system channel among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelInfo>,
}

/// One channel, as described to clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChannelInfo {
    /// Wire id.
    pub id: u8,
    /// Canonical name.
    pub name: String,
    /// Lane: 0 high, 1 normal, 2 low.
    pub priority: u8,
    /// Mode of its streams.
    #[serde(serialize_with = "name")]
    pub mode: ChannelMode,
}

/// A dictionary, as described to clients (docs/protocol.md section 5.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct DictionaryInfo {
    /// Id on this connection, in `have` and in compressed entries; not 0.
    pub id: u32,
    /// Wire id of the channel that it serves.
    pub channel: u8,
    /// Hash of its bytes, which names it in the URL and checks the download.
    #[serde(serialize_with = "fixed")]
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub bytes: u32,
}

/// Cursors of one stream in a heartbeat; on the wire `[stream, sent, head]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(into = "(u64, Cursor, Cursor)")]
pub struct StreamHead {
    /// The stream's number.
    pub stream: u64,
    /// Every entry up to this one was sent on this connection before the heartbeat.
    pub sent: Cursor,
    /// The newest entry there is.
    pub head: Cursor,
}

impl StreamHead {
    fn read(item: &mut Reader<'_>) -> Read<Self> {
        let [stream, sent, head] = tuple(item)?;
        Ok(Self { stream, sent, head })
    }

    /// Largest size in an op, in bytes: a list header and three integers.
    pub(crate) const WIRE_BYTES: usize = 1 + 3 * 9;
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
    Error(ErrorOp<'a>),
    Received(ReceivedOp),
    Rejected(&'a RejectedMessage),
    Dictionary(DictionaryInfo),
    Ping {
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        heads: &'a [StreamHead],
    },
    Pong,
    Renew,
    Goodbye(GoodbyeOp<'a>),
}

#[derive(Serialize)]
struct ResumedOp {
    id: u32,
    stream: u64,
    epoch: u64,
    cursor: Cursor,
    #[serde(skip_serializing_if = "is_untagged")]
    tag: u32,
    caught_up: u64,
}

#[derive(Serialize)]
struct ResetOp {
    id: u32,
    #[serde(serialize_with = "name")]
    reason: ResetReason,
    floor: Cursor,
    head: Cursor,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(skip_serializing_if = "is_untagged")]
    tag: u32,
}

#[derive(Serialize)]
struct ErrorOp<'a> {
    #[serde(serialize_with = "name")]
    code: ErrorCode,
    #[serde(serialize_with = "cut_text::<_, _, TEXT_BYTES>")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u64>,
}

#[derive(Serialize)]
struct ReceivedOp {
    upto: u64,
}

#[derive(Serialize)]
struct GoodbyeOp<'a> {
    close: u16,
    #[serde(serialize_with = "cut_text::<_, _, TEXT_BYTES>")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u64>,
}

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
        let op = Op::new(bytes)?;
        let fields = &op.fields;
        let (name, read) = match op.name {
            "auth_ok" => ("auth_ok", AuthOk::read(fields).map(Self::AuthOk)),
            "resumed" => ("resumed", resumed(fields)),
            "reset" => ("reset", reset(fields)),
            "skipped" => ("skipped", Skipped::read(fields).map(Self::Skipped)),
            "error" => ("error", error(fields)),
            "received" => ("received", received(fields)),
            "rejected" => (
                "rejected",
                RejectedMessage::read(fields).map(Self::Rejected),
            ),
            "dictionary" => (
                "dictionary",
                DictionaryInfo::read(fields).map(Self::Dictionary),
            ),
            "ping" => ("ping", ping(fields)),
            "pong" => ("pong", Ok(Self::Pong)),
            "renew" => ("renew", Ok(Self::Renew)),
            "health" => ("health", SystemNotice::health(fields).map(Self::Notice)),
            "slow" => ("slow", SystemNotice::slow(fields).map(Self::Notice)),
            "features" => ("features", SystemNotice::features(fields).map(Self::Notice)),
            "goodbye" => ("goodbye", goodbye(fields)),
            unknown => return Err(unknown_op(unknown)),
        };
        op.finish(name, read)
    }
}

fn resumed(fields: &Fields<'_>) -> Read<ServerOp> {
    let tag = fields.opt_u32("tag")?.unwrap_or_default();
    Ok(ServerOp::Resumed {
        id: fields.u32("id")?,
        stream: fields.u64("stream")?,
        position: position(fields.u64("epoch")?, fields.u64("cursor")?, tag),
        caught_up: fields.u64("caught_up")?,
    })
}

/// A `reset` has all fields of a position, or none.
fn reset(fields: &Fields<'_>) -> Read<ServerOp> {
    let tag = fields.opt_u32("tag")?.unwrap_or_default();
    let place = (
        fields.opt_u64("stream")?,
        fields.opt_u64("epoch")?,
        fields.opt_u64("cursor")?,
    );
    let reading = match place {
        (None, _, _) => None,
        (Some(stream), Some(epoch), Some(cursor)) => Some((stream, position(epoch, cursor, tag))),
        (Some(_), _, _) => {
            let message = "a stream to read on, without its position";
            return Err(FieldError::contradiction(message, fields));
        }
    };
    Ok(ServerOp::Reset {
        id: fields.u32("id")?,
        reason: fields.name("reason")?,
        reading,
        floor: fields.u64("floor")?,
        head: fields.u64("head")?,
    })
}

fn error(fields: &Fields<'_>) -> Read<ServerOp> {
    Ok(ServerOp::Error {
        code: fields.name("code")?,
        message: message(fields)?,
        id: fields.opt_u32("id")?,
        retry_ms: fields.opt_u64("retry_ms")?,
    })
}

fn received(fields: &Fields<'_>) -> Read<ServerOp> {
    let upto = fields.u64("upto")?;
    Ok(ServerOp::Received { upto })
}

fn ping(fields: &Fields<'_>) -> Read<ServerOp> {
    let heads = fields.opt_list("heads", SUBSCRIPTIONS, StreamHead::read)?;
    Ok(ServerOp::Ping { heads })
}

fn goodbye(fields: &Fields<'_>) -> Read<ServerOp> {
    Ok(ServerOp::Goodbye {
        code: fields.u16("close")?,
        message: message(fields)?,
        retry_ms: fields.opt_u64("retry_ms")?,
    })
}

/// A text for people.
fn message(fields: &Fields<'_>) -> Read<String> {
    let text = fields.opt_text("message", TEXT_BYTES)?;
    Ok(text.unwrap_or_default())
}

impl RejectedMessage {
    fn read(fields: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            number: fields.u64("number")?,
            code: fields.name("code")?,
            message: message(fields)?,
            retry_ms: fields.opt_u64("retry_ms")?,
        })
    }
}

impl AuthOk {
    fn read(fields: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            client_id: Uuid::from_bytes(fields.fixed("client_id")?),
            secret: fields.fixed("secret")?,
            resumed: fields.flag("resumed")?,
            received: fields.opt_u64("received")?.unwrap_or_default(),
            rejected: fields.opt_list("rejected", REJECTIONS, |item| {
                RejectedMessage::read(&Fields::of(item)?)
            })?,
            heartbeat_ms: fields.u64("heartbeat_ms")?,
            max_message_bytes: fields.u64("max_message_bytes")?,
            encoding: fields.name("encoding")?,
            channels: fields.opt_list("channels", CHANNELS, |item| {
                ChannelInfo::read(&Fields::of(item)?)
            })?,
        })
    }
}

impl ChannelInfo {
    fn read(fields: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            id: fields.u8("id")?,
            name: fields.text("name", NAME_BYTES)?,
            priority: fields.u8("priority")?,
            mode: fields.name("mode")?,
        })
    }
}

impl DictionaryInfo {
    fn read(fields: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            id: fields.u32("id")?,
            channel: fields.u8("channel")?,
            sha256: fields.fixed("sha256")?,
            bytes: fields.u32("bytes")?,
        })
    }
}

#[cfg(test)]
mod tests;
