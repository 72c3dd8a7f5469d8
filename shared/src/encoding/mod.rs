//! Encodings of payload bodies.

pub mod msgpack;
mod varint;

pub use varint::{VarintError, read_varint, varint_len, write_varint};

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
}
