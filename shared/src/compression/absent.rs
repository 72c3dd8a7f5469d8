//! Stand-in for decompression in builds without it.

use alloc::vec::Vec;

use super::{CompressionDictionary, DecompressError, DictionaryError};

/// Decompressor of builds without the features `ruzstd` and `zstd`: it refuses every body.
#[derive(Default, Debug)]
pub struct Decompressor;

impl Decompressor {
    /// The decompressor.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Checks a dictionary, and drops it.
    ///
    /// # Errors
    /// Fails if it is too large or has the id 0.
    pub fn add_dictionary(
        &mut self,
        dictionary: &CompressionDictionary,
    ) -> Result<(), DictionaryError> {
        dictionary.check()
    }

    /// Has no effect: there is no dictionary.
    pub const fn remove_dictionary(&mut self, _id: u32) {}

    /// Decompresses nothing.
    ///
    /// # Errors
    /// [`DecompressError::LeftOut`].
    pub const fn decompress(
        &mut self,
        _body: &[u8],
        _max_bytes: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        Err(DecompressError::LeftOut)
    }
}
