//! Messages of the dialects, and how each transport frames them.
//!
//! A dialect makes messages; a carrier turns them into the bytes of its transport. The framed form of a record that
//! many connections send is made once and shared.

mod event_stream;
mod pieces;
mod record;
mod websocket;

use bytes::Bytes;
pub use event_stream::EventFrames;
pub use record::SharedRecord;
pub use websocket::WebSocketFrames;

use std::sync::Arc;

/// Kind of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// A keep-alive without content, in the transport's own form.
    Ping,
}

/// Part of a message.
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes of this connection, or a slice of shared bytes.
    Bytes(Bytes),
    /// A record that many connections send.
    Record(Arc<SharedRecord>),
}

impl Part {
    /// The part's bytes, without framing.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Record(record) => record.record(),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Record(record) => record.record_bytes(),
        }
    }
}

/// One message for a client. Its content is its parts, one after the other.
#[derive(Clone, Debug)]
pub struct Message {
    /// Kind.
    pub kind: Kind,
    /// Parts.
    pub parts: Vec<Part>,
    /// Fields of its event, for event streams only.
    pub event: EventFields,
}

/// Fields of an event beside its data.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct EventFields {
    /// Id, which an `EventSource` sends as `Last-Event-ID` when it reconnects.
    pub id: Option<u64>,
    /// Time after which an `EventSource` reconnects, in milliseconds.
    pub retry_ms: Option<u64>,
}

impl Message {
    /// A message without fields of an event.
    #[must_use]
    pub const fn new(kind: Kind, parts: Vec<Part>) -> Self {
        let event = EventFields {
            id: None,
            retry_ms: None,
        };
        Self { kind, parts, event }
    }

    /// Bytes of the content.
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.as_slice().len()).sum()
    }

    /// The content in one piece, copied.
    #[must_use]
    pub fn content(&self) -> Bytes {
        let parts: Vec<&[u8]> = self.parts.iter().map(Part::as_slice).collect();
        Bytes::from(parts.concat())
    }
}

/// Receiver of the messages of one connection, in order.
pub trait Carrier {
    /// Takes a message.
    fn send(&mut self, message: Message);
}

/// Collects messages without framing, for drivers without a transport.
impl Carrier for Vec<Message> {
    fn send(&mut self, message: Message) {
        self.push(message);
    }
}
