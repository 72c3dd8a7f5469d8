//! Decompression with a reused context and prepared dictionaries. It uses `zstd_safe`, because the `zstd` crate's
//! decompressor borrows one dictionary for its whole life, and reports a lack of room only as text.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd::zstd_safe::{DCtx, DDict, InBuffer, OutBuffer, find_frame_compressed_size};

use crate::compression::body::Body;
use crate::compression::{CompressionDictionary, DecompressError, DictionaryError};
use crate::limits::{DICTIONARIES, UNKNOWN_SIZE_BYTES};

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
    /// A decompressor without dictionaries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: DCtx::create(),
            dictionaries: VecDeque::new(),
        }
    }

    /// Adds a dictionary, in place of one with the same id. Beyond [`DICTIONARIES`] the oldest is removed.
    ///
    /// # Errors
    /// Fails if it is too large, damaged or has the id 0.
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

    /// Removes a dictionary.
    pub fn remove_dictionary(&mut self, id: u32) {
        self.dictionaries.retain(|(known, _)| *known != id);
    }

    /// Decompresses a body to at most `max_bytes`.
    ///
    /// # Errors
    /// Fails if the body is no zstd frame, is damaged or followed by more bytes, needs a dictionary that was not added,
    /// or is above a limit.
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
        if let Some(bytes) = body.content_bytes {
            return match self.fill(bytes, &body)? {
                Filled::Whole(out) => Ok(out),
                Filled::Overflow => Err(DecompressError::Malformed),
            };
        }
        // Most come to a few times their size.
        let mut room = body.frame.len().saturating_mul(4).min(UNKNOWN_SIZE_BYTES);
        loop {
            match self.fill(room.min(max_bytes), &body)? {
                Filled::Whole(out) => return Ok(out),
                Filled::Overflow if room >= max_bytes => {
                    return Err(DecompressError::TooLarge { limit: max_bytes });
                }
                Filled::Overflow if room == UNKNOWN_SIZE_BYTES => break,
                Filled::Overflow => room = UNKNOWN_SIZE_BYTES,
            }
        }
        let bytes = self.count(&body, max_bytes)?;
        match self.fill(bytes, &body)? {
            Filled::Whole(out) => Ok(out),
            Filled::Overflow => Err(DecompressError::Malformed),
        }
    }

    /// Decompresses into a buffer of `room` bytes.
    fn fill(&mut self, room: usize, body: &Body<'_>) -> Result<Filled, DecompressError> {
        let mut out = Vec::with_capacity(room);
        let result = match dictionary(&self.dictionaries, body)? {
            None => self.context.decompress(&mut out, body.frame),
            Some(dictionary) => self
                .context
                .decompress_using_ddict(&mut out, body.frame, dictionary),
        };
        match result {
            Ok(_) => Ok(Filled::Whole(out)),
            Err(code) if code == OVERFLOW => Ok(Filled::Overflow),
            Err(_) => Err(DecompressError::Malformed),
        }
    }

    /// Counts the bytes of the content, keeping at most one window of them.
    fn count(&self, body: &Body<'_>, max_bytes: usize) -> Result<usize, DecompressError> {
        let malformed = |_| DecompressError::Malformed;
        let mut context = DCtx::create();
        if let Some(dictionary) = dictionary(&self.dictionaries, body)? {
            context.ref_ddict(dictionary).map_err(malformed)?;
        }
        let mut frame = InBuffer::around(body.frame);
        let mut piece = vec![0; DCtx::out_size()];
        let mut bytes = 0;
        loop {
            let mut out = OutBuffer::around(&mut piece[..]);
            let left = context
                .decompress_stream(&mut out, &mut frame)
                .map_err(malformed)?;
            bytes += out.pos();
            if bytes > max_bytes {
                return Err(DecompressError::TooLarge { limit: max_bytes });
            }
            match (left, out.pos()) {
                (0, _) => return Ok(bytes),
                (_, 0) if frame.pos == body.frame.len() => return Err(DecompressError::Malformed),
                _ => {}
            }
        }
    }
}

/// The dictionary that a body names, if it names one.
fn dictionary<'a>(
    dictionaries: &'a VecDeque<(u32, DDict<'static>)>,
    body: &Body<'_>,
) -> Result<Option<&'a DDict<'static>>, DecompressError> {
    if body.dictionary == 0 {
        return Ok(None);
    }
    dictionaries
        .iter()
        .find(|(id, _)| *id == body.dictionary)
        .map(|(_, dictionary)| Some(dictionary))
        .ok_or(DecompressError::MissingDictionary(body.dictionary))
}

enum Filled {
    Whole(Vec<u8>),
    Overflow,
}

/// The library returns errors as negative numbers in an unsigned type.
const OVERFLOW: usize = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();
