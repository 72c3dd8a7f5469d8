//! Output of a peer: control ops and entries become messages for the transport.

use push_wire_shared::time::Moment;

use super::Peer;
use crate::carrier::Carrier;
use crate::outbox::ReaderError;

impl Peer {
    /// Returns whether the queue of ops is full: the driver passes on no message of the client until some have been
    /// written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.op_room() == 0 || self.unread.is_some()
    }

    /// Ops that may be added to those that wait and to the answers that are awaited from the driver.
    pub(super) fn op_room(&self) -> usize {
        let limit = self.hub.limits().control_ops.max(1);
        limit.saturating_sub(self.codec.pending_ops() + self.actions.len())
    }

    /// Returns whether [`poll_write`](Self::poll_write) may have something.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.codec.pending_ops() > 0 || self.notices_left || self.outbox.has_queued()
    }

    /// Gives the next message or messages to the carrier; none if there is nothing to send. Call it only when all that
    /// it gave before has been written, then call [`wrote`](Self::wrote).
    pub fn poll_write(&mut self, now: Moment, out: &mut dyn Carrier) {
        if self.closed {
            return;
        }
        if self.notices_left {
            self.handle_wake(now);
        }
        let mut errors = Vec::new();
        // A connection that ends is sent the reason, and nothing else.
        let batch = if self.session.is_closed() {
            0
        } else {
            self.codec.batch_bytes(self.hub.limits().batch_bytes)
        };
        let pulled = self
            .outbox
            .pull(now, &mut self.codec, batch, out, &mut errors);
        self.hub.counters().delivered(pulled.entries, pulled.deltas);
        for error in errors {
            self.handle_reader_error(now, error);
        }
        if pulled.messages > 0 {
            self.stall.given(now);
        } else if self.codec.pending_ops() > 0 {
            // An error was stated while nothing else was to be sent.
            self.outbox
                .pull(now, &mut self.codec, 0, out, &mut Vec::new());
            self.stall.given(now);
        }
    }

    fn handle_reader_error(&mut self, now: Moment, error: ReaderError) {
        match error {
            ReaderError::Overrun { id, bounds } => {
                self.session.handle_overrun(id, bounds);
                self.perform(now);
                self.outbox.seek(id, bounds.floor);
            }
            ReaderError::Unreadable { id } => {
                self.session.handle_unreadable(id);
                self.perform(now);
            }
            ReaderError::TooLarge { id, bytes, limit } => {
                self.session.handle_too_large(id, bytes, limit);
                self.perform(now);
            }
        }
    }

    /// The transport took some bytes; `all` says whether it has taken everything it was given.
    pub fn wrote(&mut self, now: Moment, all: bool) {
        self.stall.taken(now, all);
        if all {
            self.read_on(now);
        }
    }
}
