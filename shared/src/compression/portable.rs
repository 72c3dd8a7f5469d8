//! Decompression with `ruzstd`, without C and without the standard library: for the browser.

use alloc::vec::Vec;
use core::fmt;

use ruzstd::decoding::{BlockDecodingStrategy, Dictionary, FrameDecoder};
use ruzstd::io::Read;

use super::body::Body;
use super::{CompressionDictionary, DecompressError, DictionaryError};
use crate::limits::{DICTIONARIES, UNKNOWN_SIZE_BYTES, ZSTD_WINDOW_BYTES};

/// Decompressor of bodies. Keep one for a connection: setting it up costs more than a message.
///
/// Holds up to [`DICTIONARIES`] trained dictionaries, and a window of up to 2 MiB once a frame asked for it.
pub struct Decompressor {
    decoder: FrameDecoder,
    /// Ids of the dictionaries that the decoder holds, oldest first.
    dictionaries: Vec<Held>,
}

/// Ids of a dictionary.
#[derive(Clone, Copy)]
struct Held {
    /// Our id.
    id: u32,
    /// zstd's own id, which a frame may repeat.
    zstd_id: u32,
    /// Its id in the decoder, 1 to [`DICTIONARIES`]. A decoder cannot drop a dictionary, but replaces one
    /// of the same id; zstd's own ids are the peer's choice, so what is replaced by them is not bounded.
    slot: u32,
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
    /// A decompressor without dictionaries.
    #[must_use]
    pub fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
        Self {
            decoder,
            dictionaries: Vec::new(),
        }
    }

    /// Adds a dictionary, in place of one with the same id. Beyond [`DICTIONARIES`] the oldest is removed.
    ///
    /// # Errors
    /// Fails if it is no trained dictionary, is too large or has the id 0.
    pub fn add_dictionary(
        &mut self,
        dictionary: &CompressionDictionary,
    ) -> Result<(), DictionaryError> {
        dictionary.check()?;
        let zstd_id = dictionary.zstd_id().ok_or(DictionaryError::Malformed)?;
        let mut parsed =
            Dictionary::decode_dict(&dictionary.bytes).map_err(|_| DictionaryError::Malformed)?;
        if !has_valid_offsets(&parsed) {
            return Err(DictionaryError::Malformed);
        }
        self.remove_dictionary(dictionary.id);
        let slot = self.free_slot();
        parsed.id = slot;
        self.decoder
            .add_dict(parsed)
            .map_err(|_| DictionaryError::Malformed)?;
        self.dictionaries.push(Held {
            id: dictionary.id,
            zstd_id,
            slot,
        });
        Ok(())
    }

    /// Removes a dictionary. Its memory is reused for the next one.
    pub fn remove_dictionary(&mut self, id: u32) {
        self.dictionaries.retain(|held| held.id != id);
    }

    /// A slot that no dictionary has; the oldest dictionary's when all are taken.
    fn free_slot(&mut self) -> u32 {
        if self.dictionaries.len() == DICTIONARIES {
            return self.dictionaries.remove(0).slot;
        }
        (1..)
            .find(|slot| self.dictionaries.iter().all(|held| held.slot != *slot))
            .unwrap_or_default()
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
        if let Some(bytes) = body.content_bytes {
            let mut out = Vec::with_capacity(bytes);
            return match self.decode(&body, bytes, &mut out, Keep::All) {
                Ok(len) if len == bytes => Ok(out),
                Ok(_) | Err(DecompressError::TooLarge { .. }) => Err(DecompressError::Malformed),
                Err(error) => Err(error),
            };
        }
        let mut out = Vec::new();
        let limit = max_bytes.min(UNKNOWN_SIZE_BYTES);
        match self.decode(&body, limit, &mut out, Keep::All) {
            Ok(_) => Ok(out),
            Err(DecompressError::TooLarge { .. }) if limit < max_bytes => {
                out = Vec::new();
                let len = self.decode(&body, max_bytes, &mut out, Keep::Piece)?;
                out = Vec::with_capacity(len);
                self.decode(&body, len, &mut out, Keep::All)?;
                Ok(out)
            }
            Err(error) => Err(error),
        }
    }

    /// Decodes a frame to at most `limit` bytes; returns how many there were.
    fn decode(
        &mut self,
        body: &Body<'_>,
        limit: usize,
        out: &mut Vec<u8>,
        keep: Keep,
    ) -> Result<usize, DecompressError> {
        self.begin(body)?;
        let mut blocks = body.blocks;
        let mut len = 0;
        while !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut blocks, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|_| DecompressError::Malformed)?;
            // Until the frame ends the decoder keeps one window back, so it may hold that much beyond the limit.
            let ready = self.decoder.can_collect();
            if ready > limit - len {
                return Err(DecompressError::TooLarge { limit });
            }
            len += ready;
            self.collect(ready, out, keep)?;
        }
        match blocks {
            [] => Ok(len),
            _ => Err(DecompressError::TrailingBytes),
        }
    }

    /// Passes the frame's header and the dictionary that the body names to the decoder.
    fn begin(&mut self, body: &Body<'_>) -> Result<(), DecompressError> {
        let slot = self.slot(body)?;
        self.decoder
            .reset(&body.plain_header()[..])
            .and_then(|()| slot.map_or(Ok(()), |slot| self.decoder.force_dict(slot)))
            .map_err(|_| DecompressError::Malformed)
    }

    /// Slot of the dictionary that a body names, if it names one.
    fn slot(&self, body: &Body<'_>) -> Result<Option<u32>, DecompressError> {
        let id = body.dictionary;
        let named = self.dictionaries.iter().find(|held| held.id == id);
        let zstd_id = match (id, named) {
            (0, _) => 0,
            (_, Some(held)) => held.zstd_id,
            (_, None) => return Err(DecompressError::MissingDictionary(id)),
        };
        // zstd's own id is left out, or has to be the same.
        if body.zstd_dictionary != 0 && body.zstd_dictionary != zstd_id {
            return Err(DecompressError::Malformed);
        }
        Ok(named.map(|held| held.slot))
    }

    /// Moves decoded bytes to `out`.
    fn collect(
        &mut self,
        ready: usize,
        out: &mut Vec<u8>,
        keep: Keep,
    ) -> Result<(), DecompressError> {
        let start = match keep {
            Keep::All => out.len(),
            Keep::Piece => 0,
        };
        out.resize(start + ready, 0);
        self.decoder
            .read_exact(&mut out[start..])
            .map_err(|_| DecompressError::Malformed)
    }
}

/// Checks that the first offsets lie inside the dictionary (RFC 8878 section 5), which `ruzstd` does not.
fn has_valid_offsets(dictionary: &Dictionary) -> bool {
    let reaches = |offset: &u32| {
        usize::try_from(*offset)
            .is_ok_and(|offset| offset != 0 && offset <= dictionary.dict_content.len())
    };
    dictionary.offset_hist.iter().all(reaches)
}

/// Part of a frame's content that is kept.
#[derive(Clone, Copy)]
enum Keep {
    All,
    /// Only the piece decoded last: the content is counted.
    Piece,
}
