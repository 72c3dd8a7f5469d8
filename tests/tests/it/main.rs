//! Everything that needs both ends, in one binary.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod architecture;
mod dictionaries;
mod interleave;
mod json_client;
mod json_dialect;
mod large;
mod line;
mod link;
mod native_client;
mod sabotage;
mod simulation;
