//! What needs both ends: simulation, end-to-end tests, interop.

pub mod sim;
