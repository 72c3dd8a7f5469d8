//! Records shared by many connections, framed once.

use std::sync::OnceLock;

use bytes::Bytes;
use push_wire_websocket::{Opcode, frame_header};

use super::event_stream::encode_line;
use super::websocket::MAX_HEADER;

/// A record of the push-wire dialect, stored behind the header of a WebSocket message that holds nothing else: a
/// connection that sends just this record writes one shared buffer.
#[derive(Debug)]
pub struct SharedRecord {
    websocket: Bytes,
    record_at: usize,
    /// The record as an event of its own, made for the first event stream that sends it.
    event: OnceLock<Bytes>,
}

impl SharedRecord {
    /// A record of `len` bytes, which `write` appends.
    pub(crate) fn new(len: usize, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut message = Vec::with_capacity(MAX_HEADER + len);
        frame_header(Opcode::Binary, len, &mut message);
        let record_at = message.len();
        write(&mut message);
        debug_assert_eq!(message.len(), record_at + len);
        Self {
            websocket: Bytes::from(message),
            record_at,
            event: OnceLock::new(),
        }
    }

    /// The record as an event of an event stream: a line of data, and an empty line.
    pub(super) fn event(&self) -> &Bytes {
        self.event.get_or_init(|| {
            let mut event = Vec::new();
            encode_line(self.record(), &mut event);
            event.push(b'\n');
            event.into()
        })
    }

    /// The record as a line of data of an event.
    pub(super) fn event_line(&self) -> Bytes {
        let event = self.event();
        event.slice(..event.len() - 1)
    }

    /// The record as a WebSocket message of its own, header included.
    pub(super) const fn websocket(&self) -> &Bytes {
        &self.websocket
    }

    /// The record alone.
    pub(crate) fn record(&self) -> &[u8] {
        &self.websocket[self.record_at..]
    }

    /// The record alone, shared.
    pub(crate) fn record_bytes(&self) -> Bytes {
        self.websocket.slice(self.record_at..)
    }
}
