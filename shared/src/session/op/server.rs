//! What a server says.

use alloc::string::String;
use alloc::vec::Vec;

use uuid::Uuid;

use super::OpError;
use super::fields::{MapReader, MapWriter, array, tag_field, uint};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::encoding::msgpack::token::{self, Reader};
use crate::limits::{REJECTIONS, SUBSCRIPTIONS};
use crate::position::{Cursor, Epoch, Position, ResetReason, Tag};

/// A server's control op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerOp {
    /// The session stands.
    AuthOk(AuthOk),
    /// Outcome of a subscribe: reading goes on exactly after the client's position.
    Resumed {
        /// The client's name for the subscription.
        id: u32,
        /// Number by which entry frames of this connection name the stream.
        stream: u64,
        /// Reading goes on after this.
        position: Position,
        /// Entries between the position and the head.
        caught_up: u64,
    },
    /// Outcome of a subscribe, or of a reader that retention passed: continuity cannot be proved.
    Reset {
        /// The client's name for the subscription.
        id: u32,
        /// Why.
        reason: ResetReason,
        /// Number by which entry frames name the stream, and where reading goes on; `None` when the
        /// subscription has ended.
        reading: Option<(u64, Position)>,
        /// The entry just before the oldest kept.
        floor: Cursor,
        /// The newest entry.
        head: Cursor,
    },
    /// Something the client did cannot be done; nothing else is affected.
    Error {
        /// What went wrong, for programs.
        code: ErrorCode,
        /// What went wrong, for people.
        message: String,
        /// The subscription that it concerns; it has ended.
        id: Option<u32>,
    },
    /// Client messages up to this number are taken (docs/protocol.md section 7).
    Received {
        /// The newest message taken; all before it are too.
        upto: u64,
    },
    /// A client message was taken but not carried out.
    Rejected(RejectedMessage),
    /// Entries of a channel may come compressed with this dictionary once the client says that it has it.
    Dictionary(DictionaryInfo),
    /// Heartbeat: what this connection has been sent, and the newest there is.
    Ping {
        /// One for every stream that changed since the last heartbeat.
        heads: Vec<StreamHead>,
    },
    /// I am here.
    Pong,
    /// The connection ends now.
    Goodbye {
        /// A close code.
        code: u16,
        /// Why, for people.
        message: String,
        /// Come back after this many milliseconds.
        retry_ms: Option<u64>,
    },
}

/// A client message that was taken but not carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectedMessage {
    /// Its number.
    pub number: u64,
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people.
    pub message: String,
}

/// The answer to `auth`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthOk {
    /// The client's id.
    pub client_id: Uuid,
    /// Proves the right to continue this session; new in each session.
    pub secret: [u8; 16],
    /// Whether an earlier session goes on: its inbox and message numbers stand.
    pub resumed: bool,
    /// Newest client message that this session has taken.
    pub received: u64,
    /// The newest messages that the session took but did not carry out: the client may not have heard.
    pub rejected: Vec<RejectedMessage>,
    /// Time between heartbeats.
    pub heartbeat_ms: u64,
    /// Largest message that the server takes.
    pub max_message_bytes: u64,
    /// Encoding of payload bodies on this connection.
    pub encoding: PayloadEncoding,
    /// The channels that the server has, the system channel among them.
    pub channels: Vec<ChannelInfo>,
}

/// One channel, as told to clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelInfo {
    /// Wire id.
    pub id: u8,
    /// Canonical name.
    pub name: String,
    /// Lane: 0 high, 1 normal, 2 low.
    pub priority: u8,
    /// What its streams are.
    pub mode: ChannelMode,
}

/// A dictionary, as told to clients (docs/protocol.md section 5.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DictionaryInfo {
    /// Names it on this connection, in `have` and in compressed entries; not 0.
    pub id: u32,
    /// Wire id of the channel that it serves.
    pub channel: u8,
    /// Hash of its bytes: what it is fetched by, and what they are checked against.
    pub sha256: [u8; 32],
    /// Its size.
    pub bytes: u32,
}

/// What a heartbeat says of one stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamHead {
    /// The stream's number.
    pub stream: u64,
    /// Every entry up to this one was sent on this connection before the heartbeat.
    pub sent: Cursor,
    /// The newest entry there is.
    pub head: Cursor,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What went wrong, for programs. Codes of later versions read as `Other`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of this wire name.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                match name { $($name => Self::$variant,)* _ => Self::Other }
            }
        }
    };
}

error_codes! {
    /// No such channel.
    UnknownChannel = "unknown_channel",
    /// Empty, or longer than 255 bytes.
    BadTopic = "bad_topic",
    /// The grant does not allow this.
    NotPermitted = "not_permitted",
    /// The control op is unknown or malformed.
    BadOp = "bad_op",
    /// The frame is too short, of a wrong version, with unknown flags, or on an unknown channel or stream.
    BadFrame = "bad_frame",
    /// The payload cannot be read.
    BadPayload = "bad_payload",
    /// Nobody handles messages on this channel.
    NoHandler = "no_handler",
    /// More subscriptions than one session may have.
    TooManySubscriptions = "too_many_subscriptions",
    /// No subscription of this id, or one that exists already.
    BadSubscription = "bad_subscription",
    /// Above the size limit.
    TooLarge = "too_large",
    /// The application's handler refused.
    Refused = "refused",
    /// Something that this version does not know.
    Other = "other",
}

impl ServerOp {
    /// Appends the op as MessagePack.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let map = MapWriter::new(out);
        match self {
            Self::AuthOk(ok) => ok.write(map),
            Self::Resumed {
                id,
                stream,
                position,
                caught_up,
            } => {
                write_position(
                    map.str("op", "resumed").uint("id", u64::from(*id)),
                    *stream,
                    *position,
                )
                .uint("caught_up", *caught_up);
            }
            Self::Reset {
                id,
                reason,
                reading,
                floor,
                head,
            } => {
                let map = map
                    .str("op", "reset")
                    .uint("id", u64::from(*id))
                    .str("reason", reason.name())
                    .uint("floor", *floor)
                    .uint("head", *head);
                if let Some((stream, position)) = reading {
                    write_position(map, *stream, *position);
                }
            }
            Self::Error { code, message, id } => {
                map.str("op", "error")
                    .str("code", code.name())
                    .str("message", message)
                    .opt_uint("id", id.map(u64::from));
            }
            Self::Received { upto } => {
                map.str("op", "received").uint("upto", *upto);
            }
            Self::Rejected(rejection) => rejection.write_into(map.str("op", "rejected")),
            Self::Dictionary(info) => info.write_into(map.str("op", "dictionary")),
            Self::Ping { heads } => {
                map.str("op", "ping")
                    .list("heads", heads, StreamHead::write);
            }
            Self::Pong => {
                map.str("op", "pong");
            }
            Self::Goodbye {
                code,
                message,
                retry_ms,
            } => {
                map.str("op", "goodbye")
                    .uint("close", u64::from(*code))
                    .str("message", message)
                    .opt_uint("retry_ms", *retry_ms);
            }
        }
    }

    /// Reads an op; the bytes must hold nothing else.
    ///
    /// # Errors
    /// [`OpError`] says what is wrong and where.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpError> {
        let (name, mut map) = MapReader::op(bytes, &NAMES)?;
        let op = match name {
            "auth_ok" => Self::AuthOk(AuthOk::read(&mut map)),
            "resumed" => Self::Resumed {
                id: map.narrow("id"),
                stream: map.uint("stream"),
                position: read_position(&mut map),
                caught_up: map.uint("caught_up"),
            },
            "reset" => Self::Reset {
                id: map.narrow("id"),
                reason: map.named("reason", ResetReason::from_name, ResetReason::Expired),
                reading: map
                    .opt_uint("stream")
                    .map(|stream| (stream, read_position(&mut map))),
                floor: map.uint("floor"),
                head: map.uint("head"),
            },
            "error" => Self::Error {
                code: ErrorCode::from_name(map.str("code")),
                message: read_message(&mut map),
                id: map.has("id").then(|| map.narrow("id")),
            },
            "received" => Self::Received {
                upto: map.uint("upto"),
            },
            "rejected" => Self::Rejected(RejectedMessage::read(&mut map)),
            "dictionary" => Self::Dictionary(DictionaryInfo::read(&mut map)),
            "ping" => Self::Ping {
                heads: map.list("heads", SUBSCRIPTIONS as u64, StreamHead::read),
            },
            "goodbye" => Self::Goodbye {
                code: map.narrow("close"),
                message: read_message(&mut map),
                retry_ms: map.opt_uint("retry_ms"),
            },
            _ => Self::Pong,
        };
        map.judge(op)
    }
}

const NAMES: [&str; 10] = [
    "auth_ok",
    "resumed",
    "reset",
    "error",
    "received",
    "rejected",
    "dictionary",
    "ping",
    "goodbye",
    "pong",
];

fn read_position(map: &mut MapReader<'_>) -> Position {
    Position {
        epoch: Epoch(map.uint("epoch")),
        cursor: map.uint("cursor"),
        tag: Tag(map.opt_narrow("tag").unwrap_or_default()),
    }
}

/// A text for people may be left out.
fn read_message(map: &mut MapReader<'_>) -> String {
    map.opt_str("message").unwrap_or_default().into()
}

fn write_position(map: MapWriter<'_>, stream: u64, position: Position) -> MapWriter<'_> {
    map.uint("stream", stream)
        .uint("epoch", position.epoch.0)
        .uint("cursor", position.cursor)
        .opt_uint("tag", tag_field(position.tag))
}

impl AuthOk {
    fn write(&self, map: MapWriter<'_>) {
        map.str("op", "auth_ok")
            .bin("client_id", self.client_id.as_bytes())
            .bin("secret", &self.secret)
            .flag("resumed", self.resumed)
            .uint("received", self.received)
            .list("rejected", &self.rejected, RejectedMessage::write)
            .uint("heartbeat_ms", self.heartbeat_ms)
            .uint("max_message_bytes", self.max_message_bytes)
            .str("encoding", self.encoding.name())
            .list("channels", &self.channels, ChannelInfo::write);
    }

    fn read(map: &mut MapReader<'_>) -> Self {
        let encoding = PayloadEncoding::from_name;
        Self {
            client_id: Uuid::from_bytes(map.fixed("client_id")),
            secret: map.fixed("secret"),
            resumed: map.flag("resumed"),
            received: map.opt_uint("received").unwrap_or(0),
            rejected: map.list("rejected", REJECTIONS as u64, |reader| {
                let mut map = MapReader::take(reader, "a rejection")?;
                let rejection = RejectedMessage::read(&mut map);
                map.judge(rejection)
            }),
            heartbeat_ms: map.uint("heartbeat_ms"),
            max_message_bytes: map.uint("max_message_bytes"),
            encoding: map.named("encoding", encoding, PayloadEncoding::Json),
            // A channel's id is one byte, so there are at most 256.
            channels: map.list("channels", 256, ChannelInfo::read),
        }
    }
}

impl RejectedMessage {
    fn write(out: &mut Vec<u8>, rejection: &Self) {
        rejection.write_into(MapWriter::new(out));
    }

    fn write_into(&self, map: MapWriter<'_>) {
        map.uint("number", self.number)
            .str("code", self.code.name())
            .str("message", &self.message);
    }

    fn read(map: &mut MapReader<'_>) -> Self {
        Self {
            number: map.uint("number"),
            code: ErrorCode::from_name(map.str("code")),
            message: read_message(map),
        }
    }
}

impl ChannelInfo {
    fn write(out: &mut Vec<u8>, channel: &Self) {
        MapWriter::new(out)
            .uint("id", u64::from(channel.id))
            .str("name", &channel.name)
            .uint("priority", u64::from(channel.priority))
            .str("mode", channel.mode.name());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, OpError> {
        let mut map = MapReader::take(reader, "a channel")?;
        let channel = Self {
            id: map.narrow("id"),
            name: map.str("name").into(),
            priority: map.narrow("priority"),
            mode: map.named("mode", ChannelMode::from_name, ChannelMode::Log),
        };
        map.judge(channel)
    }
}

impl DictionaryInfo {
    fn write_into(&self, map: MapWriter<'_>) {
        map.uint("id", u64::from(self.id))
            .uint("channel", u64::from(self.channel))
            .bin("sha256", &self.sha256)
            .uint("bytes", u64::from(self.bytes));
    }

    fn read(map: &mut MapReader<'_>) -> Self {
        Self {
            id: map.narrow("id"),
            channel: map.narrow("channel"),
            sha256: map.fixed("sha256"),
            bytes: map.narrow("bytes"),
        }
    }
}

impl StreamHead {
    fn write(out: &mut Vec<u8>, head: &Self) {
        token::write_array(out, 3);
        token::write_uint(out, head.stream);
        token::write_uint(out, head.sent);
        token::write_uint(out, head.head);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, OpError> {
        if array(reader)? != 3 {
            return Err(reader.error("stream, sent and head").into());
        }
        Ok(Self {
            stream: uint(reader)?,
            sent: uint(reader)?,
            head: uint(reader)?,
        })
    }
}

#[cfg(test)]
mod tests;
