//! What a channel's streams are, and how long they keep entries.

use std::time::Duration;

use push_wire_broker::Retention;
use push_wire_shared::channel::ChannelMode;

/// How a channel behaves; a channel without a policy is a log with the default retention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelPolicy {
    mode: ChannelMode,
    retention: Retention,
}

impl Default for ChannelPolicy {
    fn default() -> Self {
        Self::log()
    }
}

impl ChannelPolicy {
    /// Every entry matters: replayed in order, none skipped. Retention as [`Retention::log`]: 1,000 entries,
    /// 4 MiB, 10 minutes.
    #[must_use]
    pub const fn log() -> Self {
        Self {
            mode: ChannelMode::Log,
            retention: Retention::log(),
        }
    }

    /// Only the newest value matters: a reader that fell behind jumps to it, as a delta where one is smaller.
    /// Retention as [`Retention::state`]: the value, and 16 versions, 4 MiB or 2 minutes as bases of deltas.
    #[must_use]
    pub const fn state() -> Self {
        Self {
            mode: ChannelMode::State,
            retention: Retention::state(),
        }
    }

    /// Keeps at most this many entries of each stream; at least 1.
    #[must_use]
    pub const fn retain_entries(mut self, entries: usize) -> Self {
        self.retention.entries = if entries == 0 { 1 } else { entries };
        self
    }

    /// Keeps at most this many bytes of bodies in each stream.
    #[must_use]
    pub const fn retain_bytes(mut self, bytes: usize) -> Self {
        self.retention.bytes = bytes;
        self
    }

    /// Keeps no entry longer than this.
    #[must_use]
    pub const fn retain_age(mut self, age: Duration) -> Self {
        self.retention.age = age;
        self
    }

    /// What the channel's streams are.
    #[must_use]
    pub const fn mode(&self) -> ChannelMode {
        self.mode
    }

    /// How long they keep entries.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        self.retention
    }
}
