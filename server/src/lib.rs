//! Being built.

pub mod auth;

pub use auth::{AuthError, Grant};
pub use push_wire_shared::*;
