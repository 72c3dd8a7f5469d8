//! Compression of an entry's body, as the client's settings and dictionaries allow.

use push_wire_shared::compression::native::compress_short_into;
use push_wire_shared::encoding::PayloadEncoding;

use crate::compression::Dictionary;

/// Smallest body that is compressed without a dictionary, in bytes: below it the zstd frame's tables eat the gain.
const PLAIN_MIN: usize = 512;

/// Smallest body that is compressed with one: below it there is too little to save.
const DICTIONARY_MIN: usize = 64;

/// Largest body that is compressed (1 MiB, about 5 ms): it happens when the first reader is to get it, and holds up
/// what else that connection has to send.
const MAX: usize = 1024 * 1024;

/// Compression that a client takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packing<'a> {
    /// Bodies as they are.
    Uncompressed,
    /// Compressed ones where they are smaller, with the dictionary that it holds.
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

    /// The body compressed, if that is smaller and worth the time.
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
