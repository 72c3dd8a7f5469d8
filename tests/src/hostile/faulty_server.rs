//! Faulty server for the client target: its messages are well-formed and break the rules of the protocol.

use std::sync::LazyLock;

use push_wire_shared::BinaryFlags;
use push_wire_shared::channel::ChannelMode;
use push_wire_shared::compression::CompressionDictionary;
use push_wire_shared::compression::native::{Compressor, PreparedDictionary, train_dictionary};
use push_wire_shared::delta;
use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::fragment::split;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Epoch, Position, ResetReason, Tag, low_bits};
use push_wire_shared::session::op::{
    AuthOk, ChannelInfo, ClientOp, DictionaryInfo, ServerOp, Skipped, StreamHead,
};
use push_wire_shared::session::wire::{
    Content, DeltaHeader, EntryHeader, Records, fragment_id, write_record,
};
use uuid::Uuid;

use super::steps::{Step, take_byte};

const SYSTEM: u8 = 0;
const CHAT: u8 = 1;
const PRICE: u8 = 2;

/// A dictionary that the server names.
pub(super) static DICTIONARY: LazyLock<CompressionDictionary> = LazyLock::new(|| {
    let samples: Vec<String> = (0..300)
        .map(|n| format!("{{\"symbol\":\"PAIR{n}\",\"price\":{}}}", n * n % 97))
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 512, DICTIONARY_ID).expect("enough samples")
});

static PREPARED: LazyLock<PreparedDictionary> =
    LazyLock::new(|| PreparedDictionary::new(&DICTIONARY).expect("a trained dictionary"));

const DICTIONARY_ID: u32 = 3;

/// Flags of an entry's representation: bits of a byte of the step.
mod flag {
    pub(super) const COMPRESSED: u8 = 8;
    pub(super) const WITH_DICTIONARY: u8 = 16;
    pub(super) const FRAGMENTED: u8 = 32;
}

/// State of the server, by which its messages are valid more often than random ones.
#[derive(Default)]
pub(super) struct FaultyServer {
    control: u32,
    /// Ids of the client's last subscribe that have no outcome.
    asked: Vec<u32>,
    cursor: u64,
    value: Vec<u8>,
}

impl FaultyServer {
    /// Resets the state for another connection.
    pub(super) fn connected(&mut self) {
        self.control = 0;
        self.asked.clear();
    }

    /// Checks that the client's frames are well-formed, whatever it received.
    pub(super) fn receive(&mut self, message: &[u8]) {
        for record in Records::new(message) {
            let (header, payload) = record.expect("a client's record");
            if header.channel != SYSTEM {
                continue;
            }
            let items = match ClientOp::decode(payload) {
                Ok(ClientOp::Auth(auth)) => auth.subscriptions,
                Ok(ClientOp::Subscribe(items)) => items,
                // If the server gave its system channel another number, this is a message to the application.
                Ok(_) | Err(_) => continue,
            };
            self.asked = items.into_iter().map(|item| item.id).collect();
        }
    }

    /// The message of a step, if the step has one.
    pub(super) fn message(&mut self, step: Step<'_>) -> Option<Vec<u8>> {
        let mut bytes = step.bytes;
        match step.kind % 8 {
            0 => Some(step.bytes.to_vec()),
            1 => Some(self.control(step.bytes)),
            2 => Some(self.op(&auth_ok(take_byte(&mut bytes)))),
            3 => {
                let id = self.asked.pop()?;
                Some(self.outcome(id, take_byte(&mut bytes)))
            }
            4 => Some(self.entry(CHAT, bytes)),
            5 => Some(self.entry(PRICE, bytes)),
            6 => Some(self.delta(bytes)),
            _ if step.kind & 8 == 0 => Some(frame(bytes)),
            _ => Some(self.name_dictionary(take_byte(&mut bytes))),
        }
    }

    fn control(&mut self, payload: &[u8]) -> Vec<u8> {
        let sequence = self.control;
        self.control = self.control.wrapping_add(1);
        record(SYSTEM, BinaryFlags::default(), sequence, payload)
    }

    fn op(&mut self, op: &ServerOp) -> Vec<u8> {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        self.control(&payload)
    }

    /// A message with an outcome, a statement of skipped entries, or the heads of a ping. A stream's number is its subscription's id.
    fn outcome(&mut self, id: u32, how: u8) -> Vec<u8> {
        let stream = u64::from(id);
        self.cursor = u64::from(how >> 4);
        let position = Position {
            epoch: Epoch(u64::from(how >> 7)),
            cursor: self.cursor,
            tag: Tag(u32::from(how & 8)),
        };
        let op = match how % 4 {
            0 | 1 => ServerOp::Resumed {
                id,
                stream,
                position,
                caught_up: 0,
            },
            2 => ServerOp::Reset {
                id,
                reason: ResetReason::Expired,
                reading: (how & 4 == 0).then_some((stream, position)),
                floor: self.cursor,
                head: self.cursor + 2,
            },
            _ if how & 4 == 0 => ServerOp::Skipped(Skipped::new(id, u64::from(how >> 6), position)),
            _ => ServerOp::Ping {
                heads: vec![StreamHead {
                    stream,
                    sent: self.cursor,
                    head: self.cursor + 1,
                }],
            },
        };
        self.op(&op)
    }

    fn name_dictionary(&mut self, channel: u8) -> Vec<u8> {
        let bytes = &DICTIONARY.bytes;
        self.op(&ServerOp::Dictionary(DictionaryInfo {
            id: DICTIONARY_ID + u32::from(channel >> 6),
            channel: channel % 4,
            sha256: sha256(bytes),
            bytes: u32::try_from(bytes.len()).expect("a small dictionary"),
        }))
    }

    /// A message with an entry of a stream, up to three cursors ahead: `[stream][flags][step][body]`.
    fn entry(&mut self, channel: u8, mut bytes: &[u8]) -> Vec<u8> {
        let stream = u64::from(take_byte(&mut bytes) % 8);
        let how = take_byte(&mut bytes);
        self.cursor = self
            .cursor
            .wrapping_add(u64::from(take_byte(&mut bytes) % 4));
        self.value = bytes.to_vec();
        let mut payload = Vec::new();
        entry_header(stream).write_whole(&mut payload);
        self.entry_message(channel, stream, how, payload, bytes)
    }

    /// A message with a delta against the last value, its checks right or wrong: `[stream][flags][wrong][target]`.
    fn delta(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let stream = u64::from(take_byte(&mut bytes) % 8);
        let how = take_byte(&mut bytes);
        let wrong = take_byte(&mut bytes);
        let target = [&self.value, bytes].concat();
        let mut header = DeltaHeader {
            distance: u64::from(wrong % 3),
            base_check: delta::check(&self.value).base(),
            result_check: delta::check(&target).result(),
        };
        header.base_check[0] ^= wrong & 4;
        header.result_check[0] ^= wrong & 8;
        let ops = delta::encode(&self.value, &target);
        let mut payload = Vec::new();
        entry_header(stream).write_delta(header, &mut payload);
        self.cursor = self.cursor.wrapping_add(1);
        self.value = target;
        self.entry_message(PRICE, stream, how, payload, ops.as_deref().unwrap_or(bytes))
    }

    /// The message of an entry. Fragments are records of one message.
    fn entry_message(
        &self,
        channel: u8,
        stream: u64,
        how: u8,
        mut payload: Vec<u8>,
        body: &[u8],
    ) -> Vec<u8> {
        let mut flags = BinaryFlags::from_byte(how & 4);
        let dictionary = (how & flag::WITH_DICTIONARY != 0).then_some(&*PREPARED);
        flags.compressed = how & flag::COMPRESSED != 0
            && Compressor::new().compress_short_into(&mut payload, body, dictionary);
        if !flags.compressed {
            payload.extend_from_slice(body);
        }
        flags.fragmented = how & flag::FRAGMENTED != 0;
        let sequence = low_bits(self.cursor);
        if !flags.fragmented {
            return record(channel, flags, sequence, &payload);
        }
        let id = fragment_id(stream, self.cursor);
        let shards = split(id, &payload, 1 + payload.len() / 3).expect("few fragments");
        // The last fragment is left out at times.
        let left_out = usize::from(how >> 7);
        let mut records: Vec<_> = shards
            .map(|shard| record(channel, flags, sequence, &shard.encode()))
            .collect();
        records.truncate(records.len() - left_out);
        records.concat()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    delta::check(bytes).sha256()
}

/// A record with an arbitrary header: `[channel][flags][sequence][payload]`.
fn frame(mut bytes: &[u8]) -> Vec<u8> {
    let channel = take_byte(&mut bytes);
    let flags = BinaryFlags::from_byte(take_byte(&mut bytes));
    let sequence = u32::from(take_byte(&mut bytes));
    record(channel, flags, sequence, bytes)
}

fn record(channel: u8, flags: BinaryFlags, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        flags,
        channel,
        sequence,
    };
    let mut record = Vec::new();
    write_record(&mut record, header, payload);
    record
}

fn auth_ok(how: u8) -> ServerOp {
    let channel = |id, name: &str, mode| ChannelInfo {
        id,
        name: name.into(),
        priority: 1,
        mode,
    };
    ServerOp::AuthOk(AuthOk {
        client_id: Uuid::from_u128(7),
        secret: [9; 16],
        resumed: how & 1 != 0,
        received: u64::from(how >> 5),
        rejected: vec![],
        heartbeat_ms: 15_000,
        max_message_bytes: if how & 2 == 0 { 10_000 } else { 40 },
        encoding: PayloadEncoding::Json,
        channels: vec![
            channel(SYSTEM, "system", ChannelMode::System),
            channel(CHAT, "chat", ChannelMode::Log),
            channel(PRICE, "price", ChannelMode::State),
        ],
    })
}

fn entry_header(stream: u64) -> EntryHeader {
    EntryHeader {
        stream,
        content: Content::Value,
        tag: Tag::UNKNOWN,
    }
}
