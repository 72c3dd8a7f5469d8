//! [`PageClient`], one client.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Function;
use push_wire_shared::PayloadEncoding;
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::session::client::{ClientSession, Status, Subscription, Transport};
use push_wire_shared::session::op::SystemNotice;
use push_wire_shared::session::wire::Content;
use wasm_bindgen::prelude::*;

use super::channels::{self, ChannelCheck};
use super::options::{Options, ReadOptions};
use super::panic::Live;
use super::{ClientHooks, PageSubscription, StreamHooks, binary, events};
use crate::driver::{Driver, Observer};
use crate::fetch::text;
use crate::{Fault, clock};

/// One client of a server.
#[wasm_bindgen]
pub struct PageClient {
    driver: Rc<Driver>,
    hooks: ClientHooks,
    watches_stats: Rc<Cell<bool>>,
    /// Absent in the npm package's module, which is for every application.
    check_channel: Option<ChannelCheck>,
    _live: Live,
}

struct Told {
    hooks: ClientHooks,
    watches_stats: Rc<Cell<bool>>,
}

impl Told {
    /// Reports an exception of the TypeScript face.
    fn check(&self, called: Result<(), JsValue>) {
        if let Err(thrown) = called {
            drop(self.hooks.fault("page", &text(&thrown)));
        }
    }
}

impl Observer for Told {
    fn status(&self, status: &Status, transport: Option<Transport>) {
        self.check(self.hooks.status(events::status(status, transport)));
    }

    fn notice(&self, notice: &SystemNotice) {
        self.check(self.hooks.notice(events::notice(notice)));
    }

    fn fault(&self, fault: Fault) {
        drop(self.hooks.fault(fault.code.name(), &fault.message));
    }

    fn counted(&self) {
        if self.watches_stats.get() {
            self.check(self.hooks.counted());
        }
    }
}

#[wasm_bindgen]
impl PageClient {
    /// A client that is not connected yet.
    ///
    /// # Errors
    /// The error that `hooks.error` makes, for an address or an option that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(url: &str, options: JsValue, hooks: ClientHooks) -> Result<PageClient, JsValue> {
        let live = Live::add(hooks.clone());
        let options: Options = serde_wasm_bindgen::from_value(options)
            .map_err(|error| hooks.plain("bad_argument", &error.to_string()))?;
        let watches_stats = Rc::new(Cell::new(false));
        let told = Told {
            hooks: hooks.clone(),
            watches_stats: Rc::clone(&watches_stats),
        };
        let driver = options
            .config(&hooks)
            .driver(url, Box::new(told))
            .map_err(|error| hooks.connect_error(&error))?;
        live.set_driver(&driver);
        Ok(Self {
            driver,
            hooks,
            watches_stats,
            check_channel: None,
            _live: live,
        })
    }

    /// Connects, and follows the page's life.
    pub fn start(&self) {
        self.driver.start();
    }

    /// The client's UUID; empty until what is kept on the device was read.
    pub fn id(&self) -> String {
        let id = self.driver.client_id();
        id.map(|id| id.hyphenated().to_string()).unwrap_or_default()
    }

    /// Counters since the client was created, as an object.
    pub fn stats(&self) -> JsValue {
        let stats = self.driver.read(ClientSession::stats);
        events::stats(stats, self.driver.dictionaries_failed())
    }

    /// Sets whether `hooks.counted` is called when the counters may have changed.
    #[wasm_bindgen(js_name = watchStats)]
    pub fn watch_stats(&self, is_wanted: bool) {
        self.watches_stats.set(is_wanted);
    }

    /// Reads a stream.
    ///
    /// # Errors
    /// The error that `hooks.error` makes.
    pub fn subscribe(
        &self,
        options: JsValue,
        stream: StreamHooks,
    ) -> Result<PageSubscription, JsValue> {
        if self.driver.is_closed() {
            return Err(self.hooks.closed());
        }
        let options: ReadOptions = serde_wasm_bindgen::from_value(options)
            .map_err(|error| self.hooks.plain("bad_argument", &error.to_string()))?;
        let subscription: Subscription = options.into();
        self.check_channel(&subscription.channel)?;
        PageSubscription::new(&self.driver, subscription, stream, &self.hooks)
            .map_err(|error| self.hooks.subscribe_error(error))
    }

    /// The body of a value, which consists of lists, plain objects, texts, numbers, BigInts from -2^63 to 2^64 - 1, booleans and
    /// null; `undefined` where the connection's encoding is JSON, whose text the caller makes.
    ///
    /// # Errors
    /// The error that `hooks.error` makes, for a value that cannot be sent.
    pub fn encode(&self, value: &JsValue) -> Result<Option<Vec<u8>>, JsValue> {
        let encoding = self.driver.read(ClientSession::encoding);
        if encoding == PayloadEncoding::Json {
            return Ok(None);
        }
        let body = binary::write(value, encoding);
        body.map(Some)
            .map_err(|error| self.hooks.plain("bad_value", &error.to_string()))
    }

    /// Sends a message on a channel, or for a topic of it: a value's body in the connection's encoding, or bytes. Returns its ticket. `answered` is called once,
    /// with the error if there is one.
    ///
    /// # Errors
    /// The error that `hooks.error` makes; nothing was queued.
    pub fn send(
        &self,
        channel: &str,
        topic: Option<String>,
        is_bytes: bool,
        body: Vec<u8>,
        answered: Function,
    ) -> Result<u64, JsValue> {
        self.check_channel(channel)?;
        let content = if is_bytes {
            Content::Bytes
        } else {
            Content::Value
        };
        let hooks = self.hooks.clone();
        let answered = move |answer| {
            let error = hooks.answer_error(answer).unwrap_or_default();
            // It settles a promise, which does not throw.
            drop(answered.call1(&JsValue::UNDEFINED, &error));
        };
        self.driver
            .send(channel, topic.as_deref(), content, body, answered)
            .map_err(|error| self.hooks.queue_error(error, &self.driver.end_reason()))
    }

    /// Withdraws a send, if it was not sent yet. Its answer is not told in either case.
    pub fn withdraw(&self, ticket: u64) {
        self.driver.withdraw(ticket);
    }

    /// Sets the token, which the server is sent at once while connected.
    ///
    /// # Errors
    /// The error that `hooks.error` makes, for a token that is too large.
    #[wasm_bindgen(js_name = setToken)]
    pub fn set_token(&self, token: Option<String>) -> Result<(), JsValue> {
        self.driver
            .set_token(token)
            .map_err(|error| self.hooks.connect_error(&error.into()))
    }

    /// Connects at once: after the server closed the client, or while it waits for its next attempt.
    pub fn connect(&self) {
        self.driver.connect();
    }

    /// Drops the connection without a goodbye and makes no attempt for this many milliseconds.
    pub fn interrupt(&self, millis: f64) {
        let wait = clock::from_millis(millis);
        self.driver
            .with(|session, now| session.interrupt(now, wait));
    }

    /// Sends a goodbye, and ends everything.
    pub fn close(&self) {
        self.driver.close();
    }
}

/// Not exported.
impl PageClient {
    /// The same client, which refuses other channels than these.
    #[doc(hidden)]
    #[must_use]
    pub fn with_channels(mut self, channels: ChannelTable) -> Self {
        self.check_channel = Some(channels::check(channels));
        self
    }

    fn check_channel(&self, name: &str) -> Result<(), JsValue> {
        match &self.check_channel {
            Some(check) => check(name, &self.hooks),
            None => Ok(()),
        }
    }
}

impl Drop for PageClient {
    fn drop(&mut self) {
        self.driver.close();
    }
}
