//! Everything that needs both ends, in one binary.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod architecture;
mod json_client;
mod json_dialect;
mod line;
mod native_client;
mod sabotage;
mod simulation;
