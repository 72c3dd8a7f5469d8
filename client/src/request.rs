//! Requests of the application to read streams.

use push_wire_shared::ChannelKind;
use push_wire_shared::position::{Position, StartAt};
use push_wire_shared::session::client::Subscription;
use push_wire_shared::session::op::ScopeRequest;

/// A stream to read, and the position to start from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamRequest<C: ChannelKind> {
    pub(crate) channel: C,
    pub(crate) scope: ScopeRequest,
    position: Option<Position>,
    start: StartAt,
}

impl<C: ChannelKind> StreamRequest<C> {
    /// The channel itself, from the oldest entry kept.
    #[must_use]
    pub const fn channel(channel: C) -> Self {
        Self::new(channel, ScopeRequest::Channel)
    }

    /// A topic of the channel, from the oldest entry kept.
    #[must_use]
    pub fn topic(channel: C, topic: impl Into<String>) -> Self {
        Self::new(channel, ScopeRequest::Topic(topic.into()))
    }

    /// The client's own inbox in the channel, from the oldest entry kept.
    #[must_use]
    pub const fn inbox(channel: C) -> Self {
        Self::new(channel, ScopeRequest::Inbox)
    }

    const fn new(channel: C, scope: ScopeRequest) -> Self {
        Self {
            channel,
            scope,
            position: None,
            start: StartAt::Oldest,
        }
    }

    /// Reads only entries published from now on.
    #[must_use]
    pub fn from_newest(self) -> Self {
        Self {
            start: StartAt::Newest,
            ..self
        }
    }

    /// Reads only entries after this position, kept over a restart.
    #[must_use]
    pub fn after(self, position: Position) -> Self {
        Self {
            position: Some(position),
            ..self
        }
    }

    pub(crate) fn subscription(&self) -> Subscription {
        Subscription {
            channel: self.channel.name().into(),
            scope: self.scope.clone(),
            position: self.position,
            start: self.start,
            keeps_position: true,
        }
    }
}
