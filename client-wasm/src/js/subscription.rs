//! [`PageSubscription`], one listener to a stream.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Promise, Reflect, Uint8Array};
use push_wire_shared::session::client::{Entry, SubscribeError, Subscription};
use push_wire_shared::session::wire::Content;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::ahead::Ahead;
use super::hooks::report_uncaught;
use super::value::{PositionOut, object};
use super::{ClientHooks, StreamHooks, events, value};
use crate::driver::Driver;
use crate::stream::{Item, Listener, Sink, Source, Taken};

/// One listener to a stream. Freeing it ends the reading.
#[wasm_bindgen]
pub struct PageSubscription {
    driver: Rc<Driver>,
    source: Rc<Source>,
    listener: Rc<Listener>,
}

/// Passes a stream's items to the TypeScript face.
struct Passing {
    stream: StreamHooks,
    client: ClientHooks,
    listener: Rc<OnceCell<Weak<Listener>>>,
    ahead: RefCell<Ahead>,
}

impl Sink for Passing {
    fn prepare(&self, items: &[Rc<Item>]) {
        let ahead = Ahead::read(items);
        self.ahead.replace(ahead);
    }

    fn take(&self, item: &Rc<Item>) -> Taken {
        let called = match &**item {
            Item::Entry(entry) => {
                let value = self.ahead.borrow_mut().take(item);
                self.entry(entry, value)
            }
            Item::Skipped { .. } | Item::Outcome { .. } | Item::Ended { .. } => {
                let statement = events::statement(item).unwrap_or_default();
                self.stream.event(statement).map(|()| JsValue::UNDEFINED)
            }
        };
        match called {
            Ok(answer) if is_promise(&answer) => {
                self.finish_later(Rc::clone(item), answer);
                Taken::Later
            }
            Ok(_) => Taken::Now,
            // A handler's mistake must not stop the stream: the entry counts as handled.
            Err(thrown) => {
                report_uncaught(&thrown);
                Taken::Now
            }
        }
    }

    // The TypeScript face closes its streams itself.
    fn closed(&self) {}
}

impl Passing {
    /// Passes an entry on, whose value may have been read before.
    fn entry(&self, entry: &Entry, value: Option<JsValue>) -> Result<JsValue, JsValue> {
        let read = || value.map_or_else(|| value::read(&entry.body, entry.encoding), Ok);
        let (value, bytes) = match entry.content {
            Content::Bytes => (JsValue::UNDEFINED, Some(Uint8Array::from(&*entry.body))),
            Content::Value => match read() {
                Ok(value) => (value, None),
                Err(error) => {
                    let (cursor, encoding) = (entry.position.cursor, entry.encoding.name());
                    let why = format!("entry {cursor} is not a value in {encoding}: {error}");
                    drop(self.client.fault("bad_payload", &why));
                    return Ok(JsValue::UNDEFINED);
                }
            },
        };
        self.stream.entry(
            entry.position.cursor,
            entry.position.tag.0,
            value,
            bytes,
            entry.replayed,
            entry.body.len(),
            entry.wire_bytes,
        )
    }

    /// Waits for the handler's promise.
    fn finish_later(&self, item: Rc<Item>, answer: JsValue) {
        let listener = Rc::clone(&self.listener);
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(thrown) = JsFuture::from(Promise::resolve(&answer)).await {
                report_uncaught(&thrown);
            }
            if let Some(listener) = listener.get().and_then(Weak::upgrade) {
                listener.finished(&item);
            }
        });
    }
}

/// Returns whether a handler's result is a promise, also one of another frame; handlers may return any value.
fn is_promise(answer: &JsValue) -> bool {
    let then = || Reflect::get(answer, &"then".into());
    answer.is_object() && then().is_ok_and(|then| then.is_function())
}

impl PageSubscription {
    pub(super) fn new(
        driver: &Rc<Driver>,
        subscription: Subscription,
        stream: StreamHooks,
        client: &ClientHooks,
    ) -> Result<Self, SubscribeError> {
        let later = Rc::new(OnceCell::new());
        let passing = Passing {
            stream,
            client: client.clone(),
            listener: Rc::clone(&later),
            ahead: RefCell::default(),
        };
        let (source, listener) = driver.listen(subscription, passing)?;
        // Set once, here.
        drop(later.set(Rc::downgrade(&listener)));
        Ok(Self {
            driver: Rc::clone(driver),
            source,
            listener,
        })
    }
}

#[wasm_bindgen]
impl PageSubscription {
    /// Position up to which this listener has handled the stream, as an object; `undefined` before the server's first answer.
    pub fn position(&self) -> JsValue {
        let position = self.listener.position().map(PositionOut::from);
        position.map_or(JsValue::UNDEFINED, |position| object(&position))
    }

    /// Cursor of the newest entry of the stream that is known.
    pub fn head(&self) -> Option<u64> {
        let id = self.source.id()?;
        self.driver.read(|session| session.head(id))
    }
}

impl Drop for PageSubscription {
    fn drop(&mut self) {
        self.driver.leave(&self.source, &self.listener);
    }
}
