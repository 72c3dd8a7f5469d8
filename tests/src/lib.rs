//! Support of the tests that need both ends: simulation, hostile input, end-to-end tests, interop.

pub mod hostile;
pub mod sim;

/// The README's Rust blocks compile; tests/documents has its whole program.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
