//! The push-wire dialect: records in binary messages (docs/protocol.md sections 2 to 8).

mod deltas;
mod encoded;
mod fragments;
mod once;
mod packing;
#[cfg(test)]
mod tests;

use bytes::Bytes;
pub(super) use encoded::Forms;
use encoded::{EncodedEntry, EncodingParams};
pub(crate) use fragments::{Fragment, Fragments};
use packing::Packing;
use push_wire_broker::Entry;
use push_wire_shared::close::CloseReason;
use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::session::op::{Auth, ErrorCode, ServerOp};
use push_wire_shared::session::server::{ClientLimits, Incoming, WireDecoder, WireEncoder};

use super::{Added, Message, Request};
use crate::carrier::{Carrier, Kind, Message as OutMessage, Part};
use crate::compression::ClientDictionaries;
use crate::hub::Stream;

/// Decoder and encoder of one connection.
#[derive(Debug)]
pub(crate) struct WireCodec {
    decoder: WireDecoder,
    encoding: PayloadEncoding,
    /// The dictionaries of a client that takes compressed entries.
    zstd: Option<ClientDictionaries>,
    /// Payload size above which an entry is sent in fragments to every client, in bytes.
    fragment_bytes: usize,
    limits: ClientLimits,
    control: Control,
    entries: Vec<Part>,
    entry_bytes: usize,
    /// A fragment, which is the next message alone.
    fragment: Option<Fragment>,
}

impl WireCodec {
    pub(super) fn new(system: u8, fragment_bytes: usize) -> Self {
        Self {
            decoder: WireDecoder::new(system),
            encoding: PayloadEncoding::Json,
            zstd: None,
            fragment_bytes,
            limits: ClientLimits::default(),
            control: Control::new(system),
            entries: Vec::new(),
            entry_bytes: 0,
            fragment: None,
        }
    }

    pub(super) fn decode(
        &mut self,
        message: &Message,
        most: usize,
        each: &mut dyn FnMut(Request),
    ) -> Option<Message> {
        let Message::Binary(bytes) = message else {
            let what = "a text message, where this dialect's are binary";
            each(Request::Error(ErrorCode::BadFrame, what.into()));
            each(Request::Close(CloseReason::ProtocolError));
            return None;
        };
        let rest = self.decoder.decode(bytes, most, |incoming| match incoming {
            Incoming::Op(op) => each(Request::Op(op)),
            Incoming::Uplink(uplink) => each(Request::Uplink(uplink)),
            Incoming::Error(code, message) => each(Request::Error(code, message)),
            Incoming::Fatal(reason, code, message) => {
                each(Request::Error(code, message));
                each(Request::Close(reason));
            }
        });
        (!rest.is_empty()).then_some(Message::Binary(rest))
    }

    pub(super) fn authenticate<'a>(&mut self, auth: &'a Auth) -> Vec<&'a str> {
        self.encoding = auth.encoding;
        self.zstd = auth.zstd.then(ClientDictionaries::default);
        let items = auth.subscriptions.iter();
        items.map(|item| item.channel.as_str()).collect()
    }

    pub(super) const fn open(&mut self, limits: ClientLimits) {
        self.limits = limits;
    }

    pub(super) const fn encoding(&self) -> PayloadEncoding {
        self.encoding
    }

    pub(super) const fn dictionaries(&mut self) -> Option<&mut ClientDictionaries> {
        self.zstd.as_mut()
    }

    pub(super) fn op(&mut self, op: &ServerOp) {
        self.control.add(op, self.limits.message_bytes);
    }

    pub(super) fn batch_bytes(&self, server: usize) -> usize {
        server.min(self.limits.message_bytes)
    }

    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry, room: usize) -> Added {
        let encoded = encoded::whole(stream, entry, self.params(stream));
        self.add(&encoded, room)
    }

    pub(super) fn delta(
        &mut self,
        stream: &Stream,
        base: &Entry,
        entry: &Entry,
        room: usize,
    ) -> Option<Added> {
        let encoded = encoded::delta(stream, base, entry, self.params(stream))?;
        Some(self.add(&encoded, room))
    }

    fn params(&self, stream: &Stream) -> EncodingParams<'_> {
        let packing = match &self.zstd {
            Some(dictionaries) if stream.is_compressed() => {
                Packing::Zstd(dictionaries.of(stream.channel()))
            }
            Some(_) | None => Packing::Uncompressed,
        };
        EncodingParams {
            encoding: self.encoding,
            packing,
            fragment_bytes: self.fragment_bytes,
        }
    }

    fn add(&mut self, encoded: &EncodedEntry, room: usize) -> Added {
        let limit = self.limits.value_bytes;
        if encoded.value_bytes() > limit {
            return Added::TooLarge {
                bytes: encoded.value_bytes(),
                limit,
            };
        }
        let record = encoded.record();
        let record = record.filter(|record| record.record().len() <= self.limits.message_bytes);
        let Some(record) = record else {
            let fragments = encoded.fragments(self.fragment_bytes, self.limits.message_bytes);
            return fragments.map_or(
                Added::TooLarge {
                    bytes: encoded.value_bytes(),
                    limit: Fragments::most(self.limits.message_bytes),
                },
                Added::Large,
            );
        };
        let bytes = record.record().len();
        let room = room.min(
            self.limits
                .message_bytes
                .saturating_sub(self.pending_bytes()),
        );
        if bytes > room && self.pending_bytes() > 0 {
            return Added::Full;
        }
        self.entry_bytes += bytes;
        self.entries.push(Part::Record(record.clone()));
        Added::Bytes(bytes)
    }

    pub(super) fn fragment(&mut self, fragment: Fragment) {
        self.fragment = Some(fragment);
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.control.bytes + self.entry_bytes
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.control.ops
    }

    pub(super) fn finish(&mut self, out: &mut dyn Carrier) -> usize {
        let mut messages = 0;
        let mut send = |parts: Vec<Part>| {
            messages += 1;
            out.send(OutMessage::new(Kind::Binary, parts));
        };
        if let Some(fragment) = self.fragment.take() {
            send(vec![
                Part::Bytes(fragment.start),
                Part::Bytes(fragment.rest),
            ]);
            return messages;
        }
        let (full, last) = self.control.take();
        full.into_iter()
            .for_each(|records| send(vec![Part::Bytes(records)]));
        // A connection that has caught up keeps no buffers: idle ones cost nothing.
        let mut parts = std::mem::take(&mut self.entries);
        self.entry_bytes = 0;
        if !last.is_empty() {
            parts.insert(0, Part::Bytes(last));
        }
        if !parts.is_empty() {
            send(parts);
        }
        messages
    }
}

/// Records of queued control ops, in messages within the client's limit.
#[derive(Debug)]
struct Control {
    encoder: WireEncoder,
    /// Complete messages.
    full: Vec<Bytes>,
    /// The last, incomplete message, to which entries may be added.
    last: Vec<u8>,
    bytes: usize,
    ops: usize,
}

impl Control {
    const fn new(system: u8) -> Self {
        Self {
            encoder: WireEncoder::new(system),
            full: Vec::new(),
            last: Vec::new(),
            bytes: 0,
            ops: 0,
        }
    }

    fn add(&mut self, op: &ServerOp, message_bytes: usize) {
        let before = self.last.len();
        self.encoder.encode(op, &mut self.last);
        self.bytes += self.last.len() - before;
        self.ops += 1;
        if before > 0 && self.last.len() > message_bytes {
            let record = self.last.split_off(before);
            let full = std::mem::replace(&mut self.last, record);
            self.full.push(full.into());
        }
    }

    fn take(&mut self) -> (Vec<Bytes>, Bytes) {
        (self.bytes, self.ops) = (0, 0);
        let last = Bytes::from(std::mem::take(&mut self.last));
        (std::mem::take(&mut self.full), last)
    }
}
