//! Errors of encoding and decoding.

use alloc::string::{String, ToString};
use core::fmt::Display;

use serde::ser;
use thiserror::Error;

use crate::limits::NESTING;

/// Error of a value that could not be encoded.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Nested deeper than [`NESTING`], which receivers refuse.
    #[error("value nested deeper than {NESTING} levels")]
    TooDeep,
    /// A list or map whose `Serialize` announced another number of items than it wrote.
    #[error("a list or map announced another length than it has")]
    WrongLength,
    /// An integer that the encoding cannot hold: CBOR and JSON end at 64 bits.
    #[error("integer beyond 64 bits")]
    IntegerTooWide,
    /// A NaN or an infinity in JSON, which has no form for them.
    #[error("a number that is not finite, which JSON cannot express")]
    NotFinite,
    /// JSON text that another encoding cannot express: a lone surrogate, or a number beyond the doubles. It comes
    /// from a `RawValue` or a number of arbitrary precision.
    #[error("JSON text that not every encoding can express: {0}")]
    NotInEveryEncoding(DecodeError),
    /// Error of the value's `Serialize`.
    #[error("{0}")]
    Refused(String),
}

impl ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }
}

/// Error of bytes that could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not a value of this encoding.
    #[error("expected {expected} at byte {at}")]
    Malformed {
        /// The value or part of one that was expected.
        expected: &'static str,
        /// Offset of the byte that is something else.
        at: usize,
    },
    /// Nested deeper than [`NESTING`].
    #[error("value nested deeper than {NESTING} levels at byte {at}")]
    TooDeep {
        /// Offset of the innermost list or map.
        at: usize,
    },
    /// Bytes after the value.
    #[error("the value ends at byte {at}, but bytes follow")]
    TrailingBytes {
        /// Offset of the first of them.
        at: usize,
    },
    /// A value, but not of the wanted type: the error of its `Deserialize`.
    #[error("{message}, up to byte {at}")]
    Refused {
        /// The error's text.
        message: String,
        /// Offset after the last byte read.
        at: usize,
    },
}

/// Error of bytes that are not the expected token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("expected {expected} at byte {at}")]
pub struct TokenError {
    /// The token that was expected.
    pub expected: &'static str,
    /// Offset of the byte that is something else.
    pub at: usize,
}
