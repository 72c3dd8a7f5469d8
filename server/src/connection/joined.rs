//! Writes to streams that take one piece at a time, such as those of HTTP/2.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::WRITE_BYTES;

thread_local! {
    static PIECES: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(WRITE_BYTES));
}

/// A stream whose writes have at most 16 KiB, and whose vectored writes are joined to one if `io` takes none.
///
/// Over HTTP/2 each write is copied into a DATA frame, so that joining them saves frames, and the limit bounds what waits
/// there.
#[derive(Debug)]
pub(crate) struct Joined<Io>(Io);

impl<Io> Joined<Io> {
    pub(crate) const fn new(io: Io) -> Self {
        Self(io)
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Joined<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Joined<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let len = bytes.len().min(WRITE_BYTES);
        Pin::new(&mut self.0).poll_write(cx, &bytes[..len])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.0.is_write_vectored() {
            return Pin::new(&mut self.0).poll_write_vectored(cx, pieces);
        }
        PIECES.with_borrow_mut(|joined| {
            joined.clear();
            for piece in pieces {
                let room = WRITE_BYTES - joined.len();
                joined.extend_from_slice(&piece[..piece.len().min(room)]);
            }
            Pin::new(&mut self.0).poll_write(cx, joined)
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// A stream that keeps each write apart, and takes no vectored ones.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl AsyncWrite for Writes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn write(stream: &mut Joined<Writes>, pieces: &[&[u8]]) -> usize {
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, &slices))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn pieces_are_one_write() {
        let mut stream = Joined::new(Writes::default());
        assert_eq!(write(&mut stream, &[b"ab", b"", b"cd"]).await, 4);
        assert_eq!(stream.0.0, [b"abcd"]);
    }

    #[tokio::test]
    async fn long_writes_are_cut() {
        let mut stream = Joined::new(Writes::default());
        let long = vec![7; 2 * WRITE_BYTES];
        assert_eq!(write(&mut stream, &[b"ab", &long]).await, WRITE_BYTES);
        let len = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, &long)).await;
        assert_eq!(len.unwrap(), WRITE_BYTES);
        let lengths: Vec<_> = stream.0.0.iter().map(Vec::len).collect();
        assert_eq!(lengths, [WRITE_BYTES, WRITE_BYTES]);
    }
}
