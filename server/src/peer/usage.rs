//! Counts of the state that one connection holds, for tests of the limits.

#[cfg(feature = "__internals")]
use push_wire_shared::time::Moment;

use super::Peer;

/// Counts of the state that one connection holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Usage {
    /// Streams that are read.
    pub readers: usize,
    /// Streams that were opened and are not read yet.
    pub opened: usize,
    /// Control ops that wait to be written.
    pub pending_ops: usize,
    /// Bytes that wait to be written.
    pub pending_bytes: usize,
}

impl Peer {
    /// Counts of the state that the connection holds now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let outgoing = &self.executor.outgoing;
        Usage {
            readers: outgoing.outbox.channels().count(),
            opened: self.executor.opened.len(),
            pending_ops: outgoing.codec.pending_ops(),
            pending_bytes: outgoing.codec.pending_bytes(),
        }
    }

    /// Wire ids of the channels of which entries wait to be sent, each as often as it has readers that are behind.
    #[cfg(feature = "__internals")]
    pub fn channels_waiting(&self, now: Moment) -> impl Iterator<Item = u8> {
        self.executor.outgoing.outbox.channels_waiting(now)
    }

    /// Returns whether the hub has woken the connection since the last call; for drivers without a waker.
    #[cfg(feature = "__internals")]
    #[must_use]
    pub fn has_wake(&self) -> bool {
        self.notices.waker().take()
    }
}
