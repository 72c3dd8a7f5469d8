//! Entries of one subscription that were handed out and are not handled yet.

use alloc::collections::VecDeque;

use crate::position::Position;

/// Bounds of a backlog.
#[derive(Clone, Copy, Debug)]
pub(super) struct BacklogLimits {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// Entries that the application holds and has not reported as handled, oldest first.
#[derive(Default, Debug)]
pub(super) struct Backlog {
    entries: VecDeque<Held>,
    bytes: usize,
}

/// Entry that was handed out.
#[derive(Debug)]
struct Held {
    position: Position,
    bytes: usize,
    /// A reset came after it: its position means nothing any more.
    is_stale: bool,
}

impl Backlog {
    /// An entry was handed out.
    pub(super) fn push(&mut self, position: Position, bytes: usize) {
        self.entries.push_back(Held {
            position,
            bytes,
            is_stale: false,
        });
        self.bytes += bytes;
    }

    /// The stream was reset.
    pub(super) fn reset(&mut self) {
        self.entries
            .iter_mut()
            .for_each(|held| held.is_stale = true);
    }

    /// Everything up to this position was handled, and with it what was handed out before. Returns whether the
    /// position is one of the stream as it is now.
    pub(super) fn handled(&mut self, position: Position) -> bool {
        let is_it = |held: &Held| held.position == position;
        let is_before = |held: &Held| {
            !held.is_stale
                && held.position.epoch == position.epoch
                && held.position.cursor <= position.cursor
        };
        let last = self.entries.iter().rposition(is_it);
        let Some(last) = last.or_else(|| self.entries.iter().rposition(is_before)) else {
            return true;
        };
        let is_stale = self.entries[last].is_stale;
        for held in self.entries.drain(..=last) {
            self.bytes -= held.bytes;
        }
        !is_stale
    }

    /// Returns whether no more is to be handed out. A lone entry never fills it, however large: an application may
    /// handle an entry only with the one after.
    pub(super) fn is_full(&self, limits: BacklogLimits) -> bool {
        let count = self.entries.len();
        count >= limits.entries || (count > 1 && self.bytes >= limits.bytes)
    }

    /// Returns whether at most half of the bound is left.
    pub(super) fn has_room(&self, limits: BacklogLimits) -> bool {
        let count = self.entries.len();
        count <= limits.entries / 2 && (count <= 1 || self.bytes <= limits.bytes / 2)
    }
}
