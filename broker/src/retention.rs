//! Retention: limits of age, number and bytes of the entries kept.

use std::time::Duration;

/// Limits of the entries that a log keeps; the first one reached applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// At most this many entries.
    pub entries: usize,
    /// At most this many bytes of bodies; a newest entry that is larger stays, alone, since no reader would get it
    /// otherwise.
    pub bytes: usize,
    /// No entry older than this.
    pub age: Duration,
    /// The newest entry stays whatever the limits say: the current value of a state.
    pub keep_newest: bool,
}

impl Retention {
    /// For a log: 1,000 entries, 4 MiB, 10 minutes. A stream takes at most 4 MiB, or its newest entry, however many
    /// readers it has.
    #[must_use]
    pub const fn log() -> Self {
        Self {
            entries: 1_000,
            bytes: 4 * 1024 * 1024,
            age: Duration::from_secs(600),
            keep_newest: false,
        }
    }

    /// For a state: the current value always, and 16 versions, 4 MiB or 2 minutes of earlier ones as bases of
    /// deltas.
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
