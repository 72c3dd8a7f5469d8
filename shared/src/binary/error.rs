//! Why a binary frame could not be encoded or decoded.

use core::fmt;

use crate::compression::{DecompressError, DictionaryError};
use crate::encoding::{DecodeError, EncodeError};
use crate::frame::FrameError;

/// Why a binary frame could not be encoded or decoded.
///
/// Tells the kind of fault. Which byte of a payload was wrong, and what its type said, is told by
/// [`PayloadEncoding::decode`](crate::PayloadEncoding::decode).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BinaryError {
    /// Does not begin with "RP".
    InvalidMagic,
    /// Another version of the frame.
    UnsupportedVersion(u8),
    /// A flag that this version does not know.
    UnknownFlags(u8),
    /// No channel has this wire id.
    UnknownChannel(u8),
    /// Shorter than its header.
    FrameTooShort,
    /// The payload cannot be written in this encoding.
    Serialization,
    /// The payload is no value of this encoding and type.
    Deserialization,
    /// A payload nested deeper than [`NESTING`](crate::limits::NESTING).
    TooDeep,
    /// Bytes after the payload's value, or after its zstd frame.
    TrailingBytes,
    /// The dictionary cannot be used, or none could be made.
    Compression,
    /// The compressed body is damaged, or asks for too large a window.
    Decompression,
    /// Compressed with a dictionary that was not given.
    MissingDictionary(u32),
    /// The payload decompresses to more than this many bytes.
    TooLarge {
        /// What the caller takes.
        limit: usize,
    },
}

impl fmt::Display for BinaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::InvalidMagic => "frame does not begin with \"RP\"",
            Self::UnsupportedVersion(version) => {
                return write!(f, "frame of version {version}, not 1");
            }
            Self::UnknownFlags(flags) => {
                return write!(f, "frame with unknown flags {flags:#04x}");
            }
            Self::UnknownChannel(id) => return write!(f, "frame on unknown channel {id}"),
            Self::FrameTooShort => "frame shorter than its 9-byte header",
            Self::Serialization => "payload cannot be written in this encoding",
            Self::Deserialization => "payload is no value of this encoding and type",
            Self::TooDeep => "payload nested too deep",
            Self::TrailingBytes => "bytes after the payload",
            Self::Compression => "compression dictionary cannot be used or made",
            Self::Decompression => "compressed payload is damaged or asks for too large a window",
            Self::MissingDictionary(id) => {
                return write!(f, "compressed with dictionary {id}, which is not at hand");
            }
            Self::TooLarge { limit } => {
                return write!(f, "payload decompresses to more than {limit} bytes");
            }
        };
        f.write_str(text)
    }
}

impl core::error::Error for BinaryError {}

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
            EncodeError::WrongLength | EncodeError::IntegerTooWide | EncodeError::Refused(_) => {
                Self::Serialization
            }
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
