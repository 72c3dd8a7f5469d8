//! Training of dictionaries from samples of messages.

use crate::compression::{CompressionDictionary, DictionaryError};
use crate::limits::DICTIONARY_BYTES;

/// Trains a dictionary of at most `size` bytes from samples of the messages that it will serve: some hundreds, and in all
/// about a hundred times `size`. Takes tens of milliseconds: call it on a thread that serves no connections.
///
/// # Errors
/// Fails if the id is 0, the size is above [`DICTIONARY_BYTES`], or there are too few samples.
pub fn train_dictionary(
    samples: &[&[u8]],
    size: usize,
    id: u32,
) -> Result<CompressionDictionary, DictionaryError> {
    if size > DICTIONARY_BYTES {
        return Err(DictionaryError::TooLarge { bytes: size });
    }
    let bytes =
        zstd::dict::from_samples(samples, size).map_err(|_| DictionaryError::TooFewSamples)?;
    let dictionary = CompressionDictionary { id, bytes };
    dictionary.check()?;
    Ok(dictionary)
}
