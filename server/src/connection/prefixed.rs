//! A stream whose first bytes have been read already.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that reads `prefix` first, then `io`.
#[derive(Debug)]
pub(crate) struct Prefixed<Io> {
    prefix: Bytes,
    io: Io,
}

impl<Io> Prefixed<Io> {
    /// Copies the prefix: it is a slice, mostly an empty one, of the buffer that the HTTP request was read into, and
    /// would keep those 8 KiB for as long as the connection lasts.
    pub(crate) fn new(prefix: &[u8], io: Io) -> Self {
        Self {
            prefix: Bytes::copy_from_slice(prefix),
            io,
        }
    }

    pub(crate) const fn get_ref(&self) -> &Io {
        &self.io
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Prefixed<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let len = self.prefix.len().min(buffer.remaining());
        buffer.put_slice(&self.prefix[..len]);
        self.prefix.advance(len);
        if self.prefix.is_empty() {
            self.prefix = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Prefixed<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn reads_prefix_first() {
        let (mut far, near) = duplex(64);
        let mut stream = Prefixed::new(b"hello ", near);
        far.write_all(b"world").await.unwrap();
        drop(far);
        let mut read = Vec::new();
        let mut two = [0; 2];
        while let Ok(len @ 1..) = stream.read(&mut two).await {
            read.extend_from_slice(&two[..len]);
        }
        assert_eq!(read, b"hello world");
    }
}
