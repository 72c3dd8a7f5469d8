//! Tests of the published `pushwire-client` 0.1.1, unchanged, against our server.

mod channel;
mod line;
mod transports;
mod websocket;

use std::time::Duration;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);
