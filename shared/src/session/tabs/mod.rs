//! Tabs of one origin that share a connection, as machines without locks, channels, clocks or threads.
//!
//! One tab leads: it has the connection, driven by a [`ClientSession`](super::client::ClientSession) of its own, and a
//! [`Relay`]. Every tab, the leading one among them, has its usual session, whose transport is a [`Member`]: the relay answers
//! it as a server would. So a tab reads again from its own positions, and sends again what was not taken, when the leader
//! changes, by the same rules as when a server is lost.
//!
//! The browser elects the leader by a lock. Each leadership has a generation, higher than the ones before: a member takes
//! nothing of an older one.
//!
//! Messages of clients are numbered in the server's session, which all leaders continue. A member is told the number of each
//! of its messages before that leaves, so that the next leader's handshake states whether the server has it. That needs
//! an order that browsers keep: a message that one tab has posted reaches the others before what is posted after a handshake
//! with the server that began later. A crash may lose the last numbers: messages without one, which that handshake may
//! count, are reported as unknown.

mod config;
mod member;
mod message;
mod relay;
#[cfg(test)]
mod tests;

pub use config::{leader_config, tab_config};
pub use member::{Member, MemberOutput};
pub use message::{Lead, MessageError, ToLeader, ToTab};
pub use relay::{LeadEnd, Relay};

/// Random number that names a tab.
pub type TabId = u64;

/// Number of a leadership, higher than those of the earlier ones.
pub type Generation = u64;
