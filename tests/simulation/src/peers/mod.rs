//! Two clients that exchange messages over a connection between them or the relay, on virtual time, over a network with
//! faults drawn from a seed.
//!
//! Checked: each message arrives once at most and in order, whatever path it took. All messages of a session that lives
//! arrive, except those that it reported after a restart of the other side, which do not arrive later. Messages of a new
//! session follow a notice of it. Each change of path is signalled once; and when the network is whole again, everything
//! arrives and the clients are connected.

mod ledger;
mod network;
mod run;
mod side;

pub use run::{PeerFailure, PeerTally, run_peers};
