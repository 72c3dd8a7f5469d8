//! Settings of a hub.

use std::time::Duration;

use push_wire_shared::channel::ChannelTable;
use push_wire_shared::limits::SESSION_TTL;
use push_wire_shared::session::server::ServerConfig;

use crate::compression::Background;
use crate::limits::Limits;
use crate::policy::ChannelPolicy;

/// Settings of a hub.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// Settings of the sessions of all connections.
    pub session: ServerConfig,
    /// Policies by channel id; a channel without one is a log.
    pub policies: Vec<(u8, ChannelPolicy)>,
    /// Limits of the memory and work that clients can take.
    pub limits: Limits,
    /// Time that a session outlives its connection.
    pub session_ttl: Duration,
    /// Executor that trains dictionaries.
    pub background: Background,
}

impl HubConfig {
    /// The defaults, for these channels.
    #[must_use]
    pub fn new(channels: ChannelTable) -> Self {
        Self {
            session: ServerConfig::new(channels),
            policies: Vec::new(),
            limits: Limits::default(),
            session_ttl: SESSION_TTL,
            background: Background::default(),
        }
    }

    /// Sets a channel's policy, and the mode that clients are sent.
    pub fn set_policy(&mut self, channel: u8, policy: ChannelPolicy) {
        self.policies.retain(|(id, _)| *id != channel);
        self.policies.push((channel, policy));
        self.session.channels.set_mode(channel, policy.mode());
    }
}
