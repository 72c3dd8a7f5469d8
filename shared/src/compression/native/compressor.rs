//! Compresses bodies.

use alloc::vec::Vec;
use core::fmt;

use zstd_safe::{CCtx, CDict, compress_bound};

use crate::compression::{CompressionDictionary, DictionaryError, MAGIC, short};

/// The library's own default. Level 1 saves a quarter of the time and costs 1 to 7 % more bytes; levels above cost
/// many times the time and win 5 to 10 %.
const LEVEL: i32 = 3;

/// Scratch space that a compressor keeps between bodies.
const KEPT_SCRATCH_BYTES: usize = 256 * 1024;

/// A dictionary made ready for compressing (about 450 KiB): share one between all compressors.
pub struct PreparedDictionary {
    id: u32,
    prepared: CDict<'static>,
}

impl fmt::Debug for PreparedDictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedDictionary")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl PreparedDictionary {
    /// Its id on the wire.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Makes a dictionary ready.
    ///
    /// # Errors
    /// When it is too large, damaged or has the id 0.
    pub fn new(dictionary: &CompressionDictionary) -> Result<Self, DictionaryError> {
        dictionary.check()?;
        let prepared = CDict::try_create(&dictionary.bytes, LEVEL);
        Ok(Self {
            id: dictionary.id,
            prepared: prepared.ok_or(DictionaryError::Malformed)?,
        })
    }
}

/// Compresses bodies. Keep one per thread: setting it up costs four times as much as a small message.
pub struct Compressor {
    context: CCtx<'static>,
    scratch: Vec<u8>,
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// One with nothing in it yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: CCtx::create(),
            scratch: Vec::new(),
        }
    }

    /// Appends the compressed body to `out`, if that is smaller than the body; says whether it was.
    pub fn compress_into(
        &mut self,
        out: &mut Vec<u8>,
        body: &[u8],
        dictionary: Option<&PreparedDictionary>,
    ) -> bool {
        let before = out.len();
        if self.compress(body, dictionary) {
            let id = dictionary.map_or(0, |dictionary| dictionary.id);
            out.extend_from_slice(&id.to_be_bytes());
            out.extend_from_slice(&MAGIC);
            // The id above names the dictionary: zstd's own would be four bytes more.
            short::write_rest(out, &self.scratch);
        }
        self.keep_if_smaller(out, before, body)
    }

    /// As [`compress_into`](Self::compress_into), in the [short form](crate::compression::short).
    pub fn compress_short_into(
        &mut self,
        out: &mut Vec<u8>,
        body: &[u8],
        dictionary: Option<&PreparedDictionary>,
    ) -> bool {
        let before = out.len();
        if self.compress(body, dictionary) {
            let id = dictionary.map_or(0, |dictionary| dictionary.id);
            short::write(out, id, &self.scratch);
        }
        self.keep_if_smaller(out, before, body)
    }

    /// Compresses into the scratch space.
    fn compress(&mut self, body: &[u8], dictionary: Option<&PreparedDictionary>) -> bool {
        self.scratch.clear();
        self.scratch.reserve(compress_bound(body.len()));
        let result = match dictionary {
            Some(dictionary) => {
                self.context
                    .compress_using_cdict(&mut self.scratch, body, &dictionary.prepared)
            }
            None => self.context.compress(&mut self.scratch, body, LEVEL),
        };
        // The one error left is a lack of memory: the body then goes as it is.
        result.is_ok()
    }

    fn keep_if_smaller(&mut self, out: &mut Vec<u8>, before: usize, body: &[u8]) -> bool {
        self.scratch.clear();
        self.scratch.shrink_to(KEPT_SCRATCH_BYTES);
        let added = out.len() - before;
        let smaller = (1..body.len()).contains(&added);
        if !smaller {
            out.truncate(before);
        }
        smaller
    }
}
