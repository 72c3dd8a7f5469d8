//! Newest cursor of each channel, and detection of missing entries.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use push_wire_shared::ChannelKind;

/// Classification of a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CursorResult {
    /// The next one, or the first.
    Sequential,
    /// Entries before it are missing.
    GapDetected {
        /// The next one.
        expected: u64,
        /// This one.
        got: u64,
    },
    /// Seen before.
    Duplicate,
}

/// The newest cursor of each channel, with a check that none is missing.
#[derive(Debug)]
pub struct CursorTracker<C: ChannelKind> {
    cursors: Mutex<HashMap<C, u64>>,
}

impl<C: ChannelKind> CursorTracker<C> {
    /// A tracker without cursors.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cursors: Mutex::new(HashMap::new()),
        }
    }

    /// Classifies a cursor, and moves to it unless entries before it are missing.
    pub fn advance(&self, channel: C, cursor: u64) -> CursorResult {
        let mut cursors = self.lock();
        match cursors.get(&channel) {
            Some(&last) if cursor <= last => CursorResult::Duplicate,
            Some(&last) if cursor > last + 1 => CursorResult::GapDetected {
                expected: last + 1,
                got: cursor,
            },
            Some(_) | None => {
                cursors.insert(channel, cursor);
                CursorResult::Sequential
            }
        }
    }

    /// Moves to a cursor without a check: after a reset, or for a state, whose cursors jump.
    pub fn set(&self, channel: C, cursor: u64) {
        self.lock().insert(channel, cursor);
    }

    /// The newest cursor of each channel.
    #[must_use]
    pub fn export(&self) -> HashMap<C, u64> {
        self.lock().clone()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<C, u64>> {
        // Each change is one insert or clear: a panic elsewhere leaves nothing half done.
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: ChannelKind> Default for CursorTracker<C> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    #[test]
    fn reports_gap() {
        let tracker = CursorTracker::new();
        let advance = |cursor| tracker.advance(Channel::Chat, cursor);
        assert_eq!(advance(7), CursorResult::Sequential);
        assert_eq!(advance(8), CursorResult::Sequential);
        assert_eq!(advance(8), CursorResult::Duplicate);
        let gap = CursorResult::GapDetected {
            expected: 9,
            got: 11,
        };
        assert_eq!(advance(11), gap);
        assert_eq!(advance(9), CursorResult::Sequential);
        assert_eq!(tracker.export(), HashMap::from([(Channel::Chat, 9)]));
        assert!(!tracker.export().contains_key(&Channel::System));
    }
}
