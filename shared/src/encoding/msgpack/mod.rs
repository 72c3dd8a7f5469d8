//! MessagePack: byte for byte what `rmp_serde::to_vec` writes.
//!
//! Structs are lists of their fields' values, so a field left out by `skip_serializing_if` shifts those after it: use
//! types that leave nothing out, or CBOR. Maps in a struct's place are read too, as other languages write them; so are
//! timestamps (extension type -1), as RFC 3339 text. Other extension types are errors.

mod format;
mod named;
mod timestamp;
pub mod token;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::codec::{from_tokens, write_value};
use super::{DecodeError, EncodeError};
pub(in crate::encoding) use format::MessagePack;
pub(crate) use named::{read_named, write_named};
pub(in crate::encoding) use timestamp::Timestamp;

/// Encodes a value.
///
/// # Errors
/// Fails if it is nested too deep or its `Serialize` fails.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(128);
    write_value::<MessagePack<false>, T>(&mut out, value)?;
    Ok(out)
}

/// Decodes a value, which fills all of the bytes.
///
/// # Errors
/// Fails if the bytes are no MessagePack, are cut off or go on after the value, or hold something else than a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    from_tokens(token::Reader::new(bytes))
}
