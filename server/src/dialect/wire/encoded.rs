//! DerivedForms of an entry, each made once for all readers.

use std::sync::Arc;

use bytes::Bytes;
use push_wire_broker::{Entry, Record};
use push_wire_shared::delta::{Check, check};
use push_wire_shared::encoding::{PayloadEncoding, json};
use push_wire_shared::frame::{BinaryFlags, FRAME_HEADER_LEN, FrameHeader};
use push_wire_shared::position::low_bits;
use push_wire_shared::session::wire::{
    Content, DeltaHeader, EntryHeader, fragment_id, varint_len, write_varint,
};

use super::deltas::Deltas;
use super::framing::{MAX_HEADER, Opcode, frame_header};
use super::once::OnceList;
use super::packing::{EncodingKey, Packing};
use super::transfer::Large;
use crate::hub::Stream;

/// What decides which encoded of an entry a connection gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncodingParams<'a> {
    pub(super) encoding: PayloadEncoding,
    pub(super) packing: Packing<'a>,
    /// Payloads above this leave in fragments; the same for all connections.
    pub(super) fragment_bytes: usize,
}

impl EncodingParams<'_> {
    fn key(self) -> EncodingKey {
        self.packing.key(self.encoding)
    }
}

/// How an entry leaves in the push-wire dialect.
#[derive(Clone, Debug)]
pub(super) enum EncodedEntry {
    /// In one frame.
    One(RecordMessage),
    /// In fragments.
    Large(Arc<Large>),
}

impl EncodedEntry {
    /// About the bytes that it takes on the wire.
    fn wire_bytes(&self) -> usize {
        match self {
            Self::One(encoded) => encoded.message.len(),
            Self::Large(large) => large.payload_bytes(),
        }
    }
}

/// A record of the push-wire dialect behind the header of a WebSocket message that holds nothing else.
#[derive(Clone, Debug)]
pub(crate) struct RecordMessage {
    message: Bytes,
    record_at: usize,
}

impl RecordMessage {
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

    /// A frame whose payload is `head` and `body`.
    fn new(header: FrameHeader, head: &[u8], body: &[u8]) -> Self {
        let frame = FRAME_HEADER_LEN + head.len() + body.len();
        let record = varint_len(frame as u64) + frame;
        let mut message = Vec::with_capacity(MAX_HEADER + record);
        frame_header(Opcode::Binary, record, &mut message);
        let record_at = message.len();
        write_varint(&mut message, frame as u64);
        message.extend_from_slice(&header.to_bytes());
        message.extend_from_slice(head);
        message.extend_from_slice(body);
        Self {
            message: Bytes::from(message),
            record_at,
        }
    }
}

/// What has been derived from one entry.
#[derive(Default, Debug)]
struct DerivedForms {
    bodies: OnceList<PayloadEncoding, Bytes>,
    checks: OnceList<PayloadEncoding, Check>,
    wire: OnceList<EncodingKey, EncodedEntry>,
}

/// The entry's body in an encoding.
fn body(entry: &Entry, encoding: PayloadEncoding) -> Bytes {
    let encode = || encode_body(&entry.record, encoding);
    match (
        entry.record.content,
        encoding,
        entry.forms::<DerivedForms>(),
    ) {
        (Content::Value, PayloadEncoding::MessagePack | PayloadEncoding::Cbor, Some(forms)) => {
            forms.bodies.get_or_make(encoding, encode).clone()
        }
        _ => encode(),
    }
}

fn encode_body(record: &Record, encoding: PayloadEncoding) -> Bytes {
    match (record.content, encoding) {
        (Content::Bytes, _) | (Content::Value, PayloadEncoding::Json) => record.body.clone(),
        (Content::Value, PayloadEncoding::MessagePack | PayloadEncoding::Cbor) => {
            transcode(&record.body, encoding)
        }
    }
}

/// A value's JSON text in another encoding. All that is published can be expressed in each (`json::to_vec` checks it); a
/// body that a broker brought from elsewhere and that cannot is logged, and reads as null.
fn transcode(text: &[u8], encoding: PayloadEncoding) -> Bytes {
    let encoded = json::transcode(text, encoding).or_else(|error| {
        tracing::error!(%error, ?encoding, "an entry from the broker is no value: its readers get null");
        json::transcode(b"null", encoding)
    });
    encoded.unwrap_or_default().into()
}

fn body_check(entry: &Entry, encoding: PayloadEncoding) -> Check {
    let make = || check(&body(entry, encoding));
    match entry.forms::<DerivedForms>() {
        Some(forms) => *forms.checks.get_or_make(encoding, make),
        None => make(),
    }
}

/// The entry whole, as every reader of the stream with this params gets it.
pub(super) fn whole(stream: &Stream, entry: &Entry, params: EncodingParams<'_>) -> EncodedEntry {
    let make = || {
        let header = EntryHeader {
            stream: stream.number(),
            content: entry.record.content,
            tag: entry.tag,
        };
        let mut head = Vec::with_capacity(16);
        header.write_whole(&mut head);
        encoded(stream, entry, head, body(entry, params.encoding), params)
    };
    match entry.forms::<DerivedForms>() {
        Some(forms) => forms.wire.get_or_make(params.key(), make).clone(),
        None => make(),
    }
}

/// The entry as a delta against an earlier one; `None` when none is smaller than the whole.
pub(super) fn delta(
    stream: &Stream,
    base: &Entry,
    entry: &Entry,
    params: EncodingParams<'_>,
) -> Option<EncodedEntry> {
    if base.record.content != entry.record.content || base.cursor >= entry.cursor {
        return None;
    }
    let make = || {
        let encoding = params.encoding;
        let target = body(entry, encoding);
        let ops = push_wire_shared::delta::encode(&body(base, encoding), &target)?;
        let header = EntryHeader {
            stream: stream.number(),
            content: entry.record.content,
            tag: entry.tag,
        };
        let delta = DeltaHeader {
            distance: entry.cursor - base.cursor,
            base_check: body_check(base, encoding).base(),
            result_check: body_check(entry, encoding).result(),
        };
        let mut head = Vec::with_capacity(44);
        header.write_delta(delta, &mut head);
        let encoded = encoded(stream, entry, head, ops.into(), params);
        // What is far smaller than the value itself needs no comparison with the value compressed.
        let is_smaller = encoded.wire_bytes() * 16 < target.len()
            || encoded.wire_bytes() < whole(stream, entry, params).wire_bytes();
        is_smaller.then_some(encoded)
    };
    match stream.derived::<Deltas>() {
        Some(deltas) => deltas.get_or_make(base, entry, params.key(), make),
        None => make(),
    }
}

/// The encoded of an entry whose payload is `head` and `body`, or that compressed.
fn encoded(
    stream: &Stream,
    entry: &Entry,
    head: Vec<u8>,
    body: Bytes,
    params: EncodingParams<'_>,
) -> EncodedEntry {
    let packed = params.packing.pack(&body).map(Bytes::from);
    let flags = BinaryFlags {
        compressed: packed.is_some(),
        ack_required: stream.is_inbox(),
        ..BinaryFlags::default()
    };
    let header = FrameHeader {
        flags,
        channel: stream.channel(),
        sequence: low_bits(entry.cursor),
    };
    let body = packed.unwrap_or(body);
    if head.len() + body.len() <= params.fragment_bytes {
        return EncodedEntry::One(RecordMessage::new(header, &head, &body));
    }
    let id = fragment_id(stream.number(), entry.cursor);
    let large = Large::new(header, id, head, body, params.fragment_bytes);
    EncodedEntry::Large(Arc::new(large))
}
