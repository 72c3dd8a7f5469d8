//! Deltas between the newest entries of a stream, each made once for all readers.

use std::collections::VecDeque;
use std::sync::Mutex;

use push_wire_broker::Entry;
use push_wire_shared::position::Cursor;

use super::encoded::EncodedEntry;
use super::packing::EncodingKey;
use crate::hub::lock;

/// Deltas kept per stream (8): most readers are at one of the newest few versions.
const DELTAS: usize = 8;

/// The newest deltas of one stream.
#[derive(Default, Debug)]
pub(super) struct Deltas {
    known: Mutex<VecDeque<Delta>>,
}

/// A delta between two entries; `encoded` is `None` when none is smaller than the whole.
#[derive(Debug)]
struct Delta {
    base: Cursor,
    target: Cursor,
    key: EncodingKey,
    encoded: Option<EncodedEntry>,
}

impl Deltas {
    /// The delta between two entries, made if it is not known; `None` when none is smaller than the whole.
    pub(super) fn get_or_make(
        &self,
        base: &Entry,
        target: &Entry,
        key: EncodingKey,
        make: impl FnOnce() -> Option<EncodedEntry>,
    ) -> Option<EncodedEntry> {
        // Held while the delta is made: another reader of the same pair waits for it instead of making it again.
        let mut deltas = lock(&self.known);
        let known = deltas.iter().find(|delta| {
            (delta.base, delta.target, delta.key) == (base.cursor, target.cursor, key)
        });
        if let Some(known) = known {
            return known.encoded.clone();
        }
        let encoded = make();
        if deltas.len() == DELTAS {
            deltas.pop_front();
        }
        deltas.push_back(Delta {
            base: base.cursor,
            target: target.cursor,
            key,
            encoded: encoded.clone(),
        });
        encoded
    }
}
