//! Dictionaries: bytes that many small messages have in common, known to both sides beforehand.

use alloc::vec::Vec;

use crate::limits::DICTIONARY_BYTES;

/// First bytes of a trained dictionary, before its own id in little endian (RFC 8878 section 5).
const TRAINED_MAGIC: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

/// A zstd dictionary and the id that bodies name it by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompressionDictionary {
    /// Id on the wire; not 0, and not the id that zstd keeps inside the dictionary.
    pub id: u32,
    /// The dictionary: trained, or (only [`native`](super::native)) any bytes that resemble the messages.
    pub bytes: Vec<u8>,
}

impl CompressionDictionary {
    /// The dictionary of this id.
    #[must_use]
    pub fn new(id: u32, bytes: Vec<u8>) -> Self {
        Self { id, bytes }
    }

    /// Id that zstd's training wrote into the dictionary; `None` if it was not trained.
    #[must_use]
    pub fn zstd_id(&self) -> Option<u32> {
        let id = self.bytes.strip_prefix(&TRAINED_MAGIC)?.first_chunk()?;
        // Id 0 in a frame means that it names none.
        Some(u32::from_le_bytes(*id)).filter(|id| *id != 0)
    }

    /// Checks the conditions that hold for the native and the portable implementation.
    ///
    /// # Errors
    /// [`DictionaryError::ReservedId`] or [`DictionaryError::TooLarge`].
    pub(super) fn check(&self) -> Result<(), DictionaryError> {
        if self.id == 0 {
            return Err(DictionaryError::ReservedId);
        }
        if self.bytes.len() > DICTIONARY_BYTES {
            return Err(DictionaryError::TooLarge {
                bytes: self.bytes.len(),
            });
        }
        Ok(())
    }
}

/// Threshold and dictionary for compressing a body.
#[derive(Clone, Debug)]
pub struct CompressionConfig {
    /// Smallest body that is compressed, in bytes; default 512. With a dictionary, 48 to 64 is better: bodies of that
    /// size already get smaller.
    pub threshold: usize,
    /// Dictionary that the receiver has; default none.
    pub dictionary: Option<CompressionDictionary>,
}

impl Default for CompressionConfig {
    fn default() -> Self {
        Self {
            threshold: 512,
            dictionary: None,
        }
    }
}

/// Error of a dictionary that cannot be used or made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DictionaryError {
    /// Id 0 means "no dictionary".
    #[error("dictionary id 0 means no dictionary: use another")]
    ReservedId,
    /// Larger than [`DICTIONARY_BYTES`].
    #[error("dictionary of {bytes} bytes, above the limit of {DICTIONARY_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not made by zstd's training, or damaged.
    #[error("the bytes are not a trained zstd dictionary")]
    Malformed,
    /// Too few samples: zstd needs some tens, and in all many times the dictionary's size.
    #[error(
        "too few samples to train a dictionary from: zstd needs some tens, together many times as large as the dictionary"
    )]
    TooFewSamples,
}
