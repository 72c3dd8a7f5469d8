//! The JSON dialect: one text message per op or entry.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::session::op::{RejectedMessage, ServerOp};
use push_wire_shared::session::server::ServerConfig;
use push_wire_shared::session::wire::Content;
use serde_json::json;
use uuid::Uuid;

use crate::hub::{Numbering, Source, Stream, lock};
use crate::outbox::framing::{Opcode, frame_header};

/// Writes the messages of one connection.
#[derive(Debug)]
pub(crate) struct JsonRenderer {
    config: Arc<ServerConfig>,
    client: Uuid,
    numbering: Arc<Mutex<Numbering>>,
    /// Complete WebSocket frames.
    frames: Vec<u8>,
    ops: usize,
}

/// The subscription of one of a channel's two streams: the JSON dialect names streams by channel alone.
pub(crate) const fn subscription_id(channel: u8, source: Source) -> u32 {
    channel as u32 * 2 + source as u32
}

fn subscription(id: u32) -> Option<(u8, Source)> {
    let source = if id.is_multiple_of(2) {
        Source::Channel
    } else {
        Source::Inbox
    };
    Some((u8::try_from(id / 2).ok()?, source))
}

impl JsonRenderer {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        let numbering = Arc::default();
        Self {
            config,
            client: Uuid::nil(),
            numbering,
            frames: Vec::new(),
            ops: 0,
        }
    }

    /// The client is known, and its session's numbers with it.
    pub(crate) fn set_session(&mut self, client: Uuid, numbering: Arc<Mutex<Numbering>>) {
        self.client = client;
        self.numbering = numbering;
    }

    fn channels(&self) -> &ChannelTable {
        &self.config.channels
    }

    fn name(&self, channel: u8) -> &str {
        self.channels()
            .by_id(channel)
            .map_or("", |channel| &channel.name)
    }

    pub(super) fn op(&mut self, op: &ServerOp) {
        match op {
            ServerOp::AuthOk(_) => self.auth_ok(),
            ServerOp::Resumed { id, position, .. } => {
                if let Some((channel, source)) = subscription(*id) {
                    lock(&self.numbering).begin(channel, source, *position);
                }
            }
            ServerOp::Reset {
                id,
                reason,
                reading,
                ..
            } => {
                let Some((channel, source)) = subscription(*id) else {
                    return;
                };
                match reading {
                    Some((_, position)) => {
                        let number = lock(&self.numbering).skip_to(channel, source, *position);
                        self.resume_required(channel, number);
                    }
                    None => self.error(&format!("{}: {}", self.name(channel), reason.name())),
                }
            }
            ServerOp::Error { message, .. }
            | ServerOp::Rejected(RejectedMessage { message, .. }) => self.error(message),
            // Published clients answer pings of the WebSocket, not those of the dialect.
            ServerOp::Ping { .. } => {
                frame_header(Opcode::Ping, 0, &mut self.frames);
                self.ops += 1;
            }
            ServerOp::Pong => self.say(&json!({"op": "pong"})),
            ServerOp::Goodbye { message, .. } => {
                self.say(&json!({"op": "goodbye", "reason": message}))
            }
            // Messages carry no numbers in this dialect, so there is nothing to acknowledge.
            ServerOp::Received { .. } => {}
            // Nothing is compressed in this dialect.
            ServerOp::Dictionary(_) => {}
        }
    }

    fn auth_ok(&mut self) {
        let acked: Vec<(u8, u64)> = lock(&self.numbering).acked().collect();
        let newest = acked.iter().map(|(_, number)| *number).max().unwrap_or(0);
        let acked = acked
            .into_iter()
            .map(|(id, number)| (self.name(id).to_owned(), json!(number)));
        let cursors: serde_json::Map<_, _> = acked.collect();
        self.say(&json!({"op": "auth_ok", "resume_cursor": newest, "resume_cursors": cursors}));
    }

    /// Says that entries before the next one may be missing.
    pub(crate) fn resume_required(&mut self, channel: u8, from: u64) {
        let op =
            json!({"op": "resume_required", "channel": self.name(channel), "from_cursor": from});
        self.say(&op);
    }

    fn error(&mut self, message: &str) {
        self.say(&json!({"op": "error", "message": message}));
    }

    fn say(&mut self, op: &serde_json::Value) {
        self.text(op.to_string().as_bytes());
    }

    /// Adds an op that the application wrote.
    pub(crate) fn text(&mut self, text: &[u8]) {
        frame_header(Opcode::Text, text.len(), &mut self.frames);
        self.frames.extend_from_slice(text);
        self.ops += 1;
    }

    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry) -> usize {
        let source = if stream.is_inbox() {
            Source::Inbox
        } else {
            Source::Channel
        };
        let cursor =
            lock(&self.numbering).assign(stream.channel(), source, entry.cursor, entry.tag);
        let name = json!(self.name(stream.channel()));
        let mut text =
            format!("{{\"channel\":{name},\"cursor\":{cursor},\"payload\":").into_bytes();
        match entry.record.content {
            Content::Value => text.extend_from_slice(&entry.record.body),
            Content::Bytes => {
                let encoded = STANDARD.encode(&entry.record.body);
                text.push(b'"');
                text.extend_from_slice(encoded.as_bytes());
                text.push(b'"');
            }
        }
        if stream.is_inbox() {
            text.extend_from_slice(format!(",\"client_id\":\"{}\"", self.client).as_bytes());
        }
        text.push(b'}');
        let before = self.frames.len();
        frame_header(Opcode::Text, text.len(), &mut self.frames);
        self.frames.extend_from_slice(&text);
        self.frames.len() - before
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.frames.len()
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.ops
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Bytes>) {
        if !self.frames.is_empty() {
            out.push(Bytes::from(std::mem::take(&mut self.frames)));
        }
        self.ops = 0;
    }
}
