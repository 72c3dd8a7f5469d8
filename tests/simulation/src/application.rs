//! The application of a page: it reads streams, handles entries at once or in batches, and has each event checked.

use std::collections::VecDeque;
use std::time::Duration;

use push_wire_shared::position::{Outcome, Position, ResetReason};
use push_wire_shared::session::client::{Entry, Event};
use push_wire_shared::time::Moment;

use super::check::{self, Promise, PromiseError, Reader, Reported};
use super::feed::Feed;
use super::model::Model;

/// Time that an application gathers entries for before it handles them.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// The streams that an application reads, and the entries that it holds.
#[derive(Debug)]
pub struct Application {
    readers: Vec<(u32, Reader)>,
    /// Time before which nothing is handled.
    paused_until: Moment,
    /// Entries that are not handled, oldest first.
    unhandled: VecDeque<(u32, Position)>,
}

impl Application {
    /// An application that reads nothing.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        Self {
            readers: Vec::new(),
            paused_until: now,
            unhandled: VecDeque::new(),
        }
    }

    /// Streams that it reads.
    pub fn readers(&self) -> impl Iterator<Item = &Reader> {
        self.readers.iter().map(|(_, reader)| reader)
    }

    fn reader(&self, id: u32) -> Option<&Reader> {
        let reader = self.readers.iter().find(|(known, _)| *known == id);
        reader.map(|(_, reader)| reader)
    }

    fn reader_mut(&mut self, id: u32) -> Option<&mut Reader> {
        let reader = self.readers.iter_mut().find(|(known, _)| *known == id);
        reader.map(|(_, reader)| reader)
    }

    /// Begins to read a stream, as the subscription of this id.
    pub fn read(&mut self, id: u32, reader: Reader) {
        self.readers.push((id, reader));
    }

    /// Stops reading a feed. Returns its subscription, if it was read.
    pub fn stop(&mut self, feed: Feed) -> Option<u32> {
        let mut readers = self.readers.iter();
        let at = readers.position(|(_, reader)| reader.feed == feed)?;
        let (id, _) = self.readers.swap_remove(at);
        self.unhandled.retain(|(of, _)| *of != id);
        Some(id)
    }

    /// Stops reading all feeds. Returns their readers.
    pub fn stop_all(&mut self) -> Vec<(u32, Reader)> {
        self.unhandled.clear();
        std::mem::take(&mut self.readers)
    }

    /// Records that the connection has ended: each reader waits for an outcome on the next one.
    pub fn unsettle(&mut self) {
        for (_, reader) in &mut self.readers {
            reader.settled = false;
        }
    }

    /// Handles an outcome.
    ///
    /// # Errors
    /// Fails if it breaks a promise.
    pub fn outcome(
        &mut self,
        model: &mut Model,
        id: u32,
        reported: &Reported,
    ) -> Result<(), PromiseError> {
        if matches!(reported.outcome, Outcome::Reset(_)) {
            // The application forgets what came from this stream.
            self.unhandled.retain(|(of, _)| *of != id);
        }
        let reader = self.reader_mut(id).ok_or_else(|| unknown(id))?;
        check::outcome(reported, model, reader)
    }

    /// Takes an entry. With `batches` it is handled after `BATCH_TIME`, together with those that arrive until then.
    /// Returns whether it is to be handled now.
    ///
    /// # Errors
    /// Fails if it breaks a promise.
    pub fn entry(
        &mut self,
        now: Moment,
        model: &mut Model,
        entry: &Entry,
        batches: bool,
    ) -> Result<bool, PromiseError> {
        let (id, position) = (entry.id, entry.position);
        let reader = self.reader_mut(id).ok_or_else(|| unknown(id))?;
        check::entry(model, reader, position, &entry.body)?;
        if batches {
            self.paused_until = self.paused_until.max(now + BATCH_TIME);
        }
        Ok(self.is_handled(now, id, position))
    }

    /// Takes the statement that entries were skipped. Returns whether it is to be handled now.
    ///
    /// # Errors
    /// Fails if it breaks a promise.
    pub fn skipped(
        &mut self,
        now: Moment,
        model: &Model,
        id: u32,
        count: u64,
        position: Position,
    ) -> Result<bool, PromiseError> {
        let reader = self.reader_mut(id).ok_or_else(|| unknown(id))?;
        check::skipped(now, model, reader, count, position)?;
        Ok(self.is_handled(now, id, position))
    }

    /// Returns whether an entry is handled now; one that is not is kept.
    fn is_handled(&mut self, now: Moment, id: u32, position: Position) -> bool {
        let is_handled = now >= self.paused_until && self.unhandled.is_empty();
        if !is_handled {
            self.unhandled.push_back((id, position));
        }
        is_handled
    }

    /// Records that an entry was handled.
    pub fn handled(&mut self, model: &mut Model, id: u32, position: Position) {
        let Some(reader) = self.reader_mut(id) else {
            return;
        };
        let is_further =
            |before: Position| before.epoch == position.epoch && before.cursor < position.cursor;
        // After a reset, an entry that was handled late does not count.
        if reader.handled.is_some_and(is_further) {
            reader.handled = Some(position);
            model.handled(&reader.stream, position);
        }
    }

    /// Handles nothing until this time.
    pub fn pause_handling(&mut self, until: Moment) {
        self.paused_until = until;
    }

    /// Time at which it handles what it holds.
    #[must_use]
    pub fn handles_at(&self) -> Option<Moment> {
        (!self.unhandled.is_empty()).then_some(self.paused_until)
    }

    /// Takes the entries that it holds, to handle them.
    pub fn take_held(&mut self) -> VecDeque<(u32, Position)> {
        std::mem::take(&mut self.unhandled)
    }

    /// Returns whether an outcome is the first of its reader.
    pub fn begins(&self, event: &Event) -> bool {
        let Event::Outcome { id, .. } = event else {
            return false;
        };
        self.reader(*id).is_none_or(|reader| reader.at.is_none())
    }

    /// Returns whether an event resets a reader within its epoch: the log goes on, but its cursor has another entry or none.
    pub fn is_reused(&self, event: &Event) -> bool {
        let Event::Outcome {
            id,
            outcome: Outcome::Reset(ResetReason::EpochChanged),
            position: Some(position),
            ..
        } = event
        else {
            return false;
        };
        let at = self.reader(*id).and_then(|reader| reader.at);
        at.is_some_and(|at| at.epoch == position.epoch)
    }
}

fn unknown(id: u32) -> PromiseError {
    Promise::Outcome.broken(format!("an event of subscription {id}, which has ended"))
}
