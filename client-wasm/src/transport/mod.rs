//! Transports: a WebSocket, or an event stream with POST requests. A transport moves bytes and decides nothing.

#[cfg(feature = "sse")]
mod event_stream;
#[cfg(not(feature = "sse"))]
mod no_event_stream;
mod websocket;

use std::rc::{Rc, Weak};

use js_sys::Function;
use push_wire_shared::session::client::Transport;
use wasm_bindgen::JsValue;

#[cfg(feature = "sse")]
pub(crate) use event_stream::EventStream;
#[cfg(not(feature = "sse"))]
pub(crate) use no_event_stream::EventStream;
pub(crate) use websocket::WebSocket;

use crate::address::Address;
use crate::driver::Driver;
use crate::tabs::Tabs;

/// True if this build has event streams.
pub(crate) const HAS_EVENT_STREAMS: bool = cfg!(feature = "sse");

/// Addresses and limits of all connections of a client.
pub(crate) struct Settings {
    pub(crate) address: Address,
    /// Class of the WebSockets; `None` for the page's own.
    pub(crate) socket_class: Option<Function>,
    /// Largest message taken from the server, in bytes.
    pub(crate) max_message_bytes: usize,
    /// The tabs whose connection is shared, in place of a transport.
    pub(crate) tabs: Option<Rc<Tabs>>,
}

/// One attempt to connect: the number that names it, and the driver that its events are passed to.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) number: u32,
    pub(crate) driver: Weak<Driver>,
}

/// The transport of the latest attempt. Dropping it drops the connection without a word.
pub(crate) enum Line {
    WebSocket(WebSocket),
    EventStream(EventStream),
    Tabs(Rc<Tabs>),
}

impl Line {
    /// Begins to open a connection.
    pub(crate) fn open(
        settings: &Settings,
        transport: Transport,
        attempt: Attempt,
    ) -> Result<Self, JsValue> {
        if let Some(tabs) = &settings.tabs {
            tabs.open(attempt.number);
            return Ok(Self::Tabs(Rc::clone(tabs)));
        }
        match transport {
            Transport::WebSocket => WebSocket::open(settings, attempt).map(Self::WebSocket),
            Transport::EventStream => EventStream::new(settings, attempt).map(Self::EventStream),
        }
    }

    /// Sends a message.
    pub(crate) fn send(&self, message: Vec<u8>) {
        match self {
            Self::WebSocket(socket) => socket.send(&message),
            Self::EventStream(stream) => stream.open(message),
            Self::Tabs(tabs) => tabs.transmit(message),
        }
    }

    /// Closes the connection, after everything sent before. It has no further events.
    pub(crate) fn close(&self, code: u16) {
        match self {
            Self::WebSocket(socket) => socket.hang_up(Some(code)),
            Self::EventStream(stream) => stream.close(),
            Self::Tabs(tabs) => tabs.shut(),
        }
    }
}
