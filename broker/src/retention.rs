//! Retention: limits of age, number and bytes of the entries kept.

use std::time::Duration;

/// Limits of the entries that a log keeps; the first one reached applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Maximum number of entries.
    pub entries: usize,
    /// Maximum total size of the bodies, in bytes. A newest entry that is larger is kept as the only one, because no
    /// reader would receive it otherwise.
    pub bytes: usize,
    /// Maximum age of an entry, from its publication; of an earlier version of a state, from that of the next one.
    pub age: Duration,
    /// The newest entry is kept regardless of the limits, as the current value of a state is.
    pub keep_newest: bool,
}

impl Retention {
    /// Retention of a log: 1,000 entries, 4 MiB, 10 minutes. The bodies of a stream take at most 4 MiB, or the size of
    /// its newest entry, for any number of readers.
    #[must_use]
    pub const fn log() -> Self {
        Self {
            entries: 1_000,
            bytes: 4 * 1024 * 1024,
            age: Duration::from_secs(600),
            keep_newest: false,
        }
    }

    /// Retention of a state: always the current value; earlier ones, as bases of deltas, up to 16 versions, 4 MiB and
    /// 2 minutes after they were replaced.
    #[must_use]
    pub const fn state() -> Self {
        Self {
            entries: 17,
            bytes: 4 * 1024 * 1024,
            age: Duration::from_secs(120),
            keep_newest: true,
        }
    }
}
