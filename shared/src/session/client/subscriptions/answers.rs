//! Handling of the server's answers to subscription requests.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Subscriptions, set_ack_timer};
use crate::channel::ChannelMode;
use crate::close::CloseReason;
use crate::position::{Cursor, Outcome, Position, ResetReason};
use crate::session::client::error::ConnectionError;
use crate::session::client::link::Link;
use crate::session::client::subscription::{Answer, Place, Reader, Repair, Stage};
use crate::session::client::{EndCause, Event};
use crate::session::op::{ChannelInfo, ClientOp, ErrorCode, Skipped, StreamHead};
use crate::time::Moment;

/// Requests for the same lost entries before the connection is given up. The retry schedule's delay then prevents a
/// loop of requests to a faulty server.
const FAILED_REFETCHES: u8 = 3;

/// An outcome after which reading continues.
#[derive(Clone, Copy, Debug)]
pub(in crate::session::client) struct Reading {
    pub(in crate::session::client) outcome: Outcome,
    pub(in crate::session::client) stream: u64,
    /// Position after which reading continues.
    pub(in crate::session::client) position: Position,
    pub(in crate::session::client) floor: Option<Cursor>,
    pub(in crate::session::client) head: Cursor,
}

impl Reading {
    /// A resume from this position, with the number of entries to catch up.
    pub(in crate::session::client) const fn resumed(
        stream: u64,
        position: Position,
        caught_up: u64,
    ) -> Self {
        Self {
            outcome: Outcome::Resumed { caught_up },
            stream,
            position,
            floor: None,
            head: position.cursor.saturating_add(caught_up),
        }
    }

    /// A reset to this position, with the log's floor and head.
    pub(in crate::session::client) const fn reset(
        reason: ResetReason,
        stream: u64,
        position: Position,
        (floor, head): (Cursor, Cursor),
    ) -> Self {
        Self {
            outcome: Outcome::Reset(reason),
            stream,
            position,
            floor: Some(floor),
            head,
        }
    }
}

impl Subscriptions {
    /// Handles an outcome after which the stream is read.
    pub(in crate::session::client) fn answered(
        &mut self,
        now: Moment,
        wire_id: u32,
        reading: Reading,
        channels: &[ChannelInfo],
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        let Reading {
            outcome,
            stream,
            position,
            floor,
            head,
        } = reading;
        let Some(at) = self.asked(wire_id) else {
            // The answer to a canceled request: its entries may arrive before the server has read the cancellation.
            self.leave_stream(stream, link);
            return Ok(());
        };
        let reader = &mut self.readers[at];
        let is_of = |channel: &&ChannelInfo| channel.name == reader.channel;
        let Some(channel) = channels.iter().find(is_of) else {
            let what = "an outcome on a channel that the server does not have";
            return Err(ConnectionError::protocol(what));
        };
        let (outcome, wants_value) = reader.answered(Answer {
            outcome,
            stream,
            channel: channel.id,
            mode: channel.mode,
            position,
            head,
        });
        let (id, position, mode) = (reader.id, reader.received, reader.mode);
        let is_ack_due = reader.ack_due().is_some();
        self.left_streams.retain(|&left| left != stream);
        self.forget_fragments(stream, link);
        link.event(Event::Outcome {
            id,
            outcome,
            position,
            floor,
            head,
            mode,
        });
        if wants_value {
            self.ask_whole(at, link);
        }
        if is_ack_due {
            set_ack_timer(now, link);
        }
        Ok(())
    }

    /// Handles a reset that ends the subscription.
    pub(in crate::session::client) fn reset_for_good(
        &mut self,
        wire_id: u32,
        reason: ResetReason,
        floor: Cursor,
        head: Cursor,
        link: &mut Link,
    ) {
        let Some(reader) = self.take_asked(wire_id, link) else {
            return;
        };
        link.event(Event::Outcome {
            id: reader.id,
            outcome: Outcome::Reset(reason),
            position: None,
            floor: Some(floor),
            head,
            mode: reader.mode,
        });
        let message = match reason {
            ResetReason::NotPermitted => "reading this stream is not permitted",
            ResetReason::StoreUnavailable => {
                "the stream's log cannot be read now, or a limit of streams is reached"
            }
            ResetReason::Expired | ResetReason::EpochChanged => "the stream has ended",
        };
        link.event(Event::Ended {
            id: reader.id,
            cause: EndCause::Reset(reason),
            message: message.into(),
            position: reader.handled,
        });
    }

    /// Handles the statement that the next entries of a log are not sent.
    pub(in crate::session::client) fn skipped(
        &mut self,
        skipped: Skipped,
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        let is_read = |&at: &usize| matches!(self.readers[at].stage, Stage::Reading { .. });
        let Some(at) = self.asked(skipped.id).filter(is_read) else {
            return Ok(());
        };
        if self.readers[at].mode == ChannelMode::State {
            let what = "entries of a state channel, which has only a newest one, skipped";
            return Err(ConnectionError::protocol(what));
        }
        match self.readers[at].skip(&skipped) {
            Place::Next => {}
            Place::Repeat => return Ok(()),
            Place::Gap => return self.read_again(at, link),
        }
        if let Stage::Reading { stream, .. } = self.readers[at].stage {
            self.forget_fragments(stream, link);
        }
        let reader = &self.readers[at];
        self.may_be_full |= reader.backlog.is_full(self.limits);
        if let Some(position) = reader.received {
            link.event(Event::Skipped {
                id: reader.id,
                count: skipped.count,
                position,
            });
        }
        Ok(())
    }

    /// Handles an error that ends a subscription.
    pub(in crate::session::client) fn ended(
        &mut self,
        wire_id: u32,
        code: ErrorCode,
        message: String,
        link: &mut Link,
    ) {
        if let Some(reader) = self.take_asked(wire_id, link) {
            link.event(Event::Ended {
                id: reader.id,
                cause: EndCause::Error(code),
                message,
                position: reader.handled,
            });
        }
    }

    /// Handles a heartbeat's cursors of one stream.
    pub(in crate::session::client) fn note_head(
        &mut self,
        head: StreamHead,
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        let is_of = |reader: &Reader| reader.is_reading(head.stream);
        let is_busy = !self.fragments.is_empty();
        if let Some(at) = self.readers.iter().position(is_of)
            && self.readers[at].note_head(head.sent, head.head, is_busy)
        {
            return self.read_again(at, link);
        }
        Ok(())
    }

    /// Requests lost entries again, from the reader's position.
    pub(super) fn read_again(&mut self, at: usize, link: &mut Link) -> Result<(), ConnectionError> {
        link.outputs.stats.gaps += 1;
        let reader = &mut self.readers[at];
        reader.failed_refetches += 1;
        if reader.failed_refetches > FAILED_REFETCHES {
            reader.failed_refetches = 0;
            let what = "the same entries are missing again and again";
            return Err(ConnectionError::new(CloseReason::OutOfSequence, what));
        }
        let (stage, old) = (reader.stage, reader.wire_id);
        reader.stage = Stage::Detached;
        self.leave(stage, link);
        link.send(&ClientOp::Unsubscribe(Vec::from([old])));
        self.request_all(link);
        Ok(())
    }

    /// The reader whose latest request has this wire id.
    fn asked(&self, wire_id: u32) -> Option<usize> {
        let is_of = |reader: &Reader| {
            matches!(reader.stage, Stage::Asked | Stage::Reading { .. })
                && reader.wire_id == wire_id
        };
        self.readers.iter().position(is_of)
    }

    /// Returns whether an error of the server means only that it ended a subscription just before it read an op
    /// about it.
    pub(in crate::session::client) const fn is_crossing(&mut self, code: ErrorCode) -> bool {
        let is_crossing = matches!(code, ErrorCode::BadSubscription) && self.crossed_ops > 0;
        if is_crossing {
            self.crossed_ops -= 1;
        }
        is_crossing
    }

    /// Removes the reader that the server has ended; `None` if its request was taken back.
    fn take_asked(&mut self, wire_id: u32, link: &mut Link) -> Option<Reader> {
        let Some(at) = self.asked(wire_id) else {
            self.crossed_ops = self.crossed_ops.saturating_add(1);
            return None;
        };
        let reader = self.readers.swap_remove(at);
        self.crossed_ops += u32::from(reader.repair != Repair::None);
        self.leave(reader.stage, link);
        self.keep(&reader);
        Some(reader)
    }
}
