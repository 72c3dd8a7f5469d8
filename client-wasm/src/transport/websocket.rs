//! The WebSocket of one attempt (docs/protocol.md section 1).

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Function, Reflect, Uint8Array};
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::Input;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent};

use super::{Attempt, Settings};
use crate::driver::Driver;
use crate::task::drop_later;
use crate::timer::{Timer, set_timeout};

/// The subprotocol that names the dialect.
const PROTOCOL: &str = "push-wire.v1";

/// Close code of a connection that was lost: no frame carried it.
const LOST: u16 = 1006;

/// A WebSocket. Dropping it closes the socket.
pub(crate) struct WebSocket {
    socket: web_sys::WebSocket,
    /// `None` once it is closed by this side.
    callbacks: Cell<Option<Callbacks>>,
}

struct Callbacks {
    open: Closure<dyn Fn()>,
    message: Closure<dyn Fn(MessageEvent)>,
    close: Closure<dyn Fn(CloseEvent)>,
    error: Closure<dyn Fn()>,
}

impl WebSocket {
    /// Begins to open a socket. The error is the exception of its class.
    pub(crate) fn open(settings: &Settings, attempt: Attempt) -> Result<Self, JsValue> {
        let url = &settings.address.socket;
        let socket = match &settings.socket_class {
            None => web_sys::WebSocket::new_with_str(url, PROTOCOL)?,
            Some(class) => {
                let arguments = Array::of2(&url.into(), &PROTOCOL.into());
                Reflect::construct(class, &arguments)?.unchecked_into()
            }
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        let callbacks = Callbacks::new(&socket, settings.max_message_bytes, attempt);
        callbacks.listen(&socket);
        Ok(Self {
            socket,
            callbacks: Cell::new(Some(callbacks)),
        })
    }

    /// Sends a message.
    pub(crate) fn send(&self, message: &[u8]) {
        // A copy: not every class takes its own before it returns.
        let message = Uint8Array::from(message);
        // An error loses nothing: the socket's end is on its way, and what matters is sent again over the next one.
        drop(self.socket.send_with_js_u8_array(&message));
    }

    /// Closes the socket, with a code if there is one. It has no further events.
    pub(crate) fn hang_up(&self, code: Option<u16>) {
        let Some(callbacks) = self.callbacks.take() else {
            return;
        };
        callbacks.ignore(&self.socket);
        drop_later(callbacks);
        let closed = code.map_or_else(
            || self.socket.close(),
            |code| self.socket.close_with_code(code),
        );
        if closed.is_err() {
            // The only cause is the code: browsers allow pages few codes.
            drop(self.socket.close());
        }
        terminate_later(&self.socket);
    }
}

/// Longest wait for the answer to a close, in milliseconds, of classes that can end a connection without it.
const CLOSE_TIMEOUT: f64 = 1_000.0;

/// Ends the connection if the other end does not answer the close. The package `ws` would wait for 30 s, and keep the process
/// alive; browsers have no such method, and do not need it.
fn terminate_later(socket: &web_sys::WebSocket) {
    let method = |object: &JsValue, name: &str| {
        let method = Reflect::get(object, &name.into()).ok()?;
        method.dyn_into::<Function>().ok()
    };
    let Some(terminate) = method(socket, "terminate") else {
        return;
    };
    let timer = set_timeout(&terminate.bind0(socket), CLOSE_TIMEOUT);
    // In Node, where the timer alone is no reason to keep the process.
    if let Some(unref) = method(&timer, "unref") {
        drop(unref.call0(&timer));
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.hang_up(None);
    }
}

impl Callbacks {
    fn new(socket: &web_sys::WebSocket, max_message_bytes: usize, attempt: Attempt) -> Self {
        let number = attempt.number;
        let driver = attempt.driver;
        let pass = move |event: Event| {
            if let Some(driver) = driver.upgrade() {
                event.pass(&driver, number);
            }
        };
        let pass = Rc::new(pass);
        Self {
            open: Closure::new({
                let (socket, pass) = (socket.clone(), Rc::clone(&pass));
                move || {
                    pass(if socket.protocol() == PROTOCOL {
                        Event::Opened
                    } else {
                        Event::Foreign
                    });
                }
            }),
            message: Closure::new({
                let pass = Rc::clone(&pass);
                move |event: MessageEvent| pass(read_message(&event.data(), max_message_bytes))
            }),
            close: Closure::new({
                let pass = Rc::clone(&pass);
                move |event: CloseEvent| {
                    let code = Some(event.code()).filter(|&code| code != LOST);
                    let reason = event.reason();
                    pass(Event::Closed { code, reason });
                }
            }),
            error: Closure::new({
                let end = Rc::new(Timer::new(move || {
                    let (code, reason) = (None, String::new());
                    pass(Event::Closed { code, reason });
                }));
                // In browsers `close` follows in the same task, with the code. Some classes report the error only.
                move || end.set(Some(crate::clock::now()))
            }),
        }
    }

    fn listen(&self, socket: &web_sys::WebSocket) {
        socket.set_onopen(Some(function(&self.open)));
        socket.set_onmessage(Some(function(&self.message)));
        socket.set_onclose(Some(function(&self.close)));
        socket.set_onerror(Some(function(&self.error)));
    }

    fn ignore(&self, socket: &web_sys::WebSocket) {
        socket.set_onopen(None);
        socket.set_onmessage(None);
        socket.set_onclose(None);
        // Without a listener the package `ws` throws the error.
        IGNORE.with(|ignore| socket.set_onerror(Some(function(ignore))));
    }
}

thread_local! {
    static IGNORE: Closure<dyn Fn()> = Closure::new(|| {});
}

fn function<T: ?Sized>(closure: &Closure<T>) -> &Function {
    closure.as_ref().unchecked_ref()
}

/// Event of a socket.
enum Event {
    Opened,
    /// The answer does not name the subprotocol: it is no server of this protocol, or a proxy has left the name out.
    Foreign,
    Message(Vec<u8>),
    /// A message for which this side must close the socket.
    Unacceptable(CloseReason),
    Closed {
        code: Option<u16>,
        reason: String,
    },
}

impl Event {
    fn pass(self, driver: &Rc<Driver>, attempt: u32) {
        match self {
            Self::Opened => driver.input(Input::Opened { attempt }),
            Self::Foreign => {
                driver.hang_up(CloseReason::UnsupportedVersion.code());
                driver.input(Input::Closed {
                    attempt,
                    code: None,
                    reason: format!("the answer does not have the subprotocol {PROTOCOL}"),
                });
            }
            Self::Message(bytes) => driver.input(Input::Message { attempt, bytes }),
            Self::Unacceptable(reason) => driver.give_up(attempt, reason),
            Self::Closed { code, reason } => driver.input(Input::Closed {
                attempt,
                code,
                reason,
            }),
        }
    }
}

/// A message: an `ArrayBuffer`, perhaps of another realm, which `instanceof` would not know.
fn read_message(data: &JsValue, max_message_bytes: usize) -> Event {
    if !data.is_object() {
        return Event::Unacceptable(CloseReason::ProtocolError);
    }
    let bytes = Uint8Array::new(data);
    if bytes.byte_length() as usize > max_message_bytes {
        return Event::Unacceptable(CloseReason::MessageTooLarge);
    }
    Event::Message(bytes.to_vec())
}
