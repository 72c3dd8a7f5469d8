//! Error of the binary frames.

use crate::compression::{DecompressError, DictionaryError};
use crate::encoding::{DecodeError, EncodeError};
use crate::frame::FrameError;

/// Error of a binary frame that could not be encoded or decoded.
///
/// It has no details of the payload: [`PayloadEncoding::decode`](crate::PayloadEncoding::decode) returns the offset of
/// the wrong byte, and the error of the type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// Does not begin with "RP".
    #[error("frame does not begin with \"RP\"")]
    InvalidMagic,
    /// Another version of the frame.
    #[error("frame of version {0}, not 1")]
    UnsupportedVersion(u8),
    /// A flag that this version does not know.
    #[error("frame with unknown flags {0:#04x}")]
    UnknownFlags(u8),
    /// No channel has this wire id.
    #[error("frame on unknown channel {0}")]
    UnknownChannel(u8),
    /// Shorter than its header.
    #[error("frame shorter than its 9-byte header")]
    FrameTooShort,
    /// The payload cannot be written in this encoding.
    #[error("payload cannot be written in this encoding")]
    Serialization,
    /// The payload is not a value of this encoding and type.
    #[error("payload is not a value of this encoding and type")]
    Deserialization,
    /// A payload nested deeper than [`NESTING`](crate::limits::NESTING).
    #[error("payload nested too deep")]
    TooDeep,
    /// Bytes after the payload's value, or after its zstd frame.
    #[error("bytes after the payload")]
    TrailingBytes,
    /// The dictionary cannot be used, or none could be made.
    #[error("compression dictionary cannot be used or made")]
    Compression,
    /// The compressed body is damaged, needs too large a window, or cannot be read by this build.
    #[error(
        "compressed payload is damaged, needs too large a window, or this build cannot decompress"
    )]
    Decompression,
    /// Compressed with a dictionary that was not given.
    #[error("compressed with dictionary {0}, which was not given")]
    MissingDictionary(u32),
    /// The payload decompresses to more than this many bytes.
    #[error("payload decompresses to more than {limit} bytes")]
    TooLarge {
        /// Limit of the caller, in bytes.
        limit: usize,
    },
}

impl From<FrameError> for BinaryError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooShort => Self::FrameTooShort,
            FrameError::InvalidMagic => Self::InvalidMagic,
            FrameError::UnsupportedVersion(version) => Self::UnsupportedVersion(version),
            FrameError::UnknownFlags(flags) => Self::UnknownFlags(flags),
        }
    }
}

impl From<EncodeError> for BinaryError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::TooDeep => Self::TooDeep,
            EncodeError::WrongLength
            | EncodeError::IntegerTooWide
            | EncodeError::NotFinite
            | EncodeError::NotInEveryEncoding(_)
            | EncodeError::Refused(_) => Self::Serialization,
        }
    }
}

impl From<DecodeError> for BinaryError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooDeep { .. } => Self::TooDeep,
            DecodeError::TrailingBytes { .. } => Self::TrailingBytes,
            DecodeError::Malformed { .. } | DecodeError::Refused { .. } => Self::Deserialization,
        }
    }
}

impl From<DecompressError> for BinaryError {
    fn from(error: DecompressError) -> Self {
        match error {
            DecompressError::NotZstd
            | DecompressError::Malformed
            | DecompressError::LeftOut
            | DecompressError::WindowTooLarge { .. } => Self::Decompression,
            DecompressError::MissingDictionary(id) => Self::MissingDictionary(id),
            DecompressError::TooLarge { limit } => Self::TooLarge { limit },
            DecompressError::TrailingBytes => Self::TrailingBytes,
        }
    }
}

impl From<DictionaryError> for BinaryError {
    fn from(_: DictionaryError) -> Self {
        Self::Compression
    }
}
