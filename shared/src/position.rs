//! Where a reader stands in a log (docs/protocol.md section 2).

use alloc::sync::Arc;
use core::fmt;

use uuid::Uuid;

/// Number of an entry in its stream: dense, +1 per entry within an [`Epoch`], starting at 1.
///
/// As a place to read from, a cursor names the last entry that the reader has: 0 means "none yet".
pub type Cursor = u64;

/// Random id of one incarnation of a log. A log that lost its entries gets a new one, so that a cursor into
/// the old log is never taken for a cursor into the new.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in one incarnation of a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// Incarnation of the log.
    pub epoch: Epoch,
    /// Last entry that the reader has.
    pub cursor: Cursor,
}

/// What part of a channel a stream carries.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// The channel itself: everybody who may read it gets every entry.
    Channel,
    /// A named stream inside the channel, 1 to [`MAX_TOPIC_BYTES`](crate::limits::MAX_TOPIC_BYTES) bytes of UTF-8.
    Topic(Arc<str>),
    /// One client's own stream inside the channel.
    Inbox(Uuid),
}

/// Names one stream: what has a log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct StreamKey {
    /// Wire id of the channel.
    pub channel: u8,
    /// Part of the channel.
    pub scope: Scope,
}

/// What a log holds right now: the entries `floor + 1 ..= head` of `epoch`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// Incarnation of the log.
    pub epoch: Epoch,
    /// The entry just before the oldest one kept.
    pub floor: Cursor,
    /// The newest entry; 0 in a log that never had one.
    pub head: Cursor,
}

/// Where a subscription without a position begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum StartAt {
    /// The oldest entry that the log still holds (for a state channel: the current value).
    #[default]
    Oldest,
    /// Only what is published from now on (for a state channel: the current value all the same).
    Newest,
}

/// Why continuity could not be proved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ResetReason {
    /// Entries after the reader's cursor are past retention.
    Expired,
    /// The log is another incarnation than the one the reader's position names, or the cursor lies in its future.
    EpochChanged,
    /// The grant does not allow this stream; the subscription has ended.
    NotPermitted,
    /// The log cannot be read now; the subscription has ended and may be tried again.
    StoreUnavailable,
}

impl ResetReason {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::EpochChanged => "epoch_changed",
            Self::NotPermitted => "not_permitted",
            Self::StoreUnavailable => "store_unavailable",
        }
    }

    /// The reason of this wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Expired,
            Self::EpochChanged,
            Self::NotPermitted,
            Self::StoreUnavailable,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// How one subscribe or resume ended: continuity proved, or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Reading goes on exactly after the reader's cursor.
    Resumed {
        /// Entries between the reader's cursor and the head: what it is about to catch up.
        caught_up: u64,
    },
    /// Continuity cannot be proved; the application should forget what it derived from this stream.
    Reset(ResetReason),
}

/// Decides how a subscribe or resume ends, and after which cursor reading goes on.
///
/// Without a position the reader starts where `start` says, and the outcome is `Resumed`: nothing that it had
/// can have been lost. After a reset reading goes on at the floor, so that all that is kept is delivered.
#[must_use]
pub fn resume(requested: Option<Position>, start: StartAt, log: Bounds) -> (Outcome, Cursor) {
    let Some(position) = requested else {
        let after = match start {
            StartAt::Oldest => log.floor,
            StartAt::Newest => log.head,
        };
        return (
            Outcome::Resumed {
                caught_up: log.head - after,
            },
            after,
        );
    };
    if position.epoch != log.epoch || position.cursor > log.head {
        return (Outcome::Reset(ResetReason::EpochChanged), log.floor);
    }
    if position.cursor < log.floor {
        return (Outcome::Reset(ResetReason::Expired), log.floor);
    }
    (
        Outcome::Resumed {
            caught_up: log.head - position.cursor,
        },
        position.cursor,
    )
}

/// As [`resume`], for a state: only the newest value matters, so a position within the incarnation is
/// good however old it is, and reading goes on just before the newest value.
#[must_use]
pub fn resume_state(position: Option<Position>, log: Bounds) -> (Outcome, Cursor) {
    let before_newest = log.head.saturating_sub(1).max(log.floor);
    let Some(position) = position else {
        return (
            Outcome::Resumed {
                caught_up: log.head - before_newest,
            },
            before_newest,
        );
    };
    if position.epoch != log.epoch || position.cursor > log.head {
        return (Outcome::Reset(ResetReason::EpochChanged), before_newest);
    }
    let behind = u64::from(position.cursor < log.head);
    (Outcome::Resumed { caught_up: behind }, position.cursor)
}

/// The low 32 bits of a cursor or a client message's number: what a frame's 4-byte sequence holds
/// (docs/protocol.md section 3.1).
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low 32 bits are what is wanted"
)]
pub const fn low_bits(number: u64) -> u32 {
    number as u32
}

/// The cursor whose low 32 bits are `low` and which lies nearest to `near`: how a frame's 4-byte sequence
/// names an entry (docs/protocol.md section 3.1).
#[must_use]
pub fn cursor_from_low_bits(low: u32, near: Cursor) -> Cursor {
    let distance = low.wrapping_sub(low_bits(near)).cast_signed();
    near.checked_add_signed(i64::from(distance))
        .unwrap_or_else(|| u64::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: Bounds = Bounds {
        epoch: Epoch(7),
        floor: 10,
        head: 20,
    };

    fn at(epoch: u64, cursor: Cursor) -> Option<Position> {
        Some(Position {
            epoch: Epoch(epoch),
            cursor,
        })
    }

    #[test]
    fn a_position_within_retention_resumes_after_it() {
        assert_eq!(
            resume(at(7, 15), StartAt::Oldest, LOG),
            (Outcome::Resumed { caught_up: 5 }, 15)
        );
        assert_eq!(
            resume(at(7, 10), StartAt::Oldest, LOG),
            (Outcome::Resumed { caught_up: 10 }, 10)
        );
        assert_eq!(
            resume(at(7, 20), StartAt::Oldest, LOG),
            (Outcome::Resumed { caught_up: 0 }, 20)
        );
    }

    #[test]
    fn a_position_that_cannot_be_proved_is_reset_and_reads_all_that_is_kept() {
        let expired = (Outcome::Reset(ResetReason::Expired), 10);
        let changed = (Outcome::Reset(ResetReason::EpochChanged), 10);
        assert_eq!(resume(at(7, 9), StartAt::Newest, LOG), expired);
        assert_eq!(resume(at(8, 15), StartAt::Newest, LOG), changed);
        assert_eq!(resume(at(7, 21), StartAt::Newest, LOG), changed);
    }

    #[test]
    fn without_a_position_the_start_decides() {
        assert_eq!(
            resume(None, StartAt::Oldest, LOG),
            (Outcome::Resumed { caught_up: 10 }, 10)
        );
        assert_eq!(
            resume(None, StartAt::Newest, LOG),
            (Outcome::Resumed { caught_up: 0 }, 20)
        );
    }

    #[test]
    fn a_state_is_read_from_its_newest_value_however_old_the_position() {
        let resumed = |caught_up, after| (Outcome::Resumed { caught_up }, after);
        assert_eq!(resume_state(None, LOG), resumed(1, 19));
        assert_eq!(resume_state(at(7, 3), LOG), resumed(1, 3));
        assert_eq!(resume_state(at(7, 20), LOG), resumed(0, 20));
        let changed = (Outcome::Reset(ResetReason::EpochChanged), 19);
        assert_eq!(resume_state(at(8, 20), LOG), changed);
        assert_eq!(resume_state(at(7, 21), LOG), changed);
    }

    #[test]
    fn low_bits_find_the_nearest_cursor() {
        let wrap = 1u64 << 32;
        assert_eq!(cursor_from_low_bits(5, 4), 5);
        assert_eq!(cursor_from_low_bits(0, wrap - 1), wrap);
        assert_eq!(cursor_from_low_bits(u32::MAX, wrap), wrap - 1);
        assert_eq!(cursor_from_low_bits(3, 3 * wrap), 3 * wrap + 3);
        assert_eq!(cursor_from_low_bits(u32::MAX, 0), u64::from(u32::MAX));
    }
}
