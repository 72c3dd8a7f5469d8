//! Simulation tests: server and clients on virtual time.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod fault_injection;
mod interleave;
mod peers;
mod rooms;
mod seeds;
mod server_end;
mod tabs;
