//! Load generator: thousands of WebSocket readers in one process and one thread, with little work per message.

mod dialect;
mod readers;
mod tally;
pub mod websocket;

pub use readers::Readers;
pub use tally::Tally;
