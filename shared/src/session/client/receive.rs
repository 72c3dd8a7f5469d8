//! Messages of the server, frame by frame.

use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use super::connection::{Connection, Farewell};
use super::dictionaries::Dictionaries;
use super::error::ConnectionError;
use super::link::Link;
use super::subscriptions::{EntryFrame, Reading, Subscriptions};
use super::uplink::Uplink;
use super::{Cause, ClientConfig, Event, Server};
use crate::close::CloseReason;
use crate::encoding::PayloadEncoding;
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::hidden::Hidden;
use crate::session::op::{AuthOk, ClientOp, ErrorCode, OpError, ServerOp};
use crate::session::wire::Records;
use crate::time::Moment;

/// The parts of a session that a message of the server changes.
#[derive(Debug)]
pub(super) struct Receiver<'a> {
    pub(super) config: &'a mut ClientConfig,
    pub(super) connection: &'a mut Connection,
    pub(super) server: &'a mut Server,
    pub(super) subscriptions: &'a mut Subscriptions,
    pub(super) dictionaries: &'a mut Dictionaries,
    pub(super) uplink: &'a mut Uplink,
    pub(super) link: &'a mut Link,
}

impl Receiver<'_> {
    /// Takes one message. After an error the rest of it is not read: its entries are sent again on the next connection.
    pub(super) fn message(&mut self, now: Moment, message: &Bytes) -> Result<(), ConnectionError> {
        if !self.connection.is_authenticating() && !self.connection.is_ready() {
            return Ok(());
        }
        self.link.outputs.stats.messages_in += 1;
        self.link.outputs.stats.bytes_in += message.len() as u64;
        self.connection.note_activity(now, self.link);
        if message.len() > self.config.max_message_bytes {
            let reason = CloseReason::MessageTooLarge;
            let what = "the server's message is above the size limit";
            return Err(ConnectionError::new(reason, what));
        }
        self.subscriptions.pause_full(self.link);
        for record in Records::new(message) {
            let (header, payload) = record.map_err(|error| ConnectionError::protocol(error.0))?;
            self.frame(now, header, payload, message)?;
        }
        if self.link.outputs.has_too_many_posts() {
            let what = "the server takes no POST but keeps sending requests";
            return Err(ConnectionError::new(CloseReason::Stalled, what));
        }
        Ok(())
    }

    fn frame(
        &mut self,
        now: Moment,
        header: FrameHeader,
        payload: &[u8],
        message: &Bytes,
    ) -> Result<(), ConnectionError> {
        let is_control = self.link.is_control(header.channel);
        match (is_control, header.flags.fragmented) {
            (true, false) => self.control(now, header, payload),
            (false, false) => {
                let frame = EntryFrame {
                    header,
                    payload,
                    message,
                    wire_bytes: FRAME_HEADER_LEN + payload.len(),
                };
                self.subscriptions
                    .entry(frame, self.dictionaries, self.link)
            }
            (false, true) => {
                self.subscriptions
                    .fragment(header, payload, self.dictionaries, self.link)
            }
            (true, true) => Err(ConnectionError::protocol("a control frame in fragments")),
        }
    }

    fn control(
        &mut self,
        now: Moment,
        header: FrameHeader,
        payload: &[u8],
    ) -> Result<(), ConnectionError> {
        if header.flags.compressed {
            return Err(ConnectionError::protocol("a compressed control frame"));
        }
        self.link.count_in(header.sequence)?;
        match ServerOp::decode(payload) {
            Ok(op) if self.connection.is_ready() => self.op(now, op),
            Ok(op) => self.op_before_auth_ok(now, op),
            Err(OpError::Unknown(op)) => {
                let message =
                    String::from("the server sent an op that this client does not know: ") + &op;
                self.error(ErrorCode::BadOp, message);
                Ok(())
            }
            Err(OpError::Malformed(_)) => {
                let what = "a control frame that is not the MessagePack of its op";
                Err(ConnectionError::protocol(what))
            }
            Err(OpError::Invalid { .. } | OpError::Repeated(_) | OpError::TooManyFields(_)) => {
                let what = "a control frame whose fields are not those of its op";
                Err(ConnectionError::protocol(what))
            }
        }
    }

    fn op_before_auth_ok(&mut self, now: Moment, op: ServerOp) -> Result<(), ConnectionError> {
        match op {
            ServerOp::AuthOk(answer) => return self.authenticated(now, answer),
            ServerOp::Error { code, message, .. } => {
                self.connection.note_refusal(&message);
                self.error(code, message);
            }
            ServerOp::Goodbye {
                code,
                message,
                retry_ms,
            } => self.goodbye(now, code, message, retry_ms),
            ServerOp::Resumed { .. }
            | ServerOp::Reset { .. }
            | ServerOp::Skipped(_)
            | ServerOp::Received { .. }
            | ServerOp::Rejected { .. }
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Notice(_)
            | ServerOp::Renew
            | ServerOp::Pong => {
                let what = "the server's first op was not auth_ok";
                return Err(ConnectionError::protocol(what));
            }
        }
        Ok(())
    }

    fn op(&mut self, now: Moment, op: ServerOp) -> Result<(), ConnectionError> {
        let Self {
            subscriptions,
            uplink,
            dictionaries,
            server,
            link,
            ..
        } = self;
        match op {
            ServerOp::AuthOk(_) => return Err(ConnectionError::protocol("a second auth_ok")),
            ServerOp::Resumed {
                id,
                stream,
                position,
                caught_up,
            } => {
                let reading = Reading::resumed(stream, position, caught_up);
                return subscriptions.answered(now, id, reading, &server.channels, link);
            }
            ServerOp::Reset {
                id,
                reason,
                reading: Some((stream, position)),
                floor,
                head,
            } => {
                let bounds = (floor, head);
                let reading = Reading::reset(reason, stream, position, bounds);
                return subscriptions.answered(now, id, reading, &server.channels, link);
            }
            ServerOp::Reset {
                id,
                reason,
                reading: None,
                floor,
                head,
            } => subscriptions.reset_for_good(id, reason, floor, head, link),
            ServerOp::Skipped(skipped) => return subscriptions.skipped(skipped, link),
            ServerOp::Error {
                code,
                message,
                id: Some(wire_id),
                ..
            } => subscriptions.ended(wire_id, code, message, link),
            ServerOp::Error {
                code,
                message,
                id: None,
                retry_ms,
            } => self.general_error(now, code, message, retry_ms),
            ServerOp::Received { upto } => uplink.taken(upto, &mut link.outputs),
            ServerOp::Rejected(rejection) => uplink.rejected(rejection, &mut link.outputs),
            ServerOp::Dictionary(info) => dictionaries.named(info, link),
            ServerOp::Ping { heads } => {
                link.send(&ClientOp::Pong);
                for head in heads {
                    subscriptions.note_head(head, link)?;
                }
            }
            ServerOp::Pong => {}
            ServerOp::Renew => self.connection.renew(now, link),
            ServerOp::Notice(notice) => link.event(Event::Notice(notice)),
            ServerOp::Goodbye {
                code,
                message,
                retry_ms,
            } => self.goodbye(now, code, message, retry_ms),
        }
        Ok(())
    }

    /// Handles `auth_ok`.
    fn authenticated(&mut self, now: Moment, answer: AuthOk) -> Result<(), ConnectionError> {
        if answer.client_id != self.config.client_id {
            let what = "the server answered for another client";
            return Err(ConnectionError::protocol(what));
        }
        if ![self.config.encoding, PayloadEncoding::Json].contains(&answer.encoding) {
            let what = "the server answered with an encoding that was not asked for";
            return Err(ConnectionError::protocol(what));
        }
        let Self {
            connection,
            subscriptions,
            uplink,
            server,
            link,
            ..
        } = self;
        self.config.secret = Some(answer.secret);
        link.outputs.authorise_posts(answer.secret);
        server.channels = answer.channels;
        link.encoding = answer.encoding;
        link.max_message_bytes = usize::try_from(answer.max_message_bytes).unwrap_or(usize::MAX);
        // Bounded so that a careless server can neither cause a storm of pings nor switch them off.
        let heartbeat = Duration::from_millis(answer.heartbeat_ms.clamp(1_000, 3_600_000));
        connection.authenticated(now, heartbeat, link);
        let resumed = answer.resumed;
        let secret = Hidden(answer.secret);
        link.event(Event::Ready {
            resumed,
            secret,
            received: answer.received,
            rejected: answer.rejected.clone(),
        });
        uplink.start(resumed, answer.received, answer.rejected, &mut link.outputs);
        connection.show_token(link);
        subscriptions.settle(link);
        uplink.transmit(&server.channels, link);
        connection.note_activity(now, link);
        Ok(())
    }

    fn goodbye(&mut self, now: Moment, code: u16, message: String, retry_ms: Option<u64>) {
        let farewell = Farewell {
            cause: Cause {
                code: Some(code),
                message,
            },
            retry: retry_ms.map(Duration::from_millis),
        };
        self.connection.note_goodbye(now, farewell, self.link);
    }

    /// Handles an error that concerns no single subscription; `retry_ms` is the time for which nothing is sent.
    fn general_error(
        &mut self,
        now: Moment,
        code: ErrorCode,
        message: String,
        retry_ms: Option<u64>,
    ) {
        if let Some(pause) = retry_ms.map(Duration::from_millis) {
            self.uplink.pause(now, pause, self.link);
        }
        if !self.subscriptions.is_crossing(code) {
            self.error(code, message);
        }
    }

    fn error(&mut self, code: ErrorCode, message: String) {
        self.link.event(Event::Error { code, message });
    }
}
