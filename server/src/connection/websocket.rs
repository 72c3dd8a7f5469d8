//! A WebSocket over any byte stream: reads into one buffer per thread, writes shared bytes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;
use push_wire_websocket::{
    Event, Opcode, ProtocolError, Reader, Role, close_payload, frame_header,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{ReceiveError, Received, Transport, Written};
use crate::carrier::WebSocketFrames;
use crate::limits::CLOSING_BYTES;
use crate::peer::{Message, Peer};

/// Size of a read (32 KiB): each thread has one such buffer, connections have none.
const READ_BYTES: usize = 32 * 1024;

/// Largest number of pieces in one vectored write.
const WRITE_PIECES: usize = 64;

/// Capacity for pieces that an idle connection keeps.
const IDLE_PIECES: usize = 4;

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// The server's end of a WebSocket.
#[derive(Debug)]
pub(crate) struct Socket<Io> {
    io: Io,
    reader: Reader,
    /// Bytes read after the event at which the receiver stopped; less than one read.
    unread: Vec<u8>,
    /// Pieces to write.
    outgoing: Vec<Bytes>,
    /// Number of those that have been written.
    written: usize,
    /// The stream may need a flush.
    unflushed: bool,
    /// The newest ping without a pong (RFC 6455 section 5.5.3 permits to ignore older ones).
    ping: Option<Vec<u8>>,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Socket<Io> {
    /// A socket whose handshake is done; messages above `limit` bytes are refused.
    pub(crate) fn new(io: Io, limit: usize) -> Self {
        Self {
            io,
            reader: Reader::new(Role::Server, limit),
            unread: Vec::new(),
            outgoing: Vec::new(),
            written: 0,
            unflushed: false,
            ping: None,
        }
    }

    fn hand_on(
        &mut self,
        mut input: &mut [u8],
        on_message: &mut dyn FnMut(Message) -> ControlFlow<()>,
    ) -> Result<Received, ReceiveError> {
        while let Some(event) = self.reader.next(&mut input).map_err(protocol_error)? {
            let message = match event {
                Event::Text(text) => Message::Text(text.into_owned()),
                Event::Binary(bytes) => Message::Binary(bytes.into_owned().into()),
                Event::Ping(payload) => {
                    self.ping = Some(payload.into_owned());
                    continue;
                }
                Event::Pong => continue,
                Event::Close(code) => return Ok(Received::Closed(code)),
            };
            if on_message(message).is_break() {
                self.unread = input.to_vec();
                break;
            }
        }
        Ok(Received::Bytes)
    }

    /// Reads once, and drops the bytes read. Returns their number, 0 at the end.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            let read = Pin::new(&mut self.io).poll_read(cx, &mut buffer);
            read.map_ok(|()| buffer.filled().len())
        })
    }

    /// Queues a close frame, without a payload if there is no code.
    fn give_close(&mut self, code: Option<u16>, reason: &str) {
        let payload = code.map(|code| close_payload(code, reason));
        self.give_control(Opcode::Close, payload.as_deref().unwrap_or_default());
    }

    /// Queues a control frame. Its payload is at most 125 bytes (RFC 6455 section 5.5): [`close_payload`] cuts it, and
    /// a pong has the payload of a ping.
    fn give_control(&mut self, opcode: Opcode, payload: &[u8]) {
        let mut frame = Vec::with_capacity(2 + payload.len());
        frame_header(opcode, payload.len(), &mut frame);
        frame.extend_from_slice(payload);
        self.outgoing.push(frame.into());
    }

    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        let unwritten = &self.outgoing[self.written..];
        let written = match unwritten {
            [lone] => io.poll_write(cx, lone),
            [first, ..] if !io.is_write_vectored() => io.poll_write(cx, first),
            pieces => {
                let mut slices = [IoSlice::new(&[]); WRITE_PIECES];
                let used = pieces.len().min(WRITE_PIECES);
                for (slice, piece) in slices.iter_mut().zip(pieces) {
                    *slice = IoSlice::new(piece);
                }
                io.poll_write_vectored(cx, &slices[..used])
            }
        };
        written.map(|written| match written? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            written => {
                self.advance(written);
                Ok(written)
            }
        })
    }

    /// Advances by this many bytes, and past empty pieces.
    fn advance(&mut self, mut bytes: usize) {
        for piece in &mut self.outgoing[self.written..] {
            if piece.len() > bytes {
                piece.advance(bytes);
                return;
            }
            bytes -= piece.len();
            *piece = Bytes::new();
            self.written += 1;
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin + Send> Transport for Socket<Io> {
    fn is_written(&self) -> bool {
        self.outgoing.is_empty() && !self.unflushed
    }

    fn fill(&mut self, now: Moment, peer: &mut Peer) {
        if let Some(ping) = self.ping.take() {
            self.give_control(Opcode::Pong, &ping);
        }
        if peer.has_output() {
            let mut frames = WebSocketFrames::new(&mut self.outgoing);
            peer.poll_write(now, &mut frames);
            frames.finish();
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<Written> {
        let mut bytes = 0;
        self.advance(0);
        while self.written < self.outgoing.len() {
            match self.poll_write_once(cx) {
                Poll::Pending => return Ok(Written { bytes, all: false }),
                Poll::Ready(written) => bytes += written?,
            }
        }
        self.outgoing.clear();
        self.outgoing.shrink_to(IDLE_PIECES);
        self.written = 0;
        self.unflushed = Pin::new(&mut self.io).poll_flush(cx)?.is_pending();
        Ok(Written {
            bytes,
            all: !self.unflushed,
        })
    }

    fn set_limit(&mut self, bytes: usize) {
        self.reader.set_limit(bytes);
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        on_message: &mut dyn FnMut(Message) -> ControlFlow<()>,
    ) -> Poll<Result<Received, ReceiveError>> {
        if !self.unread.is_empty() {
            let mut input = std::mem::take(&mut self.unread);
            return Poll::Ready(self.hand_on(&mut input, on_message));
        }
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(Ok(Received::End)),
                Poll::Ready(Ok(())) => Poll::Ready(self.hand_on(buffer.filled_mut(), on_message)),
            }
        })
    }

    fn take_extra_frames(&mut self) -> usize {
        self.reader.take_extra_frames()
    }

    /// The closing handshake (RFC 6455 section 7.1): writes the queued frames, shuts down our direction, and reads to
    /// the end of the client's, since closing a socket with unread bytes would reset it, and the close frame might be
    /// lost. Of a client that goes on sending, [`CLOSING_BYTES`] are read.
    async fn close(&mut self, code: Option<u16>, text: &str) -> io::Result<()> {
        self.give_close(code, text);
        poll_fn(|cx| match self.write(cx) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(written) if written.all => Poll::Ready(Ok(())),
            Ok(_) => Poll::Pending,
        })
        .await?;
        poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await?;
        let mut left = CLOSING_BYTES;
        while left > 0 {
            let bytes = poll_fn(|cx| self.poll_discard(cx)).await?;
            if bytes == 0 {
                break;
            }
            left = left.saturating_sub(bytes);
        }
        Ok(())
    }
}

/// Error for a violation of RFC 6455, with the close code of the standard; for a message above the limit it is 4204, so
/// that the client does not send it again (docs/protocol.md section 10).
fn protocol_error(error: ProtocolError) -> ReceiveError {
    let reason = match error.close_code() {
        1009 => CloseReason::MessageTooLarge,
        1007 => CloseReason::BadText,
        _ => CloseReason::BadFraming,
    };
    ReceiveError::Protocol {
        reason,
        text: error.to_string(),
    }
}
