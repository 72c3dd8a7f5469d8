//! Hand-over of bytes from a connection's task to the body of an HTTP response, one portion at a time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::Frame;

use crate::hub::lock;

/// Portion that is handed over, and the tasks that wait.
#[derive(Default, Debug)]
struct Shared {
    portion: Mutex<Portion>,
    sender: AtomicWaker,
    receiver: AtomicWaker,
}

#[derive(Default, Debug)]
struct Portion {
    pieces: VecDeque<Bytes>,
    sender_gone: bool,
    receiver_gone: bool,
}

/// A connected pair.
pub(super) fn chunks() -> (ChunkSender, ChunkReceiver) {
    let shared = Arc::<Shared>::default();
    (ChunkSender(Arc::clone(&shared)), ChunkReceiver(shared))
}

/// The connection's end.
#[derive(Debug)]
pub(super) struct ChunkSender(Arc<Shared>);

impl ChunkSender {
    /// Hands pieces over, after those that were not taken yet.
    pub(super) fn give(&self, pieces: impl IntoIterator<Item = Bytes>) {
        lock(&self.0.portion).pieces.extend(pieces);
        self.0.receiver.wake();
    }

    /// Ready once all pieces are taken.
    ///
    /// # Errors
    /// The response has ended.
    pub(super) fn poll_taken(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Registered first, so that what changes from here on wakes the task again.
        self.0.sender.register(cx.waker());
        let portion = lock(&self.0.portion);
        if portion.receiver_gone {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        } else if portion.pieces.is_empty() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for ChunkSender {
    fn drop(&mut self) {
        lock(&self.0.portion).sender_gone = true;
        self.0.receiver.wake();
    }
}

/// The response's end: its body.
#[derive(Debug)]
pub(crate) struct ChunkReceiver(Arc<Shared>);

impl HttpBody for ChunkReceiver {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.receiver.register(cx.waker());
        let mut portion = lock(&self.0.portion);
        let piece = portion.pieces.pop_front();
        if portion.pieces.is_empty() {
            // The capacity of a busy moment is not kept: most connections are idle.
            portion.pieces = VecDeque::new();
        }
        let is_last = portion.pieces.is_empty();
        let ended = portion.sender_gone;
        drop(portion);
        match piece {
            Some(piece) => {
                if is_last {
                    self.0.sender.wake();
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            None if ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Drop for ChunkReceiver {
    fn drop(&mut self) {
        lock(&self.0.portion).receiver_gone = true;
        self.0.sender.wake();
    }
}
