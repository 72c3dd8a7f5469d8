//! Generator of the frames that an attacker sends.

use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::position::StartAt;
use push_wire_shared::session::op::{ClientOp, ScopeRequest, Subscribe};
use push_wire_shared::session::wire::{Content, UplinkHeader, write_record};

use super::Attack;
use super::dialect::Dialect;
use super::websocket;
use crate::Fallible;

/// Wire id of the channel that the attacker subscribes to and sends on.
const FEED: u8 = 1;

/// Number of topics in one op.
const TOPICS: u32 = 500;

/// MessagePack of `{"op": "fly"}`.
const BAD_OP: &[u8] = b"\x81\xa2op\xa3fly";

/// Endless sequence of the frames of one connection.
pub(super) struct Flood {
    attack: Attack,
    dialect: Dialect,
    /// Number of frames generated.
    count: u32,
    /// Random part of the topic names, different on each connection.
    tag: u64,
}

impl Flood {
    pub(super) fn new(attack: Attack, dialect: Dialect) -> Self {
        Self {
            attack,
            dialect,
            count: 0,
            tag: fastrand::u64(..),
        }
    }

    /// Appends the next frame.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Fallible<()> {
        self.count = self.count.wrapping_add(1);
        let frame = if self.dialect.is_wire() {
            self.in_wire()?
        } else {
            websocket::message(false, self.in_json().as_bytes())?
        };
        out.extend_from_slice(&frame);
        Ok(())
    }

    fn in_json(&self) -> String {
        let feeds = || vec!["\"feed\""; TOPICS as usize].join(",");
        match self.attack {
            Attack::Messages => r#"{"channel":"feed","payload":{"n":1}}"#.into(),
            Attack::Topics if self.count.is_multiple_of(2) => {
                format!(r#"{{"op":"unsubscribe","channels":[{}]}}"#, feeds())
            }
            Attack::Topics => format!(r#"{{"op":"subscribe","channels":[{}]}}"#, feeds()),
            Attack::BadOps | Attack::Connects => r#"{"op":"fly"}"#.into(),
        }
    }

    fn in_wire(&mut self) -> Fallible<Vec<u8>> {
        match self.attack {
            Attack::Messages => {
                let header = FrameHeader {
                    flags: BinaryFlags::default(),
                    channel: FEED,
                    sequence: self.count,
                };
                let (mut payload, mut record) = (Vec::new(), Vec::new());
                UplinkHeader::new(Content::Value).write(&mut payload);
                payload.extend_from_slice(br#"{"n":1}"#);
                write_record(&mut record, header, &payload);
                websocket::message(true, &record)
            }
            Attack::Topics => {
                let mut payload = Vec::new();
                self.topics().encode(&mut payload);
                self.dialect.control_frame(&payload)
            }
            Attack::BadOps | Attack::Connects => self.dialect.control_frame(BAD_OP),
        }
    }

    /// Op that alternately subscribes to topics without other readers, and ends these subscriptions.
    fn topics(&self) -> ClientOp {
        let ids = 2..2 + TOPICS;
        if self.count.is_multiple_of(2) {
            return ClientOp::Unsubscribe(ids.collect());
        }
        let topic = |id| Subscribe {
            id,
            channel: "feed".into(),
            scope: ScopeRequest::Topic(format!("{}-{}-{id}", self.tag, self.count)),
            position: None,
            start: StartAt::Oldest,
        };
        ClientOp::Subscribe(ids.map(topic).collect())
    }
}
