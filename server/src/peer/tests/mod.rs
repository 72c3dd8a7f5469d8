//! Tests of peers without a socket.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an unexpected value fails the test"
)]

mod bad_input;
mod compression;
mod drain;
mod expiry;
mod fragments;
mod handover;
mod json;
mod json_posts;
mod json_resume;
mod json_streams;
mod lanes;
mod rates;
mod skips;
mod slow_readers;
mod uplink;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use push_wire_broker::{Broker, Memory, Record};
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::compression::{CompressionDictionary, Decompressor, short};
use push_wire_shared::fragment::FragmentShard;
use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::limits::MESSAGE_BYTES;
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ScopeRequest, ServerOp, Subscribe};
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::{
    Body, Content, EntryHeader, Records, UplinkHeader, write_record,
};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Accepted, Action, Dialect, Message, Peer};
use crate::auth::Grant;
use crate::carrier::{self, Kind, Part};
use crate::hub::{Hub, HubConfig};
use crate::policy::ChannelPolicy;

const SYSTEM: u8 = 0;
const CHAT: u8 = 1;
const PRICE: u8 = 2;

fn at(seconds: u64) -> Moment {
    Moment::after_origin(Duration::from_secs(seconds))
}

fn channel(id: u8, name: &str, mode: ChannelMode) -> Channel {
    Channel {
        id,
        name: name.into(),
        priority: 1,
        mode,
    }
}

fn config() -> HubConfig {
    let mut config = HubConfig::new(ChannelTable::new(vec![
        channel(SYSTEM, "system", ChannelMode::System),
        channel(CHAT, "chat", ChannelMode::Log),
        channel(PRICE, "price", ChannelMode::Log),
    ]));
    config.set_policy(PRICE, ChannelPolicy::state());
    config
}

fn hub_of(config: HubConfig) -> Arc<Hub> {
    let counter = AtomicU64::new(1);
    Hub::new(
        config,
        Arc::new(move || counter.fetch_add(1, Ordering::Relaxed)),
    )
}

fn hub() -> Arc<Hub> {
    hub_of(config())
}

fn json(text: &str) -> Record {
    Record {
        content: Content::Value,
        body: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn broadcast(channel: u8) -> StreamKey {
    StreamKey {
        channel,
        scope: Scope::Channel,
    }
}

fn publish(hub: &Hub, channel: u8, text: &str) -> u64 {
    hub.publish(at(0), &broadcast(channel), json(text))
        .unwrap()
        .cursor
}

fn client_id() -> Uuid {
    Uuid::from_u128(7)
}

fn subscribe(id: u32, channel: &str) -> Subscribe {
    Subscribe {
        id,
        channel: channel.into(),
        scope: ScopeRequest::Channel,
        position: None,
        start: Default::default(),
    }
}

/// Answer of an application that refuses messages of one body.
fn answer(body: &str, refuses: &str) -> Result<(), MessageError> {
    if body != refuses {
        return Ok(());
    }
    Err(MessageError::new(ErrorCode::Refused, "not now".into()))
}

/// A hub, and the memory that it keeps its logs in.
fn hub_in_memory() -> (Arc<Hub>, Arc<Memory>) {
    let counter = Arc::new(AtomicU64::new(1));
    let drawn = Arc::clone(&counter);
    let memory = Arc::new(Memory::new(move || drawn.fetch_add(1, Ordering::Relaxed)));
    let random = Arc::new(move || counter.fetch_add(1, Ordering::Relaxed));
    let hub = Hub::with_broker(config(), random, Arc::clone(&memory) as Arc<dyn Broker>);
    (hub, memory)
}

/// An event of a client of the push-wire dialect.
#[derive(Clone, PartialEq, Debug)]
enum Seen {
    Op(ServerOp),
    Entry {
        stream: u64,
        sequence: u32,
        body: String,
    },
    Delta {
        stream: u64,
        sequence: u32,
    },
    /// An entry, or a delta, that came compressed; 0 is no dictionary.
    Packed {
        dictionary: u32,
        is_delta: bool,
        body: String,
    },
    Fragment(FragmentShard),
    Close(u16),
}

fn record(channel: u8, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        flags: BinaryFlags::default(),
        channel,
        sequence,
    };
    let mut record = Vec::new();
    write_record(&mut record, header, payload);
    record
}

/// A client's message of a value.
fn uplink_record(channel: u8, number: u32, body: &[u8]) -> Vec<u8> {
    topic_record(channel, None, number, body)
}

/// A client's message of a value, for a topic.
fn topic_record(channel: u8, topic: Option<&str>, number: u32, body: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    let (content, topic) = (Content::Value, topic.map(str::as_bytes));
    UplinkHeader { content, topic }.write(&mut payload);
    payload.extend_from_slice(body);
    record(channel, number, &payload)
}

/// A client of the push-wire dialect that a test drives.
struct WireClient {
    peer: Peer,
    hub: Arc<Hub>,
    control: u32,
    grant: Grant,
    /// End of the grant.
    expires: Option<Moment>,
    delivered: Vec<String>,
    /// Topics of the messages that were delivered.
    topics: Vec<Option<String>>,
    id: Uuid,
    zstd: bool,
    held: Vec<CompressionDictionary>,
    /// The application refuses a message of this body.
    refuses: &'static str,
    /// Largest message that the client takes, in bytes.
    largest_message: usize,
}

impl WireClient {
    fn connect(hub: &Arc<Hub>) -> Self {
        Self {
            peer: Peer::new(Arc::clone(hub), Dialect::Wire, at(0)),
            hub: Arc::clone(hub),
            control: 0,
            grant: Grant::everything(),
            expires: None,
            delivered: Vec::new(),
            topics: Vec::new(),
            id: client_id(),
            zstd: false,
            held: Vec::new(),
            refuses: "",
            largest_message: MESSAGE_BYTES,
        }
    }

    fn auth(&mut self, secret: Option<[u8; 16]>, subscriptions: Vec<Subscribe>) -> Vec<Seen> {
        self.op(&ClientOp::Auth(Auth {
            secret,
            zstd: self.zstd,
            subscriptions,
            ..Auth::new(self.id)
        }))
    }

    fn op(&mut self, op: &ClientOp) -> Vec<Seen> {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let sequence = self.control;
        self.control += 1;
        self.frame(SYSTEM, sequence, &payload)
    }

    fn send(&mut self, channel: u8, number: u32, body: &str) -> Vec<Seen> {
        self.send_bytes(channel, number, body.as_bytes())
    }

    fn send_at(&mut self, now: Moment, channel: u8, number: u32, body: &str) -> Vec<Seen> {
        let message = uplink_record(channel, number, body.as_bytes());
        let message = Message::Binary(Bytes::from(message));
        self.peer.handle_message(now, message);
        self.see_at(now)
    }

    fn send_bytes(&mut self, channel: u8, number: u32, body: &[u8]) -> Vec<Seen> {
        self.message(uplink_record(channel, number, body))
    }

    fn frame(&mut self, channel: u8, sequence: u32, payload: &[u8]) -> Vec<Seen> {
        self.message(record(channel, sequence, payload))
    }

    fn message(&mut self, message: Vec<u8>) -> Vec<Seen> {
        self.peer
            .handle_message(at(0), Message::Binary(Bytes::from(message)));
        self.see()
    }

    /// All messages that the server sends now.
    fn see(&mut self) -> Vec<Seen> {
        self.see_at(at(0))
    }

    fn see_at(&mut self, now: Moment) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut close = None;
        self.peer.handle_wake(now);
        loop {
            match self.peer.poll_action(now) {
                Some(Action::Authenticate(_)) => {
                    let (grant, expires) = (self.grant.clone(), self.expires);
                    let accepted = Accepted { grant, expires };
                    self.peer.handle_authenticated(now, Ok(accepted));
                }
                Some(Action::Deliver(inbound)) => {
                    let body = String::from_utf8(inbound.body.to_vec()).unwrap();
                    let answer = answer(&body, self.refuses);
                    self.delivered.push(body);
                    self.topics.push(inbound.topic);
                    self.peer.handle_answer(now, inbound.number, answer);
                }
                Some(Action::Close { code, .. }) => close = Some(code),
                None => break,
            }
        }
        loop {
            let message = self.next_message(now);
            if message.is_empty() {
                break;
            }
            seen.extend(message);
        }
        seen.extend(close.map(Seen::Close));
        seen
    }

    /// Events of the next message; none if there is no message.
    fn next_message(&mut self, now: Moment) -> Vec<Seen> {
        let mut messages: Vec<carrier::Message> = Vec::new();
        self.peer.poll_write(now, &mut messages);
        if messages.is_empty() {
            return Vec::new();
        }
        self.peer.wrote(now, true);
        let mut seen = Vec::new();
        for message in messages {
            assert_eq!(message.kind, Kind::Binary);
            let content = message.content();
            assert!(content.len() <= self.largest_message);
            seen.extend(Records::new(&content).map(|record| self.read(record.unwrap())));
        }
        seen
    }

    fn read(&self, (header, payload): (FrameHeader, &[u8])) -> Seen {
        if header.channel == SYSTEM {
            return Seen::Op(ServerOp::decode(payload).unwrap());
        }
        if header.flags.fragmented {
            return Seen::Fragment(FragmentShard::decode(payload).unwrap());
        }
        let (entry, body) = EntryHeader::split(payload).unwrap();
        if header.flags.compressed {
            return self.unpack(body);
        }
        let (stream, sequence) = (entry.stream, header.sequence);
        match body {
            Body::Whole(body) => Seen::Entry {
                stream,
                sequence,
                body: String::from_utf8_lossy(body).into_owned(),
            },
            Body::Delta(..) => Seen::Delta { stream, sequence },
        }
    }

    fn unpack(&self, body: Body<'_>) -> Seen {
        let mut decompressor = Decompressor::new();
        for dictionary in &self.held {
            decompressor.add_dictionary(dictionary).unwrap();
        }
        let (dictionary, rest) = short::split(body.bytes()).unwrap();
        let whole = decompressor.decompress(&short::expand(dictionary, rest), 1 << 20);
        Seen::Packed {
            dictionary,
            is_delta: matches!(body, Body::Delta(..)),
            body: String::from_utf8_lossy(&whole.unwrap()).into_owned(),
        }
    }

    fn secret(seen: &[Seen]) -> [u8; 16] {
        match &seen[0] {
            Seen::Op(ServerOp::AuthOk(ok)) => ok.secret,
            other => panic!("not an auth_ok: {other:?}"),
        }
    }
}

/// Bodies of the entries seen.
fn bodies(seen: &[Seen]) -> Vec<&str> {
    fn body(seen: &Seen) -> Option<&str> {
        match seen {
            Seen::Entry { body, .. }
            | Seen::Packed {
                is_delta: false,
                body,
                ..
            } => Some(body),
            _ => None,
        }
    }
    seen.iter().filter_map(body).collect()
}
