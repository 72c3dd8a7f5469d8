//! The two dialects of the wire (docs/protocol.md section 1): reading of clients' messages, writing of ops and
//! entries.

mod json;
mod wire;

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::close::CloseReason;
use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::position::Scope;
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ServerOp, Subscribe};
use push_wire_shared::session::server::{ClientLimits, Uplink};
use uuid::Uuid;

use crate::carrier::Carrier;
use crate::compression::ClientDictionaries;
use crate::hub::{Hub, OpAnswer, OpenedSession, Stream};
use json::JsonCodec;
use wire::WireCodec;
pub(crate) use wire::{Fragment, Fragments};

/// Dialect of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Subprotocol `push-wire.v1`: binary messages.
    Wire,
    /// No subprotocol: JSON text messages.
    Json,
    /// The JSON dialect as events of an event stream, whose client sends nothing on the connection.
    JsonEvents,
}

/// A message as the transport received it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// Size in bytes.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// One request of a client's message.
#[derive(Debug)]
pub(crate) enum Request {
    /// A control op for the session.
    Op(ClientOp),
    /// A message for the application.
    Uplink(Uplink),
    /// A part that cannot be read or carried out, to be answered with an error.
    Error(ErrorCode, Cow<'static, str>),
    /// Names in a list, each of which was looked up: they count for the client's rate.
    Names(usize),
    /// The end of the connection.
    Close(CloseReason),
}

/// Result of offering an entry to the next message.
#[derive(Debug)]
pub(crate) enum Added {
    /// The entry is in the message, with these bytes.
    Bytes(usize),
    /// The message has no room for it; it goes into the next one.
    Full,
    /// The entry is sent in fragments, each a message of its own.
    Large(Fragments),
    /// The entry is above the client's limit.
    TooLarge {
        /// Bytes of the value, or of its message in the JSON dialect.
        bytes: usize,
        /// The client's limit.
        limit: usize,
    },
}

/// Encoded forms of one entry, made by the dialects, each once for all readers.
#[derive(Default, Debug)]
struct Forms {
    wire: wire::Forms,
    /// Bytes as a JSON string in base64.
    base64: OnceLock<Bytes>,
}

/// Decoder and encoder of one connection.
#[derive(Debug)]
pub(crate) enum Codec {
    Wire(WireCodec),
    Json(JsonCodec),
}

impl Codec {
    pub(crate) fn new(dialect: Dialect, hub: &Hub) -> Self {
        match dialect {
            Dialect::Wire => Self::Wire(WireCodec::new(
                hub.system_channel(),
                hub.limits().fragment_bytes,
            )),
            Dialect::Json => Self::Json(JsonCodec::new(hub.session_config())),
            Dialect::JsonEvents => Self::Json(JsonCodec::events(hub.session_config())),
        }
    }

    /// Reads at most `most` frames of a message, and passes their requests to `each` in order. Returns the rest of the
    /// message.
    pub(crate) fn decode(
        &mut self,
        message: &Message,
        most: usize,
        each: &mut dyn FnMut(Request),
    ) -> Option<Message> {
        match self {
            Self::Wire(wire) => wire.decode(message, most, each),
            Self::Json(json) => {
                json.decode(message, each);
                None
            }
        }
    }

    /// Takes the settings of `auth`. Returns the names of the channels that it requests, known or not.
    pub(crate) fn authenticate<'a>(&'a mut self, auth: &'a Auth) -> Vec<&'a str> {
        match self {
            Self::Wire(wire) => wire.authenticate(auth),
            Self::Json(json) => json.named_channels().collect(),
        }
    }

    /// Sets the session and the limits of the authenticated client.
    pub(crate) fn open(&mut self, client: Uuid, session: &OpenedSession, limits: ClientLimits) {
        match self {
            Self::Wire(wire) => wire.open(limits),
            Self::Json(json) => json.open(client, session),
        }
    }

    /// Subscriptions that the connection begins with, beside those of its `auth` op. To be called after `auth_ok` has
    /// been written, because failed resumes are reported here. `may_read` decides by the client's grant.
    pub(crate) fn begin(
        &mut self,
        resumed: bool,
        may_read: impl Fn(u8, &Scope) -> bool,
        each: &mut dyn FnMut(Request),
    ) -> Vec<Subscribe> {
        match self {
            Self::Wire(_) => Vec::new(),
            Self::Json(json) => json.begin(resumed, may_read, each),
        }
    }

    /// Takes the rights of a new grant. `may_read` decides by it.
    pub(crate) fn set_readable(&mut self, may_read: impl Fn(u8, &Scope) -> bool) {
        match self {
            Self::Wire(_) => {}
            Self::Json(json) => json.set_readable(may_read),
        }
    }

    /// Sets the id of the last event that the client of an event stream has seen.
    pub(crate) fn set_last_event(&mut self, id: String) {
        match self {
            Self::Wire(_) => {}
            Self::Json(json) => json.set_last_event(id),
        }
    }

    /// Sets an error to be sent once the client is authenticated.
    pub(crate) fn set_remark(&mut self, text: String) {
        match self {
            Self::Wire(_) => {}
            Self::Json(json) => json.set_remark(text),
        }
    }

    /// Collects the answers to the client's message from here on, for a POST. In the push-wire dialect they are sent to
    /// the client all the same.
    pub(crate) fn collect_answers(&mut self) {
        match self {
            Self::Wire(_) => {}
            Self::Json(json) => json.collect_answers(),
        }
    }

    /// Returns the collected answers, and sends later ones to the client.
    pub(crate) fn take_answers(&mut self) -> Vec<OpAnswer> {
        match self {
            Self::Wire(_) => Vec::new(),
            Self::Json(json) => json.take_answers(),
        }
    }

    /// Encoding of bodies.
    pub(crate) const fn encoding(&self) -> PayloadEncoding {
        match self {
            Self::Wire(wire) => wire.encoding(),
            Self::Json(_) => PayloadEncoding::Json,
        }
    }

    /// Close code of a reason.
    pub(crate) const fn close_code(&self, reason: CloseReason) -> u16 {
        match (self, reason) {
            (Self::Json(_), CloseReason::Unauthorized) => json::UNAUTHORIZED,
            (Self::Json(_) | Self::Wire(_), _) => reason.code(),
        }
    }

    /// Dictionaries of a client that accepts compressed entries.
    pub(crate) const fn dictionaries(&mut self) -> Option<&mut ClientDictionaries> {
        match self {
            Self::Wire(wire) => wire.dictionaries(),
            Self::Json(_) => None,
        }
    }

    /// Adds a control op to the next message.
    pub(crate) fn op(&mut self, op: &ServerOp) {
        match self {
            Self::Wire(wire) => wire.op(op),
            Self::Json(json) => json.op(op),
        }
    }

    /// Adds an op of the application as JSON text; returns whether the dialect has such ops.
    pub(crate) fn text(&mut self, text: &str) -> bool {
        match self {
            Self::Wire(_) => false,
            Self::Json(json) => {
                json.text(text);
                true
            }
        }
    }

    /// Largest message of several entries, in bytes; `server` is the server's limit.
    pub(crate) fn batch_bytes(&self, server: usize) -> usize {
        match self {
            Self::Wire(wire) => wire.batch_bytes(server),
            Self::Json(_) => server,
        }
    }

    /// Adds an entry whole, if the message has room for it or is empty.
    pub(crate) fn entry(&mut self, stream: &Stream, entry: &Entry, room: usize) -> Added {
        match self {
            Self::Wire(wire) => wire.entry(stream, entry, room),
            Self::Json(json) => json.entry(stream, entry),
        }
    }

    /// Adds an entry as a delta, if the dialect has deltas and it is smaller than the value.
    pub(crate) fn delta(
        &mut self,
        stream: &Stream,
        base: &Entry,
        entry: &Entry,
        room: usize,
    ) -> Option<Added> {
        match self {
            Self::Wire(wire) => wire.delta(stream, base, entry, room),
            Self::Json(_) => None,
        }
    }

    /// Adds a fragment as the next message, which must be empty.
    pub(crate) fn fragment(&mut self, fragment: Fragment) {
        match self {
            Self::Wire(wire) => wire.fragment(fragment),
            Self::Json(_) => unreachable!("the JSON dialect has no fragments"),
        }
    }

    /// Bytes of the ops and entries added since the last message.
    pub(crate) fn pending_bytes(&self) -> usize {
        match self {
            Self::Wire(wire) => wire.pending_bytes(),
            Self::Json(json) => json.pending_bytes(),
        }
    }

    /// Control ops added since the last message.
    pub(crate) const fn pending_ops(&self) -> usize {
        match self {
            Self::Wire(wire) => wire.pending_ops(),
            Self::Json(json) => json.pending_ops(),
        }
    }

    /// Completes the message, or several, and passes them on. Returns their number.
    pub(crate) fn finish(&mut self, out: &mut dyn Carrier) -> usize {
        match self {
            Self::Wire(wire) => wire.finish(out),
            Self::Json(json) => json.finish(out),
        }
    }
}
