//! Control ops that a client sends.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bounded::{Bounded, BoundedText, list, opt_text, text};
use super::fields::{is_false, is_untagged, name, opt_fixed, position};
use super::{OpError, op_fields, op_name, unknown_op, write_op};
use crate::encoding::PayloadEncoding;
use crate::hidden::Hidden;
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
    Token(Hidden<String>),
    /// Requests a `pong`.
    Ping,
    /// Answers `ping`.
    Pong,
    /// The client ends its session.
    Goodbye,
}

/// The first op of a connection. `Debug` leaves its secrets out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// The client's id, kept over connections.
    pub client_id: Uuid,
    /// The application's credential.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "opt_text::<_, TOKEN_BYTES>"
    )]
    pub token: Option<String>,
    /// Secret of the session: the client's choice for a new session, or from `auth_ok`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "opt_fixed")]
    pub secret: Option<[u8; 16]>,
    /// Number of this attempt to connect, growing over the client's attempts: distinguishes a delayed attempt from a
    /// newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// Encoding wanted for payload bodies; default JSON.
    #[serde(default, with = "name")]
    pub encoding: PayloadEncoding,
    /// Entries may come compressed, and dictionaries be announced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub zstd: bool,
    /// The client takes `skipped`; one that does not is sent a `reset` in its place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skips: bool,
    /// The client answers `renew` with a token.
    #[serde(default, skip_serializing_if = "is_false")]
    pub renews: bool,
    /// Largest message that the client takes, in bytes; default [`MESSAGE_BYTES`].
    #[serde(default = "message_bytes")]
    pub max_message_bytes: u64,
    /// Largest value that the client takes, in bytes; default [`VALUE_BYTES`].
    #[serde(default = "value_bytes")]
    pub max_value_bytes: u64,
    /// Streams to read, so that the first answer already carries their outcomes.
    #[serde(
        default,
        rename = "subscribe",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "list::<_, _, SUBSCRIPTIONS>"
    )]
    pub subscriptions: Vec<Subscribe>,
}

const fn message_bytes() -> u64 {
    MESSAGE_BYTES as u64
}

const fn value_bytes() -> u64 {
    VALUE_BYTES as u64
}

impl Auth {
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

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("client_id", &self.client_id)
            .field("token", &self.token.as_ref().map(Hidden))
            .field("secret", &self.secret.map(Hidden))
            .field("attempt", &self.attempt)
            .field("encoding", &self.encoding)
            .field("zstd", &self.zstd)
            .field("skips", &self.skips)
            .field("renews", &self.renews)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("max_value_bytes", &self.max_value_bytes)
            .field("subscriptions", &self.subscriptions)
            .finish()
    }
}

/// One stream to read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "SubscribeFields", into = "SubscribeFields")]
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
#[derive(Serialize, Deserialize)]
struct SubscribeFields {
    id: u32,
    #[serde(deserialize_with = "text::<_, NAME_BYTES>")]
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(default, skip_serializing_if = "is_untagged")]
    tag: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    newest: bool,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "opt_text::<_, NAME_BYTES>"
    )]
    topic: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    inbox: bool,
}

impl TryFrom<SubscribeFields> for Subscribe {
    type Error = &'static str;

    fn try_from(fields: SubscribeFields) -> Result<Self, Self::Error> {
        let scope = match (fields.topic, fields.inbox) {
            (None, false) => ScopeRequest::Channel,
            (None, true) => ScopeRequest::Inbox,
            (Some(topic), false) => ScopeRequest::Topic(topic),
            (Some(_), true) => return Err("a stream is a topic or an inbox, not both"),
        };
        let position = match (fields.epoch, fields.cursor, fields.tag) {
            (Some(epoch), Some(cursor), tag) => Some(position(epoch, cursor, tag)),
            (None, None, 0) => None,
            _ => return Err("a position is an epoch and a cursor, and a tag only with both"),
        };
        Ok(Self {
            id: fields.id,
            channel: fields.channel,
            scope,
            position,
            start: if fields.newest {
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

#[derive(Deserialize)]
struct SubscribeOp {
    subscribe: Bounded<Subscribe, SUBSCRIPTIONS>,
}

#[derive(Deserialize)]
struct IdsOp<const N: usize> {
    ids: Bounded<u32, N>,
}

#[derive(Deserialize)]
struct AckOp {
    acks: Bounded<(u32, Cursor), SUBSCRIPTIONS>,
}

#[derive(Deserialize)]
struct TokenOp {
    token: BoundedText<TOKEN_BYTES>,
}

#[derive(Deserialize)]
struct WholeOp {
    id: u32,
}

/// Fields of an op that has none.
#[derive(Deserialize)]
pub(super) struct NoFields {}

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
        match op_name(bytes)? {
            "auth" => op_fields("auth", bytes).map(Self::Auth),
            "subscribe" => op_fields("subscribe", bytes)
                .map(|op: SubscribeOp| Self::Subscribe(op.subscribe.into_vec())),
            "unsubscribe" => op_fields("unsubscribe", bytes)
                .map(|op: IdsOp<SUBSCRIPTIONS>| Self::Unsubscribe(op.ids.into_vec())),
            "ack" => op_fields("ack", bytes).map(|op: AckOp| Self::Ack(op.acks.into_vec())),
            "whole" => op_fields("whole", bytes).map(|op: WholeOp| Self::Whole(op.id)),
            "have" => op_fields("have", bytes)
                .map(|op: IdsOp<DICTIONARIES>| Self::Have(op.ids.into_vec())),
            "token" => op_fields("token", bytes)
                .map(|op: TokenOp| Self::Token(Hidden(op.token.into_string()))),
            "ping" => op_fields("ping", bytes).map(|NoFields {}| Self::Ping),
            "pong" => op_fields("pong", bytes).map(|NoFields {}| Self::Pong),
            "goodbye" => op_fields("goodbye", bytes).map(|NoFields {}| Self::Goodbye),
            unknown => Err(unknown_op(unknown)),
        }
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
