//! The rules of docs/protocol.md's client side, each against a server that is played by hand.

mod backlog;
mod compressed;
mod fragments;
mod handshake;
mod hostile;
mod limits;
mod liveness;
mod log;
mod peer;
mod retry;
mod snapshot;
mod state;
mod token;
mod uplink;
