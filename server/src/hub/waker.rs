//! Wakers of connections: the hub reports streams with new entries, and notices, to the connection's task.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};

use atomic_waker::AtomicWaker;
use push_wire_shared::session::op::ServerOp;

use super::lock;
use super::posts::{Checks, Post, PostError, Posts};
use crate::limits::NOTICES;

/// Notice for a whole connection.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Notice {
    /// A newer connection of the session took over.
    Replaced,
    /// The server ends.
    Draining,
    /// Credentials were revoked, perhaps those of this connection.
    Revoked,
    /// A system op of the application, for each dialect.
    System {
        /// The op for the JSON dialect.
        json: String,
        /// The op for the push-wire dialect; `None` if it has none.
        op: Option<ServerOp>,
    },
}

/// Waker of one connection: the readers whose streams have changed, and notices.
#[derive(Debug)]
pub(crate) struct ConnectionWaker {
    raised: AtomicBool,
    waker: AtomicWaker,
    /// Slots of the readers whose streams have changed.
    slots: Mutex<Vec<u32>>,
    notices: Mutex<Vec<Notice>>,
    posts: Mutex<Posts>,
    checks: Checks,
    /// A log that could not answer at once can answer now.
    again: AtomicBool,
}

impl Default for ConnectionWaker {
    fn default() -> Self {
        Self {
            raised: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            slots: Mutex::default(),
            notices: Mutex::default(),
            posts: Mutex::new(Posts::new()),
            checks: Checks::default(),
            again: AtomicBool::new(false),
        }
    }
}

impl ConnectionWaker {
    /// Ready if something has changed since the last call.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Registered first, so that what comes from here on wakes the task again.
        self.waker.register(cx.waker());
        if self.take() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Returns whether something has changed since the last call.
    pub(crate) fn take(&self) -> bool {
        self.raised.swap(false, Ordering::AcqRel)
    }

    fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Adds a notice. Returns whether there was room.
    pub(super) fn notify(&self, notice: Notice) -> bool {
        let mut notices = lock(&self.notices);
        let room = notices.len() < NOTICES || !matches!(notice, Notice::System { .. });
        if room {
            notices.push(notice);
        }
        drop(notices);
        self.raise();
        room
    }

    /// Takes the oldest notices, at most `limit`; returns them and whether some are left. Takes all if the last one is
    /// [`Notice::Replaced`].
    pub(crate) fn take_notices(&self, limit: usize) -> (Vec<Notice>, bool) {
        let mut notices = lock(&self.notices);
        if notices.len() <= limit || notices.last() == Some(&Notice::Replaced) {
            return (std::mem::take(&mut notices), false);
        }
        (notices.drain(..limit).collect(), true)
    }

    /// Adds a message that the client POSTs.
    pub(super) fn post(&self, post: Post) -> Result<(), PostError> {
        lock(&self.posts).add(post)?;
        self.raise();
        Ok(())
    }

    /// Takes the oldest message that the client POSTs.
    pub(crate) fn take_post(&self) -> Option<Post> {
        lock(&self.posts).take()
    }

    /// Refuses the messages that wait, and later ones.
    pub(crate) fn close_posts(&self) {
        // Dropped, and so answered, without the lock.
        let _posts = std::mem::replace(&mut *lock(&self.posts), Posts::Closed);
    }

    pub(crate) fn take_slots(&self, into: &mut Vec<u32>) {
        into.append(&mut lock(&self.slots));
    }

    pub(crate) fn take_again(&self) -> bool {
        self.again.swap(false, Ordering::AcqRel)
    }
}

/// Place of a POST among those of its connection whose credentials are being checked, until it is dropped.
#[derive(Debug)]
pub(crate) struct PostCheck(Arc<ConnectionWaker>);

impl PostCheck {
    pub(super) fn begin(waker: Arc<ConnectionWaker>) -> Result<Self, PostError> {
        waker.checks.begin()?;
        Ok(Self(waker))
    }
}

impl Drop for PostCheck {
    fn drop(&mut self) {
        self.0.checks.end();
    }
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.again.store(true, Ordering::Release);
        self.raise();
    }
}

/// Subscriber of one reader in its stream. It wakes the connection at most once between two reads of the log.
#[derive(Debug)]
pub(crate) struct Subscriber {
    slot: u32,
    raised: AtomicBool,
    waker: Arc<ConnectionWaker>,
    /// Index in the stream's list of readers; accessed under that list's lock.
    place: AtomicUsize,
}

impl Subscriber {
    pub(crate) fn new(slot: u32, waker: Arc<ConnectionWaker>) -> Self {
        Self {
            slot,
            raised: AtomicBool::new(false),
            waker,
            place: AtomicUsize::new(0),
        }
    }

    pub(super) fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed)
    }

    pub(super) fn set_place(&self, place: usize) {
        self.place.store(place, Ordering::Relaxed);
    }

    pub(super) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            lock(&self.waker.slots).push(self.slot);
            self.waker.raise();
        }
    }

    /// Enables the next wake-up; to be called before the log is read.
    pub(crate) fn lower(&self) {
        self.raised.store(false, Ordering::Release);
    }
}
