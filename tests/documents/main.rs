//! Checks of README.md, ARCHITECTURE.md and docs/ against the code.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod app;
mod architecture;
mod guides;
mod limits;
mod markdown;
mod promises;
mod readme;
mod repository;
