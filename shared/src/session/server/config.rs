//! Configuration of server sessions.

use core::time::Duration;

use crate::channel::ChannelTable;
use crate::limits;

/// Settings that are the same for every connection of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerConfig {
    /// The channels.
    pub channels: ChannelTable,
    /// Time a connection has to send `auth`; default [`limits::HANDSHAKE`].
    pub handshake: Duration,
    /// Time between heartbeats; default [`limits::HEARTBEAT`].
    pub heartbeat: Duration,
    /// Time without anything received after a heartbeat, after which the connection is given up; default
    /// [`limits::HEARTBEAT_GRACE`].
    pub heartbeat_grace: Duration,
    /// Streams that one connection may read; default [`limits::SUBSCRIPTIONS`].
    pub max_subscriptions: usize,
    /// Largest message taken, in bytes; default [`limits::MESSAGE_BYTES`].
    pub max_message_bytes: usize,
}

impl ServerConfig {
    /// The defaults, for these channels.
    #[must_use]
    pub fn new(channels: ChannelTable) -> Self {
        Self {
            channels,
            handshake: limits::HANDSHAKE,
            heartbeat: limits::HEARTBEAT,
            heartbeat_grace: limits::HEARTBEAT_GRACE,
            max_subscriptions: limits::SUBSCRIPTIONS,
            max_message_bytes: limits::MESSAGE_BYTES,
        }
    }
}
