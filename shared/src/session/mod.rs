//! The sessions of both ends, and what they say to each other.

pub mod client;
pub mod op;
pub mod server;
pub mod wire;
