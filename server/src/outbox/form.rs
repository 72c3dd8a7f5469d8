//! Forms of an entry, each made once for all readers.

use bytes::Bytes;
use push_wire_broker::{Entry, Record};
use push_wire_shared::delta::{Check, check};
use push_wire_shared::encoding::{EncodeError, PayloadEncoding, cbor, json, msgpack};
use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::session::wire::{Content, DeltaHeader, EntryHeader, write_record};

use serde_json::Value;

use super::framing::{MAX_HEADER, Opcode, frame_header};
use super::once::OnceList;
use super::packing::{FormKey, Packing};
use crate::hub::Stream;

/// A record of the push-wire dialect behind the header of a WebSocket message that holds nothing else.
#[derive(Clone, Debug)]
pub(crate) struct WireForm {
    message: Bytes,
    record_at: usize,
}

impl WireForm {
    /// The whole message: for a reader that gets just this.
    pub(crate) fn message(&self) -> &Bytes {
        &self.message
    }

    /// The record alone: for a message with several.
    pub(crate) fn record(&self) -> &[u8] {
        &self.message[self.record_at..]
    }

    pub(crate) fn record_bytes(&self) -> Bytes {
        self.message.slice(self.record_at..)
    }

    pub(crate) fn from_message(message: Bytes) -> Self {
        let record_at = match message.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        Self { message, record_at }
    }
}

/// What has been derived from one entry.
#[derive(Default, Debug)]
struct Forms {
    bodies: OnceList<PayloadEncoding, Bytes>,
    checks: OnceList<PayloadEncoding, Check>,
    wire: OnceList<FormKey, Bytes>,
}

/// The entry's body in an encoding.
fn body(entry: &Entry, encoding: PayloadEncoding) -> Bytes {
    let encode = || encode_body(&entry.record, encoding);
    match (entry.record.content, encoding, entry.forms::<Forms>()) {
        (Content::Value, PayloadEncoding::MessagePack | PayloadEncoding::Cbor, Some(forms)) => {
            forms.bodies.get_or_make(encoding, encode).clone()
        }
        _ => encode(),
    }
}

fn encode_body(record: &Record, encoding: PayloadEncoding) -> Bytes {
    match (record.content, encoding) {
        (Content::Bytes, _) | (Content::Value, PayloadEncoding::Json) => record.body.clone(),
        (Content::Value, PayloadEncoding::MessagePack) => transcode(&record.body, msgpack::to_vec),
        (Content::Value, PayloadEncoding::Cbor) => transcode(&record.body, cbor::to_vec),
    }
}

/// A value's JSON text in another encoding. What is published is JSON within the nesting limit, which every
/// encoding takes; a body that a broker brought from elsewhere and that is not reads as null.
fn transcode(json: &[u8], encode: impl Fn(&Value) -> Result<Vec<u8>, EncodeError>) -> Bytes {
    let value = json::from_slice(json).unwrap_or(Value::Null);
    let null = |_| encode(&Value::Null);
    Bytes::from(encode(&value).or_else(null).unwrap_or_default())
}

fn body_check(entry: &Entry, encoding: PayloadEncoding) -> Check {
    let make = || check(&body(entry, encoding));
    match entry.forms::<Forms>() {
        Some(forms) => *forms.checks.get_or_make(encoding, make),
        None => make(),
    }
}

/// The entry whole, as every reader of the stream with this encoding and packing gets it.
pub(super) fn whole(
    stream: &Stream,
    entry: &Entry,
    encoding: PayloadEncoding,
    packing: Packing<'_>,
) -> WireForm {
    let make = || {
        let body = body(entry, encoding);
        let header = EntryHeader {
            stream: stream.number(),
            content: entry.record.content,
        };
        let mut payload = Vec::with_capacity(body.len() + 12);
        header.write_whole(&mut payload);
        let compressed = packing.pack(&body, &mut payload);
        message(stream, entry, compressed, &payload)
    };
    WireForm::from_message(match entry.forms::<Forms>() {
        Some(forms) => forms.wire.get_or_make(packing.key(encoding), make).clone(),
        None => make(),
    })
}

/// The entry as a delta against an earlier one; `None` when none is smaller than the whole.
pub(super) fn delta(
    stream: &Stream,
    base: &Entry,
    entry: &Entry,
    encoding: PayloadEncoding,
    packing: Packing<'_>,
) -> Option<WireForm> {
    if base.record.content != entry.record.content || base.cursor >= entry.cursor {
        return None;
    }
    let frame = stream.delta(base, entry, packing.key(encoding), || {
        let target = body(entry, encoding);
        let ops = push_wire_shared::delta::encode(&body(base, encoding), &target)?;
        let header = EntryHeader {
            stream: stream.number(),
            content: entry.record.content,
        };
        let delta = DeltaHeader {
            distance: entry.cursor - base.cursor,
            base_check: body_check(base, encoding).base(),
            result_check: body_check(entry, encoding).result(),
        };
        let mut payload = Vec::with_capacity(ops.len() + 40);
        header.write_delta(delta, &mut payload);
        let compressed = packing.pack(&ops, &mut payload);
        let frame = message(stream, entry, compressed, &payload);
        // What is far smaller than the value itself needs no comparison with the value compressed.
        let is_smaller = payload.len() * 16 < target.len()
            || frame.len() < whole(stream, entry, encoding, packing).message().len();
        is_smaller.then_some(frame)
    })?;
    Some(WireForm::from_message(frame))
}

/// The record of an entry behind the header of a message that holds nothing else.
fn message(stream: &Stream, entry: &Entry, compressed: bool, payload: &[u8]) -> Bytes {
    let flags = BinaryFlags {
        compressed,
        ack_required: stream.is_inbox(),
        ..BinaryFlags::default()
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the sequence is the cursor's low 32 bits"
    )]
    let sequence = entry.cursor as u32;
    let header = FrameHeader {
        flags,
        channel: stream.channel(),
        sequence,
    };
    let mut record = Vec::with_capacity(payload.len() + 14);
    write_record(&mut record, header, payload);
    let mut message = Vec::with_capacity(record.len() + MAX_HEADER);
    frame_header(Opcode::Binary, record.len(), &mut message);
    message.extend_from_slice(&record);
    Bytes::from(message)
}
