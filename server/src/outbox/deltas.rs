//! Deltas between the entries of one stream, each made once for all readers.

use std::collections::VecDeque;
use std::sync::Mutex;

use push_wire_broker::Entry;
use push_wire_shared::position::Cursor;

use super::encoded::EncodedEntry;
use super::packing::EncodingKey;
use crate::hub::lock;

/// Deltas kept per stream (8): the readers of one stream stand at the newest few versions.
const DELTAS: usize = 8;

/// The newest deltas of one stream.
#[derive(Default, Debug)]
pub(super) struct Deltas {
    newest: Mutex<VecDeque<Delta>>,
}

/// A delta between two entries, or the knowledge that none is smaller than the whole.
#[derive(Debug)]
struct Delta {
    base: Cursor,
    target: Cursor,
    key: EncodingKey,
    encoded: Option<EncodedEntry>,
}

impl Deltas {
    /// The delta between two entries; `None` when none is smaller than the whole.
    pub(super) fn get_or_make(
        &self,
        base: &Entry,
        target: &Entry,
        key: EncodingKey,
        make: impl FnOnce() -> Option<EncodedEntry>,
    ) -> Option<EncodedEntry> {
        // Held while the delta is made: another reader of the same pair waits for it instead of making it again.
        let mut newest = lock(&self.newest);
        let known = newest.iter().find(|delta| {
            (delta.base, delta.target, delta.key) == (base.cursor, target.cursor, key)
        });
        if let Some(known) = known {
            return known.encoded.clone();
        }
        let encoded = make();
        if newest.len() == DELTAS {
            newest.pop_front();
        }
        newest.push_back(Delta {
            base: base.cursor,
            target: target.cursor,
            key,
            encoded: encoded.clone(),
        });
        encoded
    }
}
