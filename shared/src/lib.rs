//! The push-wire protocol, shared by server and clients: channels, frames, encodings, deltas and the sans-IO
//! sessions of both ends.
//!
//! `no_std` + alloc. Nothing here reads a clock, a socket, a random source or the environment: time and seed
//! are arguments. The wire is specified in `docs/protocol.md`; comments cite its sections.
//!
//! The layers, each using only those before it:
//! `channel, position, time, limits, close ← frame ← encoding ← delta ← session`.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod channel;
pub mod close;
pub mod encoding;
pub mod frame;
pub mod limits;
pub mod position;
pub mod session;
pub mod time;

pub use channel::{ChannelKind, parse_channels};
