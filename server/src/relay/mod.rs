//! Relay of packets between clients, with a budget of each sender.
//!
//! [`RelayController`] takes each packet from its sender's budget and counts its bytes. The application sends the packets:
//! it implements [`TransportDispatcher`](crate::transport::TransportDispatcher). The guide is `docs/relay.md`.

mod controller;

pub use controller::{RelayController, RelayOutcome};
pub use push_wire_shared::relay::{RelayBandwidth, RelayLimits};
