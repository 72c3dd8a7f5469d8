//! Selection of the next message of a connection.
//!
//! Control ops go first; then readers, lane by lane. A reader is a cursor: what it delivers is read from its
//! stream's log when the transport asks for bytes, so live delivery, replay and catching up use the same code.

mod fragment_slots;
mod lanes;
mod reader;
mod skip;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fragment_slots::FragmentSlots;
use lanes::Lanes;
use push_wire_broker::ReadError;
use push_wire_shared::position::{Bounds, Cursor, Position, StreamKey};
use push_wire_shared::session::op::StreamHead;
use push_wire_shared::time::Moment;
use reader::{NextStep, PullBudget, Reader};

use crate::carrier::Carrier;
use crate::dialect::Codec;
use crate::hub::{ConnectionWaker, OpenStream, Stream, Subscriber};

/// Reason for which a reader does not continue with the next entry, for the session.
#[derive(Debug)]
pub(crate) enum ReaderError {
    /// Retention has passed it.
    Overrun { id: u32, bounds: Bounds },
    /// It is too far behind, and continues `count` entries after the last one that it was sent.
    Skipped {
        id: u32,
        count: u64,
        to: Position,
        bounds: Bounds,
    },
    /// Its log cannot be read.
    Unreadable { id: u32 },
    /// Its next entry is above the client's limit.
    TooLarge { id: u32, bytes: usize, limit: usize },
}

/// Result of a pull for one connection.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pulled {
    /// Number of messages passed to the carrier.
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) entries: u64,
    pub(crate) deltas: u64,
}

/// The readers and lanes of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    connection: Arc<ConnectionWaker>,
    waker: Waker,
    readers: Vec<Option<Reader>>,
    lanes: Lanes,
    fragment_slots: FragmentSlots,
    woken: Vec<u32>,
    /// Slots of readers whose logs are not ready.
    waiting: Vec<u32>,
}

impl Outbox {
    pub(crate) fn new(connection: Arc<ConnectionWaker>) -> Self {
        let waker = Waker::from(Arc::clone(&connection));
        Self {
            connection,
            waker,
            readers: Vec::new(),
            lanes: Lanes::default(),
            fragment_slots: FragmentSlots::default(),
            woken: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Adds a reader of a stream after a cursor.
    pub(crate) fn read(&mut self, id: u32, stream: OpenStream, after: Cursor, has_base: bool) {
        let free = self.readers.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.readers.len());
        let Ok(name) = u32::try_from(slot) else {
            return;
        };
        let subscriber = Arc::new(Subscriber::new(name, Arc::clone(&self.connection)));
        // Subscribed before the first read, which therefore includes entries that are published in between.
        stream.add_reader(Arc::clone(&subscriber));
        let reader = Reader::new(id, stream, subscriber, after, has_base);
        if slot == self.readers.len() {
            if slot == 0 {
                // Most connections read few streams, and a first push makes room for four.
                self.readers.reserve_exact(1);
            }
            self.readers.push(Some(reader));
        } else {
            self.readers[slot] = Some(reader);
        }
        self.queue(name);
    }

    /// Removes a reader.
    pub(crate) fn stop(&mut self, id: u32) {
        let Some(slot) = self.slot_of(id) else {
            return;
        };
        // It may still be queued: an empty slot is passed over there, and so is a reused one whose reader is not queued.
        let reader = usize::try_from(slot).ok();
        let reader = reader.and_then(|slot| self.readers.get_mut(slot)?.take());
        if let Some(reader) = reader {
            self.release_fragment_slot(reader.stream.lane(), slot);
        }
    }

    /// Sends the stream's value whole next time.
    pub(crate) fn whole(&mut self, id: u32) {
        if let Some(slot) = self.slot_of(id) {
            if let Some(reader) = self.reader(slot) {
                reader.want_whole();
            }
            self.queue(slot);
        }
    }

    /// Moves a reader to the cursor of a reset.
    pub(crate) fn seek(&mut self, id: u32, after: Cursor) {
        if let Some(slot) = self.slot_of(id) {
            if let Some(reader) = self.reader(slot) {
                reader.seek(after);
                let lane = reader.stream.lane();
                self.release_fragment_slot(lane, slot);
            }
            self.queue(slot);
        }
    }

    /// The stream that a subscription reads.
    pub(crate) fn stream(&self, id: u32) -> Option<&Stream> {
        self.readers
            .iter()
            .flatten()
            .find(|reader| reader.id == id)
            .map(|reader| &**reader.stream)
    }

    /// Ids of the subscriptions that read a stream of which this holds.
    pub(crate) fn subscriptions(&self, holds: impl Fn(&StreamKey) -> bool) -> Vec<u32> {
        let readers = self.readers.iter().flatten();
        let found = readers.filter(|reader| holds(reader.stream.key()));
        found.map(|reader| reader.id).collect()
    }

    /// Wire ids of the channels that are read, each as often as it has readers.
    pub(crate) fn channels(&self) -> impl Iterator<Item = u8> {
        let readers = self.readers.iter().flatten();
        readers.map(|reader| reader.stream.channel())
    }

    /// Wire ids of the channels of which entries wait to be sent, each as often as it has readers that are behind.
    #[cfg(feature = "__internals")]
    pub(crate) fn channels_waiting(&self, now: Moment) -> impl Iterator<Item = u8> {
        let readers = self.readers.iter().flatten();
        let behind = readers.filter(move |reader| reader.is_behind(now));
        behind.map(|reader| reader.stream.channel())
    }

    fn slot_of(&self, id: u32) -> Option<u32> {
        let slot = self
            .readers
            .iter()
            .position(|r| r.as_ref().is_some_and(|r| r.id == id))?;
        u32::try_from(slot).ok()
    }

    fn reader(&mut self, slot: u32) -> Option<&mut Reader> {
        self.readers.get_mut(usize::try_from(slot).ok()?)?.as_mut()
    }

    fn queue(&mut self, slot: u32) {
        let Some(reader) = self.reader(slot) else {
            return;
        };
        if !std::mem::replace(&mut reader.queued, true) {
            let lane = reader.stream.lane();
            self.lanes.push(lane, slot);
        }
    }

    /// Frees a reader's fragment slot, and queues the readers that waited for it.
    fn release_fragment_slot(&mut self, lane: usize, slot: u32) {
        let waiting = self.fragment_slots.release(lane, slot);
        waiting.into_iter().for_each(|slot| self.queue(slot));
    }

    /// Returns whether readers are queued.
    pub(crate) fn has_queued(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Queues the readers whose streams have changed.
    pub(crate) fn collect_woken(&mut self) {
        let mut woken = std::mem::take(&mut self.woken);
        self.connection.take_slots(&mut woken);
        if self.connection.take_again() {
            woken.append(&mut self.waiting);
        }
        for slot in woken.drain(..) {
            if let Some(reader) = self.reader(slot) {
                reader.subscriber.lower();
            }
            self.queue(slot);
        }
        self.woken = woken;
    }

    /// Pulls the next message: the ops that `codec` holds, then entries until `batch_bytes`, or one fragment.
    pub(crate) fn pull(
        &mut self,
        now: Moment,
        codec: &mut Codec,
        batch_bytes: usize,
        out: &mut dyn Carrier,
        errors: &mut Vec<ReaderError>,
    ) -> Pulled {
        let waker = self.waker.clone();
        let mut cx = Context::from_waker(&waker);
        let mut pulled = Pulled {
            bytes: codec.pending_bytes(),
            ..Pulled::default()
        };
        while pulled.bytes < batch_bytes {
            let Some(slot) = self.lanes.pop() else { break };
            let Some(lane) = self.reader(slot).map(|reader| reader.stream.lane()) else {
                continue;
            };
            let budget = PullBudget {
                room: batch_bytes - pulled.bytes,
                has_slot: self.fragment_slots.is_free(lane),
            };
            let Some(reader) = self.reader(slot).filter(|reader| reader.queued) else {
                continue;
            };
            reader.queued = false;
            match reader.pull(&mut cx, now, budget, codec) {
                Poll::Ready(Ok(step)) => {
                    pulled.bytes += step.bytes;
                    pulled.entries += step.entries;
                    pulled.deltas += step.deltas;
                    errors.extend(reader.error(now, step.then));
                    self.lanes.charge(lane, step.bytes);
                    if !self.go_on(slot, lane, step.then) {
                        break;
                    }
                }
                Poll::Ready(Err(error)) => {
                    let (id, bounds) = (reader.id, reader.stream.log().bounds(now));
                    errors.push(match error {
                        ReadError::Expired => ReaderError::Overrun { id, bounds },
                        ReadError::Unavailable => ReaderError::Unreadable { id },
                    });
                }
                Poll::Pending => self.waiting.push(slot),
            }
        }
        pulled.messages = codec.finish(out);
        pulled
    }

    /// Queues a reader as its pull result requires; returns whether the message may take more.
    fn go_on(&mut self, slot: u32, lane: usize, then: NextStep) -> bool {
        let is_under_way = self
            .reader(slot)
            .is_some_and(|reader| reader.is_under_way());
        if is_under_way {
            self.fragment_slots.take(lane, slot);
        } else {
            self.release_fragment_slot(lane, slot);
        }
        match then {
            NextStep::Rest | NextStep::TooLarge { .. } | NextStep::Skip { .. } => {}
            NextStep::More | NextStep::Fragment => self.queue(slot),
            NextStep::Wait => self.fragment_slots.wait(lane, slot),
            NextStep::Full => {
                if let Some(reader) = self.reader(slot) {
                    reader.queued = true;
                }
                self.lanes.push_front(lane, slot);
            }
        }
        !matches!(then, NextStep::Fragment | NextStep::Full)
    }

    /// Cursors for a heartbeat, of the streams whose sent cursor or head changed since the last one. A reader that is
    /// behind and not queued is queued, so that a lost wake-up delays entries until the next heartbeat at most.
    pub(crate) fn heads(&mut self, now: Moment) -> Vec<StreamHead> {
        let mut heads = Vec::new();
        let mut behind = Vec::new();
        for (slot, reader) in (0u32..).zip(&mut self.readers) {
            let Some(reader) = reader else { continue };
            let (head, changed) = reader.head(now);
            if head.head > head.sent {
                behind.push(slot);
            }
            if changed {
                heads.push(head);
            }
        }
        behind.into_iter().for_each(|slot| self.queue(slot));
        heads
    }
}
