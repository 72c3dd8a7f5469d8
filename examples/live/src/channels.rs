//! Channels of the demo. The page uses their names.

use push_wire_server::ChannelKind;

/// Channels of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
pub(crate) enum Live {
    /// Control ops of connections.
    #[channel(system)]
    System,
    /// This machine's counters: a state, [`crate::machine::Machine`]. Low priority, so that it never delays a chat
    /// message.
    #[channel(priority = "low")]
    Machine,
    /// The watched file: a state, [`crate::document::Document`].
    Document,
    /// The followed file: one line an entry, a JSON string.
    Log,
    /// Chat messages, one topic per room: [`crate::room::Message`].
    Room,
}
