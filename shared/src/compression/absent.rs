//! What stands in for a decompressor where none is built in.

use alloc::vec::Vec;

use super::{CompressionDictionary, DecompressError, DictionaryError};

/// Decompresses nothing.
#[derive(Debug, Default)]
pub struct Decompressor;

impl Decompressor {
    /// One without dictionaries.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn add_dictionary(&mut self, _: &CompressionDictionary) -> Result<(), DictionaryError> {
        Err(DictionaryError::Malformed)
    }

    /// Takes nothing out.
    pub fn remove_dictionary(&mut self, _id: u32) {}

    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn decompress(&mut self, _: &[u8], _max_bytes: usize) -> Result<Vec<u8>, DecompressError> {
        Err(DecompressError::NotZstd)
    }
}
