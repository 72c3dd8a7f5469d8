//! The server's side of one connection.

mod config;
mod handshake;
mod heartbeat;
mod output;
mod session;
mod subscriptions;
mod uplink;
mod wire;

pub use config::ServerConfig;
pub use output::{MessageError, Opened, Output, Welcome};
pub use session::ServerSession;
pub use uplink::Uplink;
pub use wire::{Incoming, WireDecoder, WireEncoder};
