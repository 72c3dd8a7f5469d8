//! Tests of the client session against a scripted server.

mod backlog;
mod compressed;
mod encoding;
mod event_stream;
mod fragments;
mod handshake;
mod hostile;
mod limits;
mod liveness;
mod log;
mod model;
mod peer;
mod retry;
mod snapshot;
mod state;
mod token;
mod uplink;
