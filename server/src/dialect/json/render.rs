//! Writing of text messages, one per op or entry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::SystemOp;
use push_wire_shared::limits::VALUE_BYTES;
use push_wire_shared::session::op::{ErrorCode, SystemNotice};
use push_wire_shared::session::wire::Content;
use uuid::Uuid;

use crate::carrier::{Carrier, EventFields, Kind, Message, Part};
use crate::dialect::{Added, Forms};
use crate::hub::{AnswerKind, OpAnswer};

/// Bodies from this size on (4 KiB) are parts of their own, shared by all readers; smaller ones are copied.
const SHARE_BYTES: usize = 4_096;

/// Largest size, in bytes, of an entry's message without its body: two names of 255 escaped bytes, a number, and an id.
const ENVELOPE_BYTES: usize = 4_096;

/// Writer of one connection's messages, which holds those not passed on yet.
#[derive(Default, Debug)]
pub(super) struct Renderer {
    /// Beginning of a frame of the system channel, if ops are sent in such frames.
    frame_start: Option<Box<str>>,
    messages: Vec<Message>,
    bytes: usize,
    ops: usize,
    /// Ops that answer the POST whose message is being handled.
    answers: Option<Vec<OpAnswer>>,
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
    /// A writer of ops in frames of this system channel.
    pub(super) fn in_frames(system: &str) -> Self {
        let name = serde_json::Value::from(system);
        let start = format!("{{\"channel\":{name},\"payload\":");
        Self {
            frame_start: Some(start.into()),
            ..Self::default()
        }
    }

    /// Collects the answers from here on for a POST. Messages about the connection and its streams are sent as before.
    pub(super) fn collect_answers(&mut self) {
        self.answers = Some(Vec::new());
    }

    /// Returns the collected answers, and sends later ones to the client.
    pub(super) fn take_answers(&mut self) -> Vec<OpAnswer> {
        self.answers.take().unwrap_or_default()
    }

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

    /// Adds an error: the answer to a message of the client, or the reason for which a connection or a subscription ends.
    pub(super) fn error(&mut self, code: ErrorCode, message: String) {
        self.answer(AnswerKind::Error(code), &SystemOp::Error { message });
    }

    /// Adds the answer to a ping.
    pub(super) fn pong(&mut self) {
        self.answer(AnswerKind::Information, &SystemOp::Pong);
    }

    /// Adds the answer to an `ack` of a number that was never sent; `newest` is the newest that was.
    pub(super) fn unproved_ack(&mut self, channel: &str, newest: u64) {
        let op = SystemOp::ResumeRequired {
            channel,
            from_cursor: newest,
        };
        self.answer(AnswerKind::Unproved, &op);
    }

    /// Adds the op that entries up to a number may be missing. It stands between the entries, also where a POST is the
    /// cause.
    pub(super) fn resume_required(&mut self, channel: &str, from_cursor: u64) {
        self.op(&SystemOp::ResumeRequired {
            channel,
            from_cursor,
        });
    }

    /// Adds an op that answers a message of the client: to the answers of its POST, or the next message.
    fn answer(&mut self, kind: AnswerKind, op: &SystemOp<&str>) {
        match &mut self.answers {
            None => self.op(op),
            Some(answers) => {
                let text = serde_json::to_vec(op).unwrap_or_default();
                answers.push(OpAnswer { kind, text });
            }
        }
    }

    /// Adds a goodbye. An `EventSource` comes back after `retry_ms`.
    pub(super) fn goodbye(&mut self, message: &str, retry_ms: Option<u64>) {
        self.op(&SystemOp::Goodbye {
            reason: Some(message.to_owned()),
        });
        if let Some(message) = self.messages.last_mut() {
            message.event.retry_ms = retry_ms;
        }
    }

    /// Adds an error that names the time for which the client sends nothing, in milliseconds.
    pub(super) fn error_with_retry(&mut self, message: &str, retry_ms: u64) {
        let op = serde_json::json!({"op": "error", "message": message, "retry_ms": retry_ms});
        self.text(op.to_string().into_bytes());
    }

    /// Adds an op as JSON text.
    pub(super) fn text(&mut self, text: Vec<u8>) {
        self.ops += 1;
        let text = match &self.frame_start {
            Some(start) => [start.as_bytes(), &text, b"}"].concat(),
            None => text,
        };
        self.add(Message::new(Kind::Text, vec![Part::Bytes(text.into())]));
    }

    /// Adds a ping of the transport.
    pub(super) fn ping(&mut self) {
        self.ops += 1;
        self.add(Message::new(Kind::Ping, Vec::new()));
    }

    /// Adds an entry; `client` is its client id if it comes from an inbox, `id` that of its event. Returns the message's
    /// size in bytes.
    pub(super) fn entry(
        &mut self,
        channel: &str,
        number: u64,
        body: Bytes,
        client: Option<Uuid>,
        id: Option<u64>,
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
        let parts = parts.into_iter().map(Part::Bytes).collect();
        let event = EventFields { id, retry_ms: None };
        self.add(Message {
            event,
            ..Message::new(Kind::Text, parts)
        });
        self.bytes - before
    }

    fn add(&mut self, message: Message) {
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
