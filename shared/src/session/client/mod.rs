//! The client's side of docs/protocol.md as a machine without sockets, clocks or threads.

mod ack;
mod config;
mod connection;
mod dictionaries;
mod event;
mod fragments;
mod output;
mod receive;
mod retry;
mod shared_bytes;
mod subscription;
mod subscriptions;
#[cfg(test)]
mod tests;
mod timer;
mod uplink;
mod value;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

pub use config::{ClientConfig, RetryPolicy};
pub use event::{
    Cause, EndCause, Entry, Event, Input, Output, SendError, Stats, Status, SubscribeError,
    Subscription,
};
pub use shared_bytes::SharedBytes;

use self::connection::{Connection, Phase, Server};
use self::dictionaries::Dictionaries;
use self::fragments::Fragments;
use self::output::Outputs;
use self::retry::Retry;
use self::subscription::Reader;
use self::timer::{Timer, Timers};
use self::uplink::Uplink;
use super::op::{ChannelInfo, ClientOp};
use super::wire::Content;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::position::{Cursor, Position};
use crate::time::Moment;

/// One client's session: what survives its connections.
///
/// The contract: call a method that takes `&mut self`, then drain [`poll_output`](Self::poll_output) and do what
/// it says in that order, then arm one timer for [`poll_timeout`](Self::poll_timeout), replacing the one before.
/// When it fires call [`handle_timeout`](Self::handle_timeout); a timer that fires late does no harm. `now` comes
/// from one monotonic clock and never goes back; every method that changes the session takes it.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
    connection: Connection,
    server: Server,
    readers: Vec<Reader>,
    last_id: u32,
    last_wire_id: u32,
    /// Streams of this connection that are read no more, whose entries may still be on their way.
    left_streams: Vec<u64>,
    /// Requests of the handshake that were taken back before its answer came.
    cancelled_requests: Vec<u32>,
    dictionaries: Dictionaries,
    fragments: Fragments,
    uplink: Uplink,
    /// Entries handled since the last acknowledgement.
    unacked: u32,
    retry: Retry,
    timers: Timers,
    outputs: Outputs,
}

impl ClientSession {
    /// A session that does nothing until [`connect`](Self::connect).
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self {
            connection: Connection::new(),
            server: Server::unknown(),
            readers: Vec::new(),
            last_id: 0,
            last_wire_id: 0,
            left_streams: Vec::new(),
            cancelled_requests: Vec::new(),
            dictionaries: Dictionaries::default(),
            fragments: Fragments::default(),
            uplink: Uplink::new(),
            unacked: 0,
            retry: Retry::new(config.retry, config.seed),
            timers: Timers::default(),
            outputs: Outputs::default(),
            config,
        }
    }

    /// Connects now, and from now on comes back by itself after a loss. Also tries at once when an attempt is
    /// set for later; without effect while connecting or connected.
    pub fn connect(&mut self, now: Moment) {
        self.try_now(now);
    }

    /// Reads a stream, now or as soon as connected. Its outcome comes as [`Event::Outcome`] or [`Event::Ended`].
    ///
    /// # Errors
    /// [`SubscribeError`] says what is wrong; nothing was changed.
    pub fn subscribe(
        &mut self,
        _now: Moment,
        subscription: Subscription,
    ) -> Result<u32, SubscribeError> {
        self.add_reader(subscription)
    }

    /// Stops reading; nothing more is handed out for this id.
    pub fn unsubscribe(&mut self, _now: Moment, id: u32) {
        self.remove_reader(id);
    }

    /// Sends a message, now or as soon as connected. The ticket comes back in [`Event::Sent`] or
    /// [`Event::Refused`].
    ///
    /// # Errors
    /// [`SendError`] says why it was not queued.
    pub fn send(
        &mut self,
        _now: Moment,
        channel: &str,
        content: Content,
        body: Vec<u8>,
    ) -> Result<u64, SendError> {
        if self.connection.phase == Phase::Closed {
            return Err(SendError::Closed);
        }
        let is_known = self.connection.phase == Phase::Ready;
        if is_known && output::record_bytes(1 + body.len()) > self.server.max_message_bytes {
            let max_message_bytes = self.server.max_message_bytes;
            return Err(SendError::TooLarge { max_message_bytes });
        }
        let ticket = self.uplink.push(channel, content, body, &self.config)?;
        if self.connection.phase == Phase::Ready {
            self.uplink.transmit(&self.server, &mut self.outputs);
        }
        Ok(ticket)
    }

    /// The application has handled every entry of the subscription up to this position (of an [`Entry`]). It is
    /// what [`position`](Self::position) tells and what is acknowledged to the server.
    pub fn handled(&mut self, now: Moment, id: u32, position: Position) {
        let Some(reader) = self.readers.iter_mut().find(|reader| reader.id == id) else {
            return;
        };
        let entries = reader.handled_upto(position);
        if entries > 0 {
            self.note_handled(now, entries);
        }
    }

    /// The credential for the next handshake.
    pub fn set_token(&mut self, token: Option<String>) {
        self.config.token = token;
    }

    /// Says goodbye, which ends the session on the server, and makes no more attempts until `connect`.
    /// Subscriptions and sends stay as they are.
    pub fn close(&mut self, now: Moment) {
        self.end(now);
    }

    /// Drops the line without a goodbye and stays away that long; `wake` does not shorten it, `connect` does.
    pub fn interrupt(&mut self, now: Moment, wait: Duration) {
        self.stay_away(now, wait);
    }

    /// The page is visible or the network back: ends `suspend`, tries at once unless the server named a later
    /// time, and, when connected, asks the server for a sign of life.
    pub fn wake(&mut self, now: Moment) {
        self.resume_trying(now);
    }

    /// The page is hidden or offline: no attempts until `wake`. A standing connection is kept.
    pub fn suspend(&mut self, _now: Moment) {
        self.pause();
    }

    /// Takes what the driver has heard.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        let (Input::Opened { attempt }
        | Input::Message { attempt, .. }
        | Input::Closed { attempt, .. }) = input;
        if attempt != self.connection.attempt || !self.connection.is_live() {
            return;
        }
        match input {
            Input::Opened { .. } => self.opened(now),
            Input::Message { bytes, .. } => self.received_message(now, &SharedBytes::from(bytes)),
            Input::Closed { code, .. } => self.closed(now, code),
        }
    }

    /// Takes a dictionary that was asked for with [`Output::FetchDictionary`]. Says whether the bytes are that
    /// dictionary: if not they are dropped, and entries come less compressed.
    pub fn dictionary_fetched(&mut self, _now: Moment, sha256: [u8; 32], bytes: Vec<u8>) -> bool {
        self.keep_dictionary(sha256, bytes)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Retry => self.retry_due(now),
                Timer::Handshake => self.attempt_too_slow(now),
                Timer::Silence => self.probe(now),
                Timer::Probe => self.silent(now),
                Timer::Ack => self.send_acks(),
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None`: not before another call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// How the session is connected.
    #[must_use]
    pub fn status(&self) -> Status {
        self.current_status()
    }

    /// Up to where the application has handled a subscription: what to keep over a restart or page reload.
    /// `None` before the first outcome of a subscription that named no position.
    #[must_use]
    pub fn position(&self, id: u32) -> Option<Position> {
        self.reader(id)?.handled
    }

    /// Up to where entries of a subscription were handed out.
    #[must_use]
    pub fn received(&self, id: u32) -> Option<Position> {
        self.reader(id)?.received
    }

    /// The newest entry of the subscription's stream that the session has heard of.
    #[must_use]
    pub fn head(&self, id: u32) -> Option<Cursor> {
        Some(self.reader(id)?.head)
    }

    /// What proves the right to continue this session; keep it with the client id.
    #[must_use]
    pub fn secret(&self) -> Option<[u8; 16]> {
        self.config.secret
    }

    /// The client's id.
    #[must_use]
    pub fn client_id(&self) -> Uuid {
        self.config.client_id
    }

    /// The server's channels; empty before the first handshake.
    #[must_use]
    pub fn channels(&self) -> &[ChannelInfo] {
        &self.server.channels
    }

    /// What has passed so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.outputs.stats
    }

    /// Sends a control frame.
    fn send_op(&mut self, op: &ClientOp) {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let link = &mut self.connection.link;
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: link.system.unwrap_or_default(),
            sequence: link.next_out,
        };
        link.next_out = link.next_out.wrapping_add(1);
        let limit = self.server.max_message_bytes;
        self.outputs.frame(header, &payload, limit);
    }
}
