//! Compression with a reused context and prepared dictionaries. It uses `zstd_safe`, because the `zstd` crate's
//! compressor borrows one dictionary for its whole life.

use alloc::vec::Vec;
use core::fmt;

use zstd::zstd_safe::{CCtx, CDict, compress_bound};

use crate::compression::{CompressionDictionary, DictionaryError, MAGIC, short};

/// Level of large bodies, and of those without a dictionary: the library's own default. Higher levels take two to ten
/// times the time and save 5 to 10 % of the bytes.
const LEVEL: i32 = 3;

/// Scratch space that a compressor keeps between bodies.
const KEPT_SCRATCH_BYTES: usize = 256 * 1024;

/// Aim of a dictionary when it compresses small bodies. Large ones are compressed at level 3 either way: with them the
/// levels differ by tens of microseconds, or by more bytes than a published frame has to spare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// A short time: level 1 up to 512 bytes, three quarters of the time of level 3 for 1 to 5 % more bytes. For senders
    /// that compress again for each receiver.
    Time,
    /// Few bytes: level 4 up to 1 KiB, 1 to 5 % fewer bytes than with level 3 for twice the time (0.8 µs more for 250
    /// bytes). For senders that compress once for many receivers.
    Bytes,
}

impl Goal {
    /// Largest body that is small.
    const fn small_bytes(self) -> usize {
        match self {
            Self::Time => 512,
            Self::Bytes => 1024,
        }
    }

    /// Level of small bodies.
    const fn small_level(self, dictionary: &CompressionDictionary) -> i32 {
        /// Above 15 KiB zstd chooses settings for larger inputs, and with those level 4 saves no bytes.
        const LARGE_DICTIONARY: usize = 15 * 1024;

        match self {
            Self::Time => 1,
            Self::Bytes if dictionary.bytes.len() > LARGE_DICTIONARY => LEVEL,
            Self::Bytes => 4,
        }
    }
}

/// A dictionary prepared for compressing, to be shared by all compressors. A dictionary of 4 to 16 KiB takes 230 to 480
/// KiB.
pub struct PreparedDictionary {
    id: u32,
    small_bytes: usize,
    small: CDict<'static>,
    /// For bodies that are not small, if their level is another.
    large: Option<CDict<'static>>,
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

    /// Prepares a dictionary for [few bytes](Goal::Bytes), as entries are compressed.
    ///
    /// # Errors
    /// Fails if it is too large, damaged or has the id 0.
    pub fn new(dictionary: &CompressionDictionary) -> Result<Self, DictionaryError> {
        Self::with_goal(dictionary, Goal::Bytes)
    }

    /// Prepares a dictionary for this goal.
    ///
    /// # Errors
    /// Fails if it is too large, damaged or has the id 0.
    pub fn with_goal(
        dictionary: &CompressionDictionary,
        goal: Goal,
    ) -> Result<Self, DictionaryError> {
        dictionary.check()?;
        let prepare =
            |level| CDict::try_create(&dictionary.bytes, level).ok_or(DictionaryError::Malformed);
        let level = goal.small_level(dictionary);
        Ok(Self {
            id: dictionary.id,
            small_bytes: goal.small_bytes(),
            small: prepare(level)?,
            large: (level != LEVEL).then(|| prepare(LEVEL)).transpose()?,
        })
    }

    fn for_body(&self, body: &[u8]) -> &CDict<'static> {
        let large = self.large.as_ref();
        large
            .filter(|_| body.len() > self.small_bytes)
            .unwrap_or(&self.small)
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
    /// A compressor without scratch space yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: CCtx::create(),
            scratch: Vec::new(),
        }
    }

    /// Appends the compressed body to `out` if that is smaller than the body; returns whether it is.
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
            Some(dictionary) => self.context.compress_using_cdict(
                &mut self.scratch,
                body,
                dictionary.for_body(body),
            ),
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
