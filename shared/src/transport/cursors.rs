//! Cursors of the packets that were sent to one peer on one channel.

use alloc::vec::Vec;

/// The newest cursor that was sent, and those that are being sent.
///
/// Cursors are reserved in rising order, so that two dispatches at the same time cannot send one packet twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursors {
    sent: Option<u64>,
    /// Tickets and cursors, in rising order of both. As many as there are calls of the driver at the same time.
    reserved: Vec<(u64, u64)>,
}

impl Cursors {
    /// Reserves a cursor. Returns whether it is above all that were sent or are reserved.
    pub(super) fn reserve(&mut self, ticket: u64, cursor: u64) -> bool {
        let newest = self.reserved.last().map(|&(_, cursor)| cursor);
        if newest.max(self.sent).is_some_and(|newest| cursor <= newest) {
            return false;
        }
        self.reserved.push((ticket, cursor));
        true
    }

    /// Records that the packet of a reservation was sent.
    pub(super) fn commit(&mut self, ticket: u64) {
        self.sent = self.release(ticket).max(self.sent);
    }

    /// Ends a reservation, whose cursor may be sent again. Returns the cursor.
    pub(super) fn release(&mut self, ticket: u64) -> Option<u64> {
        let at = self
            .reserved
            .iter()
            .position(|&(other, _)| other == ticket)?;
        Some(self.reserved.remove(at).1)
    }

    /// Returns whether nothing is known, so that it can be dropped.
    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_none() && self.reserved.is_empty()
    }
}
