//! Clients in the rooms of a signalling channel, which exchange messages and relay packets, on virtual time.
//!
//! Checked: a message reaches the client that it is for, once, with its true sender, and only if both are in a room to
//! which the sender has a right; the same holds for packets of the relay. Nothing comes from or reaches a client whose
//! session or grant has ended. When nothing changes any more, the last list of each client is that of its true peers. Over
//! any time, no sender and not all together use more than their rates.

mod budget;
mod model;
mod run;

pub use run::{RoomsFailure, RoomsFault, RoomsTally, run_rooms};
