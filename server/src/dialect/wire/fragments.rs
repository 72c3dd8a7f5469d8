//! Entries that leave in fragments (docs/protocol.md section 4.4).

use std::sync::Arc;

use bytes::Bytes;
use push_wire_shared::fragment::{FRAGMENT_HEADER_LEN, FragmentHeader};
use push_wire_shared::frame::{FRAME_HEADER_LEN, FrameHeader};
use push_wire_shared::position::Cursor;
use push_wire_shared::session::wire::{varint_len, write_varint};
use uuid::Uuid;

use super::framing::{Opcode, frame_header};

/// An entry too large for one frame. All its readers share it, each being somewhere in it.
#[derive(Debug)]
pub(crate) struct Large {
    header: FrameHeader,
    id: Uuid,
    /// What stands before the body in the payload. Not in one piece with it: the body is the log's own.
    head: Vec<u8>,
    body: Bytes,
    piece_bytes: usize,
    total: u16,
}

/// A WebSocket message of one fragment, in two pieces: the second is shared.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(super) start: Vec<u8>,
    pub(super) rest: Bytes,
}

impl Fragment {
    pub(super) fn len(&self) -> usize {
        self.start.len() + self.rest.len()
    }
}

impl Large {
    /// An entry whose frame would have this header, and as payload `head` and `body`.
    pub(super) fn new(
        mut header: FrameHeader,
        id: Uuid,
        head: Vec<u8>,
        body: Bytes,
        fragment_bytes: usize,
    ) -> Self {
        header.flags.fragmented = true;
        let bytes = head.len() + body.len();
        // Of the largest entries the pieces are larger, so that they can be counted in 16 bits.
        let piece_bytes = fragment_bytes.max(bytes.div_ceil(usize::from(u16::MAX)));
        Self {
            header,
            id,
            head,
            body,
            piece_bytes,
            total: u16::try_from(bytes.div_ceil(piece_bytes)).unwrap_or(u16::MAX),
        }
    }

    /// Bytes of the payload.
    pub(super) fn payload_bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Where a fragment begins and ends in the payload.
    fn range(&self, index: u16) -> (usize, usize) {
        let begin = usize::from(index) * self.piece_bytes;
        let end = (begin + self.piece_bytes).min(self.payload_bytes());
        (begin, end)
    }

    fn fragment(&self, index: u16) -> Fragment {
        let (begin, end) = self.range(index);
        let fragment = FragmentHeader {
            fragment_id: self.id,
            total: self.total,
            index,
        };
        let split = self.head.len();
        let head = &self.head[begin.min(split)..end.min(split)];
        let frame = FRAME_HEADER_LEN + FRAGMENT_HEADER_LEN + end - begin;
        let record = varint_len(frame as u64) + frame;
        let mut start = Vec::with_capacity(64);
        frame_header(Opcode::Binary, record, &mut start);
        write_varint(&mut start, frame as u64);
        start.extend_from_slice(&self.header.to_bytes());
        start.extend_from_slice(&fragment.to_bytes());
        start.extend_from_slice(head);
        let rest = begin.max(split) - split..end.max(split) - split;
        Fragment {
            start,
            rest: self.body.slice(rest),
        }
    }
}

/// How far one reader is in a large entry.
#[derive(Debug)]
pub(super) struct Transfer {
    large: Arc<Large>,
    next: u16,
    pub(super) cursor: Cursor,
    pub(super) is_delta: bool,
}

impl Transfer {
    pub(super) fn new(large: Arc<Large>, cursor: Cursor, is_delta: bool) -> Self {
        Self {
            large,
            next: 0,
            cursor,
            is_delta,
        }
    }

    /// The next fragment, and whether it is the last one.
    pub(super) fn take(&mut self) -> (Fragment, bool) {
        let fragment = self.large.fragment(self.next);
        self.next += 1;
        (fragment, self.next == self.large.total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use push_wire_shared::fragment::{FragmentAssembler, FragmentShard};
    use push_wire_shared::frame::BinaryFlags;
    use push_wire_shared::session::wire::Records;

    use super::*;

    const ID: Uuid = Uuid::from_u128(5);

    const HEADER: FrameHeader = FrameHeader {
        flags: BinaryFlags {
            compressed: true,
            fragmented: false,
            ack_required: true,
        },
        channel: 7,
        sequence: 9,
    };

    proptest! {
        #[test]
        fn fragments_make_the_payload(head: Vec<u8>, body in prop::collection::vec(any::<u8>(), 1..300), piece in 1usize..200) {
            let payload = [&head[..], &body].concat();
            let large = Arc::new(Large::new(HEADER, ID, head, body.into(), piece));
            let mut transfer = Transfer::new(large, 9, false);
            let mut assembler = FragmentAssembler::new();
            loop {
                let (fragment, last) = transfer.take();
                let message = [&fragment.start[..], &fragment.rest].concat();
                prop_assert_eq!(fragment.len(), message.len());
                let record = match message[..] {
                    [0x82, 126, high, low, ref record @ ..] => {
                        prop_assert_eq!(usize::from(high) << 8 | usize::from(low), record.len());
                        record
                    }
                    [0x82, len, ref record @ ..] => {
                        prop_assert_eq!(usize::from(len), record.len());
                        record
                    }
                    _ => panic!("not a binary message: {message:?}"),
                };
                let (header, bytes) = Records::new(record).next().unwrap().unwrap();
                let flags = BinaryFlags { fragmented: true, ..HEADER.flags };
                prop_assert_eq!(header, FrameHeader { flags, ..HEADER });
                let shard = FragmentShard::decode(bytes).unwrap();
                prop_assert_eq!(shard.fragment_id, ID);
                prop_assert!(shard.payload.len() <= piece);
                let whole = assembler.push(shard).unwrap();
                prop_assert_eq!(whole.is_some(), last);
                if let Some(whole) = whole {
                    prop_assert_eq!(whole, payload);
                    break;
                }
            }
        }
    }

    #[test]
    fn the_pieces_of_the_largest_entries_are_larger() {
        let body = Bytes::from(vec![0; 200_000]);
        let large = Large::new(HEADER, ID, Vec::new(), body, 1);
        assert_eq!((large.piece_bytes, large.total), (4, 50_000));
    }

    #[test]
    fn readers_share_the_body() {
        let body = Bytes::from(vec![0; 1000]);
        let at = body.as_ptr();
        let large = Large::new(HEADER, ID, vec![1, 2], body, 100);
        let (first, second) = (large.fragment(0), large.fragment(1));
        assert_eq!(first.rest.as_ptr(), at);
        assert_eq!(second.rest.as_ptr(), at.wrapping_add(98));
    }
}
