//! Deadline of a connection that accepts no bytes.

use std::time::Duration;

use push_wire_shared::time::Moment;

/// Time since which bytes have been waiting for the transport.
#[derive(Debug)]
pub(super) struct Stall {
    limit: Duration,
    since: Option<Moment>,
}

impl Stall {
    /// Nothing waits; bytes may wait for `limit`.
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, since: None }
    }

    /// Records that the transport has been given bytes.
    pub(super) fn given(&mut self, now: Moment) {
        self.since.get_or_insert(now);
    }

    /// Records that the transport has taken some bytes, or all that it was given.
    pub(super) fn taken(&mut self, now: Moment, all: bool) {
        self.since = (!all).then_some(now);
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
