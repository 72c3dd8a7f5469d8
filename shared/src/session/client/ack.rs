//! Acknowledgement of inbox entries (docs/protocol.md section 5.4).

use crate::position::Cursor;

/// Acknowledged cursor of one subscription.
#[derive(Default, Debug)]
pub(super) struct Acks {
    /// Newest entry that asked for an acknowledgement.
    wanted: Cursor,
    /// Newest cursor acknowledged on this connection.
    last_reported: Cursor,
}

impl Acks {
    pub(super) fn wanted(&mut self, cursor: Cursor) {
        self.wanted = self.wanted.max(cursor);
    }

    /// Starts anew for a new request, since earlier acknowledgements may have been lost.
    pub(super) const fn start_over(&mut self, forget_wanted: bool) {
        self.last_reported = 0;
        if forget_wanted {
            self.wanted = 0;
        }
    }

    /// Returns whether the server waits for an acknowledgement and `handled` is above the last one.
    pub(super) const fn is_due(&self, handled: Cursor) -> bool {
        handled > self.last_reported && self.wanted > self.last_reported
    }

    pub(super) const fn sent(&mut self, cursor: Cursor) {
        self.last_reported = cursor;
    }
}
