//! Compression of an entry's body, as the client's settings and dictionaries allow.

use push_wire_shared::compression::native::compress_short_into;
use push_wire_shared::encoding::PayloadEncoding;

use crate::compression::Dictionary;

/// Smallest body that is compressed without a dictionary (512), in bytes: in smaller ones the zstd frame's tables cost
/// more than is saved.
const PLAIN_MIN: usize = 512;

/// Smallest body that is compressed with a dictionary (64), in bytes: smaller ones save too little.
const DICTIONARY_MIN: usize = 64;

/// Largest body that is compressed (1 MiB, about 5 ms): compressing delays everything else on the connection of the
/// first reader.
const MAX: usize = 1024 * 1024;

/// Compression that a client accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packing<'a> {
    /// No compression.
    Uncompressed,
    /// Compressed where that is smaller, with the dictionary that the client holds, if any.
    Zstd(Option<&'a Dictionary>),
}

/// Key of the encoded forms of an entry, or of a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EncodingKey {
    encoding: PayloadEncoding,
    /// Id of the dictionary, 0 for compression without one.
    zstd: Option<u32>,
}

impl Packing<'_> {
    pub(super) fn key(self, encoding: PayloadEncoding) -> EncodingKey {
        let zstd = match self {
            Self::Uncompressed => None,
            Self::Zstd(dictionary) => Some(dictionary.map_or(0, |d| d.info().id)),
        };
        EncodingKey { encoding, zstd }
    }

    /// The compressed body, if the body's size is in the range and compression makes it smaller.
    pub(super) fn pack(self, body: &[u8]) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        let is_packed = match self {
            Self::Uncompressed => false,
            Self::Zstd(Some(dictionary)) if (DICTIONARY_MIN..=MAX).contains(&body.len()) => {
                compress_short_into(&mut packed, body, Some(dictionary.prepared()))
            }
            Self::Zstd(None) if (PLAIN_MIN..=MAX).contains(&body.len()) => {
                compress_short_into(&mut packed, body, None)
            }
            Self::Zstd(_) => false,
        };
        is_packed.then_some(packed)
    }
}
