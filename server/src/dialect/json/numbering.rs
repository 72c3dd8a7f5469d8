//! Cursors as the JSON dialect shows them (docs/protocol.md section 9): one dense numbering per session and
//! channel, over the entries of two streams, the channel and the client's inbox in it.

use std::collections::VecDeque;

use push_wire_shared::position::{Cursor, Position, Tag};

/// Stream of a channel from which an entry came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The channel itself.
    Channel = 0,
    /// The client's inbox in it.
    Inbox = 1,
}

impl Source {
    const fn other(self) -> Self {
        match self {
            Self::Channel => Self::Inbox,
            Self::Inbox => Self::Channel,
        }
    }
}

/// Runs kept per channel (4,096). A run is a sequence of entries from one source. Past this, the oldest numbers cannot
/// be resumed from, and a client that has one is answered with `resume_required`.
const RUNS: usize = 4_096;

/// Consecutive numbers given to consecutive entries of one source.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    len: u64,
    source: Source,
    /// Cursor of the first entry.
    cursor: Cursor,
    /// Tag of the last entry; those of the entries before it are not kept.
    tag: Tag,
}

impl Run {
    /// Cursor and tag of the newest entry at or below a number that is not below the first.
    fn at(&self, number: u64) -> (Cursor, Tag) {
        match number - self.first {
            ahead if ahead < self.len - 1 => (self.cursor + ahead, Tag::UNKNOWN),
            _ => (self.cursor + self.len - 1, self.tag),
        }
    }

    /// Drops the entries above a number; returns whether any is left.
    fn cut(&mut self, number: u64) -> bool {
        if number < self.first {
            return false;
        }
        let (cursor, tag) = self.at(number);
        self.len = cursor + 1 - self.cursor;
        self.tag = tag;
        true
    }
}

#[derive(Debug, Default)]
struct ChannelNumbers {
    id: u8,
    floor: u64,
    last: u64,
    acked: u64,
    /// Position in each source at the oldest number that can be resumed from.
    bases: [Option<Position>; 2],
    runs: VecDeque<Run>,
}

/// Outcome of a resume in the JSON dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rewind {
    /// Positions of the channel and the inbox at that number; `None` for a stream not read yet.
    pub(super) positions: [Option<Position>; 2],
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

    /// Newest number given by channel id.
    pub(super) fn newest(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        let channels = self.channels.iter();
        channels.map(|numbers| (numbers.id, numbers.last))
    }

    /// Begins to number a source's entries after this position.
    pub(super) fn begin(&mut self, id: u8, source: Source, position: Position) {
        let numbers = self.channel(id);
        let base = &mut numbers.bases[source as usize];
        if base.is_none_or(|base| base.epoch != position.epoch) {
            *base = Some(position);
            numbers.runs.retain(|run| run.source != source);
        }
    }

    /// Continues a source after this position although entries before it were not delivered; as many numbers are
    /// skipped, if their count is known. Returns the number before the next entry's.
    pub(super) fn skip_to(&mut self, id: u8, source: Source, position: Position) -> u64 {
        let numbers = self.channel(id);
        let before = numbers.position(source, numbers.last);
        if let Some(before) = before.filter(|before| before.epoch == position.epoch) {
            numbers.last += position.cursor.saturating_sub(before.cursor);
        }
        numbers.bases[source as usize] = Some(position);
        // Numbers before the gap cannot be resumed from, since they no longer lead to all entries.
        numbers.floor = numbers.last;
        let other = source.other();
        numbers.bases[other as usize] = numbers.position(other, numbers.last);
        numbers.runs.clear();
        numbers.last
    }

    /// Continues a source at a later entry of the same log; as many numbers are skipped. Returns the number before the
    /// next entry's; `None` for a source that is not read.
    pub(super) fn skip(&mut self, id: u8, source: Source, cursor: Cursor, tag: Tag) -> Option<u64> {
        let numbers = self.channel(id);
        let before = numbers.position(source, numbers.last)?;
        let position = Position {
            cursor,
            tag,
            ..before
        };
        Some(self.skip_to(id, source, position))
    }

    /// Numbers an entry that is about to be delivered.
    pub(super) fn assign(&mut self, id: u8, source: Source, cursor: Cursor, tag: Tag) -> u64 {
        let numbers = self.channel(id);
        numbers.last += 1;
        if let Some(run) = numbers.runs.back_mut()
            && run.source == source
            && run.first + run.len == numbers.last
            && run.cursor + run.len == cursor
        {
            run.len += 1;
            run.tag = tag;
            return numbers.last;
        }
        if numbers.runs.len() == RUNS {
            numbers.forget_oldest_run();
        }
        numbers.runs.push_back(Run {
            first: numbers.last,
            len: 1,
            source,
            cursor,
            tag,
        });
        numbers.last
    }

    /// Goes back to a number (`None`: stays at the newest); later numbers are given again.
    pub(super) fn rewind(&mut self, id: u8, number: Option<u64>) -> Rewind {
        let numbers = self.channel(id);
        let wanted = number.unwrap_or(numbers.last).max(numbers.acked);
        let at = if wanted > numbers.last {
            numbers.acked
        } else {
            wanted
        }
        .max(numbers.floor);
        let positions = [
            numbers.position(Source::Channel, at),
            numbers.position(Source::Inbox, at),
        ];
        numbers.runs.retain_mut(|run| run.cut(at));
        numbers.last = at;
        Rewind {
            positions,
            unproved: (at != wanted).then_some(at),
        }
    }

    /// Records that everything up to a number was handled; returns the inbox's cursor at it.
    ///
    /// # Errors
    /// The newest number given, if this one is above it.
    pub(super) fn ack(&mut self, id: u8, number: u64) -> Result<Option<Cursor>, u64> {
        let numbers = self.channel(id);
        if number > numbers.last {
            return Err(numbers.last);
        }
        numbers.acked = numbers.acked.max(number);
        Ok(numbers
            .position(Source::Inbox, number)
            .map(|position| position.cursor))
    }
}

impl ChannelNumbers {
    fn position(&self, source: Source, number: u64) -> Option<Position> {
        let base = self.bases[source as usize]?;
        let mut runs = self.runs.iter().rev();
        let run = runs.find(|run| run.source == source && run.first <= number);
        let (cursor, tag) = run.map_or((base.cursor, base.tag), |run| run.at(number));
        Some(Position {
            cursor,
            tag,
            ..base
        })
    }

    fn forget_oldest_run(&mut self) {
        let Some(run) = self.runs.pop_front() else {
            return;
        };
        self.floor = run.first + run.len - 1;
        if let Some(base) = &mut self.bases[run.source as usize] {
            base.cursor = run.cursor + run.len - 1;
            base.tag = run.tag;
        }
    }
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
        for (number, channel, inbox) in [(0, 0, 0), (1, 1, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2)] {
            let mut numbering = mixed();
            let rewind = numbering.rewind(CHAT, Some(number));
            assert_eq!(rewind.positions, [Some(at(channel)), Some(at(inbox))]);
            assert_eq!(rewind.unproved, None);
            assert_eq!(
                numbering.assign(CHAT, Source::Channel, channel + 1, Tag::UNKNOWN),
                number + 1
            );
        }
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
        assert_eq!(numbering.skip_to(CHAT, Source::Inbox, tagged(7, 207)), 8);
        let rewind = numbering.rewind(CHAT, None);
        assert_eq!(rewind.positions, [Some(at(1)), Some(tagged(7, 207))]);
    }
}
