//! Messages that a reader sends and receives, in the dialect of each server.

use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::position::StartAt;
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, ServerOp, Subscribe};
use push_wire_shared::session::wire::{Body, EntryHeader, Records, write_record};
use uuid::Uuid;

use super::websocket;
use crate::Fallible;
use crate::subject::Subject;

/// Wire id of the system channel of the measured server.
const SYSTEM: u8 = 0;

/// Result of reading a message.
#[derive(Default)]
pub(super) struct Received {
    /// The server has confirmed the subscription.
    pub(super) ready: bool,
    /// The server expects a pong.
    pub(super) wants_pong: bool,
}

/// The dialect of one connection.
pub(super) struct Dialect {
    wire: bool,
    /// Control frames sent.
    controls: u32,
}

impl Dialect {
    pub(super) fn new(subject: Subject) -> Self {
        let wire = match subject {
            Subject::PushWire => true,
            Subject::Floor | Subject::PushWireJson | Subject::Published => false,
        };
        Self { wire, controls: 0 }
    }

    pub(super) fn subprotocol(&self) -> Option<&'static str> {
        self.wire.then_some("push-wire.v1")
    }

    pub(super) fn auth(&mut self, client_id: Uuid) -> Fallible<Vec<u8>> {
        if !self.wire {
            let auth = serde_json::json!({ "op": "auth", "client_id": client_id, "capabilities": ["feed"] });
            return websocket::message(false, auth.to_string().as_bytes());
        }
        self.control(&ClientOp::Auth(Auth {
            subscriptions: vec![Subscribe {
                id: 1,
                channel: "feed".into(),
                scope: ScopeRequest::Channel,
                position: None,
                start: StartAt::Newest,
            }],
            ..Auth::new(client_id)
        }))
    }

    pub(super) fn pong(&mut self) -> Fallible<Vec<u8>> {
        match self.wire {
            true => self.control(&ClientOp::Pong),
            false => websocket::message(false, br#"{"op":"pong"}"#),
        }
    }

    /// Returns whether it is the push-wire dialect.
    pub(super) const fn is_wire(&self) -> bool {
        self.wire
    }

    fn control(&mut self, op: &ClientOp) -> Fallible<Vec<u8>> {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        self.control_frame(&payload)
    }

    /// A message with a control frame.
    pub(super) fn control_frame(&mut self, payload: &[u8]) -> Fallible<Vec<u8>> {
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: SYSTEM,
            sequence: self.controls,
        };
        self.controls += 1;
        let mut record = Vec::new();
        write_record(&mut record, header, payload);
        websocket::message(true, &record)
    }

    /// Reads a message, and calls `entry` with the body of each entry in it.
    pub(super) fn read(
        &self,
        message: &[u8],
        mut entry: impl FnMut(&[u8]) -> Fallible<()>,
    ) -> Fallible<Received> {
        let mut received = Received::default();
        if !self.wire {
            if message.starts_with(br#"{"op":"#) {
                received.ready = message.starts_with(br#"{"op":"auth_ok""#);
                received.wants_pong = message.starts_with(br#"{"op":"ping""#);
                let is_reset = message.starts_with(br#"{"op":"resume_required""#);
                if !received.ready && !received.wants_pong && !is_reset {
                    return Err(String::from_utf8_lossy(message).into());
                }
                return Ok(received);
            }
            entry(message)?;
            return Ok(received);
        }
        for record in Records::new(message) {
            let (header, payload) = record?;
            if header.channel != SYSTEM {
                match EntryHeader::split(payload)? {
                    (_, Body::Whole(body)) => entry(body)?,
                    (_, Body::Delta(..)) => return Err("a delta on a log channel".into()),
                }
                continue;
            }
            match ServerOp::decode(payload)? {
                ServerOp::Resumed { .. } => received.ready = true,
                ServerOp::Ping { .. } => received.wants_pong = true,
                // Entries that a reset leaves out are counted as lost.
                ServerOp::AuthOk(_) | ServerOp::Reset { .. } => {}
                other => return Err(format!("the server sent {other:?}").into()),
            }
        }
        Ok(received)
    }
}
