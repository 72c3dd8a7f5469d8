//! Compression of payload bodies with zstd (RFC 8878), with or without a dictionary.
//!
//! A compressed body is `[dictionary id: 4 BE][zstd frame]`, id 0 meaning no dictionary.
//!
//! Two implementations, each behind a feature of its name in Cargo: [`native`] (feature `zstd`: the C library, which also
//! compresses and trains) and [`portable`] (feature `ruzstd`: `no_std`, decompresses). Both keep a decoder for a long time, because
//! setting one up costs more than a message; both take a hard limit on the output, and refuse a window above
//! [`ZSTD_WINDOW_BYTES`](crate::limits::ZSTD_WINDOW_BYTES) before they allocate.
//!
//! zstd's own checksum is off, as it is by default: who must know that a value arrived unchanged checks the value.

mod body;
mod dictionary;
mod error;
#[cfg(feature = "zstd")]
pub mod native;
#[cfg(feature = "ruzstd")]
pub mod portable;

pub use dictionary::{CompressionConfig, CompressionDictionary, DictionaryError};
pub use error::DecompressError;
