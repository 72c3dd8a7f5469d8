//! Backlog of one subscription: entries that the application was given and has not handled yet.

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
    entries: VecDeque<(Position, usize)>,
    bytes: usize,
}

impl Backlog {
    /// Adds an entry that was given to the application.
    pub(super) fn push(&mut self, position: Position, bytes: usize) {
        self.entries.push_back((position, bytes));
        self.bytes += bytes;
    }

    /// Drops all entries after a reset: the application need not handle them.
    pub(super) fn reset(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// Removes the entries up to this position as handled. Returns whether the application holds an entry with this
    /// position; after a reset its cursor may belong to another one.
    pub(super) fn handled(&mut self, position: Position) -> bool {
        let is_it = |(held, _): &(Position, usize)| *held == position;
        let Some(last) = self.entries.iter().rposition(is_it) else {
            return false;
        };
        for (_, bytes) in self.entries.drain(..=last) {
            self.bytes -= bytes;
        }
        true
    }

    /// Returns whether the limit is reached. A single entry never reaches it, however large, since an application may
    /// handle an entry only when it gets the next one.
    pub(super) fn is_full(&self, limits: BacklogLimits) -> bool {
        let count = self.entries.len();
        count >= limits.entries || (count > 1 && self.bytes >= limits.bytes)
    }

    /// Returns whether at most half of the limit is held.
    pub(super) fn has_room(&self, limits: BacklogLimits) -> bool {
        let count = self.entries.len();
        count <= limits.entries / 2 && (count <= 1 || self.bytes <= limits.bytes / 2)
    }
}
