//! One WebSocket and what it reports.

use alloc::rc::Weak;
use alloc::vec::Vec;

use bytes::Bytes;
use js_sys::{ArrayBuffer, Uint8Array};
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::Input;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::driver::Driver;

/// The subprotocol that names the dialect (docs/protocol.md section 1).
pub(crate) const PROTOCOL: &str = "push-wire.v1";

/// Close code of a connection that was lost: no frame carried it.
const LOST: u16 = 1006;

pub(crate) struct Socket {
    socket: WebSocket,
    // Held as long as the socket may call them; dropped with it.
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Listens to a socket that is being opened for this attempt.
    pub(crate) fn new(
        socket: WebSocket,
        attempt: u32,
        max_message_bytes: u32,
        driver: &Weak<Driver>,
    ) -> Self {
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = {
            let (driver, socket) = (driver.clone(), socket.clone());
            Closure::<dyn FnMut()>::new(move || {
                if socket.protocol() == PROTOCOL {
                    report(&driver, Input::Opened { attempt });
                } else {
                    give_up(&driver, attempt, CloseReason::UnsupportedVersion);
                }
            })
        };
        let message = {
            let driver = driver.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                match read(&event, max_message_bytes) {
                    Ok(bytes) => report(&driver, Input::Message { attempt, bytes }),
                    Err(reason) => give_up(&driver, attempt, reason),
                }
            })
        };
        let closed = {
            let driver = driver.clone();
            Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
                let code = Some(event.code()).filter(|&code| code != LOST);
                report(&driver, Input::Closed { attempt, code });
            })
        };
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Self {
            socket,
            _opened: opened,
            _message: message,
            _closed: closed,
        }
    }

    /// Sends one binary message. One that the socket refuses is not lost: its `close` event is on its way, and what
    /// matters is sent again over the next socket.
    pub(crate) fn send(&self, message: &[u8]) {
        drop(self.socket.send_with_u8_array(message));
    }

    /// Closes with this code. One that browsers do not let a page say is said without.
    pub(crate) fn close(self, code: u16) {
        if self.socket.close_with_code(code).is_err() {
            // Only a code can be refused, and now there is none.
            drop(self.socket.close());
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
    }
}

fn read(event: &MessageEvent, max_message_bytes: u32) -> Result<Bytes, CloseReason> {
    let data = event
        .data()
        .dyn_into::<ArrayBuffer>()
        .map_err(|_| CloseReason::ProtocolError)?;
    if data.byte_length() > max_message_bytes {
        return Err(CloseReason::MessageTooLarge);
    }
    let bytes: Vec<u8> = Uint8Array::new(&data).to_vec();
    Ok(Bytes::from(bytes))
}

fn report(driver: &Weak<Driver>, input: Input) {
    if let Some(driver) = driver.upgrade() {
        driver.input(input);
    }
}

fn give_up(driver: &Weak<Driver>, attempt: u32, reason: CloseReason) {
    if let Some(driver) = driver.upgrade() {
        driver.give_up(attempt, reason);
    }
}
