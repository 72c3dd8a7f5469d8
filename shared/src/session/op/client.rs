//! Control ops that a client sends.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use uuid::Uuid;

use super::fields::{is_false, is_untagged, name, opt_fixed, position};
use super::read::{FieldError, Fields, Op, Read, id, tuple};
use super::{OpError, unknown_op, write_op};
use crate::encoding::PayloadEncoding;
use crate::encoding::msgpack::token::Reader;
use crate::limits::{
    DICTIONARIES, MESSAGE_BYTES, NAME_BYTES, SUBSCRIPTIONS, TOKEN_BYTES, VALUE_BYTES,
};
use crate::position::{Cursor, Position, StartAt};

/// A client's control op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientOp {
    /// Credentials and subscriptions of the client: the first op of every connection.
    Auth(Auth),
    /// Begins to read these streams.
    Subscribe(Vec<Subscribe>),
    /// Ends the subscriptions of these ids.
    Unsubscribe(Vec<u32>),
    /// Every entry up to the cursor has been handled; pairs of subscription id and cursor.
    Ack(Vec<(u32, Cursor)>),
    /// Requests the whole value of this subscription, because a delta could not be applied.
    Whole(u32),
    /// The client holds these dictionaries: entries may come compressed with them.
    Have(Vec<u32>),
    /// A renewed token, whose grant replaces that of the connection.
    Token(String),
    /// Requests a `pong`.
    Ping,
    /// Answers `ping`.
    Pong,
    /// The client ends its session.
    Goodbye,
}

/// The first op of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Auth {
    /// The client's id, kept over connections.
    pub client_id: Uuid,
    /// The application's credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Secret of the session: the client's choice for a new session, or from `auth_ok`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "opt_fixed")]
    pub secret: Option<[u8; 16]>,
    /// Number of this attempt to connect, growing over the client's attempts: distinguishes a delayed attempt from a
    /// newer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// Encoding wanted for payload bodies; default JSON.
    #[serde(serialize_with = "name")]
    pub encoding: PayloadEncoding,
    /// Entries may come compressed, and dictionaries be announced.
    #[serde(skip_serializing_if = "is_false")]
    pub zstd: bool,
    /// The client takes `skipped`; one that does not is sent a `reset` in its place.
    #[serde(skip_serializing_if = "is_false")]
    pub skips: bool,
    /// The client answers `renew` with a token.
    #[serde(skip_serializing_if = "is_false")]
    pub renews: bool,
    /// Largest message that the client takes, in bytes; default [`MESSAGE_BYTES`].
    pub max_message_bytes: u64,
    /// Largest value that the client takes, in bytes; default [`VALUE_BYTES`].
    pub max_value_bytes: u64,
    /// Streams to read, so that the first answer already carries their outcomes.
    #[serde(rename = "subscribe", skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscribe>,
}

const fn message_bytes() -> u64 {
    MESSAGE_BYTES as u64
}

const fn value_bytes() -> u64 {
    VALUE_BYTES as u64
}

impl Auth {
    fn read(fields: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            client_id: Uuid::from_bytes(fields.fixed("client_id")?),
            token: fields.opt_text("token", TOKEN_BYTES)?,
            secret: fields.opt_fixed("secret")?,
            attempt: fields.opt_u64("attempt")?,
            encoding: fields.opt_name("encoding")?.unwrap_or_default(),
            zstd: fields.flag("zstd")?,
            skips: fields.flag("skips")?,
            renews: fields.flag("renews")?,
            max_message_bytes: fields
                .opt_u64("max_message_bytes")?
                .unwrap_or(message_bytes()),
            max_value_bytes: fields.opt_u64("max_value_bytes")?.unwrap_or(value_bytes()),
            subscriptions: fields.opt_list("subscribe", SUBSCRIPTIONS, Subscribe::read)?,
        })
    }

    /// An `auth` of this client with all other fields at their defaults.
    #[must_use]
    pub const fn new(client_id: Uuid) -> Self {
        Self {
            client_id,
            token: None,
            secret: None,
            attempt: None,
            encoding: PayloadEncoding::Json,
            zstd: false,
            skips: false,
            renews: false,
            max_message_bytes: message_bytes(),
            max_value_bytes: value_bytes(),
            subscriptions: Vec::new(),
        }
    }
}

/// One stream to read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(into = "SubscribeFields")]
pub struct Subscribe {
    /// Id that the client gives the subscription, unique among its subscriptions.
    pub id: u32,
    /// Name of the channel.
    pub channel: String,
    /// Stream of the channel.
    pub scope: ScopeRequest,
    /// Last entry that the client has of it, if it has any.
    pub position: Option<Position>,
    /// Start without a position.
    pub start: StartAt,
}

/// Stream of a channel that a client requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScopeRequest {
    /// The channel itself.
    Channel,
    /// A topic.
    Topic(String),
    /// The client's own inbox.
    Inbox,
}

/// A [`Subscribe`] as on the wire.
#[derive(Serialize)]
struct SubscribeFields {
    id: u32,
    channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(skip_serializing_if = "is_untagged")]
    tag: u32,
    #[serde(skip_serializing_if = "is_false")]
    newest: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    inbox: bool,
}

impl Subscribe {
    fn read(item: &mut Reader<'_>) -> Read<Self> {
        let fields = &Fields::of(item)?;
        let contradiction = |message| Err(FieldError::contradiction(message, fields));
        let scope = match (fields.opt_text("topic", NAME_BYTES)?, fields.flag("inbox")?) {
            (None, false) => ScopeRequest::Channel,
            (None, true) => ScopeRequest::Inbox,
            (Some(topic), false) => ScopeRequest::Topic(topic),
            (Some(_), true) => return contradiction("a stream is a topic or an inbox, not both"),
        };
        let tag = fields.opt_u32("tag")?.unwrap_or_default();
        let position = match (fields.opt_u64("epoch")?, fields.opt_u64("cursor")?, tag) {
            (Some(epoch), Some(cursor), tag) => Some(position(epoch, cursor, tag)),
            (None, None, 0) => None,
            _ => {
                return contradiction(
                    "a position is an epoch and a cursor, and a tag only with both",
                );
            }
        };
        Ok(Self {
            id: fields.u32("id")?,
            channel: fields.text("channel", NAME_BYTES)?,
            scope,
            position,
            start: if fields.flag("newest")? {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
        })
    }
}

impl From<Subscribe> for SubscribeFields {
    fn from(item: Subscribe) -> Self {
        let inbox = item.scope == ScopeRequest::Inbox;
        Self {
            id: item.id,
            channel: item.channel,
            epoch: item.position.map(|position| position.epoch.0),
            cursor: item.position.map(|position| position.cursor),
            tag: item.position.map_or(0, |position| position.tag.0),
            newest: item.start == StartAt::Newest,
            topic: match item.scope {
                ScopeRequest::Topic(topic) => Some(topic),
                ScopeRequest::Channel | ScopeRequest::Inbox => None,
            },
            inbox,
        }
    }
}

/// An op as it is written; it is read field by field, by the name of its op.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Written<'a> {
    Auth(&'a Auth),
    Subscribe { subscribe: &'a [Subscribe] },
    Unsubscribe { ids: &'a [u32] },
    Ack { acks: &'a [(u32, Cursor)] },
    Whole { id: u32 },
    Have { ids: &'a [u32] },
    Token { token: &'a str },
    Ping,
    Pong,
    Goodbye,
}

impl ClientOp {
    /// Appends the op as MessagePack.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let written = match self {
            Self::Auth(auth) => Written::Auth(auth),
            Self::Subscribe(subscribe) => Written::Subscribe { subscribe },
            Self::Unsubscribe(ids) => Written::Unsubscribe { ids },
            Self::Ack(acks) => Written::Ack { acks },
            Self::Whole(id) => Written::Whole { id: *id },
            Self::Have(ids) => Written::Have { ids },
            Self::Token(token) => Written::Token { token },
            Self::Ping => Written::Ping,
            Self::Pong => Written::Pong,
            Self::Goodbye => Written::Goodbye,
        };
        write_op(out, &written);
    }

    /// Reads an op; the bytes must hold nothing else.
    ///
    /// # Errors
    /// [`OpError`] names the field and the offset.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpError> {
        let op = Op::new(bytes)?;
        let fields = &op.fields;
        let (name, read) = match op.name {
            "auth" => ("auth", Auth::read(fields).map(Self::Auth)),
            "subscribe" => {
                let list = fields.list("subscribe", SUBSCRIPTIONS, Subscribe::read);
                ("subscribe", list.map(Self::Subscribe))
            }
            "unsubscribe" => {
                let ids = fields.list("ids", SUBSCRIPTIONS, id);
                ("unsubscribe", ids.map(Self::Unsubscribe))
            }
            "ack" => (
                "ack",
                fields.list("acks", SUBSCRIPTIONS, ack).map(Self::Ack),
            ),
            "whole" => ("whole", fields.u32("id").map(Self::Whole)),
            "have" => ("have", fields.list("ids", DICTIONARIES, id).map(Self::Have)),
            "token" => ("token", fields.text("token", TOKEN_BYTES).map(Self::Token)),
            "ping" => ("ping", Ok(Self::Ping)),
            "pong" => ("pong", Ok(Self::Pong)),
            "goodbye" => ("goodbye", Ok(Self::Goodbye)),
            unknown => return Err(unknown_op(unknown)),
        };
        op.finish(name, read)
    }

    /// Approximate memory that the op takes beyond its own size, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Self::Auth(auth) => {
                auth.token.as_ref().map_or(0, String::len) + subscribe_bytes(&auth.subscriptions)
            }
            Self::Subscribe(items) => subscribe_bytes(items),
            Self::Unsubscribe(ids) | Self::Have(ids) => size_of_val(&ids[..]),
            Self::Ack(acks) => size_of_val(&acks[..]),
            Self::Token(token) => token.len(),
            Self::Whole(_) | Self::Ping | Self::Pong | Self::Goodbye => 0,
        }
    }
}

/// A subscription id and a cursor.
fn ack(item: &mut Reader<'_>) -> Read<(u32, Cursor)> {
    let start = item.clone();
    let [id, cursor] = tuple(item)?;
    match u32::try_from(id) {
        Ok(id) => Ok((id, cursor)),
        Err(_) => Err(start.error("an id of 32 bits and a cursor").into()),
    }
}

fn subscribe_bytes(items: &[Subscribe]) -> usize {
    let texts = items.iter().map(|item| {
        let topic = match &item.scope {
            ScopeRequest::Topic(topic) => topic.len(),
            ScopeRequest::Channel | ScopeRequest::Inbox => 0,
        };
        item.channel.len() + topic
    });
    size_of_val(items) + texts.sum::<usize>()
}

#[cfg(test)]
mod tests;
