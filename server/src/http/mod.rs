//! Routes, and what happens before a connection is one.

mod upgrade;

pub use upgrade::{UpgradeRejection, WebSocketUpgrade};
