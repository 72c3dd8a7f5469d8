//! [`ServerSession`]: the server side of one connection as a sans-IO state machine.

mod config;
mod grant_end;
mod handshake;
mod heartbeat;
mod output;
mod outputs;
mod post;
mod session;
mod subscriptions;
#[cfg(test)]
mod tests;
mod throttle;
mod uplink;
mod wire;

pub use config::ServerConfig;
pub use handshake::ClientLimits;
pub use output::{Delivery, MessageError, Opened, Output, SessionState};
pub use post::{PostCheck, PostNumber};
pub use session::ServerSession;
pub use throttle::Excess;
pub use uplink::Uplink;
pub use wire::{Incoming, WireDecoder, WireEncoder};
