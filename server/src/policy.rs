//! Mode, retention, compression and slow readers of a channel's streams.

use std::time::Duration;

use push_wire_broker::Retention;
use push_wire_shared::channel::ChannelMode;

/// Compression of a channel's entries, for clients that accept it. Each entry is compressed alone and once for all
/// readers, so only its own length can reveal something of its content. Bodies above 1 MiB are not compressed: that would
/// delay everything else on a connection.
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

/// Treatment of a reader that is behind the head of a stream, because its network or its application is slow or because
/// it was away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SlowReaders {
    /// The reader is sent every entry (the default of a log). Nothing is queued for it: it lags until retention
    /// passes it; then it is sent a `reset`.
    Lag,
    /// The reader is sent the newest value only. This is what every state channel does, and no log: a log whose readers
    /// need only the newest entry is a state.
    Conflate,
    /// A reader further behind than this continues near the head, and is sent the number of entries that it missed
    /// (`skipped`, docs/protocol.md section 5.8): for logs of low value, such as telemetry. It applies to a reader that
    /// comes back and to a new one as well. The newest entry is always sent.
    Drop(MaxLag),
}

/// Distance behind the head beyond which a reader skips entries; the first limit that is exceeded applies. The newest
/// entries within half of each limit are then sent. Each limit must be below the channel's retention, or the largest value
/// of its type, which is no limit: a reader whose position retention has passed is sent a `reset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxLag {
    /// Number of entries; default 100, at least 1.
    pub entries: u64,
    /// Bytes of bodies; default 256 KiB, at least 1.
    pub bytes: usize,
    /// Age of the oldest entry that was not sent; default 10 s, at least 1 ms.
    pub age: Duration,
}

impl Default for MaxLag {
    fn default() -> Self {
        Self {
            entries: 100,
            bytes: 256 * 1024,
            age: Duration::from_secs(10),
        }
    }
}

impl MaxLag {
    /// Half of each limit, and at least one entry.
    pub(crate) fn half(&self) -> Self {
        Self {
            entries: self.entries.div_ceil(2),
            bytes: self.bytes / 2,
            age: self.age / 2,
        }
    }
}

/// Policy of a channel; without one it is a log with the default retention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelPolicy {
    mode: ChannelMode,
    retention: Retention,
    compression: Compression,
    slow_readers: SlowReaders,
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
            slow_readers: SlowReaders::Lag,
        }
    }

    /// Only the newest value matters: a reader that fell behind jumps to it, as a delta where one is smaller.
    /// Retention as [`Retention::state`]: the value, and as bases of deltas up to 16 earlier versions, 4 MiB and 2 minutes
    /// after they were replaced.
    #[must_use]
    pub const fn state() -> Self {
        Self {
            mode: ChannelMode::State,
            retention: Retention::state(),
            compression: Compression::Trained,
            slow_readers: SlowReaders::Conflate,
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

    /// Keeps no entry longer than this after its publication, and no earlier version of a state longer than this after it
    /// was replaced; at least 1 s, since live delivery reads what is kept.
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

    /// Sets the treatment of slow readers; default [`SlowReaders::Lag`] for a log, and [`SlowReaders::Conflate`] for a state,
    /// which has no other.
    #[must_use]
    pub const fn slow_readers(mut self, slow_readers: SlowReaders) -> Self {
        self.slow_readers = slow_readers;
        self
    }

    /// Returns the treatment of slow readers.
    #[must_use]
    pub const fn how_slow_readers_go_on(&self) -> SlowReaders {
        self.slow_readers
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
