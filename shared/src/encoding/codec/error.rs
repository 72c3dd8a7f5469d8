//! Error of the deserializer.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt::{self, Display};

use serde::de;

use crate::encoding::DecodeError;
use crate::encoding::error::TokenError;

/// A [`DecodeError`] behind a pointer: results of every step stay small, which is worth a third of the time.
#[derive(Debug)]
pub(in crate::encoding) struct CodecError(Box<DecodeError>);

impl CodecError {
    #[cold]
    pub(in crate::encoding) fn malformed(expected: &'static str, at: usize) -> Self {
        DecodeError::Malformed { expected, at }.into()
    }

    /// The error, at this offset if it has none of its own.
    pub(in crate::encoding) fn placed(self, offset: usize) -> DecodeError {
        match *self.0 {
            DecodeError::Refused { message, .. } => DecodeError::Refused {
                message,
                at: offset,
            },
            placed @ (DecodeError::Malformed { .. }
            | DecodeError::TooDeep { .. }
            | DecodeError::TrailingBytes { .. }) => placed,
        }
    }
}

impl Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for CodecError {}

impl de::Error for CodecError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        // The offset is known where reading began.
        let (message, at) = (message.to_string(), 0);
        DecodeError::Refused { message, at }.into()
    }
}

impl From<DecodeError> for CodecError {
    #[cold]
    fn from(error: DecodeError) -> Self {
        Self(Box::new(error))
    }
}

impl From<TokenError> for CodecError {
    #[cold]
    fn from(error: TokenError) -> Self {
        Self::malformed(error.expected, error.at)
    }
}
