//! The protocol against another implementation of it.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "what fails here fails its test"
)]

mod tungstenite;
