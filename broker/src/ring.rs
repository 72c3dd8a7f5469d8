//! The retained entries of one stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use push_wire_shared::position::{Bounds, Cursor, Epoch, Position, Tag};
use push_wire_shared::time::Moment;

use crate::{Entry, Lag, ReadError, Record, Retention};

/// Entries `floor + 1 ..= head`, oldest first.
#[derive(Debug)]
pub(crate) struct Ring {
    epoch: Epoch,
    head: Cursor,
    /// Tag of the entry just before the oldest kept.
    floor_tag: Tag,
    tags: fastrand::Rng,
    bytes: usize,
    entries: VecDeque<Arc<Entry>>,
    retention: Retention,
    retired: bool,
}

impl Ring {
    /// A ring without entries, which draws their tags from this seed.
    pub(crate) fn new(epoch: Epoch, seed: u64, retention: Retention) -> Self {
        Self {
            epoch,
            head: 0,
            floor_tag: Tag::UNKNOWN,
            tags: fastrand::Rng::with_seed(seed),
            bytes: 0,
            entries: VecDeque::new(),
            retention,
            retired: false,
        }
    }

    /// A ring of the same entries without what readers derived from them, which draws further tags from a seed made of
    /// this one and its own.
    #[cfg(feature = "__internals")]
    pub(crate) fn copy(&self, seed: u64) -> Self {
        let entries = self.entries.iter().map(|entry| {
            let record = entry.record.clone();
            Arc::new(Entry::new(entry.cursor, entry.tag, entry.published, record))
        });
        Self {
            tags: fastrand::Rng::with_seed(seed ^ self.tags.get_seed()),
            entries: entries.collect(),
            ..*self
        }
    }

    /// Records that the stream was removed: later appends fail, since they would reach no reader.
    pub(crate) fn retire(&mut self) {
        self.retired = true;
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired
    }

    pub(crate) fn set_retention(&mut self, retention: Retention) {
        self.retention = retention;
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            epoch: self.epoch,
            floor: self.floor(),
            floor_tag: self.floor_tag,
            head: self.head,
            head_tag: self.tag(self.head),
        }
    }

    /// Tag of the entry at a cursor from the floor on.
    pub(crate) fn tag(&self, cursor: Cursor) -> Tag {
        match self.get(cursor) {
            Some(entry) => entry.tag,
            None if cursor == self.floor() => self.floor_tag,
            None => Tag::UNKNOWN,
        }
    }

    fn floor(&self) -> Cursor {
        self.head - self.entries.len() as u64
    }

    pub(crate) fn push(&mut self, now: Moment, record: Record) -> Position {
        self.head += 1;
        self.bytes += record.body.len();
        let (cursor, tag) = (self.head, Tag::from_random(self.tags.u32(..)));
        self.entries
            .push_back(Arc::new(Entry::new(cursor, tag, now, record)));
        self.expire(now);
        Position {
            epoch: self.epoch,
            cursor,
            tag,
        }
    }

    /// Loses the newest entries, as a store does that had not replicated them: the next ones get their cursors. Returns
    /// how many there were. The value of a state is one that the store still had, so one entry stays.
    #[cfg(any(test, feature = "__internals"))]
    pub(crate) fn lose_newest(&mut self, count: usize) -> usize {
        let least = usize::from(self.retention.keep_newest).min(self.entries.len());
        let kept = self.entries.len().saturating_sub(count).max(least);
        let lost = self.entries.split_off(kept);
        self.bytes -= lost
            .iter()
            .map(|entry| entry.record.body.len())
            .sum::<usize>();
        self.head -= lost.len() as u64;
        lost.len()
    }

    /// Drops the entries past retention.
    pub(crate) fn expire(&mut self, now: Moment) {
        while let Some(oldest) = self.entries.front() {
            let is_alone = self.entries.len() == 1;
            let past = self.entries.len() > self.retention.entries
                || (self.bytes > self.retention.bytes && !is_alone)
                || now.since(self.aging_since(oldest)) > self.retention.age;
            if (is_alone && self.retention.keep_newest) || !past {
                return;
            }
            self.drop_oldest();
        }
    }

    /// Time from which the age of the oldest entry counts. A state's version is current, and with its readers, until the next
    /// one replaces it.
    fn aging_since(&self, oldest: &Entry) -> Moment {
        let replacement = self.entries.get(1).filter(|_| self.retention.keep_newest);
        replacement.map_or(oldest.published, |next| next.published)
    }

    /// Drops entries up to a cursor.
    pub(crate) fn release(&mut self, upto: Cursor) {
        while self
            .entries
            .front()
            .is_some_and(|oldest| oldest.cursor <= upto)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.record.body.len();
            self.floor_tag = entry.tag;
        }
    }

    pub(crate) fn get(&self, cursor: Cursor) -> Option<&Arc<Entry>> {
        let index = cursor.checked_sub(self.floor() + 1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn newest(&self) -> Option<&Arc<Entry>> {
        self.entries.back()
    }

    /// Distance between a cursor and the head; `None` if entries after the cursor were dropped. Takes time in proportion
    /// to the distance.
    pub(crate) fn lag(&self, now: Moment, after: Cursor) -> Option<Lag> {
        let skip = usize::try_from(after.checked_sub(self.floor())?).ok()?;
        let unread = self.entries.iter().skip(skip);
        Some(Lag {
            entries: unread.len() as u64,
            bytes: unread.clone().map(|entry| entry.record.body.len()).sum(),
            age: self
                .entries
                .get(skip)
                .map_or(Duration::ZERO, |oldest| now.since(oldest.published)),
        })
    }

    pub(crate) fn read(
        &self,
        after: Cursor,
        limit_bytes: usize,
        out: &mut Vec<Arc<Entry>>,
    ) -> Result<(), ReadError> {
        let skip = after.checked_sub(self.floor()).ok_or(ReadError::Expired)?;
        let mut bytes = 0;
        for entry in self
            .entries
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        {
            if bytes > 0 && bytes + entry.record.body.len() > limit_bytes {
                break;
            }
            bytes += entry.record.body.len().max(1);
            out.push(Arc::clone(entry));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use push_wire_shared::encoding::Content;

    use super::*;

    const LARGE: Retention = Retention {
        entries: 100,
        bytes: 1_000,
        age: Duration::from_secs(60),
        keep_newest: false,
    };

    fn at(seconds: u64) -> Moment {
        Moment::after_origin(Duration::from_secs(seconds))
    }

    fn record(bytes: usize) -> Record {
        Record {
            content: Content::Bytes,
            body: Bytes::from(vec![7; bytes]),
        }
    }

    fn ring(retention: Retention, pushes: usize) -> Ring {
        let mut ring = Ring::new(Epoch(1), 9, retention);
        for _ in 0..pushes {
            ring.push(at(0), record(10));
        }
        ring
    }

    fn cursors(ring: &Ring, after: Cursor, limit: usize) -> Result<Vec<Cursor>, ReadError> {
        let mut out = Vec::new();
        ring.read(after, limit, &mut out)?;
        Ok(out.iter().map(|entry| entry.cursor).collect())
    }

    #[test]
    fn reads_after_cursor() {
        let ring = ring(LARGE, 5);
        assert_eq!((ring.bounds().floor, ring.bounds().head), (0, 5));
        assert_eq!(cursors(&ring, 0, 1_000), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(cursors(&ring, 3, 1_000), Ok(vec![4, 5]));
        assert_eq!(cursors(&ring, 5, 1_000), Ok(vec![]));
    }

    #[test]
    fn reads_at_least_one_entry_within_limit() {
        let ring = ring(LARGE, 5);
        assert_eq!(cursors(&ring, 0, 1), Ok(vec![1]));
        assert_eq!(cursors(&ring, 0, 25), Ok(vec![1, 2]));
    }

    #[test]
    fn measures_lag_of_kept_entries() {
        let mut ring = ring(LARGE, 3);
        ring.push(at(5), record(30));
        let lag = |entries, bytes, seconds| {
            Some(Lag {
                entries,
                bytes,
                age: Duration::from_secs(seconds),
            })
        };
        assert_eq!(ring.lag(at(7), 0), lag(4, 60, 7));
        assert_eq!(ring.lag(at(7), 3), lag(1, 30, 2));
        assert_eq!(ring.lag(at(7), 4), lag(0, 0, 0));
        ring.release(2);
        assert_eq!(ring.lag(at(7), 1), None);
        assert_eq!(ring.lag(at(7), 2), lag(2, 40, 7));
    }

    #[test]
    fn each_limit_of_retention_bites() {
        assert_eq!(
            ring(
                Retention {
                    entries: 3,
                    ..LARGE
                },
                5
            )
            .bounds()
            .floor,
            2
        );
        assert_eq!(ring(Retention { bytes: 40, ..LARGE }, 5).bounds().floor, 1);
        let mut old = ring(LARGE, 2);
        old.push(at(50), record(1));
        old.expire(at(100));
        assert_eq!(old.bounds().floor, 2);
        assert_eq!(cursors(&old, 1, 1_000), Err(ReadError::Expired));
    }

    #[test]
    fn keeps_large_entry_until_next() {
        let mut ring = ring(Retention { bytes: 40, ..LARGE }, 3);
        ring.push(at(0), record(100));
        assert_eq!(cursors(&ring, 3, 1_000), Ok(vec![4]));
        assert_eq!(ring.bounds().floor, 3);
        ring.push(at(1), record(10));
        assert_eq!(ring.bounds().floor, 4);
        ring.expire(at(100));
        assert_eq!(ring.bounds().floor, 5);
    }

    #[test]
    fn state_keeps_current_value() {
        let mut state = ring(
            Retention {
                bytes: 0,
                keep_newest: true,
                ..LARGE
            },
            3,
        );
        state.expire(at(10_000));
        assert_eq!(state.newest().map(|entry| entry.cursor), Some(3));
        assert_eq!(state.bounds().floor, 2);
    }

    #[test]
    fn version_of_a_state_ages_from_its_replacement() {
        let state = Retention {
            keep_newest: true,
            ..LARGE
        };
        let mut ring = ring(state, 1);
        ring.push(at(1_000), record(10));
        assert_eq!(ring.bounds().floor, 0);
        ring.expire(at(1_060));
        assert_eq!(ring.bounds().floor, 0);
        ring.expire(at(1_061));
        assert_eq!(ring.bounds().floor, 1);
    }

    #[test]
    fn drops_acknowledged_entries() {
        let mut ring = ring(LARGE, 5);
        ring.release(3);
        assert_eq!((ring.bounds().floor, ring.bounds().head), (3, 5));
        ring.release(99);
        assert_eq!(ring.bounds().floor, 5);
        assert_eq!(ring.get(5).map(|entry| entry.cursor), None);
        assert_eq!(ring.push(at(1), record(1)).cursor, 6);
        assert_eq!(ring.get(6).map(|entry| entry.cursor), Some(6));
    }

    #[test]
    fn knows_tags_from_the_floor_on() {
        let mut ring = ring(LARGE, 5);
        let tags: Vec<Tag> = (1..=5).map(|cursor| ring.tag(cursor)).collect();
        assert!(!tags.contains(&Tag::UNKNOWN), "{tags:?}");
        assert_eq!((ring.tag(0), ring.tag(6)), (Tag::UNKNOWN, Tag::UNKNOWN));
        assert_eq!(ring.bounds().head_tag, tags[4]);
        ring.release(3);
        assert_eq!(ring.tag(3), tags[2]);
        assert_eq!(ring.bounds().floor_tag, tags[2]);
        assert_eq!(ring.tag(2), Tag::UNKNOWN);
        ring.release(5);
        let bounds = ring.bounds();
        assert_eq!((bounds.floor_tag, bounds.head_tag), (tags[4], tags[4]));
    }

    #[test]
    fn tags_reused_cursors_anew() {
        let mut ring = ring(LARGE, 5);
        let lost = ring.tag(4);
        assert_eq!(ring.lose_newest(2), 2);
        assert_eq!((ring.bounds().head, ring.tag(4)), (3, Tag::UNKNOWN));
        let reused = ring.push(at(0), record(10));
        assert_eq!(reused.cursor, 4);
        assert!(reused.tag.conflicts_with(lost));
        assert_eq!(ring.lose_newest(99), 4);
        assert_eq!((ring.bounds().floor, ring.bounds().head), (0, 0));
    }
}
