//! Checks of README.md, ARCHITECTURE.md and docs/ against the code.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod architecture;
mod limits;
mod promises;
mod readme;
mod repository;
