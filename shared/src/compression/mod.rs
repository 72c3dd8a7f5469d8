//! Compression of payload bodies with zstd (RFC 8878), with or without a dictionary.
//!
//! A compressed body is `[dictionary id: 4 BE][zstd frame]`, id 0 meaning no dictionary.
//!
//! Two implementations: `native` (Cargo feature `zstd`: the C library, which also compresses and trains) and
//! `portable` (feature `ruzstd`: `no_std`, decompresses). Both keep what a dictionary holds ready, because reading it costs
//! more than a message; both take a hard limit on the output, and refuse a window above
//! [`ZSTD_WINDOW_BYTES`](crate::limits::ZSTD_WINDOW_BYTES) before they allocate.
//!
//! zstd's own checksum is not asked for: values carry checks of their own where damage has to be found.

#[cfg(not(any(feature = "ruzstd", feature = "zstd")))]
mod absent;
#[cfg(any(feature = "ruzstd", feature = "zstd"))]
mod body;
mod dictionary;
mod error;
#[cfg(feature = "zstd")]
pub mod native;
#[cfg(feature = "ruzstd")]
pub mod portable;
pub mod short;

#[cfg(not(any(feature = "ruzstd", feature = "zstd")))]
pub use absent::Decompressor;
pub use dictionary::{CompressionConfig, CompressionDictionary, DictionaryError};
pub use error::DecompressError;
#[cfg(feature = "zstd")]
pub use native::Decompressor;
#[cfg(all(feature = "ruzstd", not(feature = "zstd")))]
pub use portable::Decompressor;

/// True if this build decompresses: it has one of the features `ruzstd` and `zstd`.
pub const DECOMPRESSES: bool = cfg!(any(feature = "ruzstd", feature = "zstd"));

/// First bytes of a zstd frame (RFC 8878 section 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
