//! Id in the fragments of an entry: its stream and cursor (docs/protocol.md section 4.4).

use uuid::Uuid;

use crate::position::Cursor;

/// The id in the fragments of an entry: `[stream: 8 BE][cursor: 8 BE]`.
#[must_use]
pub const fn fragment_id(stream: u64, cursor: Cursor) -> Uuid {
    Uuid::from_u64_pair(stream, cursor)
}

/// The stream and cursor of the entry that a fragment belongs to.
#[must_use]
pub const fn fragment_of(id: Uuid) -> (u64, Cursor) {
    id.as_u64_pair()
}
