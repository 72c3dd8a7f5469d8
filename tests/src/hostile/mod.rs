//! Fuzz targets: one function for each kind of input from a peer, which checks the properties that must hold.
//!
//! `fuzz/` searches for bytes that break them, `tests/hostile/` replays what it found. A function panics when a property
//! does not hold; its caller measures the memory that it allocates.

mod bodies;
mod channels;
mod client;
mod compression;
mod delta;
mod event_stream;
mod faulty_server;
mod fragments;
mod frames;
mod ops;
mod server;
mod signals;
mod snapshot;
mod steps;
mod websocket;

/// One kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its fuzz target and of the folder of its corpus.
    pub name: &'static str,
    /// Checks the target's properties with these bytes.
    pub run: fn(&[u8]),
}

/// Every kind of input that comes from a peer.
pub const TARGETS: [Target; 15] = [
    target("bodies", bodies::run),
    target("client_session", client::run),
    target("decompress", compression::run),
    target("delta", delta::run),
    target("dictionary", compression::run_with_dictionary),
    target("event_stream", event_stream::run),
    target("fragments", fragments::run),
    target("frames", frames::run),
    target("json_dialect", server::run_json),
    target("ops", ops::run),
    target("records", ops::run_records),
    target("server_peer", server::run_wire),
    target("signals", signals::run),
    target("snapshot", snapshot::run),
    target("websocket", websocket::run),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// Runs the target of this name.
///
/// # Panics
/// Panics if there is no such target, or if a property does not hold for these bytes.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(bytes);
}
