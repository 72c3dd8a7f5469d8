//! The class that the TypeScript face holds: one client.

use alloc::string::String;
use alloc::vec::Vec;

use push_wire_shared::position::{Epoch, Position, StartAt, Tag};
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Input, SendError, SubscribeError, Subscription,
};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use uuid::Uuid;
use wasm_bindgen::prelude::*;

use crate::clock;
use crate::driver::Driver;
use crate::host::Host;

/// One client's session and its connection.
#[wasm_bindgen]
pub struct Engine {
    driver: Driver,
}

#[wasm_bindgen]
impl Engine {
    /// A client that is not connected yet. The id and the secret have 16 bytes each, which come in halves; the secret is
    /// random for a new client; `attempts` is how often this client has tried to connect before; `seed` spreads the
    /// reconnects of many clients; `compression` says whether entries may come compressed.
    #[wasm_bindgen(constructor)]
    #[expect(
        clippy::too_many_arguments,
        reason = "an object would have to be read property by property"
    )]
    pub fn new(
        host: Host,
        id_high: u64,
        id_low: u64,
        secret_high: u64,
        secret_low: u64,
        attempts: u32,
        seed: u64,
        max_message_bytes: u32,
        compression: bool,
    ) -> Engine {
        let id = Uuid::from_u64_pair(id_high, id_low);
        let mut config = ClientConfig::new(id, seed);
        config.secret = Some(Uuid::from_u64_pair(secret_high, secret_low).into_bytes());
        config.attempts = Some(attempts.into());
        config.max_message_bytes = max_message_bytes as usize;
        config.compression = compression;
        Self {
            driver: Driver::new(ClientSession::new(config), host),
        }
    }

    /// The socket of this attempt is open, and speaks the protocol.
    pub fn opened(&self, attempt: u32) {
        self.driver.input(Input::Opened { attempt });
    }

    /// A binary message, within the limit of the constructor.
    pub fn message(&self, attempt: u32, bytes: Vec<u8>) {
        self.driver.input(Input::Message { attempt, bytes });
    }

    /// The socket has ended or could not be opened; without a code it was lost.
    pub fn closed(&self, attempt: u32, code: Option<u16>) {
        self.driver.input(Input::Closed { attempt, code });
    }

    /// The time that `Host.alarm` named has come.
    pub fn timeout(&self) {
        self.driver.with(ClientSession::handle_timeout);
    }

    /// Takes the bytes fetched as the dictionary with this hash; returns whether they match it.
    pub fn dictionary(&self, sha256: &[u8], bytes: Vec<u8>) -> bool {
        let Ok(sha256) = sha256.try_into() else {
            return false;
        };
        self.driver
            .with(|session, now| session.dictionary_fetched(now, sha256, bytes))
    }

    /// Connects, and comes back by itself after a loss.
    pub fn connect(&self) {
        self.driver.with(ClientSession::connect);
    }

    /// Says goodbye and makes no more attempts.
    pub fn close(&self) {
        self.driver.with(ClientSession::close);
    }

    /// The page is visible or the network back.
    pub fn wake(&self) {
        self.driver.with(ClientSession::wake);
    }

    /// The page is hidden or offline.
    pub fn suspend(&self) {
        self.driver.with(ClientSession::suspend);
    }

    /// Drops the line without a goodbye and stays away that many milliseconds.
    pub fn interrupt(&self, millis: f64) {
        let wait = clock::from_millis(millis);
        self.driver
            .with(|session, now| session.interrupt(now, wait));
    }

    /// Sets the token for the next handshake; `false` when it is larger than 16 KiB.
    #[wasm_bindgen(js_name = setToken)]
    pub fn set_token(&self, token: Option<String>) -> bool {
        self.driver
            .with(|session, _| session.set_token(token))
            .is_ok()
    }

    /// Reads a stream: the channel itself, a topic, or the client's inbox; after a position if it `resumes`. Returns the
    /// subscription's id, or a `MessageError`.
    #[expect(
        clippy::too_many_arguments,
        reason = "an object would have to be read property by property"
    )]
    pub fn subscribe(
        &self,
        channel: String,
        topic: Option<String>,
        inbox: bool,
        newest: bool,
        resumes: bool,
        epoch: u64,
        cursor: u64,
        tag: u32,
    ) -> f64 {
        let subscription = Subscription {
            channel,
            scope: match topic {
                Some(topic) => ScopeRequest::Topic(topic),
                None if inbox => ScopeRequest::Inbox,
                None => ScopeRequest::Channel,
            },
            position: resumes.then_some(Position {
                epoch: Epoch(epoch),
                cursor,
                tag: Tag(tag),
            }),
            start: if newest {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
            keeps_position: false,
        };
        let answer = self
            .driver
            .with(|session, now| session.subscribe(now, subscription));
        match answer {
            Ok(id) => id.into(),
            Err(SubscribeError::Duplicate(_)) => MessageError::Duplicate.number(),
            Err(SubscribeError::BadTopic) => MessageError::BadTopic.number(),
            Err(_) => MessageError::TooManySubscriptions.number(),
        }
    }

    /// Stops reading.
    pub fn unsubscribe(&self, id: u32) {
        self.driver
            .with(|session, now| session.unsubscribe(now, id));
    }

    /// Sends a message. Returns its ticket, which comes back in `sent` or `refused`, or a `MessageError`.
    pub fn send(&self, channel: &str, is_bytes: bool, body: Vec<u8>) -> f64 {
        let content = if is_bytes {
            Content::Bytes
        } else {
            Content::Value
        };
        let answer = self
            .driver
            .with(|session, now| session.send(now, channel, content, body));
        match answer {
            Ok(ticket) => ticket as f64,
            Err(SendError::QueueFull) => MessageError::QueueFull.number(),
            Err(SendError::TooLarge { .. }) => MessageError::TooLarge.number(),
            Err(SendError::Closed) => MessageError::Closed.number(),
        }
    }

    /// The application has handled all entries of a subscription up to this one.
    pub fn handled(&self, id: u32, epoch: u64, cursor: u64, tag: u32) {
        let position = Position {
            epoch: Epoch(epoch),
            cursor,
            tag: Tag(tag),
        };
        self.driver
            .with(|session, now| session.handled(now, id, position));
    }

    /// The newest entry of a subscription's stream that the client has heard of.
    pub fn head(&self, id: u32) -> u64 {
        self.driver.read(|session| session.head(id)).unwrap_or(0)
    }

    /// What has passed so far; `what` counts through: messages in and out, bytes in and out, entries, bytes of their
    /// values whole, how many came as deltas, repeats dropped, gaps found, how many came compressed, dictionaries.
    pub fn count(&self, what: usize) -> f64 {
        let stats = self.driver.read(ClientSession::stats);
        let counts = [
            stats.messages_in,
            stats.messages_out,
            stats.bytes_in,
            stats.bytes_out,
            stats.entries,
            stats.value_bytes,
            stats.deltas,
            stats.repeats,
            stats.gaps,
            stats.compressed,
            stats.dictionaries,
        ];
        counts.get(what).map_or(0.0, |&count| count as f64)
    }
}

/// Why nothing came of a call: a negative number in place of an id or a ticket, whose words are in `pkg/src/error.ts`.
/// It is much smaller than to throw.
#[derive(Clone, Copy)]
enum MessageError {
    Duplicate = -1,
    BadTopic = -2,
    TooManySubscriptions = -3,
    QueueFull = -4,
    TooLarge = -5,
    Closed = -6,
}

impl MessageError {
    fn number(self) -> f64 {
        f64::from(self as i8)
    }
}
