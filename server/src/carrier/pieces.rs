//! Pieces of one vectored write, in which large shared bytes are not copied.

use bytes::Bytes;

use super::Part;

/// Parts from this size on (4 KiB) are written as pieces of their own, shared with other readers. Smaller ones are
/// copied next to each other, which costs less than one more piece in a vectored write.
pub(super) const SHARE_BYTES: usize = 4_096;

/// Writer of pieces, appended to a list.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    pieces: &'a mut Vec<Bytes>,
    /// Copied bytes that are not in a piece yet.
    copied: Vec<u8>,
}

impl<'a> Pieces<'a> {
    pub(super) const fn new(pieces: &'a mut Vec<Bytes>) -> Self {
        Self {
            pieces,
            copied: Vec::new(),
        }
    }

    /// The bytes of the next piece, to which small parts are appended.
    pub(super) const fn copied(&mut self) -> &mut Vec<u8> {
        &mut self.copied
    }

    /// Adds a part: a large one as a piece of its own.
    pub(super) fn add(&mut self, part: Part) {
        if part.as_slice().len() < SHARE_BYTES {
            self.copied.extend_from_slice(part.as_slice());
        } else {
            self.share(part.into_bytes());
        }
    }

    /// Adds bytes as a piece of their own, of whatever size.
    pub(super) fn share(&mut self, bytes: Bytes) {
        self.flush();
        self.pieces.push(bytes);
    }

    /// Completes the last piece.
    pub(super) fn flush(&mut self) {
        if !self.copied.is_empty() {
            let copied = std::mem::take(&mut self.copied);
            self.pieces.push(Bytes::from(copied));
        }
    }
}
