//! CBOR (RFC 8949): byte for byte what `serde_cbor::to_vec` writes.
//!
//! Structs are maps with their fields' names. Everything well-formed is read, lengths left open and tags (which are
//! skipped) included; simple values other than booleans, null and undefined are refused.

mod format;
mod half;
mod read;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::codec::{from_tokens, write_value};
use super::{DecodeError, EncodeError};
pub(in crate::encoding) use format::Cbor;
use read::Reader;

/// Encodes a value.
///
/// # Errors
/// Fails if it is nested too deep, holds an integer beyond 64 bits or its `Serialize` fails.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(128);
    write_value::<Cbor, T>(&mut out, value)?;
    Ok(out)
}

/// Decodes a value, which fills all of the bytes.
///
/// # Errors
/// Fails if the bytes are no CBOR, are cut off or go on after the value, or hold something else than a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    from_tokens(Reader::new(bytes))
}
