//! Error of compressed bodies.

use crate::limits::ZSTD_WINDOW_BYTES;

/// Error of a compressed body that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecompressError {
    /// Shorter than a dictionary id and a zstd frame's header, or no zstd frame.
    #[error("compressed body without a zstd frame")]
    NotZstd,
    /// A zstd frame that is cut off or damaged.
    #[error("zstd frame cut off or damaged")]
    Malformed,
    /// Compressed with a dictionary that was not given.
    #[error("compressed with dictionary {0}, which was not given")]
    MissingDictionary(u32),
    /// The content is larger than the caller's limit.
    #[error("decompresses to more than the limit of {limit} bytes")]
    TooLarge {
        /// Limit of the caller, in bytes.
        limit: usize,
    },
    /// A window above [`ZSTD_WINDOW_BYTES`].
    #[error("zstd window of {window} bytes, above the limit of {ZSTD_WINDOW_BYTES}")]
    WindowTooLarge {
        /// The frame's window, in bytes.
        window: u64,
    },
    /// This build does not decompress: see [`DECOMPRESSES`](super::DECOMPRESSES).
    #[error("this build has no zstd decompressor")]
    LeftOut,
    /// Bytes after the zstd frame.
    #[error("bytes after the zstd frame")]
    TrailingBytes,
}
