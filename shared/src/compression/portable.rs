//! Decompression without C and without the standard library (`ruzstd`): for the browser.

use alloc::vec::Vec;
use core::fmt;

use ruzstd::decoding::{BlockDecodingStrategy, Dictionary, FrameDecoder};
use ruzstd::io::Read;

use super::body::Body;
use super::{CompressionDictionary, DecompressError, DictionaryError};
use crate::limits::{DICTIONARIES, UNTOLD_BYTES, ZSTD_WINDOW_BYTES};

/// Decompresses bodies. Keep one for a connection: setting it up costs more than a message.
///
/// Holds up to [`DICTIONARIES`] trained dictionaries, and a window of up to 2 MiB once a frame asked for it.
pub struct Decompressor {
    decoder: FrameDecoder,
    /// Oldest first.
    dictionaries: Vec<Held>,
}

/// A dictionary that the decoder has.
struct Held {
    /// Our id.
    id: u32,
    /// zstd's own, by which the decoder knows it.
    zstd_id: u32,
    bytes: Vec<u8>,
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
            decoder: new_decoder(),
            dictionaries: Vec::new(),
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
        let zstd_id = dictionary.zstd_id().ok_or(DictionaryError::Malformed)?;
        let parsed = parse(&dictionary.bytes)?;
        let added = Held {
            id: dictionary.id,
            zstd_id,
            bytes: dictionary.bytes.clone(),
        };
        let before = self.dictionaries.len();
        self.dictionaries
            .retain(|held| held.id != added.id && held.zstd_id != added.zstd_id);
        if self.dictionaries.len() == DICTIONARIES {
            self.dictionaries.remove(0);
        }
        if self.dictionaries.len() < before {
            self.rebuild()?;
        }
        self.dictionaries.push(added);
        self.decoder
            .add_dict(parsed)
            .map_err(|_| DictionaryError::Malformed)
    }

    /// Takes a dictionary out.
    pub fn remove_dictionary(&mut self, id: u32) {
        let before = self.dictionaries.len();
        self.dictionaries.retain(|held| held.id != id);
        if self.dictionaries.len() < before {
            // Those that stay were parsed before.
            drop(self.rebuild());
        }
    }

    /// The decoder never gives a dictionary back, so one without those that left is made.
    fn rebuild(&mut self) -> Result<(), DictionaryError> {
        self.decoder = new_decoder();
        for held in &self.dictionaries {
            self.decoder
                .add_dict(parse(&held.bytes)?)
                .map_err(|_| DictionaryError::Malformed)?;
        }
        Ok(())
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
        let mut out = Vec::new();
        if let Some(bytes) = body.content_bytes {
            return match self.decode(&body, bytes, &mut out, Keep::All)? {
                len if len == bytes => Ok(out),
                _ => Err(DecompressError::Malformed),
            };
        }
        match self.decode(&body, max_bytes.min(UNTOLD_BYTES), &mut out, Keep::All) {
            Err(DecompressError::TooLarge { limit }) if limit < max_bytes => {
                out = Vec::new();
                let len = self.decode(&body, max_bytes, &mut out, Keep::Piece)?;
                out = Vec::with_capacity(len);
                self.decode(&body, max_bytes, &mut out, Keep::All)?;
            }
            result => drop(result?),
        }
        Ok(out)
    }

    /// Decodes a frame to at most `limit` bytes; says how many there were.
    fn decode(
        &mut self,
        body: &Body<'_>,
        limit: usize,
        out: &mut Vec<u8>,
        keep: Keep,
    ) -> Result<usize, DecompressError> {
        let mut source = body.frame;
        self.begin(body, &mut source)?;
        let mut len = 0;
        while !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|_| DecompressError::Malformed)?;
            // Until the frame ends the decoder keeps one window back, so it may hold that much beyond the limit.
            let ready = self.decoder.can_collect();
            if ready > limit - len {
                return Err(DecompressError::TooLarge { limit });
            }
            len += ready;
            self.collect(ready, out, keep)?;
        }
        match source {
            [] => Ok(len),
            _ => Err(DecompressError::TrailingBytes),
        }
    }

    /// Reads the frame's header, and makes the decoder use the dictionary that the body names.
    fn begin(&mut self, body: &Body<'_>, source: &mut &[u8]) -> Result<(), DecompressError> {
        if body.dictionary == 0 {
            // A frame with a dictionary of zstd's naming, but none of ours.
            if body.zstd_dictionary != 0 {
                return Err(DecompressError::Malformed);
            }
            return self
                .decoder
                .reset(source)
                .map_err(|_| DecompressError::Malformed);
        }
        let zstd_id = self
            .dictionaries
            .iter()
            .find(|held| held.id == body.dictionary)
            .map(|held| held.zstd_id)
            .ok_or(DecompressError::MissingDictionary(body.dictionary))?;
        if body.zstd_dictionary != 0 && body.zstd_dictionary != zstd_id {
            return Err(DecompressError::Malformed);
        }
        self.decoder
            .reset(source)
            .and_then(|()| match body.zstd_dictionary {
                0 => self.decoder.force_dict(zstd_id),
                _ => Ok(()),
            })
            .map_err(|_| DecompressError::Malformed)
    }

    /// Moves what is ready to `out`.
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

/// What becomes of the content of a frame.
#[derive(Clone, Copy)]
enum Keep {
    All,
    /// What was decoded last: the content is only counted.
    Piece,
}

fn new_decoder() -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
    decoder
}

fn parse(bytes: &[u8]) -> Result<Dictionary, DictionaryError> {
    Dictionary::decode_dict(bytes).map_err(|_| DictionaryError::Malformed)
}
