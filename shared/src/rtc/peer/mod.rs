//! Exchange of messages between two clients, over a connection between them or the relay.
//!
//! [`PeerSession`] is the state machine of one of the two. It negotiates the connection, selects the path, and delivers
//! each message once and in order whatever path it took.

mod config;
mod delivery;
mod hello;
mod negotiation;
mod packet;
mod pair;
mod pairing;
mod session;
#[cfg(test)]
mod tests;

pub use config::PeerConfig;
pub use packet::PeerPacket;
pub use session::{Input, Output, PeerError, PeerSession};
