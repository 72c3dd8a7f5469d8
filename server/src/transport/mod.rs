//! Routing of packets to peers: through the server's connection, from peer to peer, or through the relay.
//!
//! [`TransportManager`] selects the path of each packet, and changes to the relay and back. The application sends the
//! packets: it implements [`TransportDispatcher`]. The guide is `docs/relay.md`.

mod dispatcher;
mod manager;

pub use dispatcher::TransportDispatcher;
pub use manager::TransportManager;
pub use push_wire_shared::transport::{
    FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, RouteOutcome, TransportError,
    TransportMode, TransportPacket, TransportRoute,
};
