//! Outgoing side of a session: outputs, deadlines, and the control frames of the connection.

use alloc::vec::Vec;

use super::error::ConnectionError;
use super::output::Outputs;
use super::timer::Timers;
use super::{Event, Output};
use crate::close::CloseReason;
use crate::encoding::PayloadEncoding;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::limits::HANDSHAKE_BYTES;
use crate::session::op::ClientOp;

/// Queue of the outputs of a session's parts.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) outputs: Outputs,
    pub(super) timers: Timers,
    /// Wire id of the system channel, known from the server's first frame.
    system: Option<u8>,
    /// Number of the next control frame of each direction (docs/protocol.md section 3.1).
    next_in: u32,
    next_out: u32,
    /// Largest message that the server takes, in bytes.
    pub(super) max_message_bytes: usize,
    /// Encoding of bodies on the latest connection; before its `auth_ok`, that of the one before it, or the wanted one.
    pub(super) encoding: PayloadEncoding,
}

impl Link {
    pub(super) fn new(encoding: PayloadEncoding) -> Self {
        Self {
            outputs: Outputs::default(),
            timers: Timers::default(),
            system: None,
            next_in: 0,
            next_out: 0,
            max_message_bytes: HANDSHAKE_BYTES,
            encoding,
        }
    }

    /// Begins the control frames of a new connection.
    pub(super) const fn start_over(&mut self) {
        self.system = None;
        self.next_in = 0;
        self.next_out = 0;
        self.max_message_bytes = HANDSHAKE_BYTES;
    }

    /// Returns whether a frame on this channel is a control frame. The server's first frame names the system channel.
    pub(super) fn is_control(&mut self, channel: u8) -> bool {
        *self.system.get_or_insert(channel) == channel
    }

    /// Counts a control frame of the server.
    pub(super) fn count_in(&mut self, sequence: u32) -> Result<(), ConnectionError> {
        if sequence != self.next_in {
            let reason = CloseReason::OutOfSequence;
            return Err(ConnectionError::new(reason, reason.text()));
        }
        self.next_in = sequence.wrapping_add(1);
        Ok(())
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push(Output::Event(event));
    }

    /// Closes the connection from this side; [`end`](Self::end) follows.
    pub(super) fn disconnect(&mut self, reason: CloseReason) {
        self.outputs.flush_posts();
        let code = reason.code();
        self.outputs.push(Output::Disconnect { code });
    }

    /// Drops the state of a connection that has ended, by either side.
    pub(super) fn end(&mut self) {
        self.timers.stop_connection();
        self.outputs.end_posts();
    }

    /// Sends a control frame.
    pub(super) fn send(&mut self, op: &ClientOp) {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: self.system.unwrap_or_default(),
            sequence: self.next_out,
        };
        self.next_out = self.next_out.wrapping_add(1);
        self.outputs.frame(header, &payload, self.max_message_bytes);
    }

    /// Sends a list in as many control frames as the server's message limit requires; an item takes at most
    /// `item_bytes`.
    pub(super) fn send_list<T: Clone>(
        &mut self,
        items: &[T],
        item_bytes: usize,
        op: fn(Vec<T>) -> ClientOp,
    ) {
        let room = self.max_message_bytes.saturating_sub(LIST_OVERHEAD);
        let per_frame = (room / item_bytes).max(1);
        for part in items.chunks(per_frame) {
            self.send(&op(part.to_vec()));
        }
    }
}

/// Bytes of a control frame that carries a list, beside its items: headers, and the names of its fields.
pub(super) const LIST_OVERHEAD: usize = 64;

/// Bytes of an id in a list.
pub(super) const ID_BYTES: usize = 5;

/// Bytes of an acknowledgement in a list.
pub(super) const ACK_BYTES: usize = 1 + ID_BYTES + 9;
