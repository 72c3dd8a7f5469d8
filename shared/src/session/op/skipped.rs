//! Statement of entries that a reader is not sent.

use serde::{Deserialize, Serialize};

use super::fields::is_untagged;
use crate::position::{Cursor, Position, Tag};

/// Entries of a log that a reader too far behind is not sent (docs/protocol.md section 5.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Skipped {
    /// The client's id of the subscription.
    pub id: u32,
    /// Number of entries, at least 1: those up to `cursor` that were not sent.
    pub count: u64,
    /// Cursor after which reading continues.
    pub cursor: Cursor,
    /// Tag of the entry at `cursor`; 0 if it is not known.
    #[serde(default, skip_serializing_if = "is_untagged")]
    pub tag: u32,
}

impl Skipped {
    /// The statement that `count` entries before this position are skipped.
    #[must_use]
    pub const fn new(id: u32, count: u64, position: Position) -> Self {
        Self {
            id,
            count,
            cursor: position.cursor,
            tag: position.tag.0,
        }
    }

    /// The tag of the entry at `cursor`.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        Tag(self.tag)
    }
}
