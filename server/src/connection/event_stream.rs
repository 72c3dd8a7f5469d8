//! The event stream in the answer to a request (docs/event-streams.md), as a transport that only writes.

use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

use bytes::Bytes;
use push_wire_shared::time::Moment;
use tokio::sync::oneshot;

use super::chunks::{ChunkReceiver, ChunkSender, chunks};
use super::{ReceiveError, Received, Transport, Written};
use crate::carrier::{self, EventFrames};
use crate::peer::{Message, Peer};

/// Beginning of the answer.
#[derive(Debug)]
pub(crate) enum Head {
    /// The client is authenticated: the events follow.
    Open,
    /// The client is refused, and there are no events.
    Refused {
        /// Close code.
        code: u16,
        /// The peer's last message, or else the text of the close code.
        text: Bytes,
    },
}

/// The server's end of an event stream.
#[derive(Debug)]
pub(crate) struct EventStream {
    body: ChunkSender,
    /// Receiver of the head, until that is known.
    head: Option<oneshot::Sender<Head>>,
    /// The peer's last message before the head was known.
    refusal: Option<Bytes>,
    /// Bytes that were given to the body and are not known to be taken by it.
    given: usize,
}

impl EventStream {
    /// A stream, the body of the answer, and its head, which is known once the client is authenticated or refused.
    pub(crate) fn new() -> (Self, ChunkReceiver, oneshot::Receiver<Head>) {
        let (sender, receiver) = oneshot::channel();
        let (stream, body) = Self::with_head(Some(sender));
        (stream, body, receiver)
    }

    /// A stream that is open before the client is authenticated, and the body of the answer.
    pub(crate) fn open() -> (Self, ChunkReceiver) {
        Self::with_head(None)
    }

    fn with_head(head: Option<oneshot::Sender<Head>>) -> (Self, ChunkReceiver) {
        let (sender, body) = chunks();
        let stream = Self {
            body: sender,
            head,
            refusal: None,
            given: 0,
        };
        (stream, body)
    }

    fn give(&mut self, pieces: Vec<Bytes>) {
        self.given += pieces.iter().map(Bytes::len).sum::<usize>();
        self.body.give(pieces);
    }

    fn send_head(&mut self, head: Head) {
        if let Some(waiting) = self.head.take()
            && waiting.send(head).is_err()
        {
            tracing::debug!("a client left before the answer");
        }
    }
}

impl Transport for EventStream {
    fn is_written(&self) -> bool {
        self.given == 0
    }

    fn fill(&mut self, now: Moment, peer: &mut Peer) {
        if !peer.has_output() {
            return;
        }
        if self.head.is_some() && !peer.is_open() {
            let mut messages: Vec<carrier::Message> = Vec::new();
            peer.poll_write(now, &mut messages);
            let last = messages.pop().map(|message| message.content());
            self.refusal = last.or(self.refusal.take());
            return;
        }
        self.send_head(Head::Open);
        let mut pieces = Vec::new();
        let mut frames = EventFrames::new(&mut pieces);
        peer.poll_write(now, &mut frames);
        frames.finish();
        self.give(pieces);
    }

    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<Written> {
        let left = self.body.left(cx)?;
        let bytes = self.given.saturating_sub(left);
        self.given = left;
        Ok(Written {
            bytes,
            all: left == 0,
        })
    }

    fn set_limit(&mut self, _: usize) {}

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        _: &mut dyn FnMut(Message) -> ControlFlow<()>,
    ) -> Poll<Result<Received, ReceiveError>> {
        // Its client sends nothing here, but may leave.
        match self.body.poll_taken(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(Ok(Received::End)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn take_extra_frames(&mut self) -> usize {
        0
    }

    async fn close(&mut self, code: Option<u16>, text: &str) -> io::Result<()> {
        let code = code.unwrap_or_default();
        if self.head.is_some() {
            let said = self.refusal.take();
            let text = said.unwrap_or_else(|| Bytes::copy_from_slice(text.as_bytes()));
            self.send_head(Head::Refused { code, text });
            return Ok(());
        }
        let mut pieces = Vec::new();
        let mut frames = EventFrames::new(&mut pieces);
        frames.close(code, text);
        frames.finish();
        self.give(pieces);
        poll_fn(|cx| self.body.poll_taken(cx)).await
    }
}
