//! Readers: one process, one thread, thousands of sockets, as little work for each message as will do.

mod dialect;
mod readers;
mod tally;
pub mod websocket;

pub use readers::Readers;
pub use tally::Tally;
