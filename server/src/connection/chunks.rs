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
use crate::limits::WRITE_BYTES;

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

impl Portion {
    /// Takes the next piece, of at most 16 KiB: as the client takes them, the sender sees that it does.
    fn take(&mut self) -> Option<Bytes> {
        match self.pieces.front_mut() {
            Some(piece) if piece.len() > WRITE_BYTES => Some(piece.split_to(WRITE_BYTES)),
            Some(_) | None => self.pieces.pop_front(),
        }
    }
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

    /// Bytes that are not taken yet. The task is woken when all are, and after each large piece.
    ///
    /// # Errors
    /// The response has ended.
    pub(super) fn left(&self, cx: &Context<'_>) -> io::Result<usize> {
        // Registered first, so that what changes from here on wakes the task again.
        self.0.sender.register(cx.waker());
        let portion = lock(&self.0.portion);
        match portion.receiver_gone {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(portion.pieces.iter().map(Bytes::len).sum()),
        }
    }

    /// Ready once all pieces are taken.
    ///
    /// # Errors
    /// The response has ended.
    pub(super) fn poll_taken(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match self.left(cx) {
            Ok(0) => Poll::Ready(Ok(())),
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
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
        let piece = portion.take();
        if portion.pieces.is_empty() {
            // The capacity of a busy moment is not kept: most connections are idle.
            portion.pieces = VecDeque::new();
        }
        let is_last = portion.pieces.is_empty();
        let ended = portion.sender_gone;
        drop(portion);
        match piece {
            Some(piece) => {
                if is_last || piece.len() == WRITE_BYTES {
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn shows_how_much_of_a_large_piece_is_taken() {
        let (sender, mut receiver) = chunks();
        sender.give([Bytes::from(vec![7; 3 * WRITE_BYTES + 1])]);
        let mut cx = Context::from_waker(Waker::noop());
        let mut lengths = Vec::new();
        let mut left = Vec::new();
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut receiver).poll_frame(&mut cx) {
            lengths.push(frame.into_data().unwrap().len());
            left.push(sender.left(&cx).unwrap());
        }
        assert_eq!(lengths, [WRITE_BYTES, WRITE_BYTES, WRITE_BYTES, 1]);
        assert_eq!(left, [2 * WRITE_BYTES + 1, WRITE_BYTES + 1, 1, 0]);
    }
}
