//! The protocol against another implementation of it.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod tungstenite;
