//! Tests of the crate against another implementation of the protocol.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "what fails here fails its test"
)]

mod tungstenite;
