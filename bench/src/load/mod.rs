//! Load generator: thousands of WebSocket readers in one process and one thread, with little work per message, and an
//! attacker: connections that send harmful traffic.

mod attacker;
mod dialect;
mod flood;
mod readers;
mod tally;
pub mod websocket;

pub use attacker::{Attack, AttackProcess, attack_if_asked};
pub use readers::Readers;
pub use tally::Tally;
