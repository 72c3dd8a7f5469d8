//! JSON text in UTF-8.
//!
//! Every text that is written can be put into the other encodings: see [`check`].

mod finite;
mod from_binary;
mod text;
mod transcode;

use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{DecodeError, EncodeError};
use crate::limits::NESTING;

pub use from_binary::from_body;
pub(in crate::encoding) use transcode::write_text;
pub use transcode::{check, transcode};

/// Encodes a value.
///
/// # Errors
/// Fails if its `Serialize` fails, a map's keys are no strings, or it holds what another encoding has no form for (see
/// [`check`]); also a number that is not finite, which `serde_json` would write as null.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    finite::check(value)?;
    let text =
        serde_json::to_vec(value).map_err(|error| EncodeError::Refused(error.to_string()))?;
    match check(&text) {
        Ok(()) => Ok(text),
        Err(DecodeError::TooDeep { .. }) => Err(EncodeError::TooDeep),
        Err(error) => Err(EncodeError::NotInEveryEncoding(error)),
    }
}

/// Decodes a value, which fills all of the bytes but white space.
///
/// # Errors
/// Fails if the bytes are no JSON, are nested too deep, or hold something else than a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    if let Some(at) = too_deep(bytes) {
        return Err(DecodeError::TooDeep { at });
    }
    serde_json::from_slice(bytes).map_err(|error| DecodeError::Refused {
        at: offset(bytes, error.line(), error.column()),
        message: error.to_string(),
    })
}

/// Offset of the first bracket beyond the limit. (The parser's own limit is twice as deep, and fixed.)
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > NESTING {
                    return Some(at);
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Offset of a line and column (both from 1; 0 when unknown).
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines_before = line.saturating_sub(1);
    let start: usize = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    start + column
}
