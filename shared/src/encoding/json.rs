//! JSON text in UTF-8.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::error::text;
use super::{DecodeError, EncodeError};
use crate::limits::NESTING;

/// Encodes a value.
///
/// # Errors
/// When its `Serialize` fails, a map's keys are no strings, or it is nested too deep for those who will read it.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let bytes = serde_json::to_vec(value).map_err(|error| EncodeError::Refused(text(error)))?;
    match too_deep(&bytes) {
        Some(_) => Err(EncodeError::TooDeep),
        None => Ok(bytes),
    }
}

/// Decodes a value, which fills all of the bytes but white space.
///
/// # Errors
/// When the bytes are no JSON, are nested too deep, or hold something else than a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    if let Some(at) = too_deep(bytes) {
        return Err(DecodeError::TooDeep { at });
    }
    serde_json::from_slice(bytes).map_err(|error| DecodeError::Refused {
        at: offset(bytes, error.line(), error.column()),
        message: text(error),
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

/// Where line and column (both from 1; 0 when unknown) are.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines_before = line.saturating_sub(1);
    let start: usize = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    start + column
}
