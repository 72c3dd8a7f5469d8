//! The rules of docs/protocol.md's client side, each against a server that is played by hand.

mod compressed;
mod fragments;
mod handshake;
mod hostile;
mod liveness;
mod log;
mod peer;
mod retry;
mod state;
mod uplink;
