//! What the server says, frame by frame.

use alloc::string::String;
use core::time::Duration;

use super::connection::{Farewell, Phase};
use super::subscription::{Arrival, Repair, Stage, Verdict};
use super::{Cause, ClientSession, Event, SharedBytes};
use crate::close::CloseReason;
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::session::op::{ClientOp, ErrorCode, OpError, ServerOp};
use crate::session::wire::{Body, EntryHeader, Records};
use crate::time::Moment;

impl ClientSession {
    /// Takes one message. What follows a fault in it is left unread: it comes again on the next connection.
    pub(super) fn received_message(&mut self, now: Moment, message: &SharedBytes) {
        if matches!(self.connection.phase, Phase::Connecting) {
            return;
        }
        self.outputs.stats.messages_in += 1;
        self.outputs.stats.bytes_in += message.len() as u64;
        self.expect_word(now);
        if message.len() > self.config.max_message_bytes {
            let reason = CloseReason::MessageTooLarge;
            return self.fail(now, reason, "the server's message is above the size limit");
        }
        for record in Records::new(message) {
            match record {
                Ok((header, payload)) => self.frame(now, header, payload, message),
                Err(fault) => self.fail(now, CloseReason::ProtocolError, fault.0),
            }
            if !self.connection.is_live() {
                return;
            }
        }
    }

    fn frame(&mut self, now: Moment, header: FrameHeader, payload: &[u8], message: &SharedBytes) {
        let system = *self.connection.link.system.get_or_insert(header.channel);
        match (header.channel == system, header.flags.fragmented) {
            (true, false) => self.control(now, header, payload),
            (false, false) => {
                let wire_bytes = FRAME_HEADER_LEN + payload.len();
                self.entry(now, header, payload, message, wire_bytes);
            }
            (false, true) => self.fragment(now, header, payload),
            (true, true) => {
                let what = "a control frame in fragments";
                self.fail(now, CloseReason::ProtocolError, what);
            }
        }
    }

    fn control(&mut self, now: Moment, header: FrameHeader, payload: &[u8]) {
        if header.flags.compressed {
            let what = "a compressed control frame";
            return self.fail(now, CloseReason::ProtocolError, what);
        }
        let link = &mut self.connection.link;
        if header.sequence != link.next_in {
            let reason = CloseReason::OutOfSequence;
            return self.fail(now, reason, reason.text());
        }
        link.next_in = header.sequence.wrapping_add(1);
        match ServerOp::decode(payload) {
            Ok(op) if self.connection.phase == Phase::Ready => self.op(now, op),
            Ok(op) => self.op_before_welcome(now, op),
            Err(OpError::Unknown(op)) => {
                let message =
                    String::from("the server sent an op that this client does not know: ") + &op;
                self.complain(ErrorCode::BadOp, message);
            }
            Err(OpError::Malformed(_)) => {
                let what = "a control frame that is not the MessagePack of its op";
                self.fail(now, CloseReason::ProtocolError, what);
            }
            Err(OpError::Invalid { .. }) => {
                let what = "a control frame whose fields are not those of its op";
                self.fail(now, CloseReason::ProtocolError, what);
            }
        }
    }

    fn op_before_welcome(&mut self, now: Moment, op: ServerOp) {
        match op {
            ServerOp::AuthOk(welcome) => self.welcomed(now, welcome),
            ServerOp::Error { code, message, .. } => self.complain(code, message),
            ServerOp::Goodbye {
                code,
                message,
                retry_ms,
            } => self.goodbye(now, code, message, retry_ms),
            ServerOp::Resumed { .. }
            | ServerOp::Reset { .. }
            | ServerOp::Received { .. }
            | ServerOp::Rejected { .. }
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Pong => {
                let what = "the server's first word was not auth_ok";
                self.fail(now, CloseReason::ProtocolError, what);
            }
        }
    }

    fn op(&mut self, now: Moment, op: ServerOp) {
        match op {
            ServerOp::AuthOk(_) => {
                self.fail(now, CloseReason::ProtocolError, "a second auth_ok");
            }
            ServerOp::Resumed {
                id,
                stream,
                position,
                caught_up,
            } => self.resumed(now, id, stream, position, caught_up),
            ServerOp::Reset {
                id,
                reason,
                reading,
                floor,
                head,
            } => self.reset(now, id, reason, reading, floor, head),
            ServerOp::Error { code, message, id } => match id {
                Some(wire_id) => self.ended(wire_id, code, message),
                None => self.complain(code, message),
            },
            ServerOp::Received { upto } => self.uplink.taken(upto, &mut self.outputs),
            ServerOp::Rejected(rejection) => self.uplink.rejected(rejection, &mut self.outputs),
            ServerOp::Dictionary(info) => self.dictionary_named(info),
            ServerOp::Ping { heads } => {
                self.send_op(&ClientOp::Pong);
                for head in heads {
                    self.heads_heard(now, head);
                }
            }
            ServerOp::Pong => {}
            ServerOp::Goodbye {
                code,
                message,
                retry_ms,
            } => self.goodbye(now, code, message, retry_ms),
        }
    }

    /// The server announces its close; the entries before it are still to come.
    fn goodbye(&mut self, now: Moment, code: u16, message: String, retry_ms: Option<u64>) {
        self.connection.farewell = Some(Farewell {
            cause: Cause {
                code: Some(code),
                message,
            },
            retry: retry_ms.map(Duration::from_millis),
        });
        self.await_end(now);
    }

    pub(super) fn entry(
        &mut self,
        now: Moment,
        header: FrameHeader,
        payload: &[u8],
        message: &SharedBytes,
        wire_bytes: usize,
    ) {
        let (entry, body) = match EntryHeader::split(payload) {
            Ok(split) => split,
            Err(fault) => return self.fail(now, CloseReason::ProtocolError, fault.0),
        };
        let Some(at) = self.reading(now, entry.stream, header.channel) else {
            return;
        };
        let is_delta = matches!(body, Body::Delta(..));
        let unpacked = if header.flags.compressed {
            match self.dictionaries.unpack(body, self.config.max_value_bytes) {
                Ok(unpacked) => Some(unpacked),
                Err((reason, what)) => return self.fail(now, reason, what),
            }
        } else {
            None
        };
        let (body, message) = match &unpacked {
            Some(unpacked) => (body.with_bytes(unpacked), unpacked),
            None => (body, message),
        };
        let arrival = Arrival {
            sequence: header.sequence,
            tag: entry.tag,
            wants_ack: header.flags.ack_required,
            content: entry.content,
            body,
            message,
            wire_bytes,
            max_value_bytes: self.config.max_value_bytes,
        };
        let verdict = self.readers[at].take(&arrival);
        self.outputs.stats.compressed += u64::from(unpacked.is_some());
        self.judged(now, at, is_delta, verdict);
    }

    /// The reader of a stream; without one, and unless it has just been left, that is a fault.
    pub(super) fn reading(&mut self, now: Moment, stream: u64, channel: u8) -> Option<usize> {
        let stage = Stage::Reading { stream, channel };
        let at = self.readers.iter().position(|reader| reader.stage == stage);
        if at.is_none() && !self.left_streams.contains(&stream) {
            let what = "an entry of a stream that was not subscribed to";
            self.fail(now, CloseReason::OutOfSequence, what);
        }
        at
    }

    fn judged(&mut self, now: Moment, at: usize, is_delta: bool, verdict: Verdict) {
        let stats = &mut self.outputs.stats;
        match verdict {
            Verdict::Next(entry) => {
                stats.entries += 1;
                stats.value_bytes += entry.body.len() as u64;
                stats.deltas += u64::from(is_delta);
                self.outputs.event(Event::Entry(entry));
            }
            Verdict::Repeat => stats.repeats += 1,
            Verdict::Gap => self.read_again(now, at),
            Verdict::Unusable => self.ask_whole(at),
            Verdict::Misplaced => {
                let what = "a delta on a log channel";
                self.fail(now, CloseReason::ProtocolError, what);
            }
        }
    }

    /// Asks for a state's value whole, once until it comes.
    pub(super) fn ask_whole(&mut self, at: usize) {
        let reader = &mut self.readers[at];
        if reader.repair == Repair::None {
            reader.repair = Repair::Asked;
            self.outputs.stats.gaps += 1;
            let wire_id = reader.wire_id;
            self.send_op(&ClientOp::Whole(wire_id));
        }
    }

    fn complain(&mut self, code: ErrorCode, message: String) {
        self.outputs.event(Event::Error { code, message });
    }
}
