//! Encodings of payload bodies: MessagePack, CBOR and JSON.

pub mod cbor;
mod codec;
mod content;
mod error;
pub mod json;
pub mod msgpack;
mod varint;

pub use content::Content;
pub use varint::{VarintError, read_varint, varint_len, write_varint};

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use error::{DecodeError, EncodeError};

/// Encoding of a payload's body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum PayloadEncoding {
    /// MessagePack; structs as arrays.
    MessagePack,
    /// CBOR; structs as maps.
    Cbor,
    /// UTF-8 JSON text: the default, because a page parses JSON faster than wasm can build values.
    #[default]
    Json,
}

impl PayloadEncoding {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            Self::Cbor => "cbor",
            Self::Json => "json",
        }
    }

    /// The encoding of this wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::MessagePack, Self::Cbor, Self::Json]
            .into_iter()
            .find(|e| e.name() == name)
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// Fails if the encoding cannot hold it, it is nested too deep, or its `Serialize` fails.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::MessagePack => msgpack::to_vec(value),
            Self::Cbor => cbor::to_vec(value),
            Self::Json => json::to_vec(value),
        }
    }

    /// Decodes a value, after which nothing may follow.
    ///
    /// # Errors
    /// Fails if the bytes are not of this encoding, are nested too deep, go on after the value, or hold something else
    /// than a `T`.
    pub fn decode<'de, T: Deserialize<'de>>(self, bytes: &'de [u8]) -> Result<T, DecodeError> {
        match self {
            Self::MessagePack => msgpack::from_slice(bytes),
            Self::Cbor => cbor::from_slice(bytes),
            Self::Json => json::from_slice(bytes),
        }
    }
}
