//! Being built.

pub mod auth;
pub mod hub;
pub mod limits;
mod outbox;
pub mod peer;
pub mod policy;

pub use auth::{AuthError, Grant};
pub use limits::Limits;
pub use policy::ChannelPolicy;
pub use push_wire_shared::*;
