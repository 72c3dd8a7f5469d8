//! The class that the TypeScript face holds: one client.

use alloc::string::String;
use alloc::vec::Vec;

use push_wire_shared::channel::ChannelMode;
use push_wire_shared::position::{Epoch, Position, StartAt};
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
    /// A client that is not connected yet. `client_id` has 16 bytes, and so has `secret`: random for a new client;
    /// `attempts` is how often this client has tried to connect before; `seed` spreads the reconnects of many
    /// clients; `compression` says whether entries may come compressed.
    ///
    /// # Errors
    /// Throws a string when the id or the secret has another length.
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: Host,
        client_id: &[u8],
        secret: &[u8],
        attempts: u32,
        seed: u64,
        max_message_bytes: u32,
        compression: bool,
    ) -> Result<Engine, JsValue> {
        let id = Uuid::from_slice(client_id).map_err(|_| thrown("bad_client_id"))?;
        let mut config = ClientConfig::new(id, seed);
        config.secret = Some(secret.try_into().map_err(|_| thrown("bad_secret"))?);
        config.attempts = Some(attempts.into());
        config.max_message_bytes = max_message_bytes as usize;
        config.compression = compression;
        Ok(Self {
            driver: Driver::new(ClientSession::new(config), host),
        })
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

    /// What was fetched as the dictionary with this hash; returns whether it is that.
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

    /// The credential for the next handshake.
    #[wasm_bindgen(js_name = setToken)]
    pub fn set_token(&self, token: Option<String>) {
        self.driver.with(|session, _| session.set_token(token));
    }

    /// Reads a stream: the channel itself, a topic, or the client's inbox. Returns the subscription's id.
    ///
    /// # Errors
    /// Throws a string, the code of what is wrong.
    pub fn subscribe(
        &self,
        channel: String,
        topic: Option<String>,
        inbox: bool,
        newest: bool,
        epoch: Option<u64>,
        cursor: Option<u64>,
    ) -> Result<u32, JsValue> {
        let subscription = Subscription {
            channel,
            scope: match topic {
                Some(topic) => ScopeRequest::Topic(topic),
                None if inbox => ScopeRequest::Inbox,
                None => ScopeRequest::Channel,
            },
            position: epoch.zip(cursor).map(|(epoch, cursor)| Position {
                epoch: Epoch(epoch),
                cursor,
            }),
            start: if newest {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
        };
        self.driver
            .with(|session, now| session.subscribe(now, subscription))
            .map_err(|error| {
                thrown(match error {
                    SubscribeError::Duplicate(_) => "duplicate",
                    SubscribeError::BadTopic => "bad_topic",
                    _ => "too_many_subscriptions",
                })
            })
    }

    /// Stops reading.
    pub fn unsubscribe(&self, id: u32) {
        self.driver
            .with(|session, now| session.unsubscribe(now, id));
    }

    /// Sends a message and returns its ticket, which comes back in `sent` or `refused`.
    ///
    /// # Errors
    /// Throws a string, the code of why it was not queued.
    pub fn send(&self, channel: &str, is_bytes: bool, body: Vec<u8>) -> Result<u64, JsValue> {
        let content = if is_bytes {
            Content::Bytes
        } else {
            Content::Value
        };
        self.driver
            .with(|session, now| session.send(now, channel, content, body))
            .map_err(|error| {
                thrown(match error {
                    SendError::QueueFull => "queue_full",
                    SendError::TooLarge { .. } => "too_large",
                    _ => "closed",
                })
            })
    }

    /// The application has handled all entries of a subscription up to this one.
    pub fn handled(&self, id: u32, epoch: u64, cursor: u64) {
        let position = Position {
            epoch: Epoch(epoch),
            cursor,
        };
        self.driver
            .with(|session, now| session.handled(now, id, position));
    }

    /// The newest entry of a subscription's stream that the client has heard of.
    pub fn head(&self, id: u32) -> Option<u64> {
        self.driver.read(|session| session.head(id))
    }

    /// How often this client has tried to connect, in all its lives.
    pub fn attempts(&self) -> u32 {
        let attempts = self.driver.read(ClientSession::attempts);
        attempts.map_or(0, |attempts| u32::try_from(attempts).unwrap_or(u32::MAX))
    }

    /// What proves the right to continue this session: 16 bytes.
    pub fn secret(&self) -> Vec<u8> {
        self.driver
            .read(ClientSession::secret)
            .map_or_else(Vec::new, |secret| secret.to_vec())
    }

    /// Whether the server keeps only the newest value of this channel; false before the first handshake.
    #[wasm_bindgen(js_name = isState)]
    pub fn is_state(&self, channel: &str) -> bool {
        self.driver.read(|session| {
            session
                .channels()
                .iter()
                .any(|info| info.name == channel && info.mode == ChannelMode::State)
        })
    }

    /// What has passed so far: messages in and out, bytes in and out, entries, bytes of their values whole,
    /// how many came as deltas, repeats dropped, gaps found, how many came compressed, dictionaries.
    pub fn stats(&self) -> Vec<f64> {
        let stats = self.driver.read(ClientSession::stats);
        [
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
        ]
        .into_iter()
        .map(|count| count as f64)
        .collect()
    }
}

fn thrown(code: &str) -> JsValue {
    JsValue::from_str(code)
}
