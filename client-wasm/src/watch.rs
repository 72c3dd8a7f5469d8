//! A value that changes, and streams of its changes.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

/// Sender of values to all its readers.
pub(crate) struct Teller<T> {
    readers: RefCell<Vec<Weak<Queue<T>>>>,
    has_ended: Cell<bool>,
}

/// Values that wait for one reader.
struct Queue<T> {
    waiting: RefCell<VecDeque<T>>,
    /// Most values that wait; above it the oldest is dropped.
    limit: usize,
    waker: RefCell<Option<Waker>>,
    /// Nothing follows.
    has_ended: Cell<bool>,
}

impl<T: Clone> Teller<T> {
    /// A teller without readers.
    pub(crate) const fn new() -> Self {
        Self {
            readers: RefCell::new(Vec::new()),
            has_ended: Cell::new(false),
        }
    }

    /// Tells a value. Returns whether there are readers.
    pub(crate) fn tell(&self, value: &T) -> bool {
        let mut readers = self.readers.borrow_mut();
        readers.retain(|reader| reader.strong_count() > 0);
        let told: Vec<_> = readers.iter().filter_map(Weak::upgrade).collect();
        drop(readers);
        for reader in &told {
            reader.push(value.clone());
        }
        !told.is_empty()
    }

    /// Ends the streams of all readers, of later ones too, behind what waits.
    pub(crate) fn end(&self) {
        self.has_ended.set(true);
        let readers = self.readers.take();
        for reader in readers.iter().filter_map(Weak::upgrade) {
            reader.has_ended.set(true);
            reader.wake();
        }
    }

    /// Values from now on, of which at most `limit` wait.
    pub(crate) fn read(&self, limit: usize) -> Changes<T> {
        let queue = Rc::new(Queue {
            waiting: RefCell::default(),
            limit,
            waker: RefCell::default(),
            has_ended: self.has_ended.clone(),
        });
        self.readers.borrow_mut().push(Rc::downgrade(&queue));
        Changes {
            queue,
            _source: None,
        }
    }
}

impl<T> Queue<T> {
    fn push(&self, value: T) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() == self.limit {
            waiting.pop_front();
        }
        waiting.push_back(value);
        drop(waiting);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Stream of changes. A slow reader misses the oldest ones. Those of a document end with it; the others do not end.
pub struct Changes<T> {
    queue: Rc<Queue<T>>,
    /// Reference to the source of the values, if the source ends with its last reference.
    _source: Option<Rc<dyn Any>>,
}

impl<T> Changes<T> {
    /// Returns this stream, which holds a reference to the source of its values.
    pub(crate) fn keeping(mut self, source: Rc<dyn Any>) -> Self {
        self._source = Some(source);
        self
    }
}

impl<T> Stream for Changes<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let next = self.queue.waiting.borrow_mut().pop_front();
        if next.is_some() || self.queue.has_ended.get() {
            return Poll::Ready(next);
        }
        self.queue.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<T> std::fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.queue.waiting.borrow().len();
        f.debug_struct("Changes")
            .field("waiting", &waiting)
            .finish()
    }
}
