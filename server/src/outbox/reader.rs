//! Reader of one stream for one connection: a cursor into the stream's log.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use push_wire_broker::{Entry, ReadError};
use push_wire_shared::position::{Cursor, Position};
use push_wire_shared::session::op::StreamHead;
use push_wire_shared::time::Moment;

use super::ReaderError;
use super::skip::skip_target;
use crate::dialect::{Added, Codec, Fragments};
use crate::hub::{OpenStream, Subscriber};

/// Reads one stream for one connection.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) id: u32,
    pub(super) stream: OpenStream,
    pub(super) subscriber: Arc<Subscriber>,
    /// True if its slot is in a lane.
    pub(super) queued: bool,
    /// Newest cursor sent.
    after: Cursor,
    /// The next entry, while it is being sent in fragments.
    transfer: Option<Transfer>,
    /// The client holds the value of entry `after`.
    has_base: bool,
    /// Send the next value whole, even if it was sent before.
    whole: bool,
    /// Cursors of the last heartbeat.
    last_reported: (Cursor, Cursor),
}

/// An entry that is being sent in fragments.
#[derive(Debug)]
struct Transfer {
    fragments: Fragments,
    cursor: Cursor,
    is_delta: bool,
}

/// Limits of one pull.
#[derive(Clone, Copy, Debug)]
pub(super) struct PullBudget {
    /// Bytes left in the message.
    pub(super) room: usize,
    /// True if the lane's fragment slot is free.
    pub(super) has_slot: bool,
}

/// Result of one pull.
#[derive(Debug)]
pub(super) struct PullResult {
    pub(super) bytes: usize,
    pub(super) entries: u64,
    pub(super) deltas: u64,
    pub(super) then: NextStep,
}

/// State of a reader after a pull.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NextStep {
    /// No more entries.
    Rest,
    /// There may be more entries to read now.
    More,
    /// The next entry needs another message.
    Full,
    /// The message is a fragment.
    Fragment,
    /// The next entry is large, and another large entry of the lane is being sent.
    Wait,
    /// The next entry is above the client's limit.
    TooLarge { bytes: usize, limit: usize },
    /// The reader is too far behind: it continues after this cursor once the client is notified.
    Skip { to: Cursor },
}

impl PullResult {
    const fn nothing(then: NextStep) -> Self {
        Self {
            bytes: 0,
            entries: 0,
            deltas: 0,
            then,
        }
    }
}

impl Reader {
    pub(super) fn new(
        id: u32,
        stream: OpenStream,
        subscriber: Arc<Subscriber>,
        after: Cursor,
        has_base: bool,
    ) -> Self {
        let last_reported = (after, after);
        Self {
            id,
            stream,
            subscriber,
            queued: false,
            after,
            transfer: None,
            has_base,
            whole: false,
            last_reported,
        }
    }

    /// Returns whether an entry is being sent in fragments.
    pub(super) fn is_under_way(&self) -> bool {
        self.transfer.is_some()
    }

    /// Returns whether there are entries that it has not sent.
    #[cfg(feature = "__internals")]
    pub(super) fn is_behind(&self, now: Moment) -> bool {
        self.after < self.stream.log().bounds(now).head
    }

    pub(super) fn want_whole(&mut self) {
        // A value that is being sent whole is the one requested.
        let comes = |transfer: &Transfer| !transfer.is_delta;
        self.whole = !self.transfer.as_ref().is_some_and(comes);
    }

    pub(super) fn seek(&mut self, after: Cursor) {
        self.after = after;
        self.transfer = None;
        self.has_base = false;
    }

    pub(super) fn pull(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        budget: PullBudget,
        codec: &mut Codec,
    ) -> Poll<Result<PullResult, ReadError>> {
        if let Some(transfer) = self.transfer.take() {
            Poll::Ready(Ok(self.pull_fragment(transfer, codec)))
        } else if self.stream.is_state() {
            self.pull_state(cx, now, budget, codec)
        } else {
            self.pull_log(cx, now, budget, codec)
        }
    }

    /// The reason for which it does not continue with the next entry, if a pull gave one.
    pub(super) fn error(&self, now: Moment, then: NextStep) -> Option<ReaderError> {
        let id = self.id;
        match then {
            NextStep::TooLarge { bytes, limit } => Some(ReaderError::TooLarge { id, bytes, limit }),
            NextStep::Skip { to } => {
                let bounds = self.stream.log().bounds(now);
                let tag = self.stream.log().tag(to);
                Some(ReaderError::Skipped {
                    id,
                    count: to - self.after,
                    to: Position {
                        epoch: bounds.epoch,
                        cursor: to,
                        tag,
                    },
                    bounds,
                })
            }
            NextStep::Rest
            | NextStep::More
            | NextStep::Full
            | NextStep::Fragment
            | NextStep::Wait => None,
        }
    }

    /// Pulls the next fragment of the entry being sent. It is a message of its own, since a client reads a message only
    /// when all of it has arrived.
    fn pull_fragment(&mut self, mut transfer: Transfer, codec: &mut Codec) -> PullResult {
        if codec.pending_bytes() > 0 {
            self.transfer = Some(transfer);
            return PullResult::nothing(NextStep::Full);
        }
        let (fragment, is_last) = transfer.fragments.take();
        let mut step = PullResult {
            bytes: fragment.len(),
            ..PullResult::nothing(NextStep::Fragment)
        };
        codec.fragment(fragment);
        if is_last {
            step.entries = 1;
            step.deltas = u64::from(transfer.is_delta);
            self.after = transfer.cursor;
            self.has_base = true;
        } else {
            self.transfer = Some(transfer);
        }
        step
    }

    /// Pulls the entries of a log, in order.
    fn pull_log(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        budget: PullBudget,
        codec: &mut Codec,
    ) -> Poll<Result<PullResult, ReadError>> {
        let mut entries = Vec::new();
        let log = self.stream.log();
        if let Some(max) = self.stream.max_lag()
            && let Some(to) = skip_target(log, now, self.after, max)
        {
            return Poll::Ready(Ok(PullResult::nothing(NextStep::Skip { to })));
        }
        ready!(log.poll_read(cx, now, self.after, budget.room, &mut entries))?;
        let mut step = PullResult::nothing(if entries.is_empty() {
            NextStep::Rest
        } else {
            NextStep::More
        });
        for entry in &entries {
            let room = budget.room.saturating_sub(step.bytes);
            let added = codec.entry(&self.stream, entry, room);
            let Some(bytes) = self.added(added, entry, false, budget, &mut step) else {
                break;
            };
            step.bytes += bytes;
            step.entries += 1;
            self.after = entry.cursor;
        }
        Poll::Ready(Ok(step))
    }

    /// Pulls the newest value of a state, as a delta if the client has a base and the delta is smaller.
    fn pull_state(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        budget: PullBudget,
        codec: &mut Codec,
    ) -> Poll<Result<PullResult, ReadError>> {
        let mut step = PullResult::nothing(NextStep::Rest);
        let base = (self.has_base && !self.whole).then_some(self.after);
        let newest = ready!(self.stream.log().poll_newest(cx, now, base))?;
        let Some(entry) = newest.entry else {
            return Poll::Ready(Ok(step));
        };
        if entry.cursor <= self.after && !self.whole {
            return Poll::Ready(Ok(step));
        }
        let base = newest.base.as_deref();
        let delta = base.and_then(|base| codec.delta(&self.stream, base, &entry, budget.room));
        let is_delta = delta.is_some();
        let added = delta.unwrap_or_else(|| codec.entry(&self.stream, &entry, budget.room));
        if let Some(bytes) = self.added(added, &entry, is_delta, budget, &mut step) {
            step.bytes = bytes;
            step.entries = 1;
            step.deltas = u64::from(is_delta);
            self.after = entry.cursor;
            self.has_base = true;
            self.whole = false;
        }
        Poll::Ready(Ok(step))
    }

    /// The size of an entry that was added, in bytes; for one that was not, sets `step`.
    fn added(
        &mut self,
        added: Added,
        entry: &Entry,
        is_delta: bool,
        budget: PullBudget,
        step: &mut PullResult,
    ) -> Option<usize> {
        step.then = match added {
            Added::Bytes(bytes) => return Some(bytes),
            Added::Full => NextStep::Full,
            Added::Large(_) if !budget.has_slot => NextStep::Wait,
            Added::Large(fragments) => {
                self.transfer = Some(Transfer {
                    fragments,
                    cursor: entry.cursor,
                    is_delta,
                });
                self.whole = false;
                NextStep::More
            }
            Added::TooLarge { bytes, limit } => NextStep::TooLarge { bytes, limit },
        };
        None
    }

    /// Returns this stream's cursors for a heartbeat, and whether they differ from the last one's.
    pub(super) fn head(&mut self, now: Moment) -> (StreamHead, bool) {
        let head = self.stream.log().bounds(now).head;
        let changed =
            std::mem::replace(&mut self.last_reported, (self.after, head)) != (self.after, head);
        (
            StreamHead {
                stream: self.stream.number(),
                sent: self.after,
                head,
            },
            changed,
        )
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stream.remove_reader(&self.subscriber);
    }
}
