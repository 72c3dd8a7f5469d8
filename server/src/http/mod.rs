//! Answers to HTTP requests: for dictionaries, and those that open a WebSocket.

mod dictionary;
mod upgrade;

pub(crate) use dictionary::dictionary;
pub(crate) use upgrade::tcp_stream;
pub use upgrade::{UpgradeError, WebSocketUpgrade};
