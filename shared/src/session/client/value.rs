//! Current value of a state stream, and the application of deltas to it (docs/protocol.md section 4.2).

use bytes::Bytes;

use crate::delta::{self, Check};
use crate::position::Cursor;
use crate::session::wire::DeltaHeader;

/// A value of a state stream.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Cursor of its entry.
    pub(super) cursor: Cursor,
    pub(super) bytes: Bytes,
    /// Its hash, computed when first needed.
    check: Option<Check>,
}

impl Value {
    /// A value received whole; `body` is a part of `message`.
    pub(super) fn whole(cursor: Cursor, body: &[u8], message: &Bytes) -> Self {
        // A slice keeps its whole message in memory, which is fine unless most of that is something else.
        let bytes = if message.len() > 2 * body.len() + 256 {
            Bytes::copy_from_slice(body)
        } else {
            message.slice_ref(body)
        };
        Self {
            cursor,
            bytes,
            check: None,
        }
    }

    /// Applies a delta to this value; `None` when its base is another value, or the result's check fails.
    pub(super) fn apply(
        &mut self,
        cursor: Cursor,
        header: DeltaHeader,
        ops: &[u8],
        max_bytes: usize,
    ) -> Option<Self> {
        if self.cursor.checked_add(header.distance) != Some(cursor) {
            return None;
        }
        let base = &*self.bytes;
        let check = self.check.get_or_insert_with(|| delta::check(base));
        if check.base() != header.base_check {
            return None;
        }
        let bytes = delta::apply(base, ops, max_bytes).ok()?;
        let check = delta::check(&bytes);
        if check.result() != header.result_check {
            return None;
        }
        Some(Self {
            cursor,
            bytes: Bytes::from(bytes),
            check: Some(check),
        })
    }
}
