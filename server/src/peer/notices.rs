//! The hub's notices for one connection.

use std::sync::Arc;

use crate::hub::{ConnectionWaker, Notice};

/// Waker of the connection, from which its notices are taken as there is room for their ops.
#[derive(Debug)]
pub(super) struct Notices {
    waker: Arc<ConnectionWaker>,
    are_left: bool,
}

impl Notices {
    pub(super) const fn new(waker: Arc<ConnectionWaker>) -> Self {
        Self {
            waker,
            are_left: false,
        }
    }

    pub(super) const fn waker(&self) -> &Arc<ConnectionWaker> {
        &self.waker
    }

    /// Takes the oldest notices, as many as there is room for.
    pub(super) fn take(&mut self, room: usize) -> Vec<Notice> {
        let (notices, are_left) = self.waker.take_notices(room);
        self.are_left = are_left;
        notices
    }

    /// Returns whether there were notices without room for them.
    pub(super) const fn are_left(&self) -> bool {
        self.are_left
    }
}
