//! [`PageClient`], one client.

use std::rc::Rc;

use js_sys::{Function, Promise};
use push_wire_shared::session::client::{ClientSession, Status, Transport};
use push_wire_shared::session::op::SystemNotice;
use push_wire_shared::session::wire::Content;
use wasm_bindgen::prelude::*;

use super::options::{Options, ReadOptions};
use super::panic::Live;
use super::{ClientHooks, PageSubscription, StreamHooks, events};
use crate::driver::{Driver, Observer};
use crate::fetch::text;
use crate::{Fault, clock};

/// One client of a server.
#[wasm_bindgen]
pub struct PageClient {
    driver: Rc<Driver>,
    hooks: ClientHooks,
    _live: Live,
}

struct Told(ClientHooks);

impl Told {
    /// Reports an exception of the TypeScript face.
    fn check(&self, called: Result<(), JsValue>) {
        if let Err(thrown) = called {
            drop(self.0.fault("page", &text(&thrown)));
        }
    }
}

impl Observer for Told {
    fn status(&self, status: &Status, transport: Option<Transport>) {
        self.check(self.0.status(events::status(status, transport)));
    }

    fn notice(&self, notice: &SystemNotice) {
        self.check(self.0.notice(events::notice(notice)));
    }

    fn fault(&self, fault: Fault) {
        drop(self.0.fault(fault.code.name(), &fault.message));
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
        let driver = options
            .config(&hooks)
            .driver(url, Box::new(Told(hooks.clone())))
            .map_err(|error| hooks.connect_error(&error))?;
        Ok(Self {
            driver,
            hooks,
            _live: live,
        })
    }

    /// Connects, and follows the page's life.
    pub fn start(&self) {
        self.driver.start();
    }

    /// The client's UUID.
    pub fn id(&self) -> String {
        self.driver
            .read(ClientSession::client_id)
            .hyphenated()
            .to_string()
    }

    /// Counters since the client was created, as an object.
    pub fn stats(&self) -> JsValue {
        let stats = self.driver.read(ClientSession::stats);
        events::stats(stats, self.driver.dictionaries_failed())
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
        PageSubscription::new(&self.driver, options.into(), stream, &self.hooks)
            .map_err(|error| self.hooks.subscribe_error(error))
    }

    /// Sends a message on a channel, or for a topic of it: JSON text, or bytes. The promise is settled by the server's answer.
    pub fn send(
        &self,
        channel: &str,
        topic: Option<String>,
        is_bytes: bool,
        body: Vec<u8>,
    ) -> Promise {
        let content = if is_bytes {
            Content::Bytes
        } else {
            Content::Value
        };
        let mut body = Some(body);
        Promise::new(&mut |resolve: Function, reject: Function| {
            let (hooks, refuse) = (self.hooks.clone(), reject.clone());
            let answered = move |answer| {
                let called = match hooks.answer_error(answer) {
                    None => resolve.call0(&JsValue::UNDEFINED),
                    Some(error) => refuse.call1(&JsValue::UNDEFINED, &error),
                };
                // The functions of a promise do not throw.
                drop(called);
            };
            let body = body.take().unwrap_or_default();
            let topic = topic.as_deref();
            if let Err(error) = self.driver.send(channel, topic, content, body, answered) {
                drop(reject.call1(&JsValue::UNDEFINED, &self.hooks.queue_error(error)));
            }
        })
    }

    /// Connects at once: after the server closed the client, or while it waits for its next attempt.
    pub fn connect(&self) {
        self.driver.with(ClientSession::connect);
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

impl Drop for PageClient {
    fn drop(&mut self) {
        self.driver.close();
    }
}
