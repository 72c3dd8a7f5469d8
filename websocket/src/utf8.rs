//! Validation of UTF-8 that arrives in pieces.

use std::str::from_utf8;

use crate::ProtocolError;

/// Incremental check of a text in UTF-8. A byte that is invalid after those before it is found when it arrives.
#[derive(Default, Debug)]
pub(crate) struct Utf8Checker {
    /// First `len` bytes: the beginning of a character whose other bytes have not arrived.
    cut: [u8; 4],
    len: usize,
}

impl Utf8Checker {
    /// Takes the text's next piece, of any length.
    ///
    /// # Errors
    /// [`ProtocolError::NotUtf8`] if no text continues in this way.
    pub(crate) fn check(&mut self, mut piece: &[u8]) -> Result<(), ProtocolError> {
        while self.len > 0 {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.cut[self.len] = byte;
            self.len += 1;
            if incomplete(&self.cut[..self.len])?.is_none() {
                self.len = 0;
            }
        }
        if let Some(start) = incomplete(piece)? {
            self.len = piece.len() - start;
            self.cut[..self.len].copy_from_slice(&piece[start..]);
        }
        Ok(())
    }

    /// Ends the text; the next piece begins another one.
    ///
    /// # Errors
    /// [`ProtocolError::NotUtf8`] if the last character is incomplete.
    pub(crate) fn end(&mut self) -> Result<(), ProtocolError> {
        match std::mem::take(self).len {
            0 => Ok(()),
            _ => Err(ProtocolError::NotUtf8),
        }
    }
}

/// Index of an incomplete character at the end of these bytes; `None` if they end with a whole one.
fn incomplete(bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
    match from_utf8(bytes) {
        Ok(_) => Ok(None),
        Err(error) if error.error_len().is_none() => Ok(Some(error.valid_up_to())),
        Err(_) => Err(ProtocolError::NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], piece_bytes: usize) -> Result<(), ProtocolError> {
        let mut checker = Utf8Checker::default();
        for piece in bytes.chunks(piece_bytes) {
            checker.check(piece)?;
        }
        checker.end()
    }

    #[test]
    fn finds_errors_at_once() {
        // A surrogate, a code point above U+10FFFF, an overlong form: wrong from their second byte on.
        for bytes in [[0xed, 0xa0], [0xf4, 0x90], [0xe0, 0x80], [0xc3, 0x28]] {
            let mut checker = Utf8Checker::default();
            assert_eq!(checker.check(&bytes[..1]), Ok(()));
            assert_eq!(checker.check(&bytes[1..]), Err(ProtocolError::NotUtf8));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_std(bytes: Vec<u8>, text: String, piece_bytes in 1usize..5) {
            for bytes in [&bytes[..], text.as_bytes(), &text.as_bytes()[..text.len().saturating_sub(1)]] {
                prop_assert_eq!(check(bytes, piece_bytes).is_ok(), from_utf8(bytes).is_ok());
            }
        }
    }
}
