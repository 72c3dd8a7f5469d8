//! Acknowledging what the application has handled (docs/protocol.md section 5.4).

use alloc::vec::Vec;

use super::ClientSession;
use super::subscription::{Reader, Stage};
use super::timer::Timer;
use crate::limits::{ACK_DELAY, ACK_ENTRIES, SUBSCRIPTIONS};
use crate::position::Cursor;
use crate::session::op::ClientOp;
use crate::time::Moment;

/// How far one subscription's entries were acknowledged.
#[derive(Default, Debug)]
pub(super) struct Acks {
    /// The newest entry that wants it.
    wanted: Cursor,
    /// What the server was told.
    last_reported: Cursor,
}

impl Acks {
    pub(super) fn wanted(&mut self, cursor: Cursor) {
        self.wanted = self.wanted.max(cursor);
    }

    /// A new request: what the server was told before may have been lost on the way.
    pub(super) fn start_over(&mut self, forget_wanted: bool) {
        self.last_reported = 0;
        if forget_wanted {
            self.wanted = 0;
        }
    }
}

impl Reader {
    /// The cursor to acknowledge, if the server waits for one.
    pub(super) fn ack_due(&self) -> Option<Cursor> {
        let handled = self.handled?.cursor;
        let is_reading = matches!(self.stage, Stage::Reading { .. });
        (is_reading
            && handled > self.acks.last_reported
            && self.acks.wanted > self.acks.last_reported)
            .then_some(handled)
    }
}

impl ClientSession {
    /// More entries were handled: acknowledges now if they are many, else soon.
    pub(super) fn note_handled(&mut self, now: Moment, entries: u64) {
        if !self.readers.iter().any(|reader| reader.ack_due().is_some()) {
            return;
        }
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        self.unacked = self.unacked.saturating_add(entries);
        if self.unacked >= ACK_ENTRIES {
            self.send_acks();
        } else if self.timers.get(Timer::Ack).is_none() {
            self.timers.set(Timer::Ack, now + ACK_DELAY);
        }
    }

    /// Acknowledges everything that was handled.
    pub(super) fn send_acks(&mut self) {
        self.timers.stop(Timer::Ack);
        self.unacked = 0;
        let mut acks = Vec::new();
        for reader in self.readers.iter_mut().take(SUBSCRIPTIONS) {
            if let Some(cursor) = reader.ack_due() {
                reader.acks.last_reported = cursor;
                acks.push((reader.wire_id, cursor));
            }
        }
        if !acks.is_empty() {
            self.send_op(&ClientOp::Ack(acks));
        }
    }
}
