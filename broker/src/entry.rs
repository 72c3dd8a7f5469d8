//! One message accepted into a stream.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use push_wire_shared::encoding::Content;
use push_wire_shared::position::{Cursor, Tag};
use push_wire_shared::time::Moment;

/// Body of an entry and its kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Kind of the body.
    pub content: Content,
    /// A value as JSON text, or the application's bytes.
    pub body: Bytes,
}

/// One entry of a log, shared by all readers.
pub struct Entry {
    /// Number in the stream.
    pub cursor: Cursor,
    /// Random number drawn at the append, which distinguishes it from a later entry with the same cursor.
    pub tag: Tag,
    /// Time of the append.
    pub published: Moment,
    /// Body of the entry and its kind.
    pub record: Record,
    forms: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Entry {
    /// A new entry.
    #[must_use]
    pub fn new(cursor: Cursor, tag: Tag, published: Moment, record: Record) -> Self {
        Self {
            cursor,
            tag,
            published,
            record,
            forms: OnceLock::new(),
        }
    }

    /// Returns the slot for values derived from this entry (its encoded forms), created on first use and kept as long
    /// as the entry; `None` if an earlier call for this entry used another type.
    pub fn forms<T: Any + Default + Send + Sync>(&self) -> Option<&T> {
        self.forms
            .get_or_init(|| Box::<T>::default())
            .downcast_ref()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("cursor", &self.cursor)
            .field("published", &self.published)
            .field("bytes", &self.record.body.len())
            .finish_non_exhaustive()
    }
}
