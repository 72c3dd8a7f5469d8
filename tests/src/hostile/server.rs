//! Target: a server's peer that receives arbitrary messages of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_server::ChannelPolicy;
use push_wire_server::Grant;
use push_wire_server::internals::carrier::{self, Kind};
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, AuthFailure, Dialect, Message, Peer};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Scope, StreamKey, is_topic};
use push_wire_shared::session::op::{ErrorCode, ServerOp};
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::{Content, Records, write_record};
use push_wire_shared::time::Moment;
use push_wire_shared::{BinaryFlags, ChannelKind};

use super::channels::Channel;
use super::faulty_server::DICTIONARY;
use super::steps::{Step, steps, take_byte};

pub(super) fn run_wire(bytes: &[u8]) {
    run(Dialect::Wire, bytes);
}

pub(super) fn run_json(bytes: &[u8]) {
    run(Dialect::Json, bytes);
}

fn run(dialect: Dialect, bytes: &[u8]) {
    let mut connection = Connection::new(dialect);
    for step in steps(bytes) {
        connection.run_step(step);
        connection.drain();
    }
    connection.peer.disconnected(connection.now);
}

/// A connection to a server: its peer, and the state to check its output.
struct Connection {
    dialect: Dialect,
    hub: Arc<Hub>,
    peer: Peer,
    now: Moment,
    /// Numbers of control frames that the client has sent and received.
    sent: u32,
    received: u32,
    /// Number of messages that the client has sent.
    number: u32,
}

impl Connection {
    fn new(dialect: Dialect) -> Self {
        let hub = hub();
        let now = Moment::after_origin(Duration::from_secs(1));
        Self {
            dialect,
            peer: Peer::new(Arc::clone(&hub), dialect, now),
            hub,
            now,
            sent: 0,
            received: 0,
            number: 0,
        }
    }

    fn run_step(&mut self, step: Step<'_>) {
        match step.kind % 16 {
            0..4 if self.dialect == Dialect::Json => self.text(step.bytes),
            0 | 8 => self.message(step.bytes.to_vec()),
            1 | 2 => {
                let sequence = self.sent;
                self.sent += 1;
                self.frame(Channel::System.wire_id(), sequence, step.bytes);
            }
            3 => {
                let mut bytes = step.bytes;
                let channel = take_byte(&mut bytes);
                self.number += 1;
                self.frame(channel, self.number, bytes);
            }
            4 => self.publish(Scope::Channel, step.bytes),
            5 => self.publish(Scope::Topic("a".into()), step.bytes),
            6 => {
                self.now = self.now + Duration::from_millis(u64::from(step.number()));
                self.peer.handle_timeout(self.now);
            }
            7 => self.reconnect(),
            9 => self.text(step.bytes),
            10 => {
                if let Some(due) = self.peer.poll_timeout() {
                    self.now = self.now.max(due);
                    self.peer.handle_timeout(self.now);
                }
            }
            11 => {
                let channel = step.number().to_le_bytes()[0] % 3;
                drop(self.hub.set_dictionary(channel, DICTIONARY.bytes.clone()));
            }
            _ => self.peer.note_activity(self.now),
        }
    }

    fn message(&mut self, bytes: Vec<u8>) {
        let message = Message::Binary(Bytes::from(bytes));
        self.peer.handle_message(self.now, message);
    }

    fn text(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.peer.handle_message(self.now, Message::Text(text));
    }

    fn frame(&mut self, channel: u8, sequence: u32, payload: &[u8]) {
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel,
            sequence,
        };
        let mut message = Vec::new();
        write_record(&mut message, header, payload);
        self.message(message);
    }

    /// Publishes a value, as the application does.
    fn publish(&mut self, scope: Scope, bytes: &[u8]) {
        let channel = if bytes.len().is_multiple_of(2) {
            Channel::Chat
        } else {
            Channel::Price
        };
        let key = StreamKey {
            channel: channel.wire_id(),
            scope,
        };
        let text = serde_json::Value::from(String::from_utf8_lossy(bytes)).to_string();
        let record = Record {
            content: Content::Value,
            body: Bytes::from(text),
        };
        self.hub
            .publish(self.now, &key, record)
            .expect("room for a small entry");
    }

    /// Ends the connection and opens another.
    fn reconnect(&mut self) {
        self.peer.disconnected(self.now);
        self.peer = Peer::new(Arc::clone(&self.hub), self.dialect, self.now);
        (self.sent, self.received) = (0, 0);
    }

    /// Carries out the peer's actions, and checks what it writes.
    fn drain(&mut self) {
        self.peer.handle_wake(self.now);
        while let Some(action) = self.peer.poll_action(self.now) {
            self.perform(action);
        }
        loop {
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(self.now, &mut messages);
            if messages.is_empty() {
                break;
            }
            self.peer.wrote(self.now, true);
            for message in messages {
                self.receive(message.kind, &message.content());
            }
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Authenticate(request) => {
                let answer = match request.token.as_deref() {
                    Some("wrong") => Err(AuthFailure {
                        message: "wrong token".into(),
                        unavailable: false,
                    }),
                    Some("short") => Ok(Accepted {
                        grant: Grant::everything(),
                        expires: Some(self.now + Duration::from_secs(1)),
                    }),
                    _ => Ok(Accepted::for_ever(Grant::everything())),
                };
                self.peer.handle_authenticated(self.now, answer);
            }
            Action::Deliver(inbound) => {
                assert!(inbound.topic.is_none_or(|topic| is_topic(&topic)));
                if inbound.content == Content::Value {
                    let value = serde_json::from_slice::<serde::de::IgnoredAny>(&inbound.body);
                    value.expect("the application gets JSON");
                }
                let answer = match inbound.body.len() % 2 {
                    0 => Ok(()),
                    _ => Err(MessageError::new(ErrorCode::Refused, "odd".into())),
                };
                self.peer.handle_answer(self.now, inbound.number, answer);
            }
            Action::Close { .. } => self.reconnect(),
        }
    }

    /// Checks that a message of the server follows the protocol, whatever the server has received.
    fn receive(&mut self, kind: Kind, message: &[u8]) {
        if self.dialect == Dialect::Json && kind == Kind::Ping {
            return assert_eq!(message, b"");
        }
        if self.dialect == Dialect::Json {
            assert_eq!(kind, Kind::Text);
            let value = serde_json::from_slice::<serde::de::IgnoredAny>(message);
            value.expect("messages of the JSON dialect are JSON");
            return;
        }
        assert_eq!(kind, Kind::Binary);
        for record in Records::new(message) {
            let (header, payload) = record.expect("a server's record");
            if header.channel == Channel::System.wire_id() {
                assert_eq!(header.sequence, self.received);
                self.received += 1;
                ServerOp::decode(payload).expect("a server's op");
            }
        }
    }
}

fn hub() -> Arc<Hub> {
    let mut config = HubConfig::new(ChannelTable::of::<Channel>());
    config.set_policy(Channel::Price.wire_id(), ChannelPolicy::state());
    config.limits.subscriptions = 8;
    config.limits.fragment_bytes = 64;
    config.limits.control_ops = 64;
    let counter = AtomicU64::new(1);
    Hub::new(
        config,
        Arc::new(move || counter.fetch_add(1, Ordering::Relaxed)),
    )
}
