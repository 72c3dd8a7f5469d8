//! Rights of a grant by channel.

use std::collections::BTreeMap;

use push_wire_shared::position::Scope;

use super::pattern::Topics;

/// Rights by channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Rights {
    /// Every right on every channel.
    Everything,
    /// Rights on the channels of these wire ids, and none on others.
    Channels(BTreeMap<u8, ChannelRights>),
}

/// Rights on one channel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct ChannelRights {
    pub(super) read: Topics,
    pub(super) send: Topics,
    pub(super) request: bool,
    pub(super) presence: bool,
    pub(super) history: bool,
}

impl ChannelRights {
    const ALL: Self = Self {
        read: Topics::WHOLE,
        send: Topics::WHOLE,
        request: true,
        presence: true,
        history: true,
    };
}

impl Default for Rights {
    fn default() -> Self {
        Self::Channels(BTreeMap::new())
    }
}

impl Rights {
    /// Every right on the channels of these wire ids.
    pub(super) fn all_on(channels: impl IntoIterator<Item = u8>) -> Self {
        let channels = channels.into_iter();
        Self::Channels(channels.map(|id| (id, ChannelRights::ALL)).collect())
    }

    /// Changes the rights on a channel, unless everything is granted.
    pub(super) fn extend(&mut self, channel: u8, add: impl FnOnce(&mut ChannelRights)) {
        match self {
            Self::Everything => {}
            Self::Channels(channels) => add(channels.entry(channel).or_default()),
        }
    }

    /// Returns whether the rights on a channel include one.
    pub(super) fn include(&self, channel: u8, right: impl FnOnce(&ChannelRights) -> bool) -> bool {
        match self {
            Self::Everything => true,
            Self::Channels(channels) => channels.get(&channel).is_some_and(right),
        }
    }

    /// Returns whether a stream may be read; an inbox is taken to be the client's own.
    pub(super) fn may_read(&self, channel: u8, scope: &Scope) -> bool {
        self.include(channel, |rights| match scope {
            Scope::Channel => rights.read.contains(None),
            Scope::Topic(topic) => rights.read.contains(Some(topic)),
            Scope::Inbox(_) => true,
        })
    }
}
