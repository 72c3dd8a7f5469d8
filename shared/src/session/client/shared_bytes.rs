//! Bytes that several hold.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

/// A part of bytes that several hold: of a message that brought many entries, or of a value that is handed out and kept.
///
/// What a client needs of `bytes::Bytes`, whose ways to turn back into a vector are 2 KB of code in the browser module.
#[derive(Clone)]
pub struct SharedBytes {
    whole: Arc<Vec<u8>>,
    start: usize,
    len: usize,
}

impl SharedBytes {
    /// The same bytes as `part`, which is a part of these. All of them stay in memory for it.
    pub(super) fn part(&self, part: &[u8]) -> Self {
        Self {
            whole: Arc::clone(&self.whole),
            start: part.as_ptr().addr() - self.whole.as_ptr().addr(),
            len: part.len(),
        }
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            start: 0,
            len: bytes.len(),
            whole: Arc::new(bytes),
        }
    }
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.whole[self.start..][..self.len]
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for SharedBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SharedBytes {}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
