//! Tests of the crate against another implementation of the protocol.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "an unexpected value fails the test"
)]

mod tungstenite;
