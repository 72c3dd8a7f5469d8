//! Cursors as the JSON dialect shows them (docs/protocol.md section 9): one dense numbering per session and
//! channel, over the entries of two streams, the channel and the client's inbox in it. A number that was given once
//! stands for the same entry, and the same positions of both streams, for the life of the session.

use std::collections::VecDeque;

use push_wire_shared::position::{Cursor, Position, Tag};

pub(super) use super::runs::Source;
use super::runs::{Positions, RUNS, Run};

#[derive(Debug, Default)]
struct ChannelNumbers {
    id: u8,
    /// Oldest number that can be resumed from.
    floor: u64,
    /// Newest number given.
    newest: u64,
    /// Number at which the connection reads: below the newest while entries are sent again in their first order.
    current: u64,
    acked: u64,
    /// Positions up to which entries are acknowledged.
    acked_at: Positions,
    /// Positions at the floor.
    bases: Positions,
    /// Positions at the current number.
    positions: Positions,
    /// Entries that the numbers above the floor refer to, oldest first.
    runs: VecDeque<Run>,
}

/// Outcome of a resume in the JSON dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rewind {
    /// Positions of the channel and the inbox at that number; `None` for a stream not read yet.
    pub(super) positions: Positions,
    /// Number after which reading continues, if it is not the requested one.
    pub(super) unproved: Option<u64>,
}

/// The numbers of one session.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    channels: Vec<ChannelNumbers>,
}

impl Numbering {
    fn channel(&mut self, id: u8) -> &mut ChannelNumbers {
        let index = self.channels.iter().position(|numbers| numbers.id == id);
        let index = index.unwrap_or_else(|| {
            self.channels.push(ChannelNumbers {
                id,
                ..ChannelNumbers::default()
            });
            self.channels.len() - 1
        });
        &mut self.channels[index]
    }

    /// Acknowledged numbers by channel id.
    pub(super) fn acked(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        let acked = self.channels.iter().filter(|numbers| numbers.acked > 0);
        acked.map(|numbers| (numbers.id, numbers.acked))
    }

    /// Number at which the connection reads, by channel id.
    pub(super) fn current(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        let channels = self.channels.iter();
        channels.map(|numbers| (numbers.id, numbers.current))
    }

    /// Begins to number a source's entries after this position.
    pub(super) fn begin(&mut self, id: u8, source: Source, position: Position) {
        let numbers = self.channel(id);
        let index = source as usize;
        numbers.positions[index] = Some(position);
        match numbers.bases[index] {
            None => numbers.bases[index] = Some(position),
            Some(base) if base.epoch != position.epoch => numbers.forget(),
            Some(_) => {}
        }
    }

    /// Continues a source after this position although entries before it were not delivered; as many numbers are left
    /// out, and at least one, if their count is not known. Returns the number before the next entry's.
    pub(super) fn skip_to(&mut self, id: u8, source: Source, position: Position) -> u64 {
        let numbers = self.channel(id);
        let before = numbers.positions[source as usize];
        let before = before.filter(|before| before.epoch == position.epoch);
        let lost = before.map(|before| position.cursor.saturating_sub(before.cursor));
        // A client that does not receive the statement resumes from an older number, and is sent it again.
        numbers.newest += lost.unwrap_or_default().max(1);
        numbers.positions[source as usize] = Some(position);
        numbers.forget();
        numbers.newest
    }

    /// Continues a source at a later entry of the same log; as many numbers are left out. Returns the number before the
    /// next entry's; `None` for a source that is not read.
    pub(super) fn skip(&mut self, id: u8, source: Source, cursor: Cursor, tag: Tag) -> Option<u64> {
        let before = self.channel(id).positions[source as usize]?;
        let position = Position {
            cursor,
            tag,
            ..before
        };
        Some(self.skip_to(id, source, position))
    }

    /// Numbers an entry that is about to be delivered: again as before, if it follows the same entries as then.
    pub(super) fn assign(&mut self, id: u8, source: Source, cursor: Cursor, tag: Tag) -> u64 {
        let numbers = self.channel(id);
        let other = numbers.positions[source.other() as usize];
        let epoch = numbers.positions[source as usize].map(|position| position.epoch);
        if let Some(position) = &mut numbers.positions[source as usize] {
            (position.cursor, position.tag) = (cursor, tag);
        }
        let entry = Run {
            first: numbers.newest + 1,
            len: 1,
            source,
            epoch,
            cursor,
            tag,
            other,
        };
        if numbers.was_next(&entry) {
            numbers.current += 1;
            return numbers.current;
        }
        numbers.newest += 1;
        numbers.current = numbers.newest;
        numbers.record(entry);
        numbers.newest
    }

    /// Goes back to a number (`None`: stays at the current one).
    pub(super) fn rewind(&mut self, id: u8, number: Option<u64>) -> Rewind {
        let numbers = self.channel(id);
        let Some(number) = number else {
            return Rewind {
                positions: numbers.positions,
                unproved: None,
            };
        };
        let wanted = number.max(numbers.acked);
        let at = match wanted > numbers.newest {
            true => numbers.acked.max(numbers.floor),
            false => wanted.max(numbers.floor),
        };
        numbers.current = at;
        numbers.positions = later(numbers.positions_at(at), numbers.acked_at);
        Rewind {
            positions: numbers.positions,
            unproved: (at != wanted).then_some(at),
        }
    }

    /// Records that everything up to a number was handled; returns the inbox's cursor at it, if that is known.
    ///
    /// # Errors
    /// The newest number given, if this one is above it.
    pub(super) fn ack(&mut self, id: u8, number: u64) -> Result<Option<Cursor>, u64> {
        let numbers = self.channel(id);
        if number > numbers.newest {
            return Err(numbers.newest);
        }
        numbers.acked = numbers.acked.max(number);
        if number < numbers.floor {
            return Ok(None);
        }
        numbers.acked_at = later(numbers.positions_at(number), numbers.acked_at);
        let inbox = numbers.acked_at[Source::Inbox as usize];
        Ok(inbox.map(|position| position.cursor))
    }
}

impl ChannelNumbers {
    /// Positions at a number from the floor on.
    fn positions_at(&self, number: u64) -> Positions {
        let after = self.runs.partition_point(|run| run.first <= number);
        let run = after.checked_sub(1).and_then(|last| self.runs.get(last));
        run.map_or(self.bases, |run| run.positions_at(number, self.bases))
    }

    /// Returns whether an entry is the one that the number after the current one stands for.
    fn was_next(&self, entry: &Run) -> bool {
        let next = self.current + 1;
        if next > self.newest {
            return false;
        }
        let after = self.runs.partition_point(|run| run.first <= next);
        let run = after.checked_sub(1).and_then(|last| self.runs.get(last));
        run.is_some_and(|run| run.has(next, entry))
    }

    fn record(&mut self, entry: Run) {
        if let Some(run) = self.runs.back_mut()
            && run.join(&entry)
        {
            return;
        }
        if self.runs.len() == RUNS
            && let Some(oldest) = self.runs.pop_front()
        {
            self.floor = oldest.last();
            self.bases = oldest.positions_at(self.floor, self.bases);
        }
        self.runs.push_back(entry);
    }

    /// Goes on at the newest number. Older ones cannot be resumed from any more, since they do not lead to all entries.
    fn forget(&mut self) {
        self.current = self.newest;
        self.floor = self.newest;
        self.bases = self.positions;
        self.runs.clear();
    }
}

/// For each source the later one of two positions; the first, if they cannot be compared.
fn later(first: Positions, second: Positions) -> Positions {
    let mut later = first;
    for (position, other) in later.iter_mut().zip(second) {
        if let (Some(position), Some(other)) = (position, other)
            && position.epoch == other.epoch
            && position.cursor < other.cursor
        {
            *position = other;
        }
    }
    later
}

#[cfg(test)]
mod tests {
    use push_wire_shared::position::Epoch;

    use super::*;

    const CHAT: u8 = 1;

    fn at(cursor: Cursor) -> Position {
        Position::untagged(Epoch(9), cursor)
    }

    fn tagged(cursor: Cursor, tag: u32) -> Position {
        Position {
            tag: Tag(tag),
            ..at(cursor)
        }
    }

    fn begun() -> Numbering {
        let mut numbering = Numbering::default();
        numbering.begin(CHAT, Source::Channel, at(0));
        numbering.begin(CHAT, Source::Inbox, at(0));
        numbering
    }

    /// Numbers 1 2 3 4 5 are channel 1, channel 2, inbox 1, channel 3, inbox 2.
    fn mixed() -> Numbering {
        let mut numbering = begun();
        let sources = [
            (Source::Channel, 1),
            (Source::Channel, 2),
            (Source::Inbox, 1),
            (Source::Channel, 3),
            (Source::Inbox, 2),
        ];
        for (number, (source, cursor)) in (1..).zip(sources) {
            assert_eq!(numbering.assign(CHAT, source, cursor, Tag::UNKNOWN), number);
        }
        numbering
    }

    #[test]
    fn going_back_restores_positions() {
        // The last of each is the number of the channel's next entry: as before, or a new one.
        for (number, channel, inbox, next) in [
            (0, 0, 0, 1),
            (1, 1, 0, 2),
            (2, 2, 0, 6),
            (3, 2, 1, 4),
            (4, 3, 1, 6),
            (5, 3, 2, 6),
        ] {
            let mut numbering = mixed();
            let rewind = numbering.rewind(CHAT, Some(number));
            assert_eq!(rewind.positions, [Some(at(channel)), Some(at(inbox))]);
            assert_eq!(rewind.unproved, None);
            assert_eq!(
                numbering.assign(CHAT, Source::Channel, channel + 1, Tag::UNKNOWN),
                next
            );
        }
    }

    #[test]
    fn numbers_keep_their_entries() {
        let mut numbering = mixed();
        numbering.rewind(CHAT, Some(0));
        let mut assign = |source, cursor| numbering.assign(CHAT, source, cursor, Tag::UNKNOWN);
        let again = (1..=3).map(|cursor| assign(Source::Channel, cursor));
        assert_eq!(again.collect::<Vec<_>>(), [1, 2, 6]);
        let again = (1..=2).map(|cursor| assign(Source::Inbox, cursor));
        assert_eq!(again.collect::<Vec<_>>(), [7, 8]);
        for (number, channel, inbox) in [(1, 1, 0), (3, 2, 1), (5, 3, 2), (6, 3, 0), (7, 3, 1)] {
            let rewind = numbering.rewind(CHAT, Some(number));
            assert_eq!(rewind.positions, [Some(at(channel)), Some(at(inbox))]);
            assert_eq!(rewind.unproved, None);
        }
    }

    #[test]
    fn acknowledged_entries_count_for_every_number() {
        let mut numbering = mixed();
        assert_eq!(numbering.ack(CHAT, 3), Ok(Some(1)));
        numbering.rewind(CHAT, None);
        numbering.rewind(CHAT, Some(3));
        // Sent again in another order.
        assert_eq!(numbering.assign(CHAT, Source::Inbox, 2, Tag::UNKNOWN), 6);
        assert_eq!(numbering.ack(CHAT, 5), Ok(Some(2)));
        let rewind = numbering.rewind(CHAT, Some(6));
        assert_eq!(rewind.positions, [Some(at(3)), Some(at(2))]);
    }

    #[test]
    fn other_entry_of_same_cursor_gets_another_number() {
        let mut numbering = begun();
        assert_eq!(numbering.assign(CHAT, Source::Channel, 1, Tag(101)), 1);
        numbering.rewind(CHAT, Some(0));
        assert_eq!(numbering.assign(CHAT, Source::Channel, 1, Tag(102)), 2);
    }

    #[test]
    fn older_numbers_do_not_prove_what_was_lost() {
        let mut numbering = mixed();
        let other_log = Position::untagged(Epoch(10), 7);
        assert_eq!(numbering.skip_to(CHAT, Source::Channel, other_log), 6);
        assert_eq!(numbering.rewind(CHAT, Some(5)).unproved, Some(6));
        let rewind = numbering.rewind(CHAT, Some(6));
        assert_eq!(rewind.positions, [Some(other_log), Some(at(2))]);
        assert_eq!(rewind.unproved, None);
    }

    #[test]
    fn a_number_never_given_is_not_proved() {
        assert_eq!(mixed().rewind(CHAT, Some(6)).unproved, Some(0));
        assert_eq!(mixed().ack(CHAT, 6), Err(5));
        assert_eq!(begun().rewind(CHAT, Some(1)).unproved, Some(0));
    }

    #[test]
    fn skips_acknowledged_numbers() {
        let mut numbering = mixed();
        assert_eq!(numbering.ack(CHAT, 4), Ok(Some(1)));
        let rewind = numbering.rewind(CHAT, Some(0));
        assert_eq!(rewind.positions, [Some(at(3)), Some(at(1))]);
        assert_eq!(rewind.unproved, None);
    }

    #[test]
    fn skips_numbers_of_lost_entries() {
        let mut numbering = mixed();
        assert_eq!(numbering.skip_to(CHAT, Source::Inbox, at(12)), 15);
        assert_eq!(numbering.assign(CHAT, Source::Inbox, 13, Tag::UNKNOWN), 16);
        let rewind = numbering.rewind(CHAT, Some(2));
        assert_eq!(rewind.unproved, Some(15));
        assert_eq!(rewind.positions, [Some(at(3)), Some(at(12))]);
    }

    #[test]
    fn kept_runs_are_bounded() {
        let mut numbering = begun();
        let alternating = [Source::Channel, Source::Inbox];
        for cursor in 1..=RUNS as u64 {
            for source in alternating {
                numbering.assign(CHAT, source, cursor, Tag::UNKNOWN);
            }
        }
        let oldest = numbering.rewind(CHAT, Some(0));
        assert_eq!(oldest.unproved, Some(RUNS as u64));
        let half = RUNS as u64 / 2;
        assert_eq!(oldest.positions, [Some(at(half)), Some(at(half))]);
    }

    #[test]
    fn keeps_the_tag_of_a_runs_last_entry() {
        let mut numbering = begun();
        for (source, cursor, tag) in [
            (Source::Channel, 1, 101),
            (Source::Channel, 2, 102),
            (Source::Inbox, 1, 201),
        ] {
            numbering.assign(CHAT, source, cursor, Tag(tag));
        }
        let rewind = numbering.rewind(CHAT, Some(3));
        assert_eq!(
            rewind.positions,
            [Some(tagged(2, 102)), Some(tagged(1, 201))]
        );
        let rewind = numbering.rewind(CHAT, Some(1));
        assert_eq!(rewind.positions, [Some(at(1)), Some(at(0))]);
        assert_eq!(numbering.skip_to(CHAT, Source::Inbox, tagged(7, 207)), 10);
        let rewind = numbering.rewind(CHAT, None);
        assert_eq!(rewind.positions, [Some(at(1)), Some(tagged(7, 207))]);
    }
}
