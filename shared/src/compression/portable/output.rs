//! What comes out of a frame.

use alloc::vec::Vec;

use super::BLOCK_BYTES;

/// The content so far, behind that of the dictionary.
pub(super) struct Output<'a> {
    dictionary: &'a [u8],
    content: Vec<u8>,
    /// Bytes of the content that are gone.
    forgotten: usize,
    /// Bytes that may come out in all.
    limit: usize,
    /// Bytes that the block under way may still add.
    room: usize,
    is_full: bool,
}

impl<'a> Output<'a> {
    /// At most `limit` bytes will come out, and there is room for `capacity` from the beginning.
    pub(super) fn new(dictionary: &'a [u8], limit: usize, capacity: usize) -> Self {
        Self {
            dictionary,
            content: Vec::with_capacity(capacity),
            forgotten: 0,
            limit,
            room: 0,
            is_full: false,
        }
    }

    /// A block begins, of a frame with this window.
    pub(super) fn begin_block(&mut self, window: usize) {
        self.room = window.min(BLOCK_BYTES);
    }

    /// Bytes that have come out.
    pub(super) const fn len(&self) -> usize {
        self.forgotten + self.content.len()
    }

    /// Bytes of them that are still there.
    pub(super) const fn held(&self) -> usize {
        self.content.len()
    }

    /// Whether something was not added because of the limit.
    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether so many more bytes may be added.
    fn claim(&mut self, count: usize) -> Option<()> {
        self.room = self.room.checked_sub(count)?;
        self.is_full = count > self.limit - self.len();
        (!self.is_full).then_some(())
    }

    pub(super) fn into_content(self) -> Vec<u8> {
        self.content
    }

    /// Adds these. None when it would become too much.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.claim(bytes.len())?;
        self.content.extend_from_slice(bytes);
        Some(())
    }

    /// Adds so many times this byte.
    pub(super) fn repeat(&mut self, byte: u8, count: usize) -> Option<()> {
        self.claim(count)?;
        self.content.resize(self.content.len() + count, byte);
        Some(())
    }

    /// Adds what lies that far back once more. None when there is nothing so far back, or it would become too
    /// much.
    pub(super) fn copy(&mut self, offset: usize, count: usize) -> Option<()> {
        self.claim(count)?;
        let mut left = count;
        if let Some(beyond) = offset.checked_sub(self.content.len()).filter(|n| *n > 0) {
            let start = self.dictionary.len().checked_sub(beyond)?;
            let count = left.min(beyond);
            let part = &self.dictionary[start..start + count];
            self.content.extend_from_slice(part);
            left -= count;
        }
        let start = self.content.len().saturating_sub(offset);
        while left > 0 {
            // What was just added may be copied, too, and doubles what there is.
            let count = left.min(self.content.len() - start);
            self.content.extend_from_within(start..start + count);
            left -= count;
        }
        Some(())
    }

    /// Forgets all but the last bytes, of which copies may be made, and the dictionary.
    pub(super) fn forget_all_but(&mut self, window: usize) {
        let surplus = self.content.len().saturating_sub(window);
        self.content.drain(..surplus);
        self.forgotten += surplus;
        self.dictionary = &[];
    }
}
