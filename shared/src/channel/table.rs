//! The channel table: id, name, lane and mode of each channel, as plain data.

use alloc::string::String;
use alloc::vec::Vec;

use super::{ChannelKind, TypeScript};

/// Mode of a channel's streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ChannelMode {
    /// Every entry matters: replayed in order, none skipped.
    #[default]
    Log,
    /// Only the newest value matters: a reader that fell behind jumps to it.
    State,
    /// Carries control ops and no entries.
    System,
}

impl ChannelMode {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::State => "state",
            Self::System => "system",
        }
    }

    /// The mode of this wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Log, Self::State, Self::System]
            .into_iter()
            .find(|mode| mode.name() == name)
    }
}

/// One channel as data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channel {
    /// Wire id.
    pub id: u8,
    /// Canonical name.
    pub name: String,
    /// Lane: 0 high, 1 normal, 2 low.
    pub priority: u8,
    /// Mode of its streams.
    pub mode: ChannelMode,
}

/// All channels of a server, in the order of `ChannelKind::all()`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChannelTable {
    channels: Vec<Channel>,
}

impl ChannelTable {
    /// The table of a user's channels; each except the system channel is a log by default.
    #[must_use]
    pub fn of<C: ChannelKind>() -> Self {
        let channels = C::all().iter().map(|channel| Channel {
            id: channel.wire_id(),
            name: channel.name().into(),
            priority: channel.priority().min(2),
            mode: if channel.is_system() {
                ChannelMode::System
            } else {
                ChannelMode::Log
            },
        });
        Self {
            channels: channels.collect(),
        }
    }

    /// A table of these channels.
    #[must_use]
    pub fn new(channels: Vec<Channel>) -> Self {
        Self { channels }
    }

    /// Every channel.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The channels as a TypeScript module, in which payload types can be declared: `channels.ts`.
    #[must_use]
    pub fn to_typescript(&self) -> TypeScript {
        TypeScript::of(self)
    }

    /// Sets the mode of a channel; without effect on the system channel.
    pub fn set_mode(&mut self, id: u8, mode: ChannelMode) {
        let channel = self.channels.iter_mut().find(|channel| channel.id == id);
        if let Some(channel) = channel.filter(|channel| channel.mode != ChannelMode::System) {
            channel.mode = mode;
        }
    }

    /// The channel of this wire id.
    #[must_use]
    pub fn by_id(&self, id: u8) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// Name of the channel of this wire id; empty if there is none.
    #[must_use]
    pub fn name(&self, id: u8) -> &str {
        self.by_id(id).map_or("", |channel| &channel.name)
    }

    /// The channel of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// The system channel.
    #[must_use]
    pub fn system(&self) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|channel| channel.mode == ChannelMode::System)
    }
}
