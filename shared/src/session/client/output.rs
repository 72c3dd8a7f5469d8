//! Queue of a client session's outputs.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

use super::posts::Posts;
use super::{Event, Output, Stats};
use crate::frame::FrameHeader;
use crate::hidden::Hidden;
use crate::limits::BATCH_BYTES;
use crate::session::wire::write_record;

/// Outputs that the driver has not taken yet, and statistics.
#[derive(Default, Debug)]
pub(super) struct Outputs {
    /// Newest last.
    queue: Vec<Output>,
    /// Outputs that the driver takes now, newest first; refilled from `queue` when empty.
    leaving: Vec<Output>,
    /// Messages beside an event stream; `None` over a WebSocket.
    posting: Option<Box<Posting>>,
    pub(super) stats: Stats,
}

/// The POST requests of a connection.
#[derive(Debug)]
struct Posting {
    posts: Posts,
    client: Uuid,
    attempt: u64,
    /// Secret of the session, known from `auth_ok` on; nothing is sent before.
    secret: Option<Hidden<[u8; 16]>>,
}

impl Posting {
    fn output(&self, (number, message): (u64, Vec<u8>)) -> Option<Output> {
        let Self {
            client, attempt, ..
        } = self;
        Some(Output::Post {
            number,
            query: format!("client={client}&attempt={attempt}&number={number}"),
            secret: self.secret?,
            message,
        })
    }

    fn next(&mut self) -> Option<Output> {
        self.secret?;
        let post = self.posts.next()?;
        self.output(post)
    }
}

impl Outputs {
    pub(super) fn push(&mut self, output: Output) {
        self.queue.push(output);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.push(Output::Event(event));
    }

    /// Sends what follows as POST requests, until [`end_posts`](Self::end_posts).
    pub(super) fn begin_posts(&mut self, client: Uuid, attempt: u64) {
        self.posting = Some(Box::new(Posting {
            posts: Posts::default(),
            client,
            attempt,
            secret: None,
        }));
    }

    /// Sets the secret of the session, with which POST requests are sent.
    pub(super) fn authorise_posts(&mut self, secret: [u8; 16]) {
        if let Some(posting) = &mut self.posting {
            posting.secret = Some(Hidden(secret));
        }
    }

    /// Sends all messages that wait, although one may be under way: this side is about to end the connection.
    pub(super) fn flush_posts(&mut self) {
        let Some(posting) = &mut self.posting else {
            return;
        };
        while posting.secret.is_some()
            && let Some(post) = posting.posts.next_at_once()
        {
            self.queue.extend(posting.output(post));
        }
    }

    /// Drops the POST requests of a connection that has ended.
    pub(super) fn end_posts(&mut self) {
        self.posting = None;
    }

    /// Returns whether more messages wait for POST requests than the limit allows.
    pub(super) fn has_too_many_posts(&self) -> bool {
        let posting = self.posting.as_ref();
        posting.is_some_and(|posting| posting.posts.is_over_limit())
    }

    /// Records that the server has the message of a POST.
    pub(super) fn posted(&mut self, number: u64) {
        if let Some(posting) = &mut self.posting {
            posting.posts.taken(number);
        }
    }

    /// Records that a POST has no answer. Returns the time after which it is sent again.
    pub(super) fn post_failed(&mut self, number: u64) -> Option<Duration> {
        self.posting.as_mut()?.posts.failed(number)
    }

    /// Sends the POST without an answer again.
    pub(super) fn post_again(&mut self) {
        let Some(posting) = &mut self.posting else {
            return;
        };
        let again = posting.posts.again();
        let output = again.and_then(|post| posting.output(post));
        self.queue.extend(output);
    }

    /// Sends a frame, in the same message as the frame before it where it fits.
    pub(super) fn frame(&mut self, header: FrameHeader, payload: &[u8], max_message_bytes: usize) {
        if let Some(posting) = &mut self.posting {
            let mut record = Vec::new();
            write_record(&mut record, header, payload);
            return posting.posts.add(&record, max_message_bytes);
        }
        if let Some(Output::Transmit(message)) = self.queue.last_mut()
            && message.len() + record_bytes(payload.len()) <= max_message_bytes.min(BATCH_BYTES)
        {
            return write_record(message, header, payload);
        }
        let mut message = Vec::new();
        write_record(&mut message, header, payload);
        self.push(Output::Transmit(message));
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        if self.leaving.is_empty() {
            core::mem::swap(&mut self.queue, &mut self.leaving);
            self.leaving.reverse();
        }
        let output = self.leaving.pop();
        let output = output.or_else(|| self.posting.as_mut()?.next())?;
        if let Output::Transmit(message) | Output::Post { message, .. } = &output {
            self.stats.messages_out += 1;
            self.stats.bytes_out += message.len() as u64;
        }
        Some(output)
    }
}

/// Largest size in a message, in bytes, of a frame with a payload of this length.
pub(super) const fn record_bytes(payload: usize) -> usize {
    // A length of up to five bytes and the frame's header.
    payload.saturating_add(5 + crate::frame::FRAME_HEADER_LEN)
}
