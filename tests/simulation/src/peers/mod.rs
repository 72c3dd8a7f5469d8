//! Two clients that exchange messages over a connection between them or the relay, on virtual time, over a network with
//! faults drawn from a seed.
//!
//! Checked: each message arrives once and in order, whatever path it took; each change of path is signalled once; and
//! when the network is whole again, everything arrives and the clients are connected.

mod network;
mod run;
mod side;

pub use run::{PeerFailure, PeerTally, run_peers};
