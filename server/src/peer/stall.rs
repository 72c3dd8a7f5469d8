//! Deadline of a connection that accepts no bytes.

use std::time::Duration;

use push_wire_shared::time::Moment;

/// Time since which bytes have been waiting for the transport.
#[derive(Debug)]
pub(super) struct Stall {
    limit: Duration,
    since: Option<Moment>,
    /// The transport has taken a part of them only.
    partly_taken: bool,
}

impl Stall {
    /// Nothing waits; bytes may wait for `limit`.
    pub(super) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            partly_taken: false,
        }
    }

    /// Records that the transport has been given bytes.
    pub(super) fn given(&mut self, now: Moment) {
        self.since.get_or_insert(now);
    }

    /// Records that the transport has taken some bytes, or all that it was given. Returns whether they had waited, so that
    /// the other end has taken those before them.
    pub(super) fn taken(&mut self, now: Moment, all: bool) -> bool {
        let had_waited = self.waits(now);
        self.since = (!all).then_some(now);
        self.partly_taken = !all;
        had_waited
    }

    /// Returns whether bytes wait that the transport did not take at once.
    pub(super) fn waits(&self, now: Moment) -> bool {
        self.partly_taken || self.since.is_some_and(|since| since < now)
    }

    /// Time at which the connection is to be closed.
    pub(super) fn deadline(&self) -> Option<Moment> {
        Some(self.since? + self.limit)
    }

    /// Returns whether that time has come.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }
}
