//! README, ARCHITECTURE.md and docs/ against the code: what they state, as far as a program can check it.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod architecture;
mod promises;
mod readme;
mod repository;
