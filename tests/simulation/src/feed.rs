//! The six streams of the simulated application, in five channels.

use std::time::Duration;

use push_wire_server::MaxLag;
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::session::op::ScopeRequest;
use uuid::Uuid;

/// A stream that a page reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Feed {
    /// A log with a short retention, which slow readers exceed.
    Events,
    /// A state channel: the newest value of one document.
    Document,
    /// One of two topics of a log whose retention is never exceeded; clients publish into it.
    Room(u8),
    /// The page's own inbox.
    Orders,
    /// A log whose slow readers skip entries.
    Samples,
}

/// Wire id of the system channel.
pub const SYSTEM: u8 = 0;
/// Wire id of the room's channel, the one that clients send to.
pub const ROOM: u8 = 3;

impl Feed {
    /// Every feed.
    pub const ALL: [Self; 6] = [
        Self::Events,
        Self::Document,
        Self::Room(0),
        Self::Room(1),
        Self::Orders,
        Self::Samples,
    ];

    /// Name of its channel.
    #[must_use]
    pub const fn channel(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Document => "document",
            Self::Room(_) => "room",
            Self::Orders => "orders",
            Self::Samples => "samples",
        }
    }

    /// Wire id of its channel.
    #[must_use]
    pub const fn channel_id(self) -> u8 {
        match self {
            Self::Events => 1,
            Self::Document => 2,
            Self::Room(_) => ROOM,
            Self::Orders => 4,
            Self::Samples => 5,
        }
    }

    /// Returns whether only the newest entry matters.
    #[must_use]
    pub const fn is_state(self) -> bool {
        matches!(self, Self::Document)
    }

    /// Entries that its log keeps.
    #[must_use]
    pub const fn kept_entries(self) -> usize {
        match self {
            Self::Events => 30,
            Self::Document => 17,
            Self::Samples => 60,
            Self::Room(_) | Self::Orders => 100_000,
        }
    }

    /// Retention of its log.
    #[must_use]
    pub const fn kept_age(self) -> Duration {
        match self {
            Self::Events | Self::Document | Self::Samples => Duration::from_secs(60),
            Self::Room(_) | Self::Orders => Duration::from_secs(1_000_000),
        }
    }

    /// Distance from the head beyond which its readers skip entries, if they do.
    #[must_use]
    pub const fn max_lag(self) -> Option<MaxLag> {
        match self {
            Self::Samples => Some(MaxLag {
                entries: 12,
                bytes: 40_000,
                age: Duration::from_secs(20),
            }),
            Self::Events | Self::Document | Self::Room(_) | Self::Orders => None,
        }
    }

    /// The scope, as a page asks for it.
    #[must_use]
    pub fn request(self) -> ScopeRequest {
        match self {
            Self::Events | Self::Document | Self::Samples => ScopeRequest::Channel,
            Self::Room(room) => ScopeRequest::Topic(topic(room)),
            Self::Orders => ScopeRequest::Inbox,
        }
    }

    /// The stream that a page of this client id reads.
    #[must_use]
    pub fn stream(self, client: Uuid) -> StreamKey {
        let scope = match self {
            Self::Events | Self::Document | Self::Samples => Scope::Channel,
            Self::Room(room) => Scope::Topic(topic(room).into()),
            Self::Orders => Scope::Inbox(client),
        };
        StreamKey {
            channel: self.channel_id(),
            scope,
        }
    }
}

/// Topic of a room.
#[must_use]
pub fn topic(room: u8) -> String {
    format!("room-{room}")
}

/// The room that a page's message of this number is for: none in a third of them.
#[must_use]
pub const fn room_of_message(message: usize) -> Option<u8> {
    match message % 3 {
        0 => None,
        1 => Some(0),
        _ => Some(1),
    }
}

/// Lane of a channel: 0 is the most urgent, 2 the least.
#[must_use]
pub const fn lane(channel: u8) -> usize {
    match channel {
        2 | ROOM => 1,
        1 | 5 => 2,
        _ => 0,
    }
}

/// The hub's channels: some in each lane, so that reordering between lanes is found.
#[must_use]
pub fn table() -> ChannelTable {
    table_of(lane)
}

/// The hub's channels with other lanes.
#[must_use]
pub fn table_of(lane: impl Fn(u8) -> usize) -> ChannelTable {
    let channel = |id, name: &str, mode| Channel {
        id,
        name: name.into(),
        priority: u8::try_from(lane(id)).unwrap_or(u8::MAX),
        mode,
    };
    ChannelTable::new(vec![
        channel(SYSTEM, "system", ChannelMode::System),
        channel(1, "events", ChannelMode::Log),
        channel(2, "document", ChannelMode::State),
        channel(ROOM, "room", ChannelMode::Log),
        channel(4, "orders", ChannelMode::Log),
        channel(5, "samples", ChannelMode::Log),
    ])
}
