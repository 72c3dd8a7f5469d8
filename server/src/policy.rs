//! Mode, retention and compression of a channel's streams.

use std::time::Duration;

use push_wire_broker::Retention;
use push_wire_shared::channel::ChannelMode;

/// Compression of a channel's entries, for clients that accept it. Each entry is compressed alone and once for all
/// readers, so only its own length can reveal something of its content.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Compression {
    /// No compression: for entries that hold a secret together with text chosen by another, who could guess the secret
    /// from the length.
    Off,
    /// Compression without a dictionary, of bodies of 512 bytes and more. None is trained; one that the program gives
    /// is used.
    Plain,
    /// Compression with a dictionary, which makes small messages two to three times smaller (the default). It is
    /// trained from what is published to the channel itself, and given only to clients that may read that; their
    /// entries of topics and inboxes are compressed with it too.
    #[default]
    Trained,
    /// As `Trained`, from entries of topics as well: for channels whose readers may all see pieces of every topic.
    TrainedOnTopics,
}

/// Policy of a channel; without one it is a log with the default retention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelPolicy {
    mode: ChannelMode,
    retention: Retention,
    compression: Compression,
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
            compression: Compression::Trained,
        }
    }

    /// Only the newest value matters: a reader that fell behind jumps to it, as a delta where one is smaller.
    /// Retention as [`Retention::state`]: the value, and 16 versions, 4 MiB or 2 minutes as bases of deltas.
    #[must_use]
    pub const fn state() -> Self {
        Self {
            mode: ChannelMode::State,
            retention: Retention::state(),
            compression: Compression::Trained,
        }
    }

    /// Keeps at most this many entries of each stream; at least 1.
    #[must_use]
    pub const fn retain_entries(mut self, entries: usize) -> Self {
        self.retention.entries = entries;
        self
    }

    /// Keeps at most this many bytes of bodies in each stream, at least 1; a larger entry is kept alone, until the next
    /// one. The inbox of a session that is away holds no more than this either.
    #[must_use]
    pub const fn retain_bytes(mut self, bytes: usize) -> Self {
        self.retention.bytes = bytes;
        self
    }

    /// Keeps no entry longer than this; at least 1 s, since live delivery reads what is kept.
    #[must_use]
    pub const fn retain_age(mut self, age: Duration) -> Self {
        self.retention.age = age;
        self
    }

    /// Sets the compression of entries; default [`Compression::Trained`].
    #[must_use]
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Returns the compression of entries.
    #[must_use]
    pub const fn how_compressed(&self) -> Compression {
        self.compression
    }

    /// Returns the mode of the channel's streams.
    #[must_use]
    pub const fn mode(&self) -> ChannelMode {
        self.mode
    }

    /// Returns the retention of entries.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        self.retention
    }
}
