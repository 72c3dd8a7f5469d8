//! Answers to HTTP requests: for dictionaries, and those that open a WebSocket.

mod dictionary;
mod upgrade;

pub(crate) use dictionary::dictionary;
pub use upgrade::{UpgradeError, WebSocketUpgrade};
pub(crate) use upgrade::{draining, tcp_stream};
