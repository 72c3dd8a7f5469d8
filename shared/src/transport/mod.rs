//! Paths to peers: through the server's connection, from peer to peer, or through the relay.
//!
//! [`Paths`] is the sans-IO state machine: it selects the path of each packet, counts failures, and changes the mode of a
//! peer. Its driver sends the packets. `docs/relay.md` has the state diagram.
//!
//! ```
//! use push_wire_shared::time::Moment;
//! use push_wire_shared::transport::{
//!     FailoverPolicy, ModeSwitchReason, Paths, TransportMode, TransportPacket, TransportRoute,
//! };
//! use serde_json::json;
//! use uuid::Uuid;
//!
//! let mut paths = Paths::new(FailoverPolicy { failure_threshold: 1, ..Default::default() });
//! let (now, peer) = (Moment::default(), Uuid::from_u128(1));
//! paths.switch(now, peer, TransportMode::P2p, ModeSwitchReason::Requested);
//!
//! let packet = TransportPacket::new("game", json!({"x": 3})).with_cursor(1);
//! let mut dispatch = paths.begin(peer, &packet).expect("cursor 1 was not sent before");
//! assert_eq!(dispatch.route(), TransportRoute::P2p);
//! paths.fail_over(&mut dispatch); // The path to the peer did not accept the packet, so it goes by relay.
//! assert_eq!(dispatch.route(), TransportRoute::Relay);
//! let outcome = paths.sent(now, dispatch);
//! assert_eq!(outcome.active_mode, TransportMode::Relay);
//! assert_eq!(outcome.switch.map(|switch| switch.generation), Some(2));
//! ```

mod cursors;
mod error;
mod mode;
mod packet;
mod path;
mod paths;
mod policy;
#[cfg(test)]
mod tests;

pub use error::TransportError;
pub use mode::{ModeSwitchReason, ModeSwitchSignal, TransportMode};
pub use packet::{RouteOutcome, TransportPacket, TransportRoute};
pub use paths::{Dispatch, Paths};
pub use policy::FailoverPolicy;
