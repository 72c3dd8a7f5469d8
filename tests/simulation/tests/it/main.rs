//! Simulation tests: server and clients on virtual time.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod fault_injection;
mod interleave;
mod seeds;
mod server_end;
