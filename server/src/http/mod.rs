//! Routes, and what happens before a connection is one.

mod dictionary;
mod upgrade;

pub(crate) use dictionary::dictionary;
pub(crate) use upgrade::tcp_stream;
pub use upgrade::{UpgradeError, WebSocketUpgrade};
