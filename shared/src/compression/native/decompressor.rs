//! Decompresses bodies.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd_safe::{DCtx, DDict, find_frame_compressed_size};

use crate::compression::body::Body;
use crate::compression::{CompressionDictionary, DecompressError, DictionaryError};
use crate::limits::DICTIONARIES;

/// Decompresses bodies. Keep one for a connection or a thread: setting it up costs more than a message.
///
/// Holds up to [`DICTIONARIES`] dictionaries.
pub struct Decompressor {
    context: DCtx<'static>,
    dictionaries: VecDeque<(u32, DDict<'static>)>,
}

impl Default for Decompressor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.dictionaries.iter().map(|(id, _)| id))
            .finish()
    }
}

impl Decompressor {
    /// One without dictionaries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: DCtx::create(),
            dictionaries: VecDeque::new(),
        }
    }

    /// Takes a dictionary, in place of one with the same id. Beyond [`DICTIONARIES`] the oldest leaves.
    ///
    /// # Errors
    /// When it is too large, damaged or has the id 0.
    pub fn add_dictionary(
        &mut self,
        dictionary: &CompressionDictionary,
    ) -> Result<(), DictionaryError> {
        dictionary.check()?;
        let prepared = DDict::try_create(&dictionary.bytes).ok_or(DictionaryError::Malformed)?;
        self.dictionaries.retain(|(id, _)| *id != dictionary.id);
        if self.dictionaries.len() == DICTIONARIES {
            self.dictionaries.pop_front();
        }
        self.dictionaries.push_back((dictionary.id, prepared));
        Ok(())
    }

    /// Takes a dictionary out.
    pub fn remove_dictionary(&mut self, id: u32) {
        self.dictionaries.retain(|(known, _)| *known != id);
    }

    /// Decompresses a body to at most `max_bytes`.
    ///
    /// # Errors
    /// When the body is no zstd frame, is damaged or followed by more bytes, needs a dictionary that is not here, or
    /// goes beyond a limit.
    pub fn decompress(
        &mut self,
        body: &[u8],
        max_bytes: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        let body = Body::read(body, max_bytes)?;
        let frame_bytes =
            find_frame_compressed_size(body.frame).map_err(|_| DecompressError::Malformed)?;
        if frame_bytes != body.frame.len() {
            return Err(DecompressError::TrailingBytes);
        }
        let mut room = body
            .content_bytes
            .unwrap_or(body.frame.len().saturating_mul(4))
            .min(max_bytes);
        loop {
            let mut out = Vec::with_capacity(room);
            match self.fill(&mut out, &body)? {
                Filled::Whole => return Ok(out),
                Filled::Overflow if out.capacity() >= max_bytes => {
                    return Err(DecompressError::TooLarge { limit: max_bytes });
                }
                Filled::Overflow => room = out.capacity().saturating_mul(4).min(max_bytes),
            }
        }
    }

    /// Decompresses into the room that `out` has.
    fn fill(&mut self, out: &mut Vec<u8>, body: &Body<'_>) -> Result<Filled, DecompressError> {
        let result = if body.dictionary == 0 {
            self.context.decompress(out, body.frame)
        } else {
            let (_, dictionary) = self
                .dictionaries
                .iter()
                .find(|(id, _)| *id == body.dictionary)
                .ok_or(DecompressError::MissingDictionary(body.dictionary))?;
            self.context
                .decompress_using_ddict(out, body.frame, dictionary)
        };
        match result {
            Ok(_) => Ok(Filled::Whole),
            Err(code) if code == OVERFLOW && body.content_bytes.is_none() => Ok(Filled::Overflow),
            Err(_) => Err(DecompressError::Malformed),
        }
    }
}

enum Filled {
    Whole,
    Overflow,
}

/// The library returns errors as negative numbers in an unsigned type.
const OVERFLOW: usize = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();
