//! All subscriptions of a session: what is asked of the server, and its answers (docs/protocol.md section 5.2).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::connection::Phase;
use super::subscription::{Answer, Reader, Stage};
use super::timer::Timer;
use super::{ClientSession, EndCause, Event, SubscribeError, Subscription};
use crate::close::CloseReason;
use crate::limits::{ACK_DELAY, MAX_TOPIC_BYTES, SUBSCRIPTIONS};
use crate::position::{Cursor, Outcome, Position, ResetReason};
use crate::session::op::{ClientOp, ErrorCode, ScopeRequest, StreamHead, Subscribe};
use crate::time::Moment;

/// Requests for the same lost entries before the connection is given up: a new one, after the retry schedule's
/// delay, keeps a faulty server from being asked in a loop.
const FAILED_REFETCHES: u8 = 3;

impl ClientSession {
    pub(super) fn reader(&self, id: u32) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.id == id)
    }

    pub(super) fn add_reader(&mut self, subscription: Subscription) -> Result<u32, SubscribeError> {
        if let ScopeRequest::Topic(topic) = &subscription.scope
            && !(1..=MAX_TOPIC_BYTES).contains(&topic.len())
        {
            return Err(SubscribeError::BadTopic);
        }
        if self.readers.len() >= SUBSCRIPTIONS {
            return Err(SubscribeError::TooMany);
        }
        let is_same = |reader: &&Reader| {
            reader.channel == subscription.channel && reader.scope == subscription.scope
        };
        if let Some(reader) = self.readers.iter().find(is_same) {
            return Err(SubscribeError::Duplicate(reader.id));
        }
        self.last_id = self.last_id.wrapping_add(1);
        self.readers.push(Reader::new(self.last_id, subscription));
        if self.connection.phase == Phase::Ready {
            self.subscribe_detached();
        }
        Ok(self.last_id)
    }

    /// Stops a reader; what the server sends before it knows is ignored.
    pub(super) fn remove_reader(&mut self, id: u32) {
        let Some(at) = self.readers.iter().position(|reader| reader.id == id) else {
            return;
        };
        let reader = self.readers.swap_remove(at);
        match reader.stage {
            Stage::Detached => {}
            Stage::Asked if self.connection.phase != Phase::Ready => {
                self.cancelled_requests.push(reader.wire_id);
            }
            Stage::Asked | Stage::Reading { .. } => {
                self.leave(reader.stage);
                self.send_op(&ClientOp::Unsubscribe(vec![reader.wire_id]));
            }
        }
    }

    /// Remembers a stream whose entries may still be on their way.
    fn leave(&mut self, stage: Stage) {
        if let Stage::Reading { stream, .. } = stage {
            self.leave_stream(stream);
        }
    }

    fn leave_stream(&mut self, stream: u64) {
        self.give_up(stream);
        self.left_streams.retain(|&left| left != stream);
        if self.left_streams.len() >= SUBSCRIPTIONS {
            self.left_streams.remove(0);
        }
        self.left_streams.push(stream);
    }

    /// Makes the requests of all readers that have none on this connection.
    pub(super) fn request_detached(&mut self) -> Vec<Subscribe> {
        let mut requests = Vec::new();
        for reader in &mut self.readers {
            if reader.stage == Stage::Detached {
                self.last_wire_id = self.last_wire_id.wrapping_add(1);
                requests.push(reader.request(self.last_wire_id));
            }
        }
        requests
    }

    fn subscribe_detached(&mut self) {
        let requests = self.request_detached();
        if !requests.is_empty() {
            self.send_op(&ClientOp::Subscribe(requests));
        }
    }

    /// Makes good what the application changed while the handshake was on its way.
    pub(super) fn settle_subscriptions(&mut self) {
        let cancelled_requests = core::mem::take(&mut self.cancelled_requests);
        if !cancelled_requests.is_empty() {
            self.send_op(&ClientOp::Unsubscribe(cancelled_requests));
        }
        self.subscribe_detached();
    }

    /// Entries were lost: asks again from where the reader stands.
    pub(super) fn read_again(&mut self, now: Moment, at: usize) {
        self.outputs.stats.gaps += 1;
        let reader = &mut self.readers[at];
        reader.failed_refetches += 1;
        if reader.failed_refetches > FAILED_REFETCHES {
            reader.failed_refetches = 0;
            let what = "the same entries are missing again and again";
            return self.fail(now, CloseReason::OutOfSequence, what);
        }
        let (stage, old) = (reader.stage, reader.wire_id);
        reader.stage = Stage::Detached;
        self.leave(stage);
        self.send_op(&ClientOp::Unsubscribe(vec![old]));
        self.subscribe_detached();
    }

    pub(super) fn heads_heard(&mut self, now: Moment, head: StreamHead) {
        let is_of = |reader: &Reader| reader.is_reading(head.stream);
        let is_busy = !self.fragments.is_empty();
        if let Some(at) = self.readers.iter().position(is_of)
            && self.readers[at].heard(head.sent, head.head, is_busy)
        {
            self.read_again(now, at);
        }
    }

    pub(super) fn resumed(
        &mut self,
        now: Moment,
        wire_id: u32,
        stream: u64,
        position: Position,
        caught_up: u64,
    ) {
        let head = position.cursor.saturating_add(caught_up);
        let outcome = Outcome::Resumed { caught_up };
        self.answered(now, wire_id, outcome, (stream, position), None, head);
    }

    pub(super) fn reset(
        &mut self,
        now: Moment,
        wire_id: u32,
        reason: ResetReason,
        reading: Option<(u64, Position)>,
        floor: Cursor,
        head: Cursor,
    ) {
        let outcome = Outcome::Reset(reason);
        if let Some(reading) = reading {
            return self.answered(now, wire_id, outcome, reading, Some(floor), head);
        }
        let Some(reader) = self.take_reader(wire_id) else {
            return;
        };
        self.outputs.event(Event::Outcome {
            id: reader.id,
            outcome,
            position: None,
            floor: Some(floor),
            head,
            mode: reader.mode,
        });
        let message = match reason {
            ResetReason::NotPermitted => "reading this stream is not permitted",
            ResetReason::StoreUnavailable => "the stream's log cannot be read now",
            ResetReason::Expired | ResetReason::EpochChanged => "the stream has ended",
        };
        self.outputs.event(Event::Ended {
            id: reader.id,
            cause: EndCause::Reset(reason),
            message: message.into(),
            position: reader.handled,
        });
    }

    fn answered(
        &mut self,
        now: Moment,
        wire_id: u32,
        outcome: Outcome,
        (stream, position): (u64, Position),
        floor: Option<Cursor>,
        head: Cursor,
    ) {
        let is_of = |reader: &Reader| reader.stage != Stage::Detached && reader.wire_id == wire_id;
        let Some(at) = self.readers.iter().position(is_of) else {
            // The answer to a request that was taken back: its entries may come before the server knows.
            return self.leave_stream(stream);
        };
        let reader = &mut self.readers[at];
        let Some(channel) = self.server.channel(&reader.channel) else {
            let what = "an outcome on a channel that the server does not have";
            return self.fail(now, CloseReason::ProtocolError, what);
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
        self.left_streams.retain(|&left| left != stream);
        self.give_up(stream);
        self.outputs.event(Event::Outcome {
            id,
            outcome,
            position,
            floor,
            head,
            mode,
        });
        if wants_value {
            self.ask_whole(at);
        }
        if self.timers.get(Timer::Ack).is_none() && self.readers[at].ack_due().is_some() {
            self.timers.set(Timer::Ack, now + ACK_DELAY);
        }
    }

    /// The server ended a subscription because the request was wrong.
    pub(super) fn ended(&mut self, wire_id: u32, code: ErrorCode, message: String) {
        if let Some(reader) = self.take_reader(wire_id) {
            self.outputs.event(Event::Ended {
                id: reader.id,
                cause: EndCause::Error(code),
                message,
                position: reader.handled,
            });
        }
    }

    fn take_reader(&mut self, wire_id: u32) -> Option<Reader> {
        let is_of = |reader: &Reader| reader.stage != Stage::Detached && reader.wire_id == wire_id;
        let at = self.readers.iter().position(is_of)?;
        let reader = self.readers.swap_remove(at);
        self.leave(reader.stage);
        Some(reader)
    }
}
