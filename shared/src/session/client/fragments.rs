//! Entries that come in fragments (docs/protocol.md section 4.4).
//!
//! A connection keeps their order, so a fragment is appended to those before it: there is nothing to sort and nothing
//! that grows too old. [`FragmentAssembler`](crate::fragment::FragmentAssembler) is for transports that reorder and lose.

use alloc::vec::Vec;

use crate::fragment::FragmentHeader;
use crate::limits::ENTRIES_UNDER_WAY;
use crate::position::Cursor;
use crate::session::wire::fragment_of;

/// Headers before a body in an entry's payload, in bytes at most: a body of the largest size is not too large.
const PAYLOAD_HEADER: usize = 64;

/// The entries of one connection that have come in part: at most one for each lane, and one for each stream.
#[derive(Debug)]
pub(super) struct Fragments {
    partials: Vec<Partial>,
    /// Largest entry, in bytes.
    limit: usize,
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

/// Result of adding a fragment.
#[derive(Debug)]
pub(super) enum Step {
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
    pub(super) const fn new(max_value_bytes: usize) -> Self {
        Self {
            partials: Vec::new(),
            limit: max_value_bytes.saturating_add(PAYLOAD_HEADER),
        }
    }

    /// Returns whether an entry has come in part.
    pub(super) fn is_empty(&self) -> bool {
        self.partials.is_empty()
    }

    /// Drops what has come of a stream's entry; returns whether there was anything.
    pub(super) fn forget(&mut self, stream: u64) -> bool {
        let before = self.partials.len();
        self.partials.retain(|partial| partial.stream != stream);
        self.partials.len() < before
    }

    /// Drops everything; returns how many entries that was.
    pub(super) fn clear(&mut self) -> u64 {
        let dropped = self.partials.len() as u64;
        self.partials.clear();
        dropped
    }

    pub(super) fn push(&mut self, header: FragmentHeader, bytes: &[u8]) -> Step {
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
        if partial.payload.len() + bytes.len() > self.limit {
            return Step::TooLarge;
        }
        partial.add(bytes);
        if partial.next < partial.total {
            return Step::Wait;
        }
        Step::Whole(self.partials.swap_remove(at).payload)
    }
}
