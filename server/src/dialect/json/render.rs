//! Writing of text messages, one per op or entry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::SystemOp;
use push_wire_shared::limits::VALUE_BYTES;
use push_wire_shared::session::op::SystemNotice;
use push_wire_shared::session::wire::Content;
use uuid::Uuid;

use crate::carrier::{Carrier, Kind, Message, Part};
use crate::dialect::{Added, Forms};

/// Bodies from this size on (4 KiB) are parts of their own, shared by all readers; smaller ones are copied.
const SHARE_BYTES: usize = 4_096;

/// Largest size, in bytes, of an entry's message without its body: two names of 255 escaped bytes, a number, and an id.
const ENVELOPE_BYTES: usize = 4_096;

/// Writer of one connection's messages, which holds those not passed on yet.
#[derive(Default, Debug)]
pub(super) struct Renderer {
    messages: Vec<Message>,
    bytes: usize,
    ops: usize,
}

/// An entry's payload as JSON text, shared by all readers; bytes are a string in base64.
pub(super) fn body(entry: &Entry) -> Bytes {
    let record = &entry.record;
    let in_base64 = || Bytes::from(format!("\"{}\"", STANDARD.encode(&record.body)));
    match (record.content, entry.forms::<Forms>()) {
        (Content::Value, _) => record.body.clone(),
        (Content::Bytes, Some(forms)) => forms.base64.get_or_init(in_base64).clone(),
        (Content::Bytes, None) => in_base64(),
    }
}

/// The result for a payload above 16 MiB, at which the WebSocket layer of published clients ends a connection.
pub(super) fn too_large(body: &Bytes) -> Option<Added> {
    let bytes = ENVELOPE_BYTES + body.len();
    (bytes > VALUE_BYTES).then_some(Added::TooLarge {
        bytes,
        limit: VALUE_BYTES,
    })
}

impl Renderer {
    /// Adds an op.
    pub(super) fn op(&mut self, op: &SystemOp<&str>) {
        // Names, numbers and texts: nothing in an op can fail to be written.
        self.text(serde_json::to_vec(op).unwrap_or_default());
    }

    /// Adds the op that entries up to a number were not sent. `skipped` is a field that published clients pass over.
    pub(super) fn skipped(&mut self, channel: &str, number: u64, count: u64) {
        let name = serde_json::Value::from(channel);
        let op = format!(
            "{{\"op\":\"resume_required\",\"channel\":{name},\"from_cursor\":{number},\"skipped\":{count}}}"
        );
        self.text(op.into_bytes());
    }

    /// Adds a notice.
    pub(super) fn notice(&mut self, notice: &SystemNotice) {
        // As an op: nothing in it can fail to be written.
        self.text(serde_json::to_vec(notice).unwrap_or_default());
    }

    /// Adds an error.
    pub(super) fn error(&mut self, message: String) {
        self.op(&SystemOp::Error { message });
    }

    /// Adds an op as JSON text.
    pub(super) fn text(&mut self, text: Vec<u8>) {
        self.ops += 1;
        self.add(Kind::Text, vec![Part::Bytes(text.into())]);
    }

    /// Adds a ping of the transport.
    pub(super) fn ping(&mut self) {
        self.ops += 1;
        self.add(Kind::Ping, Vec::new());
    }

    /// Adds an entry; `client` is its client id if it comes from an inbox. Returns the message's size in bytes.
    pub(super) fn entry(
        &mut self,
        channel: &str,
        number: u64,
        body: Bytes,
        client: Option<Uuid>,
    ) -> usize {
        let before = self.bytes;
        let name = serde_json::Value::from(channel);
        let start = format!("{{\"channel\":{name},\"cursor\":{number},\"payload\":");
        let end = client.map_or_else(
            || String::from("}"),
            |client| format!(",\"client_id\":\"{client}\"}}"),
        );
        let parts = if body.len() < SHARE_BYTES {
            vec![[start.as_bytes(), &body, end.as_bytes()].concat().into()]
        } else {
            vec![Bytes::from(start), body, Bytes::from(end)]
        };
        self.add(Kind::Text, parts.into_iter().map(Part::Bytes).collect());
        self.bytes - before
    }

    fn add(&mut self, kind: Kind, parts: Vec<Part>) {
        let message = Message { kind, parts };
        self.bytes += message.content_bytes();
        self.messages.push(message);
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.ops
    }

    /// Passes the messages on. Returns their number.
    pub(super) fn finish(&mut self, out: &mut dyn Carrier) -> usize {
        let messages = std::mem::take(&mut self.messages);
        (self.bytes, self.ops) = (0, 0);
        let count = messages.len();
        messages.into_iter().for_each(|message| out.send(message));
        count
    }
}
