//! Bodies: frames, and the dictionaries that they name.

use alloc::vec::Vec;
use core::fmt;

use super::BLOCK_BYTES;
use super::block::Block;
use super::output::Output;
use super::tables::{Tables, Usual, usual};
use crate::compression::body::Body;
use crate::compression::{CompressionDictionary, DecompressError, DictionaryError};
use crate::limits::{DICTIONARIES, UNKNOWN_SIZE_BYTES};

/// Decompresses bodies. Keep one for a connection: a dictionary is read once.
///
/// Holds up to [`DICTIONARIES`] trained dictionaries.
pub struct Decompressor {
    /// Oldest first.
    dictionaries: Vec<Held>,
    usual: Usual,
    /// Those of the block under way; kept for their room.
    literals: Vec<u8>,
}

/// A dictionary that is ready for use.
struct Held {
    /// Our id.
    id: u32,
    /// zstd's own.
    zstd_id: u32,
    tables: Tables,
    content: Vec<u8>,
}

impl Default for Decompressor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.dictionaries.iter().map(|held| held.id))
            .finish()
    }
}

impl Decompressor {
    /// One without dictionaries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            dictionaries: Vec::new(),
            usual: usual(),
            literals: Vec::new(),
        }
    }

    /// Takes a dictionary, in place of one with the same id (ours, or zstd's inside). Beyond [`DICTIONARIES`]
    /// the oldest leaves.
    ///
    /// # Errors
    /// When it is no trained dictionary, is too large or has the id 0.
    pub fn add_dictionary(
        &mut self,
        dictionary: &CompressionDictionary,
    ) -> Result<(), DictionaryError> {
        dictionary.check()?;
        let added = Held::read(dictionary).ok_or(DictionaryError::Malformed)?;
        self.dictionaries
            .retain(|held| held.id != added.id && held.zstd_id != added.zstd_id);
        if self.dictionaries.len() == DICTIONARIES {
            self.dictionaries.remove(0);
        }
        self.dictionaries.push(added);
        Ok(())
    }

    /// Takes a dictionary out.
    pub fn remove_dictionary(&mut self, id: u32) {
        self.dictionaries.retain(|held| held.id != id);
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
        if let Some(bytes) = body.content_bytes {
            return match self.decode(&body, bytes, Keep::All { capacity: bytes }) {
                Ok(out) if out.len() == bytes => Ok(out.into_content()),
                Ok(_) | Err(DecompressError::TooLarge { .. }) => Err(DecompressError::Malformed),
                Err(error) => Err(error),
            };
        }
        let limit = max_bytes.min(UNKNOWN_SIZE_BYTES);
        let mut content = self.decode(&body, limit, Keep::All { capacity: 0 });
        if limit < max_bytes && matches!(content, Err(DecompressError::TooLarge { .. })) {
            let capacity = self.decode(&body, max_bytes, Keep::Window)?.len();
            content = self.decode(&body, capacity, Keep::All { capacity });
        }
        content.map(Output::into_content)
    }

    /// Decodes a frame to at most `limit` bytes.
    fn decode(
        &mut self,
        body: &Body<'_>,
        limit: usize,
        keep: Keep,
    ) -> Result<Output<'_>, DecompressError> {
        let Self {
            dictionaries,
            usual,
            literals,
        } = self;
        let dictionary = find(dictionaries, body)?;
        let mut tables = dictionary.map_or_else(Tables::default, |held| held.tables.clone());
        let content = dictionary.map_or(&[][..], |held| &held.content);
        let mut out = Output::new(content, limit, keep.capacity(body));
        let mut rest = body.blocks;
        loop {
            let block = Block::read(rest).ok_or(DecompressError::Malformed)?;
            rest = block.rest;
            out.begin_block(body.window);
            match block.decode(usual, &mut tables, literals, &mut out) {
                Some(()) => {}
                None if out.is_full() => return Err(DecompressError::TooLarge { limit }),
                None => return Err(DecompressError::Malformed),
            }
            if block.is_last {
                break;
            }
            if matches!(keep, Keep::Window) && out.held() > body.window + BLOCK_BYTES {
                out.forget_all_but(body.window);
            }
        }
        // Who must know that a value arrived unchanged checks the value, so zstd's checksum is passed over.
        match rest.len().checked_sub(body.checksum_bytes) {
            Some(0) => Ok(out),
            Some(_) => Err(DecompressError::TrailingBytes),
            None => Err(DecompressError::Malformed),
        }
    }
}

/// The dictionary that a body names, if it names one.
fn find<'a>(
    dictionaries: &'a [Held],
    body: &Body<'_>,
) -> Result<Option<&'a Held>, DecompressError> {
    let named = dictionaries.iter().find(|held| held.id == body.dictionary);
    let zstd_id = match (body.dictionary, named) {
        (0, _) => 0,
        (_, Some(held)) => held.zstd_id,
        (id, None) => return Err(DecompressError::MissingDictionary(id)),
    };
    // zstd's own name for it is left out, or has to be the same.
    match body.zstd_dictionary {
        0 => Ok(named),
        id if id == zstd_id => Ok(named),
        _ => Err(DecompressError::Malformed),
    }
}

impl Held {
    fn read(dictionary: &CompressionDictionary) -> Option<Self> {
        let zstd_id = dictionary.zstd_id()?;
        // Behind the magic number and the id.
        let (tables, content) = Tables::of_dictionary(dictionary.bytes.get(8..)?)?;
        Some(Self {
            id: dictionary.id,
            zstd_id,
            tables,
            content: content.into(),
        })
    }
}

/// What becomes of the content of a frame.
#[derive(Clone, Copy)]
enum Keep {
    /// It is kept, and there is room for so much of it from the beginning.
    All { capacity: usize },
    /// It is only counted, and no more of it kept than copies may be made of.
    Window,
}

impl Keep {
    const fn capacity(self, body: &Body<'_>) -> usize {
        match self {
            Self::All { capacity } => capacity,
            Self::Window => body.window + 2 * BLOCK_BYTES,
        }
    }
}
