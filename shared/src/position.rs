//! Positions in a log, and the outcome of a subscribe or resume (docs/protocol.md section 2).

use alloc::sync::Arc;
use core::fmt;

use uuid::Uuid;

use crate::limits::MAX_TOPIC_BYTES;

/// Number of an entry in its stream: dense, +1 per entry within an [`Epoch`], starting at 1.
///
/// As a place to read from, a cursor names the last entry that the reader has; 0 means none yet.
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

/// Tag of an entry: a random number, not 0, drawn when the entry was appended.
///
/// A store that lost its newest entries and goes on under the same epoch gives their cursors to other entries; the
/// tags then differ. 0 stands for no entry, or for an entry whose tag is not known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tag(pub u32);

impl Tag {
    /// No entry, or one whose tag is not known.
    pub const UNKNOWN: Self = Self(0);

    /// The tag made of 32 random bits: never [`UNKNOWN`](Self::UNKNOWN).
    #[must_use]
    pub const fn from_random(bits: u32) -> Self {
        // One value of 2^32 is twice as likely as the others.
        Self(if bits == 0 { 1 } else { bits })
    }

    /// Returns whether both tags are known and belong to different entries.
    #[must_use]
    pub const fn conflicts_with(self, other: Self) -> bool {
        self.0 != 0 && other.0 != 0 && self.0 != other.0
    }
}

/// A place in one incarnation of a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// Incarnation of the log.
    pub epoch: Epoch,
    /// Last entry that the reader has.
    pub cursor: Cursor,
    /// Tag of that entry; an unknown one is not checked.
    pub tag: Tag,
}

impl Position {
    /// A position whose tag is not known.
    #[must_use]
    pub const fn untagged(epoch: Epoch, cursor: Cursor) -> Self {
        let tag = Tag::UNKNOWN;
        Self { epoch, cursor, tag }
    }
}

/// Part of a channel that a stream carries.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// The channel itself: every client that may read it gets every entry.
    Channel,
    /// A named stream inside the channel, 1 to [`MAX_TOPIC_BYTES`] bytes of UTF-8.
    Topic(Arc<str>),
    /// One client's own stream inside the channel.
    Inbox(Uuid),
}

/// Returns whether a topic may have this name: 1 to [`MAX_TOPIC_BYTES`] bytes.
#[must_use]
pub const fn is_topic(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_TOPIC_BYTES
}

/// Names one stream: what has a log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct StreamKey {
    /// Wire id of the channel.
    pub channel: u8,
    /// Part of the channel.
    pub scope: Scope,
}

/// Bounds of a log: it holds the entries `floor + 1 ..= head` of `epoch`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// Incarnation of the log.
    pub epoch: Epoch,
    /// The entry just before the oldest one kept.
    pub floor: Cursor,
    /// Tag of the entry at the floor.
    pub floor_tag: Tag,
    /// The newest entry; 0 in a log that never had one.
    pub head: Cursor,
    /// Tag of the newest entry.
    pub head_tag: Tag,
}

impl Bounds {
    /// Position of the entry just before the oldest one kept.
    #[must_use]
    pub const fn at_floor(&self) -> Position {
        self.at(self.floor, self.floor_tag)
    }

    /// Position of the newest entry.
    #[must_use]
    pub const fn at_head(&self) -> Position {
        self.at(self.head, self.head_tag)
    }

    const fn at(&self, cursor: Cursor, tag: Tag) -> Position {
        let epoch = self.epoch;
        Position { epoch, cursor, tag }
    }

    /// Position after which only the newest entry follows, if it is kept.
    const fn before_newest(&self) -> Position {
        match self.head.saturating_sub(1) {
            before if before > self.floor => self.at(before, Tag::UNKNOWN),
            _ => self.at_floor(),
        }
    }

    /// Returns whether a position cannot belong to this log: another epoch, a cursor above the head, or a tag other
    /// than `found`, the log's tag at that cursor, if both are known.
    const fn excludes(&self, position: Position, found: Tag) -> bool {
        position.epoch.0 != self.epoch.0
            || position.cursor > self.head
            || position.tag.conflicts_with(found)
    }
}

/// Start of a subscription without a position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum StartAt {
    /// The oldest entry that the log still holds (for a state channel: the current value).
    #[default]
    Oldest,
    /// Only what is published from now on (for a state channel: the current value all the same).
    Newest,
}

/// Reason for which continuity could not be proved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ResetReason {
    /// Entries after the reader's cursor are past retention.
    Expired,
    /// The log is another incarnation than the one the reader's position names, the cursor lies in its future, or the
    /// cursor belongs to another entry now.
    EpochChanged,
    /// The grant does not allow this stream; the subscription has ended.
    NotPermitted,
    /// The log cannot be read now, or a limit of streams is reached; the subscription has ended and may be tried again.
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

/// Outcome of a subscribe or resume: continuity proved, or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Reading continues exactly after the reader's cursor.
    Resumed {
        /// Entries between the reader's cursor and the head: what it is about to catch up. Of a state only the newest
        /// value is sent; on a channel that drops entries for slow readers, some may be skipped, which is stated.
        caught_up: u64,
    },
    /// Continuity cannot be proved; the application should discard what it derived from this stream.
    Reset(ResetReason),
}

/// Decides how a subscribe or resume ends, and after which position reading continues. `found` is the tag that the log
/// has at the requested cursor, [`Tag::UNKNOWN`] if it does not keep that entry.
///
/// Without a position the reader starts at `start`, and the outcome is `Resumed`, because it has no entries that can
/// have been lost. After a reset, reading continues at the floor, so that all that is kept is delivered.
#[must_use]
pub fn resume(
    requested: Option<Position>,
    start: StartAt,
    log: Bounds,
    found: Tag,
) -> (Outcome, Position) {
    let resumed = |after: Position| {
        let caught_up = log.head - after.cursor;
        (Outcome::Resumed { caught_up }, after)
    };
    match (requested, start) {
        (None, StartAt::Oldest) => resumed(log.at_floor()),
        (None, StartAt::Newest) => resumed(log.at_head()),
        (Some(position), _) if log.excludes(position, found) => {
            (Outcome::Reset(ResetReason::EpochChanged), log.at_floor())
        }
        (Some(position), _) if position.cursor < log.floor => {
            (Outcome::Reset(ResetReason::Expired), log.at_floor())
        }
        (Some(position), _) => resumed(confirmed(position, found)),
    }
}

/// As [`resume`], for a state: only the newest value matters, so a position of any age within the incarnation is
/// accepted, and reading continues just before the newest value.
#[must_use]
pub fn resume_state(position: Option<Position>, log: Bounds, found: Tag) -> (Outcome, Position) {
    let before_newest = log.before_newest();
    let Some(position) = position else {
        let caught_up = log.head - before_newest.cursor;
        return (Outcome::Resumed { caught_up }, before_newest);
    };
    if log.excludes(position, found) {
        return (Outcome::Reset(ResetReason::EpochChanged), before_newest);
    }
    let caught_up = u64::from(position.cursor < log.head);
    (Outcome::Resumed { caught_up }, confirmed(position, found))
}

/// The position with the log's tag, if its own tag is unknown.
const fn confirmed(position: Position, found: Tag) -> Position {
    let tag = if position.tag.0 == 0 {
        found
    } else {
        position.tag
    };
    Position { tag, ..position }
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
        floor_tag: Tag(110),
        head: 20,
        head_tag: Tag(120),
    };

    fn at(epoch: u64, cursor: Cursor) -> Position {
        Position::untagged(Epoch(epoch), cursor)
    }

    fn tagged(cursor: Cursor, tag: u32) -> Position {
        Position {
            tag: Tag(tag),
            ..at(7, cursor)
        }
    }

    fn asked(position: Position, found: u32) -> (Outcome, Position) {
        resume(Some(position), StartAt::Newest, LOG, Tag(found))
    }

    fn asked_state(position: Position, found: u32) -> (Outcome, Position) {
        resume_state(Some(position), LOG, Tag(found))
    }

    const fn resumed(caught_up: u64, after: Position) -> (Outcome, Position) {
        (Outcome::Resumed { caught_up }, after)
    }

    #[test]
    fn resumes_after_a_kept_position() {
        assert_eq!(asked(at(7, 15), 0), resumed(5, at(7, 15)));
        assert_eq!(asked(at(7, 10), 0), resumed(10, at(7, 10)));
        assert_eq!(asked(at(7, 20), 0), resumed(0, at(7, 20)));
    }

    #[test]
    fn resets_unproved_position() {
        let expired = (Outcome::Reset(ResetReason::Expired), tagged(10, 110));
        let changed = (Outcome::Reset(ResetReason::EpochChanged), tagged(10, 110));
        assert_eq!(asked(at(7, 9), 0), expired);
        assert_eq!(asked(at(8, 15), 0), changed);
        assert_eq!(asked(at(7, 21), 0), changed);
    }

    #[test]
    fn resets_a_reused_cursor() {
        let changed = (Outcome::Reset(ResetReason::EpochChanged), tagged(10, 110));
        assert_eq!(asked(tagged(15, 115), 99), changed);
        assert_eq!(asked(tagged(10, 99), 110), changed);
        assert_eq!(asked(tagged(15, 115), 115), resumed(5, tagged(15, 115)));
    }

    #[test]
    fn trusts_an_unknown_tag() {
        assert_eq!(asked(at(7, 15), 115), resumed(5, tagged(15, 115)));
        assert_eq!(asked(tagged(15, 115), 0), resumed(5, tagged(15, 115)));
    }

    #[test]
    fn starts_where_asked_without_a_position() {
        let begin = |start| resume(None, start, LOG, Tag::UNKNOWN);
        assert_eq!(begin(StartAt::Oldest), resumed(10, tagged(10, 110)));
        assert_eq!(begin(StartAt::Newest), resumed(0, tagged(20, 120)));
    }

    #[test]
    fn reads_a_state_from_its_newest_value() {
        let before_newest = at(7, 19);
        let begun = resume_state(None, LOG, Tag::UNKNOWN);
        assert_eq!(begun, resumed(1, before_newest));
        assert_eq!(asked_state(at(7, 3), 0), resumed(1, at(7, 3)));
        assert_eq!(asked_state(at(7, 20), 120), resumed(0, tagged(20, 120)));
        let changed = (Outcome::Reset(ResetReason::EpochChanged), before_newest);
        assert_eq!(asked_state(at(8, 20), 0), changed);
        assert_eq!(asked_state(at(7, 21), 0), changed);
        assert_eq!(asked_state(tagged(20, 119), 120), changed);
    }

    #[test]
    fn draws_no_unknown_tag() {
        assert_eq!(Tag::from_random(0), Tag(1));
        assert_eq!(Tag::from_random(7), Tag(7));
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
