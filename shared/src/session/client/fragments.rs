//! Entries that come in fragments (docs/protocol.md section 4.4).
//!
//! A connection keeps their order, so a fragment is appended to those before it: there is nothing to sort and nothing
//! that grows too old. [`FragmentAssembler`](crate::fragment::FragmentAssembler) is for transports that reorder and lose.

use alloc::vec::Vec;

use crate::fragment::FragmentHeader;
use crate::limits::ENTRIES_UNDER_WAY;
use crate::position::Cursor;
use crate::session::wire::fragment_of;

/// Largest size of the headers before a body in an entry's payload, in bytes, added to the limit of a value.
const PAYLOAD_HEADER: usize = 64;

/// Incomplete entries of one connection: at most one per lane and per stream.
#[derive(Debug)]
pub(super) struct Fragments {
    partials: Vec<Partial>,
    /// Largest entry, in bytes.
    limit: usize,
}

/// An incomplete entry.
#[derive(Debug)]
struct Partial {
    stream: u64,
    cursor: Cursor,
    total: u16,
    /// Index of the next fragment.
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
    /// The entry is complete: its payload.
    Whole(Vec<u8>),
    /// More fragments are missing.
    Wait,
    /// The fragment is not the next one.
    OutOfOrder,
    /// The entry is above the limit.
    TooLarge,
    /// More entries are incomplete than there are lanes.
    TooMany,
}

impl Fragments {
    pub(super) const fn new(max_value_bytes: usize) -> Self {
        Self {
            partials: Vec::new(),
            limit: max_value_bytes.saturating_add(PAYLOAD_HEADER),
        }
    }

    /// Returns whether an entry is incomplete.
    pub(super) fn is_empty(&self) -> bool {
        self.partials.is_empty()
    }

    /// Drops a stream's incomplete entry; returns whether there was one.
    pub(super) fn forget(&mut self, stream: u64) -> bool {
        let before = self.partials.len();
        self.partials.retain(|partial| partial.stream != stream);
        self.partials.len() < before
    }

    /// Drops all incomplete entries; returns their number.
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
