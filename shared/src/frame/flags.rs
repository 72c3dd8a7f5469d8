//! The flags byte of a binary frame.

/// Properties of a binary frame.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
)]
pub struct BinaryFlags {
    /// Bit 0: the body is `[dict_id:4 BE][zstd frame]`.
    pub compressed: bool,
    /// Bit 1: the payload is one fragment of a larger one.
    pub fragmented: bool,
    /// Bit 2: acknowledgement requested.
    pub ack_required: bool,
}

impl BinaryFlags {
    /// The flags as a byte.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        u8::from(self.compressed)
            | u8::from(self.fragmented) << 1
            | u8::from(self.ack_required) << 2
    }

    /// The flags of a byte; bits that this version does not know are dropped.
    /// [`BinaryFlags::from_known_byte`] refuses them.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        Self {
            compressed: byte & 1 != 0,
            fragmented: byte & 2 != 0,
            ack_required: byte & 4 != 0,
        }
    }

    /// The flags of a byte, unless it has a bit that this version does not know.
    #[must_use]
    pub fn from_known_byte(byte: u8) -> Option<Self> {
        (byte & !7 == 0).then(|| Self::from_byte(byte))
    }
}
