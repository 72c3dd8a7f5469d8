//! The client's side of docs/protocol.md as a machine without sockets, clocks or threads.

mod ack;
mod attention;
mod backlog;
mod config;
mod connection;
mod credential;
mod dictionaries;
mod error;
mod event;
mod fragments;
mod link;
mod observation;
mod output;
mod page;
mod posts;
mod receive;
mod retry;
mod snapshot;
mod status;
mod subscription;
mod subscriptions;
#[cfg(test)]
mod tests;
mod timer;
mod transport;
mod uplink;
mod value;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

pub use attention::Attention;
pub use config::{ClientConfig, RetryPolicy};
pub use error::{ConfigError, SendError, SubscribeError, TokenError};
pub use event::{EndCause, Entry, Event, Input, Output, Subscription};
pub use posts::PostAnswer;
pub use snapshot::{KeptPosition, Snapshot, SnapshotError};
pub use status::{Cause, Stats, Status};
pub use transport::{Transport, TransportPreference};

use self::connection::{Connection, Farewell};
use self::dictionaries::Dictionaries;
use self::error::ConnectionError;
use self::link::{LIST_OVERHEAD, Link};
use self::receive::Receiver;
use self::subscriptions::Subscriptions;
use self::timer::Timer;
use self::uplink::Uplink;
use super::op::{Auth, ChannelInfo, ClientOp};
use super::wire::Content;
use crate::close::CloseReason;
use crate::limits::{HANDSHAKE_BYTES, RETRY_DIRECTED_MAX, TOKEN_BYTES};
use crate::position::{Position, is_topic};
use crate::time::Moment;

/// Session of one client, which outlives its connections.
///
/// The contract: call a method that takes `&mut self`, then drain [`poll_output`](Self::poll_output) and carry out the
/// outputs in order, then arm one timer for [`poll_timeout`](Self::poll_timeout), replacing the one before. When it
/// fires call [`handle_timeout`](Self::handle_timeout); a timer that fires late does no harm. `now` comes from one
/// monotonic clock and never goes back; every method that changes the session takes it.
///
/// Every entry that is handed out must be reported with [`handled`](Self::handled), sooner or later, unless a reset comes
/// before: a subscription of which the application holds [`max_backlog_entries`](ClientConfig::max_backlog_entries) or
/// [`max_backlog_bytes`](ClientConfig::max_backlog_bytes) is paused until half of that is handled.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
    connection: Connection,
    server: Server,
    subscriptions: Subscriptions,
    dictionaries: Dictionaries,
    uplink: Uplink,
    link: Link,
}

/// Facts about the server, from the handshake.
#[derive(Default, Debug)]
struct Server {
    channels: Vec<ChannelInfo>,
}

impl ClientSession {
    /// A session that does nothing until [`connect`](Self::connect). Check a configuration that comes from outside
    /// with [`ClientConfig::check`] first.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self {
            connection: Connection::new(&config),
            server: Server::default(),
            subscriptions: Subscriptions::new(&config),
            dictionaries: Dictionaries::new(config.accepts_compressed()),
            uplink: Uplink::new(&config),
            link: Link::new(config.encoding),
            config,
        }
    }

    /// Connects now, and from now on reconnects after a loss. If an attempt is scheduled, it is made at once. Without
    /// effect while connecting or connected.
    pub fn connect(&mut self, now: Moment) {
        self.connection.connect(now, &mut self.link);
    }

    /// Reads a stream, now or as soon as connected. Its outcome comes as [`Event::Outcome`] or [`Event::Ended`].
    ///
    /// # Errors
    /// [`SubscribeError`]; nothing was changed.
    pub fn subscribe(
        &mut self,
        _now: Moment,
        subscription: Subscription,
    ) -> Result<u32, SubscribeError> {
        let id = self.subscriptions.add(subscription)?;
        if self.connection.is_ready() {
            self.subscriptions.request_all(&mut self.link);
        }
        Ok(id)
    }

    /// Ends a subscription and forgets its position; there are no more events of this id.
    pub fn unsubscribe(&mut self, _now: Moment, id: u32) {
        let is_ready = self.connection.is_ready();
        self.subscriptions.remove(id, is_ready, &mut self.link);
    }

    /// Sends a message on a channel, or for a topic of it, now or as soon as connected. The body of a value is in the session's
    /// present [encoding](Self::encoding). The ticket comes back in [`Event::Sent`] or [`Event::Refused`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send(
        &mut self,
        _now: Moment,
        channel: &str,
        topic: Option<&str>,
        content: Content,
        body: Vec<u8>,
    ) -> Result<u64, SendError> {
        if topic.is_some_and(|topic| !is_topic(topic)) {
            return Err(SendError::BadTopic);
        }
        if self.connection.is_closed() {
            return Err(SendError::Closed);
        }
        let is_ready = self.connection.is_ready();
        let max_message_bytes = self.link.max_message_bytes;
        if is_ready && uplink::message_bytes(topic, body.len()) > max_message_bytes {
            return Err(SendError::TooLarge { max_message_bytes });
        }
        let encoding = self.link.encoding;
        let ticket = self.uplink.push(channel, topic, content, encoding, body)?;
        if is_ready {
            self.uplink.transmit(&self.server.channels, &mut self.link);
        }
        Ok(ticket)
    }

    /// Drops all sends that the server has not answered; there are no events of their tickets.
    pub fn abandon_sends(&mut self) {
        self.uplink.abandon();
    }

    /// Withdraws a send that was not sent yet; there is no event of its ticket. Returns false if there is no such send, or if
    /// it may have reached the server: its event follows.
    pub fn withdraw(&mut self, ticket: u64) -> bool {
        self.uplink.withdraw(ticket)
    }

    /// Records that the application has handled every entry of the subscription up to the one with this
    /// [`Entry::position`], or the position of an [`Event::Skipped`]. Entries from before a reset need not be reported. It is what [`position`](Self::position)
    /// returns and what is acknowledged to the server.
    pub fn handled(&mut self, now: Moment, id: u32, position: Position) {
        let is_ready = self.connection.is_ready();
        self.subscriptions
            .handled(now, id, position, is_ready, &mut self.link);
    }

    /// Sets the token. While connected, the server is sent it at once, and the connection goes on under its grant
    /// (docs/protocol.md section 5.9); `None`, or a token that is set while there is no connection, counts from the next
    /// handshake. A session that [renews its token](ClientConfig::renews_token) requests another one before that.
    ///
    /// # Errors
    /// [`ConfigError::TokenBytes`] when it is larger than [`TOKEN_BYTES`].
    pub fn set_token(&mut self, token: Option<String>) -> Result<(), ConfigError> {
        if let Some(bytes) = token.as_ref().map(String::len).filter(|&n| n > TOKEN_BYTES) {
            return Err(ConfigError::TokenBytes(bytes));
        }
        self.connection.set_token(token, &mut self.link);
        Ok(())
    }

    /// Sends a goodbye, which ends the session on the server, and makes no more attempts until `connect`. Subscriptions
    /// and sends are kept. Without effect on a closed session.
    pub fn close(&mut self, now: Moment) {
        if self.connection.is_ready() {
            self.subscriptions.acknowledge(&mut self.link);
            self.link.send(&ClientOp::Goodbye);
        }
        self.hang_up();
        self.connection.close(now, &mut self.link);
    }

    /// Drops the connection without a goodbye and makes no attempt for this long; `connect` ends that, `wake` does not.
    pub fn interrupt(&mut self, now: Moment, wait: Duration) {
        if self.connection.is_idle() || self.connection.is_closed() {
            return;
        }
        self.hang_up();
        self.connection.stay_away(now, wait, &mut self.link);
    }

    /// Takes an input of the driver.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        let is_current =
            |attempt| attempt == self.connection.attempt() && self.connection.is_live();
        match input {
            Input::Opened { attempt } if is_current(attempt) => self.opened(now),
            Input::Message { attempt, bytes } if is_current(attempt) => {
                if let Err(error) = self.receiver().message(now, &Bytes::from(bytes)) {
                    self.fail(now, error);
                }
            }
            Input::Part { attempt } if is_current(attempt) => {
                self.connection.note_activity(now, &mut self.link);
            }
            Input::Closed {
                attempt,
                code,
                reason,
            } if is_current(attempt) => self.socket_closed(now, code, reason),
            Input::Refused {
                attempt,
                retry,
                reason,
            } if is_current(attempt) => self.refused(now, retry, reason),
            Input::Away {
                attempt,
                cause,
                retry,
                failures,
            } if is_current(attempt) => {
                self.detach();
                self.connection
                    .away(now, cause, retry, failures, &mut self.link);
            }
            Input::Posted {
                attempt,
                number,
                answer,
            } if is_current(attempt) => self.posted(now, number, answer),
            Input::Opened { .. }
            | Input::Message { .. }
            | Input::Part { .. }
            | Input::Closed { .. }
            | Input::Refused { .. }
            | Input::Away { .. }
            | Input::Posted { .. } => {}
            Input::Token { request, token } => {
                self.connection
                    .token_answered(now, request, token, &mut self.link);
            }
        }
    }

    /// Takes a dictionary that was requested with [`Output::FetchDictionary`]. Returns whether the bytes are that
    /// dictionary; if not they are dropped, and entries arrive less compressed.
    pub fn dictionary_fetched(&mut self, _now: Moment, sha256: [u8; 32], bytes: Vec<u8>) -> bool {
        let is_ready = self.connection.is_ready();
        self.dictionaries
            .fetched(sha256, bytes, is_ready, &mut self.link)
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(timer) = self.link.timers.expired(now) {
            match timer {
                Timer::Retry => self.connection.retry_due(now, &mut self.link),
                Timer::Token => self.connection.token_overdue(now, &mut self.link),
                Timer::Handshake => {
                    let what = "the server did not answer in time";
                    self.fail(
                        now,
                        ConnectionError::new(CloseReason::HandshakeTimeout, what),
                    );
                }
                Timer::Silence => self.connection.probe(now, &mut self.link),
                Timer::Probe => self.silent(now),
                Timer::Ack => self.subscriptions.acknowledge(&mut self.link),
                Timer::Uplink => self.uplink.go_on(&self.server.channels, &mut self.link),
                Timer::Post => self.link.outputs.post_again(),
                Timer::BetterTransport => self.try_first_transport(now),
            }
        }
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.link.outputs.pop()
    }

    /// Time at which to call [`handle_timeout`](Self::handle_timeout); `None` if no timer is set.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.link.timers.next()
    }
}

/// Begin and end of a connection.
impl ClientSession {
    /// Handles an opened socket: sends `auth`, with the subscriptions that fit into it.
    fn opened(&mut self, now: Moment) {
        let Some(token) = self.connection.opened(now) else {
            return;
        };
        self.link.start_over();
        let token_bytes = token.as_ref().map_or(0, String::len);
        let room = HANDSHAKE_BYTES.saturating_sub(LIST_OVERHEAD + AUTH_BYTES + token_bytes);
        let auth = Auth {
            client_id: self.config.client_id,
            token,
            secret: self.config.secret,
            attempt: self.attempts(),
            encoding: self.config.encoding,
            zstd: self.config.accepts_compressed(),
            skips: true,
            renews: self.config.renews_token,
            max_message_bytes: self.config.max_message_bytes as u64,
            max_value_bytes: self.config.max_value_bytes as u64,
            subscriptions: self.subscriptions.request(room),
        };
        self.link.send(&ClientOp::Auth(auth));
        if self.connection.transport() == Transport::EventStream {
            let attempt = self.attempts().unwrap_or_default();
            self.link
                .outputs
                .begin_posts(self.config.client_id, attempt);
        }
    }

    fn receiver(&mut self) -> Receiver<'_> {
        Receiver {
            config: &mut self.config,
            connection: &mut self.connection,
            server: &mut self.server,
            subscriptions: &mut self.subscriptions,
            dictionaries: &mut self.dictionaries,
            uplink: &mut self.uplink,
            link: &mut self.link,
        }
    }

    /// Handles the end of the socket, by the peer or a loss.
    fn socket_closed(&mut self, now: Moment, code: Option<u16>, reason: String) {
        let mut farewell = self.connection.take_farewell().unwrap_or_default();
        let cause = &mut farewell.cause;
        cause.code = code.filter(|&code| code != 1006).or(cause.code);
        let text = cause
            .code
            .and_then(CloseReason::from_code)
            .map(CloseReason::text);
        let refusal = self.connection.take_refusal();
        let candidates = [refusal, reason, text.unwrap_or_default().into()];
        for candidate in candidates {
            if cause.message.is_empty() {
                cause.message = candidate;
            }
        }
        if cause.code.is_some_and(|code| (4000..5000).contains(&code)) {
            self.connection.transport_worked();
        }
        self.lost(now, farewell);
    }

    /// Handles an attempt that was refused for now.
    fn refused(&mut self, now: Moment, retry: Option<Duration>, message: String) {
        let code = Some(CloseReason::Overloaded.code());
        let cause = Cause { code, message };
        self.lost(now, Farewell { cause, retry });
    }

    /// Handles too long a silence, or a close that did not follow the server's goodbye.
    fn silent(&mut self, now: Moment) {
        let reason = CloseReason::HeartbeatLost;
        if let Some(farewell) = self.connection.take_farewell() {
            self.link.disconnect(reason);
            self.connection.transport_worked();
            return self.lost(now, farewell);
        }
        self.fail(now, ConnectionError::new(reason, reason.text()));
    }

    /// Ends the connection from this side.
    fn fail(&mut self, now: Moment, error: ConnectionError) {
        let ConnectionError { reason, message } = error;
        self.link.disconnect(reason);
        let cause = Cause {
            code: Some(reason.code()),
            message: message.into(),
        };
        self.lost(now, Farewell { cause, retry: None });
    }

    /// Takes the answer to a POST.
    fn posted(&mut self, now: Moment, number: u64, answer: PostAnswer) {
        match answer {
            PostAnswer::Taken => self.link.outputs.posted(number),
            PostAnswer::Unknown => self.post_failed(now, number, Duration::ZERO),
            PostAnswer::Later(wait) => self.post_failed(now, number, wait),
            PostAnswer::Ended => {
                self.link.disconnect(CloseReason::Normal);
                let cause = Cause {
                    code: None,
                    message: String::from("the server takes no messages of this connection"),
                };
                self.lost(now, Farewell { cause, retry: None });
            }
        }
    }

    /// Sends a POST again, after its back-off delay and at least `least`.
    fn post_failed(&mut self, now: Moment, number: u64, least: Duration) {
        if let Some(wait) = self.link.outputs.post_failed(number) {
            let wait = wait.max(least.min(RETRY_DIRECTED_MAX));
            self.link.timers.set(Timer::Post, now + wait);
        }
    }

    /// Moves from the second transport to the first. The server notices no end before the new connection, which takes
    /// over.
    fn try_first_transport(&mut self, now: Moment) {
        if !self.connection.may_try_first_transport() {
            return;
        }
        self.link.disconnect(CloseReason::Normal);
        self.detach();
        self.connection.try_first_transport(now, &mut self.link);
    }

    fn lost(&mut self, now: Moment, farewell: Farewell) {
        self.detach();
        self.connection.lost(now, farewell, &mut self.link);
    }

    /// Drops the socket, if there is one.
    fn hang_up(&mut self) {
        if self.connection.is_live() {
            self.link.disconnect(CloseReason::Normal);
            self.detach();
        }
    }

    /// Drops the state of the connection. Every end of a connection, for any cause, calls this.
    fn detach(&mut self) {
        self.link.end();
        self.connection.take_farewell();
        self.connection.take_refusal();
        self.dictionaries.disconnected();
        self.subscriptions.detach(&mut self.link);
    }
}

/// Bytes of an `auth` frame beside the token and the subscriptions.
const AUTH_BYTES: usize = 512;
