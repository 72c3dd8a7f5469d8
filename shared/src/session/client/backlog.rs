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
    /// An entry was handed out.
    pub(super) fn push(&mut self, position: Position, bytes: usize) {
        self.entries.push_back((position, bytes));
        self.bytes += bytes;
    }

    /// The stream was reset: the application forgets what it holds, and need not handle it.
    pub(super) fn reset(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// Everything up to the entry at this position was handled. Returns whether it is an entry that the application
    /// holds: after a reset its cursor may belong to another one.
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
