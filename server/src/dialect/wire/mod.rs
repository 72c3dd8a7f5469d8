//! The push-wire dialect: records in binary messages.

use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::session::op::ServerOp;
use push_wire_shared::session::server::WireEncoder;

use super::Added;
use crate::compression::ClientDictionaries;
use crate::hub::Stream;
use crate::outbox::encoded::{self, EncodedEntry, EncodingParams, RecordMessage};
use crate::outbox::framing::{Opcode, frame_header};
use crate::outbox::packing::Packing;
use crate::outbox::transfer::Fragment;

/// Records from this size on are shared with the other readers even in a message of several; smaller ones are
/// copied next to each other, which costs less than one more piece in a vectored write.
const SHARE_BYTES: usize = 4_096;

/// Gathers the records of the next message.
#[derive(Debug)]
pub(crate) struct WireRenderer {
    encoding: PayloadEncoding,
    /// The dictionaries of a client that takes compressed entries.
    zstd: Option<ClientDictionaries>,
    /// Payloads above this leave in fragments.
    fragment_bytes: usize,
    encoder: WireEncoder,
    /// Records of control ops.
    control: Vec<u8>,
    ops: usize,
    entries: Vec<RecordMessage>,
    entry_bytes: usize,
    /// The message is this alone.
    fragment: Option<Fragment>,
}

impl WireRenderer {
    pub(crate) fn new(system: u8, fragment_bytes: usize) -> Self {
        Self {
            encoding: PayloadEncoding::Json,
            zstd: None,
            fragment_bytes,
            encoder: WireEncoder::new(system),
            control: Vec::new(),
            ops: 0,
            entries: Vec::new(),
            entry_bytes: 0,
            fragment: None,
        }
    }

    /// The client is known, and what it takes.
    pub(crate) fn set_taken(&mut self, encoding: PayloadEncoding, zstd: bool) {
        self.encoding = encoding;
        self.zstd = zstd.then(ClientDictionaries::default);
    }

    /// The dictionaries of a client that takes compressed entries.
    pub(crate) fn dictionaries(&mut self) -> Option<&mut ClientDictionaries> {
        self.zstd.as_mut()
    }

    pub(super) fn op(&mut self, op: &ServerOp) {
        self.encoder.encode(op, &mut self.control);
        self.ops += 1;
    }

    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry, room: usize) -> Added {
        let encoded = encoded::whole(stream, entry, self.params(stream));
        self.add(encoded, room)
    }

    pub(super) fn delta(
        &mut self,
        stream: &Stream,
        base: &Entry,
        entry: &Entry,
        room: usize,
    ) -> Option<Added> {
        let encoded = encoded::delta(stream, base, entry, self.params(stream))?;
        Some(self.add(encoded, room))
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

    fn add(&mut self, encoded: EncodedEntry, room: usize) -> Added {
        let encoded = match encoded {
            EncodedEntry::One(encoded) => encoded,
            EncodedEntry::Large(large) => return Added::Large(large),
        };
        let bytes = encoded.record().len();
        if bytes > room && self.pending_bytes() > 0 {
            return Added::Full;
        }
        self.entry_bytes += bytes;
        self.entries.push(encoded);
        Added::Bytes(bytes)
    }

    /// The message, empty so far, is this fragment.
    pub(super) fn fragment(&mut self, fragment: Fragment) {
        self.fragment = Some(fragment);
    }

    pub(super) fn pending_bytes(&self) -> usize {
        self.control.len() + self.entry_bytes
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.ops
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Bytes>) {
        if let Some(fragment) = self.fragment.take() {
            return out.extend([fragment.start.into(), fragment.rest]);
        }
        let len = self.pending_bytes();
        if len == 0 {
            return;
        }
        let mut entries = std::mem::take(&mut self.entries);
        if let ([lone], true) = (&entries[..], self.control.is_empty()) {
            out.push(lone.message().clone());
        } else {
            self.join(len, &entries, out);
        }
        entries.clear();
        self.entries = entries;
        // A connection that has caught up keeps no buffers: idle ones cost nothing.
        self.entries.shrink_to(0);
        self.control = Vec::new();
        self.ops = 0;
        self.entry_bytes = 0;
    }

    /// One message of several records.
    fn join(&mut self, len: usize, entries: &[RecordMessage], out: &mut Vec<Bytes>) {
        let copied = entries
            .iter()
            .map(|encoded| encoded.record().len())
            .filter(|len| *len < SHARE_BYTES);
        let mut piece = Vec::with_capacity(16 + self.control.len() + copied.sum::<usize>());
        frame_header(Opcode::Binary, len, &mut piece);
        piece.append(&mut self.control);
        for encoded in entries {
            if encoded.record().len() < SHARE_BYTES {
                piece.extend_from_slice(encoded.record());
                continue;
            }
            if !piece.is_empty() {
                out.push(Bytes::from(std::mem::take(&mut piece)));
            }
            out.push(encoded.record_bytes());
        }
        if !piece.is_empty() {
            out.push(Bytes::from(piece));
        }
    }
}
