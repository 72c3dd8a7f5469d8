//! Entries that leave in fragments (docs/protocol.md section 4.4).

use std::sync::Arc;

use bytes::Bytes;
use push_wire_shared::fragment::{FRAGMENT_HEADER_LEN, FragmentHeader};
use push_wire_shared::frame::{FRAME_HEADER_LEN, FrameHeader};
use push_wire_shared::session::wire::{Records, write_varint};
use uuid::Uuid;

use crate::carrier::SharedRecord;

/// Overhead of a message with one fragment, in bytes: the record's length and two headers.
const OVERHEAD: usize = 5 + FRAME_HEADER_LEN + FRAGMENT_HEADER_LEN;

/// Header and payload of an entry's frame, shared by the readers that get it in fragments.
#[derive(Debug)]
pub(super) struct Payload {
    header: FrameHeader,
    /// Beginning of the payload; separate from the body, which is shared with the log.
    head: Vec<u8>,
    body: Bytes,
}

impl Payload {
    /// The payload `head` and `body` of a frame with this header.
    pub(super) const fn new(header: FrameHeader, head: Vec<u8>, body: Bytes) -> Self {
        Self { header, head, body }
    }

    /// The payload of a record that holds one frame.
    pub(super) fn of_record(record: &SharedRecord) -> Option<Self> {
        let bytes = record.record_bytes();
        let (header, payload) = Records::new(&bytes).next()?.ok()?;
        Some(Self::new(header, Vec::new(), bytes.slice_ref(payload)))
    }

    /// Bytes of the payload.
    pub(super) const fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// Content of a message with one fragment; the second piece is shared.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(super) start: Bytes,
    pub(super) rest: Bytes,
}

impl Fragment {
    pub(crate) const fn len(&self) -> usize {
        self.start.len() + self.rest.len()
    }
}

/// Fragments of an entry that one connection has not sent yet.
#[derive(Debug)]
pub(crate) struct Fragments {
    payload: Arc<Payload>,
    id: Uuid,
    piece_bytes: usize,
    total: u16,
    next: u16,
}

impl Fragments {
    /// All fragments of an entry, of about `fragment_bytes` each, in messages of at most `message_bytes`; `None` if
    /// there would be more than 65,535.
    pub(super) fn new(
        payload: Arc<Payload>,
        id: Uuid,
        fragment_bytes: usize,
        message_bytes: usize,
    ) -> Option<Self> {
        let bytes = payload.len();
        let most = message_bytes.saturating_sub(OVERHEAD);
        // Of the largest entries the pieces are larger, so that they can be counted.
        let countable = bytes.div_ceil(usize::from(u16::MAX));
        let piece_bytes = fragment_bytes.max(countable).min(most).max(1);
        let total = u16::try_from(bytes.div_ceil(piece_bytes)).ok()?;
        (piece_bytes <= most).then_some(Self {
            payload,
            id,
            piece_bytes,
            total,
            next: 0,
        })
    }

    /// Largest payload that fragments in messages of at most `message_bytes` can carry.
    pub(super) const fn most(message_bytes: usize) -> usize {
        message_bytes.saturating_sub(OVERHEAD) * u16::MAX as usize
    }

    /// The next fragment, and whether it is the last one.
    pub(crate) fn take(&mut self) -> (Fragment, bool) {
        let fragment = self.fragment(self.next);
        self.next += 1;
        (fragment, self.next == self.total)
    }

    fn fragment(&self, index: u16) -> Fragment {
        let Payload { header, head, body } = &*self.payload;
        let begin = usize::from(index) * self.piece_bytes;
        let end = (begin + self.piece_bytes).min(self.payload.len());
        let fragment = FragmentHeader {
            fragment_id: self.id,
            total: self.total,
            index,
        };
        let mut header = *header;
        header.flags.fragmented = true;
        let split = head.len();
        let head = &head[begin.min(split)..end.min(split)];
        let frame = FRAME_HEADER_LEN + FRAGMENT_HEADER_LEN + end - begin;
        let mut start = Vec::with_capacity(OVERHEAD + head.len());
        write_varint(&mut start, frame as u64);
        start.extend_from_slice(&header.to_bytes());
        start.extend_from_slice(&fragment.to_bytes());
        start.extend_from_slice(head);
        Fragment {
            start: Bytes::from(start),
            rest: body.slice(begin.max(split) - split..end.max(split) - split),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use push_wire_shared::fragment::{FragmentAssembler, FragmentShard};
    use push_wire_shared::frame::BinaryFlags;
    use push_wire_shared::session::wire::write_record;

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

    fn fragments(
        payload: Payload,
        fragment_bytes: usize,
        message_bytes: usize,
    ) -> Option<Fragments> {
        Fragments::new(Arc::new(payload), ID, fragment_bytes, message_bytes)
    }

    /// Joins the fragments as a client does, and checks that each message is within the limit.
    fn joined(mut fragments: Fragments, message_bytes: usize) -> Vec<u8> {
        let mut assembler = FragmentAssembler::new();
        loop {
            let (fragment, last) = fragments.take();
            let message = [&fragment.start[..], &fragment.rest].concat();
            assert_eq!(fragment.len(), message.len());
            assert!(message.len() <= message_bytes);
            let (header, bytes) = Records::new(&message).next().unwrap().unwrap();
            let flags = BinaryFlags {
                fragmented: true,
                ..HEADER.flags
            };
            assert_eq!(header, FrameHeader { flags, ..HEADER });
            let shard = FragmentShard::decode(bytes).unwrap();
            assert_eq!(shard.fragment_id, ID);
            let whole = assembler.push(shard).unwrap();
            assert_eq!(whole.is_some(), last);
            if let Some(whole) = whole {
                return whole;
            }
        }
    }

    proptest! {
        #[test]
        fn fragments_make_the_payload(
            head: Vec<u8>,
            body in prop::collection::vec(any::<u8>(), 1..300),
            piece in 1usize..200,
            message in OVERHEAD + 1..300,
        ) {
            let payload = [&head[..], &body].concat();
            let fragments = fragments(Payload::new(HEADER, head, body.into()), piece, message);
            prop_assert_eq!(joined(fragments.unwrap(), message), payload);
        }

        #[test]
        fn record_leaves_in_fragments_too(payload in prop::collection::vec(any::<u8>(), 1..300)) {
            let mut bytes = Vec::new();
            write_record(&mut bytes, HEADER, &payload);
            let record = SharedRecord::new(bytes.len(), |out| out.extend_from_slice(&bytes));
            let fragments = fragments(Payload::of_record(&record).unwrap(), 1_000, 100);
            prop_assert_eq!(joined(fragments.unwrap(), 100), payload);
        }
    }

    #[test]
    fn largest_entries_have_larger_pieces() {
        let payload = || Payload::new(HEADER, Vec::new(), Bytes::from(vec![0; 200_000]));
        let all = fragments(payload(), 1, 1_000).unwrap();
        assert_eq!((all.piece_bytes, all.total), (4, 50_000));
        assert!(fragments(payload(), 1, OVERHEAD + 3).is_none());
        assert!(fragments(payload(), 1, 0).is_none());
        assert!(Fragments::most(OVERHEAD + 3) < 200_000);
    }

    #[test]
    fn readers_share_the_body() {
        let body = Bytes::from(vec![0; 1000]);
        let at = body.as_ptr();
        let all = fragments(Payload::new(HEADER, vec![1, 2], body), 100, 1_000).unwrap();
        let (first, second) = (all.fragment(0), all.fragment(1));
        assert_eq!(first.rest.as_ptr(), at);
        assert_eq!(second.rest.as_ptr(), at.wrapping_add(98));
    }
}
