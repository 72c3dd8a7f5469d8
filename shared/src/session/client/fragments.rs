//! Entries that come in fragments (docs/protocol.md section 4.4).
//!
//! A line keeps their order, so a fragment is appended to those before it: there is nothing to sort and nothing that
//! grows too old. [`FragmentAssembler`](crate::fragment::FragmentAssembler) is for ways that reorder and lose.

use alloc::vec::Vec;

use super::subscription::Place;
use super::{ClientSession, SharedBytes};
use crate::close::CloseReason;
use crate::fragment::{FRAGMENT_HEADER_LEN, FragmentHeader};
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::limits::ENTRIES_UNDER_WAY;
use crate::position::{Cursor, low_bits};
use crate::session::wire::fragment_of;
use crate::time::Moment;

/// What may stand before a body in an entry's payload, in bytes: a body of the largest size is not too large.
const PAYLOAD_HEADER: usize = 64;

/// The entries of one connection that have come in part: at most one for each lane, and one for each stream.
#[derive(Default, Debug)]
pub(super) struct Fragments {
    partials: Vec<Partial>,
}

/// An entry that has come in part.
#[derive(Debug)]
struct Partial {
    stream: u64,
    cursor: Cursor,
    total: u16,
    /// Index of the fragment that comes next.
    next: u16,
    payload: Vec<u8>,
}

impl Partial {
    fn add(&mut self, bytes: &[u8]) {
        let held = self.payload.len();
        if self.payload.capacity() - held < bytes.len() {
            // Room for what is announced, but for no more than has come already.
            let announced = usize::from(self.total - self.next) * bytes.len();
            self.payload
                .reserve_exact(announced.min(held.max(bytes.len())));
        }
        self.payload.extend_from_slice(bytes);
        self.next += 1;
    }
}

/// What a fragment has led to.
#[derive(Debug)]
enum Step {
    /// The entry is whole.
    Whole(Vec<u8>),
    /// More are to come.
    Wait,
    /// It is not the one that comes next.
    OutOfOrder,
    /// The entry is above the limit.
    TooLarge,
    /// More entries are under way than there are lanes.
    TooMany,
}

impl Fragments {
    /// Whether an entry has come in part.
    pub(super) fn is_empty(&self) -> bool {
        self.partials.is_empty()
    }

    /// What has come of a stream's entry is no longer wanted; tells whether there was anything.
    pub(super) fn forget(&mut self, stream: u64) -> bool {
        let before = self.partials.len();
        self.partials.retain(|partial| partial.stream != stream);
        self.partials.len() < before
    }

    fn push(&mut self, header: FragmentHeader, bytes: &[u8], limit: usize) -> Step {
        let (stream, cursor) = fragment_of(header.fragment_id);
        if header.index == 0 {
            self.forget(stream);
            if self.partials.len() >= ENTRIES_UNDER_WAY {
                return Step::TooMany;
            }
            self.partials.push(Partial {
                stream,
                cursor,
                total: header.total,
                next: 0,
                payload: Vec::new(),
            });
        }
        let is_next = |partial: &Partial| {
            (partial.stream, partial.cursor) == (stream, cursor)
                && (partial.total, partial.next) == (header.total, header.index)
        };
        let Some(at) = self.partials.iter().position(is_next) else {
            return Step::OutOfOrder;
        };
        let partial = &mut self.partials[at];
        if partial.payload.len() + bytes.len() > limit.saturating_add(PAYLOAD_HEADER) {
            return Step::TooLarge;
        }
        partial.add(bytes);
        if partial.next < partial.total {
            return Step::Wait;
        }
        Step::Whole(self.partials.swap_remove(at).payload)
    }
}

impl ClientSession {
    /// Takes a fragment of an entry.
    pub(super) fn fragment(&mut self, now: Moment, header: FrameHeader, payload: &[u8]) {
        let Ok((fragment, bytes)) = FragmentHeader::split(payload) else {
            let what = "a fragment cut off in its header, or of an index beyond its total";
            return self.fail(now, CloseReason::ProtocolError, what);
        };
        let (stream, cursor) = fragment_of(fragment.fragment_id);
        if low_bits(cursor) != header.sequence {
            let what = "a fragment that names another entry than its frame";
            return self.fail(now, CloseReason::ProtocolError, what);
        }
        let Some(at) = self.reading(now, stream, header.channel) else {
            return;
        };
        self.outputs.stats.fragments += 1;
        match self.readers[at].place(cursor) {
            Place::Next => {}
            Place::Repeat => {
                self.give_up(stream);
                self.outputs.stats.repeats += u64::from(fragment.index == 0);
                return;
            }
            Place::Gap => return self.read_again(now, at),
        }
        let limit = self.config.max_value_bytes;
        match self.fragments.push(fragment, bytes, limit) {
            Step::Wait => {}
            Step::Whole(payload) => {
                let headers = FRAME_HEADER_LEN + FRAGMENT_HEADER_LEN;
                let wire_bytes = payload.len() + usize::from(fragment.total) * headers;
                let payload = SharedBytes::from(payload);
                self.entry(now, header, &payload, &payload, wire_bytes);
            }
            Step::OutOfOrder => self.read_again(now, at),
            Step::TooLarge => {
                let what = "the server's entry is above the limit of a value's size";
                self.fail(now, CloseReason::MessageTooLarge, what);
            }
            Step::TooMany => {
                let what = "more entries under way in fragments than there are lanes";
                self.fail(now, CloseReason::ProtocolError, what);
            }
        }
    }

    /// What has come of a stream's entry is no longer wanted: it comes again from its first fragment, or never.
    pub(super) fn give_up(&mut self, stream: u64) {
        self.outputs.stats.unfinished += u64::from(self.fragments.forget(stream));
    }

    /// The line is gone, and with it the rest of what has come in part.
    pub(super) fn give_up_all(&mut self) {
        let partials = core::mem::take(&mut self.fragments.partials);
        self.outputs.stats.unfinished += partials.len() as u64;
    }
}
