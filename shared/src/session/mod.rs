//! Sans-IO sessions of client and server, their control ops, and the records that carry them.

pub mod client;
pub mod op;
pub mod server;
pub mod tabs;
pub mod wire;
