//! Downloads of compression dictionaries (docs/protocol.md section 11).

#[cfg(feature = "zstd")]
mod download;
#[cfg(not(feature = "zstd"))]
mod no_download;

#[cfg(feature = "zstd")]
pub(crate) use download::Dictionaries;
#[cfg(not(feature = "zstd"))]
pub(crate) use no_download::Dictionaries;
