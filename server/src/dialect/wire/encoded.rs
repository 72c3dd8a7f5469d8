//! Encoded forms of an entry, each made once for all readers.

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
use uuid::Uuid;

use super::deltas::Deltas;
use super::fragments::{Fragments, Payload};
use super::once::OnceList;
use super::packing::{EncodingKey, Packing};
use crate::carrier::SharedRecord;
use crate::dialect;
use crate::hub::Stream;

/// Parameters of a connection on which the encoded form of an entry depends.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncodingParams<'a> {
    pub(super) encoding: PayloadEncoding,
    pub(super) packing: Packing<'a>,
    /// Payload size above which an entry is sent in fragments, in bytes; the same for all connections.
    pub(super) fragment_bytes: usize,
}

impl EncodingParams<'_> {
    fn key(self) -> EncodingKey {
        self.packing.key(self.encoding)
    }
}

/// An entry's encoded form, shared by all readers with the same parameters.
#[derive(Clone, Debug)]
pub(super) struct EncodedEntry {
    /// Size in bytes of the value that the client has after this entry.
    value_bytes: usize,
    /// Id in its fragments.
    id: Uuid,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// The frame as one record.
    Record(Arc<SharedRecord>),
    /// A payload above the server's fragment size.
    Large(Arc<Payload>),
}

impl EncodedEntry {
    /// Size in bytes of the value that the client has after this entry.
    pub(super) const fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// The entry as one record; `None` if it is sent in fragments to every client.
    pub(super) const fn record(&self) -> Option<&Arc<SharedRecord>> {
        match &self.form {
            Form::Record(record) => Some(record),
            Form::Large(_) => None,
        }
    }

    /// The entry in fragments of about this size, for a client that takes messages of up to `message_bytes`; `None`
    /// where those would be too many.
    pub(super) fn fragments(
        &self,
        fragment_bytes: usize,
        message_bytes: usize,
    ) -> Option<Fragments> {
        let payload = match &self.form {
            Form::Large(payload) => Arc::clone(payload),
            Form::Record(record) => Arc::new(Payload::of_record(record)?),
        };
        Fragments::new(payload, self.id, fragment_bytes, message_bytes)
    }

    /// Approximate size on the wire, in bytes.
    fn wire_bytes(&self) -> usize {
        match &self.form {
            Form::Record(record) => record.record().len(),
            Form::Large(payload) => payload.len(),
        }
    }
}

/// The record of a frame whose payload is `head` and `body`.
fn record(header: FrameHeader, head: &[u8], body: &[u8]) -> SharedRecord {
    let frame = FRAME_HEADER_LEN + head.len() + body.len();
    SharedRecord::new(varint_len(frame as u64) + frame, |out| {
        write_varint(out, frame as u64);
        out.extend_from_slice(&header.to_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(body);
    })
}

/// Encoded forms of one entry.
#[derive(Default, Debug)]
pub(in crate::dialect) struct Forms {
    bodies: OnceList<PayloadEncoding, Bytes>,
    checks: OnceList<PayloadEncoding, Check>,
    wire: OnceList<EncodingKey, EncodedEntry>,
}

fn forms(entry: &Entry) -> Option<&Forms> {
    entry.forms::<dialect::Forms>().map(|forms| &forms.wire)
}

/// The entry's body in an encoding.
fn body(entry: &Entry, encoding: PayloadEncoding) -> Bytes {
    let encode = || encode_body(&entry.record, encoding);
    match (entry.record.content, encoding, forms(entry)) {
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
        tracing::error!(%error, ?encoding, "an entry from the broker is not a value: its readers get null");
        json::transcode(b"null", encoding)
    });
    encoded.unwrap_or_default().into()
}

fn body_check(entry: &Entry, encoding: PayloadEncoding) -> Check {
    let make = || check(&body(entry, encoding));
    match forms(entry) {
        Some(forms) => *forms.checks.get_or_make(encoding, make),
        None => make(),
    }
}

/// The entry with its whole value, for every reader of the stream with these parameters.
pub(super) fn whole(stream: &Stream, entry: &Entry, params: EncodingParams<'_>) -> EncodedEntry {
    let make = || {
        let header = EntryHeader {
            stream: stream.number(),
            content: entry.record.content,
            tag: entry.tag,
        };
        let mut head = Vec::with_capacity(16);
        header.write_whole(&mut head);
        let body = body(entry, params.encoding);
        let value_bytes = body.len();
        encoded(stream, entry, head, body, value_bytes, params)
    };
    match forms(entry) {
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
    let deltas: &Deltas = stream.attachment().get();
    deltas.get_or_make(base, entry, params.key(), || {
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
        let encoded = encoded(stream, entry, head, ops.into(), target.len(), params);
        // Ops far smaller than the value need no comparison with the compressed value.
        let is_smaller = encoded.wire_bytes() * 16 < target.len()
            || encoded.wire_bytes() < whole(stream, entry, params).wire_bytes();
        is_smaller.then_some(encoded)
    })
}

/// The encoded form of an entry whose payload is `head` and `body`; the body is compressed here. `value_bytes` is the
/// size of the value that the client then has.
fn encoded(
    stream: &Stream,
    entry: &Entry,
    head: Vec<u8>,
    body: Bytes,
    value_bytes: usize,
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
    let form = if head.len() + body.len() <= params.fragment_bytes {
        Form::Record(Arc::new(record(header, &head, &body)))
    } else {
        Form::Large(Arc::new(Payload::new(header, head, body)))
    };
    EncodedEntry {
        value_bytes,
        id: fragment_id(stream.number(), entry.cursor),
        form,
    }
}
