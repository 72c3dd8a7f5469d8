//! The class exported to TypeScript: one client.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use push_wire_shared::position::{Epoch, Position, StartAt, Tag};
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Input, SendError, Snapshot, SubscribeError, Subscription,
    TokenError, TransportPreference,
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
    /// A client that is not connected yet. `kept` are the bytes of an earlier `snapshot`, `is_held` is true if
    /// another open page uses them; `client_id` is the application's choice, 16 bytes; `random` are 40 random bytes,
    /// for the id and the secret of a new client and for the delays of its reconnects. Damaged bytes are reported with
    /// `Host.fault`, and the client starts without them.
    #[wasm_bindgen(constructor)]
    #[expect(
        clippy::too_many_arguments,
        reason = "an object would have to be read property by property"
    )]
    pub fn new(
        host: Host,
        kept: Option<Vec<u8>>,
        is_held: bool,
        client_id: Option<Vec<u8>>,
        random: &[u8],
        max_message_bytes: u32,
        compression: bool,
        renews_token: bool,
    ) -> Engine {
        let kept = kept.map(|bytes| Snapshot::decode(&bytes)).transpose();
        let (kept, damage) = match kept {
            Ok(kept) => (kept, None),
            Err(error) => (None, Some(error)),
        };
        let client_id = client_id.and_then(|id| Uuid::from_slice(&id).ok());
        let mut config = identity(kept.as_ref(), is_held, client_id, random);
        config.max_message_bytes = max_message_bytes as usize;
        config.compression = compression;
        config.renews_token = renews_token;
        let mut session = ClientSession::new(config);
        if let Some(kept) = kept {
            session.restore_positions(kept);
        }
        let driver = Driver::new(session, host);
        if let Some(error) = damage {
            driver.report("storage", &error.to_string());
        }
        Self { driver }
    }

    /// The client's id: 16 bytes.
    pub fn id(&self) -> Vec<u8> {
        self.driver
            .read(|session| session.client_id().as_bytes().to_vec())
    }

    /// Snapshot from which a later client of this page continues.
    pub fn snapshot(&self) -> Vec<u8> {
        self.driver.read(ClientSession::snapshot)
    }

    /// Takes the application's token for this request of `Host.wantToken`.
    #[wasm_bindgen(js_name = tokenGiven)]
    pub fn token_given(&self, request: u32, token: String) {
        let token = Ok(token);
        self.driver.input(Input::Token { request, token });
    }

    /// Records that the application has no token now; it is asked again later.
    #[wasm_bindgen(js_name = tokenFailed)]
    pub fn token_failed(&self, request: u32, message: String) {
        let token = Err(TokenError::Retry { message });
        self.driver.input(Input::Token { request, token });
    }

    /// Records that the application denies a token, which closes the client.
    #[wasm_bindgen(js_name = tokenDenied)]
    pub fn token_denied(&self, request: u32, message: String) {
        let token = Err(TokenError::Denied { message });
        self.driver.input(Input::Token { request, token });
    }

    /// Records that the socket of this attempt is open and has agreed on the protocol.
    pub fn opened(&self, attempt: u32) {
        self.driver.input(Input::Opened { attempt });
    }

    /// Takes a binary message, within the limit of the constructor.
    pub fn message(&self, attempt: u32, bytes: Vec<u8>) {
        self.driver.input(Input::Message { attempt, bytes });
    }

    /// Records that the socket has ended or could not be opened; without a code it was lost.
    pub fn closed(&self, attempt: u32, code: Option<u16>) {
        // Browsers do not report a reason.
        let reason = String::new();
        self.driver.input(Input::Closed {
            attempt,
            code,
            reason,
        });
    }

    /// Handles the timer that `Host.alarm` has set.
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

    /// Connects, and reconnects after a loss.
    pub fn connect(&self) {
        self.driver.with(ClientSession::connect);
    }

    /// Sends a goodbye and makes no more attempts.
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

    /// Drops the connection without a goodbye and makes no attempt for this many milliseconds.
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

    /// Reads a stream: the channel itself, a topic, or the client's inbox; after a position if it `resumes`. With
    /// `keeps_position`, a kept position takes precedence. Returns the subscription's id, or a `MessageError`.
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
        keeps_position: bool,
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
            keeps_position,
        };
        let answer = self
            .driver
            .with(|session, now| session.subscribe(now, subscription));
        match answer {
            Ok(id) => id.into(),
            Err(SubscribeError::Duplicate(_)) => MessageError::Duplicate.number(),
            Err(SubscribeError::BadTopic) => MessageError::BadTopic.number(),
            Err(SubscribeError::BadChannel) => MessageError::BadChannel.number(),
            Err(SubscribeError::TooMany) => MessageError::TooManySubscriptions.number(),
            Err(_) => MessageError::Other.number(),
        }
    }

    /// Stops reading.
    pub fn unsubscribe(&self, id: u32) {
        self.driver
            .with(|session, now| session.unsubscribe(now, id));
    }

    /// Sends a message on a channel, or for a topic of it. Returns its ticket, which comes back in `sent` or `refused`, or a
    /// `MessageError`.
    pub fn send(&self, channel: &str, topic: Option<String>, is_bytes: bool, body: Vec<u8>) -> f64 {
        let content = if is_bytes {
            Content::Bytes
        } else {
            Content::Value
        };
        let answer = self
            .driver
            .with(|session, now| session.send(now, channel, topic.as_deref(), content, body));
        match answer {
            Ok(ticket) => ticket as f64,
            Err(SendError::QueueFull) => MessageError::QueueFull.number(),
            Err(SendError::TooLarge { .. }) => MessageError::TooLarge.number(),
            Err(SendError::Closed) => MessageError::Closed.number(),
            Err(SendError::BadTopic) => MessageError::BadTopic.number(),
        }
    }

    /// Records that the application has handled all entries of a subscription up to this one.
    pub fn handled(&self, id: u32, epoch: u64, cursor: u64, tag: u32) {
        let position = Position {
            epoch: Epoch(epoch),
            cursor,
            tag: Tag(tag),
        };
        self.driver
            .with(|session, now| session.handled(now, id, position));
    }

    /// Epoch of the position up to which a subscription was handled, if it has one.
    pub fn epoch(&self, id: u32) -> Option<u64> {
        let position = self.driver.read(|session| session.position(id));
        Some(position?.epoch.0)
    }

    /// Cursor of that position.
    pub fn cursor(&self, id: u32) -> Option<u64> {
        let position = self.driver.read(|session| session.position(id));
        Some(position?.cursor)
    }

    /// Tag of that position; 0 if it has none.
    pub fn tag(&self, id: u32) -> u32 {
        let position = self.driver.read(|session| session.position(id));
        position.map_or(0, |position| position.tag.0)
    }

    /// The newest entry of a subscription's stream that is known.
    pub fn head(&self, id: u32) -> u64 {
        self.driver.read(|session| session.head(id)).unwrap_or(0)
    }

    /// Counters of the session; `what` counts through: messages in and out, bytes in and out, entries, bytes of their
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

/// Id and secret of the client: the kept ones, unless another page uses them or the application has chosen another id.
fn identity(
    kept: Option<&Snapshot>,
    is_held: bool,
    client_id: Option<Uuid>,
    random: &[u8],
) -> ClientConfig {
    let mut random = random.iter().copied();
    let mut draw = || core::array::from_fn(|_| random.next().unwrap_or_default());
    let (new_id, secret): ([u8; 16], [u8; 16]) = (draw(), draw());
    let seed = u64::from_le_bytes(core::array::from_fn(|_| random.next().unwrap_or_default()));
    let may_continue = |kept: &&Snapshot| match client_id {
        Some(client_id) => client_id == kept.client_id,
        None => !is_held,
    };
    if let Some(kept) = kept.filter(may_continue) {
        return only_socket(ClientConfig::continuing(kept, seed));
    }
    let new_id = uuid::Builder::from_random_bytes(new_id).into_uuid();
    let mut config = ClientConfig::new(client_id.unwrap_or(new_id), seed);
    config.secret = Some(secret);
    config.attempts = Some(0);
    only_socket(config)
}

/// The page has no event streams.
const fn only_socket(mut config: ClientConfig) -> ClientConfig {
    config.transports = TransportPreference::WsOnly;
    config
}

/// Error of a call: a negative number in place of an id or a ticket; its texts are in `pkg/src/error.ts`. The code is
/// much smaller than that of an exception.
#[derive(Clone, Copy)]
enum MessageError {
    Duplicate = -1,
    BadTopic = -2,
    TooManySubscriptions = -3,
    QueueFull = -4,
    TooLarge = -5,
    Closed = -6,
    BadChannel = -7,
    Other = -8,
}

impl MessageError {
    fn number(self) -> f64 {
        f64::from(self as i8)
    }
}
