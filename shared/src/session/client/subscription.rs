//! State of one subscription: position, latest request, and the check of each arriving entry (docs/protocol.md sections
//! 4 and 5.2).

use alloc::string::String;

use bytes::Bytes;

use super::ack::Acks;
use super::backlog::Backlog;
use super::value::Value;
use super::{Entry, KeptPosition, Subscription};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::position::{Cursor, Outcome, Position, ResetReason, StartAt, Tag, cursor_from_low_bits};
use crate::session::op::{ScopeRequest, Skipped, Subscribe};
use crate::session::wire::{Body, Content};

/// State of the latest request of a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Not requested on this connection.
    Detached,
    /// Requested; the outcome is awaited.
    Asked,
    /// Entries of this stream, on the channel of this wire id, are delivered.
    Reading { stream: u64, channel: u8 },
    /// Paused by back-pressure until the application has handled half of what it holds.
    Paused,
}

/// Progress of a request for the whole value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Repair {
    None,
    /// `whole` was sent.
    Asked,
    /// `whole` was sent, and a heartbeat has passed since.
    Overdue,
}

/// The reader of one stream.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) id: u32,
    /// Id in the latest request. Each request has a new one, so that an answer is never taken for another's.
    pub(super) wire_id: u32,
    pub(super) channel: String,
    pub(super) scope: ScopeRequest,
    start: StartAt,
    pub(super) stage: Stage,
    pub(super) mode: ChannelMode,
    /// The latest request named a position.
    named_position: bool,
    /// Position of the newest entry given to the application.
    pub(super) received: Option<Position>,
    /// Position of the newest entry that the application has handled.
    pub(super) handled: Option<Position>,
    pub(super) head: Cursor,
    /// Head at the latest outcome: entries up to it are replayed, not live.
    caught_up_at: Cursor,
    value: Option<Value>,
    pub(super) repair: Repair,
    /// Number of gaps in a row without an entry in between.
    pub(super) failed_refetches: u8,
    pub(super) acks: Acks,
    pub(super) backlog: Backlog,
    /// The position is kept in snapshots.
    keeps_position: bool,
}

/// The server's answer to a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) stream: u64,
    /// Wire id and mode of the subscription's channel.
    pub(super) channel: u8,
    pub(super) mode: ChannelMode,
    pub(super) position: Position,
    pub(super) head: Cursor,
}

/// An entry as it arrived.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) sequence: u32,
    pub(super) tag: Tag,
    pub(super) wants_ack: bool,
    pub(super) content: Content,
    pub(super) encoding: PayloadEncoding,
    pub(super) body: Body<'a>,
    pub(super) message: &'a Bytes,
    pub(super) wire_bytes: usize,
    pub(super) max_value_bytes: usize,
}

/// Classification of an entry by its cursor alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Next,
    /// Given to the application before.
    Repeat,
    /// Entries before it are missing.
    Gap,
}

/// Classification of an entry.
#[derive(Debug)]
pub(super) enum Verdict {
    Next(Entry),
    /// Given to the application before.
    Repeat,
    /// Entries before it are missing.
    Gap,
    /// A delta that cannot be applied; the value must be sent whole.
    Unusable,
    /// A delta on a log channel, which has none.
    Misplaced,
}

impl Reader {
    pub(super) fn new(id: u32, subscription: Subscription) -> Self {
        let Subscription {
            channel,
            scope,
            position,
            start,
            keeps_position,
        } = subscription;
        Self {
            id,
            wire_id: 0,
            channel,
            scope,
            start,
            stage: Stage::Detached,
            mode: ChannelMode::Log,
            named_position: false,
            received: position,
            handled: position,
            head: position.map_or(0, |position| position.cursor),
            caught_up_at: 0,
            value: None,
            repair: Repair::None,
            failed_refetches: 0,
            acks: Acks::default(),
            backlog: Backlog::default(),
            keeps_position,
        }
    }

    /// Returns whether a kept position would say where it begins.
    pub(super) const fn waits_for_position(&self) -> bool {
        self.keeps_position && self.handled.is_none() && self.received.is_none()
    }

    /// Sets the position after which it begins.
    pub(super) const fn begin_at(&mut self, position: Position) {
        self.received = Some(position);
        self.handled = Some(position);
        self.head = position.cursor;
    }

    /// Cursor to acknowledge, if the server waits for one.
    pub(super) fn ack_due(&self) -> Option<Cursor> {
        let handled = self.handled?.cursor;
        let is_reading = matches!(self.stage, Stage::Reading { .. });
        (is_reading && self.acks.is_due(handled)).then_some(handled)
    }

    /// Position for a snapshot; none for a state channel, since its value is not kept.
    pub(super) fn kept_position(&self) -> Option<KeptPosition> {
        if !self.keeps_position || self.mode == ChannelMode::State {
            return None;
        }
        Some(KeptPosition {
            channel: self.channel.clone(),
            scope: self.scope.clone(),
            position: self.handled?,
        })
    }

    /// Forgets the state of the connection that has ended.
    pub(super) fn detach(&mut self) {
        if self.stage != Stage::Paused {
            self.stage = Stage::Detached;
        }
    }

    pub(super) fn is_reading(&self, of: u64) -> bool {
        matches!(self.stage, Stage::Reading { stream, .. } if stream == of)
    }

    /// Makes a request for the stream under a new wire id.
    pub(super) fn request(&mut self, wire_id: u32) -> Subscribe {
        // The position of a state is good only together with its value.
        let names_position = self.mode != ChannelMode::State || self.value.is_some();
        let position = self.received.filter(|_| names_position);
        self.wire_id = wire_id;
        self.stage = Stage::Asked;
        self.named_position = position.is_some();
        self.repair = Repair::None;
        Subscribe {
            id: wire_id,
            channel: self.channel.clone(),
            scope: self.scope.clone(),
            position,
            start: self.start,
        }
    }

    /// Drops the value, so that no delta is applied to it.
    pub(super) fn forget_value(&mut self) {
        self.value = None;
    }

    /// Applies the server's answer. Returns the outcome for the application, and whether the value must be requested
    /// whole.
    pub(super) fn answered(&mut self, answer: Answer) -> (Outcome, bool) {
        self.stage = Stage::Reading {
            stream: answer.stream,
            channel: answer.channel,
        };
        self.mode = answer.mode;
        self.head = answer.head;
        self.caught_up_at = answer.head;
        self.repair = Repair::None;
        let outcome = self.verified(&answer);
        let reset = matches!(outcome, Outcome::Reset(_));
        if reset {
            self.value = None;
            self.handled = None;
            self.backlog.reset();
        }
        self.acks.start_over(reset);
        if reset || self.received.is_none() || !self.named_position {
            self.received = Some(answer.position);
        }
        let is_of_epoch = |handled: &Position| handled.epoch == answer.position.epoch;
        self.handled = self.handled.filter(is_of_epoch).or(Some(answer.position));
        let is_valueless = self.mode == ChannelMode::State && self.value.is_none();
        (outcome, is_valueless && self.named_position && !reset)
    }

    /// Checks that a `resumed` continues at this reader's position; otherwise it counts as a reset.
    fn verified(&self, answer: &Answer) -> Outcome {
        let (Some(own), true) = (self.received, self.named_position) else {
            return answer.outcome;
        };
        match answer.outcome {
            Outcome::Resumed { .. }
                if own.epoch != answer.position.epoch || own.cursor > answer.head =>
            {
                Outcome::Reset(ResetReason::EpochChanged)
            }
            Outcome::Resumed { .. }
                if own.cursor == answer.position.cursor
                    && own.tag.conflicts_with(answer.position.tag) =>
            {
                Outcome::Reset(ResetReason::EpochChanged)
            }
            Outcome::Resumed { .. } if own.cursor < answer.position.cursor => {
                Outcome::Reset(ResetReason::Expired)
            }
            Outcome::Resumed { .. } | Outcome::Reset(_) => answer.outcome,
        }
    }

    /// Classifies an entry by its cursor, before its body is read.
    pub(super) fn place(&self, cursor: Cursor) -> Place {
        let Some(received) = self.received.map(|received| received.cursor) else {
            return Place::Next;
        };
        match self.mode {
            // A reader without the value may get the entry at its position again, but no older one.
            ChannelMode::State if cursor == received && self.value.is_none() => Place::Next,
            _ if cursor <= received => Place::Repeat,
            ChannelMode::Log | ChannelMode::System if cursor != received + 1 => Place::Gap,
            ChannelMode::State | ChannelMode::Log | ChannelMode::System => Place::Next,
        }
    }

    /// Classifies an entry, and moves to it if it is the next one.
    pub(super) fn take(&mut self, arrival: &Arrival<'_>) -> Verdict {
        let Some(received) = self.received else {
            return Verdict::Gap;
        };
        let cursor = cursor_from_low_bits(arrival.sequence, received.cursor);
        match self.place(cursor) {
            Place::Next => {}
            // The server's log has lost the entry that the reader has: a new request gets the outcome.
            Place::Repeat
                if cursor == received.cursor && received.tag.conflicts_with(arrival.tag) =>
            {
                return Verdict::Gap;
            }
            Place::Repeat => return Verdict::Repeat,
            Place::Gap => return Verdict::Gap,
        }
        let body = match self.mode {
            ChannelMode::State => match self.take_value(cursor, arrival) {
                Some(body) => body,
                None => return Verdict::Unusable,
            },
            ChannelMode::Log | ChannelMode::System => {
                let Body::Whole(body) = arrival.body else {
                    return Verdict::Misplaced;
                };
                arrival.message.slice_ref(body)
            }
        };
        let position = Position {
            epoch: received.epoch,
            cursor,
            tag: arrival.tag,
        };
        self.received = Some(position);
        self.failed_refetches = 0;
        self.head = self.head.max(cursor);
        if arrival.wants_ack {
            self.acks.wanted(cursor);
        }
        self.backlog.push(position, body.len());
        Verdict::Next(Entry {
            id: self.id,
            position,
            content: arrival.content,
            encoding: arrival.encoding,
            body,
            wire_bytes: arrival.wire_bytes,
            replayed: cursor <= self.caught_up_at,
        })
    }

    /// Classifies entries that the server skips, and moves past them if they are the next ones. The application handles
    /// the statement in order, as if it were an entry.
    pub(super) fn skip(&mut self, skipped: &Skipped) -> Place {
        let Some(received) = self.received else {
            return Place::Gap;
        };
        if skipped.cursor <= received.cursor {
            return Place::Repeat;
        }
        if skipped.cursor - received.cursor != skipped.count {
            return Place::Gap;
        }
        let position = Position {
            epoch: received.epoch,
            cursor: skipped.cursor,
            tag: skipped.tag(),
        };
        self.received = Some(position);
        self.failed_refetches = 0;
        self.head = self.head.max(skipped.cursor);
        self.backlog.push(position, 0);
        Place::Next
    }

    /// Takes a state's next value; `None` when it is a delta that cannot be applied.
    fn take_value(&mut self, cursor: Cursor, arrival: &Arrival<'_>) -> Option<Bytes> {
        let next = match (&mut self.value, arrival.body) {
            (_, Body::Whole(body)) => Value::whole(cursor, body, arrival.message),
            (None, Body::Delta(..)) => return None,
            (Some(held), Body::Delta(header, ops)) => {
                held.apply(cursor, header, ops, arrival.max_value_bytes)?
            }
        };
        let bytes = next.bytes.clone();
        self.value = Some(next);
        self.repair = Repair::None;
        Some(bytes)
    }

    /// Applies a heartbeat's cursors: newest entry sent, newest entry of the log. Returns whether an entry was lost.
    /// `is_busy`: large entries are being sent, so a requested value may be late.
    pub(super) fn note_head(&mut self, sent: Cursor, head: Cursor, is_busy: bool) -> bool {
        self.head = self.head.max(head);
        let is_short = self.received.is_some_and(|received| received.cursor < sent);
        match self.repair {
            Repair::None => is_short,
            Repair::Asked | Repair::Overdue if is_busy => false,
            Repair::Asked => {
                self.repair = Repair::Overdue;
                false
            }
            Repair::Overdue => {
                self.forget_value();
                true
            }
        }
    }

    /// Records that everything up to this position was handled; a position of another epoch is ignored. Returns the
    /// number of newly handled entries.
    pub(super) fn handled_upto(&mut self, position: Position) -> u64 {
        if !self.backlog.handled(position) {
            return 0;
        }
        let Some(received) = self.received.filter(|own| own.epoch == position.epoch) else {
            return 0;
        };
        let upto = if position.cursor < received.cursor {
            position
        } else {
            received
        };
        let before = self.handled.map_or(0, |handled| handled.cursor);
        if upto.cursor <= before {
            return 0;
        }
        self.handled = Some(upto);
        upto.cursor - before
    }
}
