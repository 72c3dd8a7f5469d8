//! Why a compressed body cannot be read.

use core::fmt;

use crate::limits::ZSTD_WINDOW_BYTES;

/// Why a compressed body cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecompressError {
    /// Shorter than a dictionary id and a zstd frame's header, or no zstd frame.
    NotZstd,
    /// A zstd frame that is cut off or damaged.
    Malformed,
    /// Compressed with a dictionary that was not given.
    MissingDictionary(u32),
    /// More bytes come out than the caller takes.
    TooLarge {
        /// What the caller takes.
        limit: usize,
    },
    /// A window above [`ZSTD_WINDOW_BYTES`].
    WindowTooLarge {
        /// The frame's window, in bytes.
        window: u64,
    },
    /// Bytes after the zstd frame.
    TrailingBytes,
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotZstd => f.write_str("compressed body without a zstd frame"),
            Self::Malformed => f.write_str("zstd frame cut off or damaged"),
            Self::MissingDictionary(id) => {
                write!(f, "compressed with dictionary {id}, which is not at hand")
            }
            Self::TooLarge { limit } => {
                write!(f, "decompresses to more than the limit of {limit} bytes")
            }
            Self::WindowTooLarge { window } => write!(
                f,
                "zstd window of {window} bytes, above the limit of {ZSTD_WINDOW_BYTES}"
            ),
            Self::TrailingBytes => f.write_str("bytes after the zstd frame"),
        }
    }
}

impl core::error::Error for DecompressError {}
