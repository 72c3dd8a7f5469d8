//! Channels of the demo and their payloads, shared by its server and its clients in Rust. The page uses their names.

mod chat;
mod document;
mod machine;

use push_wire_shared::ChannelKind;

pub use chat::{ChatMessage, Message, ROOMS};
pub use document::{Content, Document};
pub use machine::{Disk, History, Machine, Memory, Network, Series};

/// Channels of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
pub enum Live {
    /// Control ops of connections.
    #[channel(system)]
    System,
    /// This machine's counters: a state. Low priority, so that it never delays a chat message.
    #[channel(priority = "low")]
    Machine,
    /// The watched file: a state.
    Document,
    /// The followed file: one line an entry, a JSON string.
    Log,
    /// Chat messages, one topic per room.
    Room,
}
