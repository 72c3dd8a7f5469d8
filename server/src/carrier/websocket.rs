//! Messages as frames of a server's WebSocket (RFC 6455 section 5).

use bytes::Bytes;
use push_wire_websocket::{Opcode, frame_header};

use super::pieces::{Pieces, SHARE_BYTES};
use super::{Carrier, Kind, Message, Part};

/// Longest header of an unmasked frame, in bytes.
pub(super) const MAX_HEADER: usize = 10;

/// Carrier that collects the frames of one or more messages as pieces of one vectored write.
#[derive(Debug)]
pub struct WebSocketFrames<'a>(Pieces<'a>);

impl<'a> WebSocketFrames<'a> {
    /// Frames to be appended to `pieces`.
    #[must_use]
    pub const fn new(pieces: &'a mut Vec<Bytes>) -> Self {
        Self(Pieces::new(pieces))
    }

    /// Completes the last piece.
    pub fn finish(mut self) {
        self.0.flush();
    }
}

impl Carrier for WebSocketFrames<'_> {
    fn send(&mut self, message: Message) {
        if let [Part::Record(record)] = &message.parts[..] {
            return self.0.share(record.websocket().clone());
        }
        let sizes = message.parts.iter().map(|part| part.as_slice().len());
        let copied: usize = sizes.clone().filter(|len| *len < SHARE_BYTES).sum();
        let out = self.0.copied();
        out.reserve(MAX_HEADER + copied);
        frame_header(opcode(message.kind), sizes.sum(), out);
        message.parts.into_iter().for_each(|part| self.0.add(part));
    }
}

const fn opcode(kind: Kind) -> Opcode {
    match kind {
        Kind::Text => Opcode::Text,
        Kind::Binary => Opcode::Binary,
        Kind::Ping => Opcode::Ping,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::carrier::SharedRecord;

    fn framed(messages: Vec<Message>) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut frames = WebSocketFrames::new(&mut pieces);
        messages.into_iter().for_each(|one| frames.send(one));
        frames.finish();
        pieces
    }

    fn record(len: usize) -> Arc<SharedRecord> {
        Arc::new(SharedRecord::new(len, |out| out.resize(out.len() + len, 7)))
    }

    #[test]
    fn lone_record_is_one_shared_buffer() {
        let record = record(5_000);
        let send = || {
            let part = Part::Record(Arc::clone(&record));
            framed(vec![Message::new(Kind::Binary, vec![part])])
        };
        let (first, second) = (send(), send());
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].as_ptr(), second[0].as_ptr());
        assert_eq!(first[0][..4], [0x82, 126, 0x13, 0x88]);
    }

    #[test]
    fn joins_small_parts_and_shares_large() {
        let body = Bytes::from(vec![1; SHARE_BYTES]);
        let text = |parts: Vec<Bytes>| {
            Message::new(Kind::Text, parts.into_iter().map(Part::Bytes).collect())
        };
        let pieces = framed(vec![
            text(vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")]),
            text(vec![
                Bytes::from_static(b"<"),
                body.clone(),
                Bytes::from_static(b">"),
            ]),
            text(vec![Bytes::from_static(b"d")]),
        ]);
        assert_eq!(pieces[0][..], *b"\x81\x03abc\x81\x7e\x10\x02<");
        assert_eq!(pieces[1].as_ptr(), body.as_ptr());
        assert_eq!(pieces[2][..], *b">\x81\x01d");
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn ping_has_no_content() {
        let ping = Message::new(Kind::Ping, Vec::new());
        assert_eq!(framed(vec![ping])[0][..], [0x89, 0]);
    }
}
