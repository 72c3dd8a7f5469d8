//! Tests of the server through its public API, over real sockets.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    reason = "an unexpected value fails the test"
)]

mod auth;
mod builder;
mod dictionaries;
mod frames;
mod handlers;
mod harness;
mod json;
mod limits;
mod logs;
mod mounting;
mod names;
mod paths;
mod shutdown;
mod upgrade;
mod upload;
mod wire;
