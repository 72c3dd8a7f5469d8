//! Why a value could not be encoded or decoded.

use alloc::string::{String, ToString};
use core::fmt::{self, Display};

use serde::ser;

use crate::limits::NESTING;

/// Why a value could not be encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// Nested deeper than [`NESTING`]: no receiver would take it.
    TooDeep,
    /// A list or map whose type announced another number of items than it gave.
    WrongLength,
    /// An integer that the encoding cannot hold: CBOR ends at 64 bits.
    IntegerTooWide,
    /// What the value's `Serialize` said.
    Refused(String),
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "value nested deeper than {NESTING} levels"),
            Self::WrongLength => f.write_str("a list or map announced another length than it has"),
            Self::IntegerTooWide => f.write_str("integer beyond 64 bits"),
            Self::Refused(message) => f.write_str(message),
        }
    }
}

impl core::error::Error for EncodeError {}

impl ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Refused(text(message))
    }
}

/// Why bytes could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// No value of this encoding.
    Malformed {
        /// What was expected.
        expected: &'static str,
        /// Offset of the byte that is something else.
        at: usize,
    },
    /// Nested deeper than [`NESTING`].
    TooDeep {
        /// Offset of the innermost list or map.
        at: usize,
    },
    /// Bytes after the value.
    TrailingBytes {
        /// Offset of the first of them.
        at: usize,
    },
    /// A value, but not of the wanted type: what its `Deserialize` said.
    Refused {
        /// What was wrong; empty in the browser, where the text would weigh more than the codec.
        message: String,
        /// Offset after the last byte read.
        at: usize,
    },
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { expected, at } => write!(f, "expected {expected} at byte {at}"),
            Self::TooDeep { at } => {
                write!(f, "value nested deeper than {NESTING} levels at byte {at}")
            }
            Self::TrailingBytes { at } => {
                write!(f, "the value ends at byte {at}, but bytes follow")
            }
            Self::Refused { message, at } => write!(f, "{message}, up to byte {at}"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Why bytes are not the token that was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenError {
    /// What was expected.
    pub expected: &'static str,
    /// Offset of the byte that is something else.
    pub at: usize,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected ")?;
        f.write_str(self.expected)?;
        f.write_str(" at byte ")?;
        self.at.fmt(f)
    }
}

impl core::error::Error for TokenError {}

/// The text of a message; none in the browser, where printing (floats above all) would be most of the codec's
/// bytes.
pub(super) fn text(message: impl Display) -> String {
    if cfg!(target_family = "wasm") {
        String::new()
    } else {
        message.to_string()
    }
}
