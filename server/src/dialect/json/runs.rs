//! Runs: the entries that the numbers of a channel refer to (docs/protocol.md section 9.2).

use push_wire_shared::position::{Cursor, Epoch, Position, Tag};

/// Stream of a channel from which an entry came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The channel itself.
    Channel = 0,
    /// The client's inbox in it.
    Inbox = 1,
}

impl Source {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Channel => Self::Inbox,
            Self::Inbox => Self::Channel,
        }
    }
}

/// Positions of both sources, by [`Source`]; `None` for one that was not read.
pub(super) type Positions = [Option<Position>; 2];

/// Runs kept per channel (4,096, 384 KiB). A run is a sequence of entries from one source. Past this, the oldest numbers
/// cannot be resumed from, and a client that has one is answered with `resume_required`.
pub(super) const RUNS: usize = 4_096;

/// Consecutive numbers given to consecutive entries of one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) len: u64,
    pub(super) source: Source,
    /// Incarnation of the source's log.
    pub(super) epoch: Option<Epoch>,
    /// Cursor of the first entry.
    pub(super) cursor: Cursor,
    /// Tag of the last entry; those of the entries before it are not kept.
    pub(super) tag: Tag,
    /// Position in the other source, which does not change within the run.
    pub(super) other: Option<Position>,
}

impl Run {
    /// Last number.
    pub(super) const fn last(&self) -> u64 {
        self.first + self.len - 1
    }

    /// Cursor and tag of the newest entry at or below a number that is not below the first.
    fn at(&self, number: u64) -> (Cursor, Tag) {
        match number - self.first {
            ahead if ahead < self.len - 1 => (self.cursor + ahead, Tag::UNKNOWN),
            _ => (self.cursor + self.len - 1, self.tag),
        }
    }

    /// Positions at a number that is not below the first; those in `bases` for a source that was not read then.
    pub(super) fn positions_at(&self, number: u64, bases: Positions) -> Positions {
        let (cursor, tag) = self.at(number);
        let mut positions = bases;
        positions[self.source as usize] = self.epoch.map(|epoch| Position { epoch, cursor, tag });
        let other = &mut positions[self.source.other() as usize];
        *other = self.other.or(*other);
        positions
    }

    /// Returns whether a number of this run stands for this entry and its place.
    pub(super) fn has(&self, number: u64, entry: &Self) -> bool {
        let (cursor, tag) = self.at(number);
        let same_tag = tag == entry.tag || tag == Tag::UNKNOWN || entry.tag == Tag::UNKNOWN;
        number <= self.last() && cursor == entry.cursor && same_tag && self.is_beside(entry)
    }

    /// Appends the next entry, if it continues the run.
    pub(super) fn join(&mut self, entry: &Self) -> bool {
        let continues = self.last() + 1 == entry.first
            && self.cursor + self.len == entry.cursor
            && self.is_beside(entry);
        if continues {
            self.len += 1;
            self.tag = entry.tag;
        }
        continues
    }

    /// Returns whether an entry is of the same log, at the same position in the other source.
    fn is_beside(&self, entry: &Self) -> bool {
        let place = |position: Position| (position.epoch, position.cursor);
        self.source == entry.source
            && self.epoch == entry.epoch
            && self.other.map(place) == entry.other.map(place)
    }
}
