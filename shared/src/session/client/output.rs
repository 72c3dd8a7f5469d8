//! Queue of a client session's outputs.

use alloc::vec::Vec;

use super::{Event, Output, Stats};
use crate::frame::FrameHeader;
use crate::limits::BATCH_BYTES;
use crate::session::wire::write_record;

/// Outputs that the driver has not taken yet, and statistics.
#[derive(Default, Debug)]
pub(super) struct Outputs {
    /// Newest last.
    queue: Vec<Output>,
    /// Outputs that the driver takes now, newest first; refilled from `queue` when empty.
    leaving: Vec<Output>,
    pub(super) stats: Stats,
}

impl Outputs {
    pub(super) fn push(&mut self, output: Output) {
        self.queue.push(output);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.push(Output::Event(event));
    }

    /// Sends a frame, in the same message as the frame before it where it fits.
    pub(super) fn frame(&mut self, header: FrameHeader, payload: &[u8], max_message_bytes: usize) {
        if let Some(Output::Transmit(message)) = self.queue.last_mut()
            && message.len() + record_bytes(payload.len()) <= max_message_bytes.min(BATCH_BYTES)
        {
            return write_record(message, header, payload);
        }
        let mut message = Vec::new();
        write_record(&mut message, header, payload);
        self.push(Output::Transmit(message));
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        if self.leaving.is_empty() {
            core::mem::swap(&mut self.queue, &mut self.leaving);
            self.leaving.reverse();
        }
        let output = self.leaving.pop()?;
        if let Output::Transmit(message) = &output {
            self.stats.messages_out += 1;
            self.stats.bytes_out += message.len() as u64;
        }
        Some(output)
    }
}

/// Largest size in a message, in bytes, of a frame with a payload of this length.
pub(super) const fn record_bytes(payload: usize) -> usize {
    // A length of up to five bytes and the frame's header.
    payload.saturating_add(5 + crate::frame::FRAME_HEADER_LEN)
}
