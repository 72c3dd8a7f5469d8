//! The client's side of docs/protocol.md as a machine without sockets, clocks or threads.

mod config;
mod event;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

pub use config::{ClientConfig, RetryPolicy};
pub use event::{
    Cause, EndCause, Entry, Event, Input, Output, SendError, Stats, Status, SubscribeError,
    Subscription,
};

use super::op::ChannelInfo;
use super::wire::Content;
use crate::position::{Cursor, Position};
use crate::time::Moment;

/// One client's session: what survives its connections.
///
/// The contract: call a method that takes `&mut self`, then drain [`poll_output`](Self::poll_output) and do what
/// it says in that order, then arm one timer for [`poll_timeout`](Self::poll_timeout), replacing the one before.
/// When it fires call [`handle_timeout`](Self::handle_timeout); a timer that fires late does no harm. `now` comes
/// from one monotonic clock and never goes back.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
}

#[expect(
    unused_variables,
    clippy::missing_const_for_fn,
    reason = "signatures first"
)]
impl ClientSession {
    /// A session that does nothing until [`connect`](Self::connect).
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self { config }
    }

    /// Connects now, and from now on comes back by itself after a loss. Also tries at once when an attempt is
    /// set for later; without effect while connecting or connected.
    pub fn connect(&mut self, now: Moment) {
        unimplemented!()
    }

    /// Reads a stream, now or as soon as connected. Its outcome comes as [`Event::Outcome`] or [`Event::Ended`].
    ///
    /// # Errors
    /// [`SubscribeError`] says what is wrong; nothing was changed.
    pub fn subscribe(
        &mut self,
        now: Moment,
        subscription: Subscription,
    ) -> Result<u32, SubscribeError> {
        unimplemented!()
    }

    /// Stops reading; nothing more is handed out for this id.
    pub fn unsubscribe(&mut self, now: Moment, id: u32) {
        unimplemented!()
    }

    /// Sends a message, now or as soon as connected. The ticket comes back in [`Event::Sent`] or
    /// [`Event::Refused`].
    ///
    /// # Errors
    /// [`SendError`] says why it was not queued.
    pub fn send(
        &mut self,
        now: Moment,
        channel: &str,
        content: Content,
        body: Vec<u8>,
    ) -> Result<u64, SendError> {
        unimplemented!()
    }

    /// The application has handled every entry of the subscription up to this position (of an [`Entry`]). It is
    /// what [`position`](Self::position) tells and what is acknowledged to the server.
    pub fn handled(&mut self, now: Moment, id: u32, position: Position) {
        unimplemented!()
    }

    /// The credential for the next handshake.
    pub fn set_token(&mut self, token: Option<String>) {
        self.config.token = token;
    }

    /// Says goodbye, which ends the session on the server, and makes no more attempts until `connect`.
    /// Subscriptions and sends stay as they are.
    pub fn close(&mut self, now: Moment) {
        unimplemented!()
    }

    /// Drops the line without a goodbye and stays away that long; `wake` does not shorten it, `connect` does.
    pub fn interrupt(&mut self, now: Moment, wait: Duration) {
        unimplemented!()
    }

    /// The page is visible or the network back: ends `suspend`, tries at once unless the server named a later
    /// time, and, when connected, asks the server for a sign of life.
    pub fn wake(&mut self, now: Moment) {
        unimplemented!()
    }

    /// The page is hidden or offline: no attempts until `wake`. A standing connection is kept.
    pub fn suspend(&mut self, now: Moment) {
        unimplemented!()
    }

    /// Takes what the driver has heard.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        unimplemented!()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        unimplemented!()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        unimplemented!()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None`: not before another call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        unimplemented!()
    }

    /// How the session is connected.
    #[must_use]
    pub fn status(&self) -> Status {
        unimplemented!()
    }

    /// Up to where the application has handled a subscription: what to keep over a restart or page reload.
    /// `None` before the first outcome of a subscription that named no position.
    #[must_use]
    pub fn position(&self, id: u32) -> Option<Position> {
        unimplemented!()
    }

    /// Up to where entries of a subscription were handed out.
    #[must_use]
    pub fn received(&self, id: u32) -> Option<Position> {
        unimplemented!()
    }

    /// The newest entry of the subscription's stream that the session has heard of.
    #[must_use]
    pub fn head(&self, id: u32) -> Option<Cursor> {
        unimplemented!()
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
        unimplemented!()
    }

    /// What has passed so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        unimplemented!()
    }
}
