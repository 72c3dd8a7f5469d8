//! The nine bytes before every binary payload: `[magic:2][version:1][flags:1][channel:1][sequence:4 BE]`.

use super::BinaryFlags;

/// First bytes of every binary frame: "RP".
pub const MAGIC_HEADER: [u8; 2] = *b"RP";
/// Version of the binary frame.
pub const VERSION_BYTE: u8 = 1;
/// Length of a frame's header.
pub const FRAME_HEADER_LEN: usize = 9;

/// Header of a binary frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Properties of the frame.
    pub flags: BinaryFlags,
    /// Wire id of the channel.
    pub channel: u8,
    /// Number of the frame (docs/protocol.md section 3.1).
    pub sequence: u32,
}

/// Error of bytes that are no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Shorter than a header.
    #[error("frame shorter than its 9-byte header")]
    TooShort,
    /// Does not begin with "RP".
    #[error("frame does not begin with \"RP\"")]
    InvalidMagic,
    /// Another version of the frame.
    #[error("frame of version {0}, not 1")]
    UnsupportedVersion(u8),
    /// A flag that this version does not know.
    #[error("frame with unknown flags {0:#04x}")]
    UnknownFlags(u8),
}

impl FrameHeader {
    /// The header as bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; FRAME_HEADER_LEN] {
        let [a, b, c, d] = self.sequence.to_be_bytes();
        let [r, p] = MAGIC_HEADER;
        [
            r,
            p,
            VERSION_BYTE,
            self.flags.to_byte(),
            self.channel,
            a,
            b,
            c,
            d,
        ]
    }

    /// Splits a frame into its header and payload.
    ///
    /// # Errors
    /// Fails if the bytes are too short for a header, or it is not of this version.
    pub fn split(frame: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let Some((header, payload)) = frame.split_first_chunk::<FRAME_HEADER_LEN>() else {
            return Err(FrameError::TooShort);
        };
        let [r, p, version, flags, channel, sequence @ ..] = *header;
        if [r, p] != MAGIC_HEADER {
            return Err(FrameError::InvalidMagic);
        }
        if version != VERSION_BYTE {
            return Err(FrameError::UnsupportedVersion(version));
        }
        let flags = BinaryFlags::from_known_byte(flags).ok_or(FrameError::UnknownFlags(flags))?;
        Ok((
            Self {
                flags,
                channel,
                sequence: u32::from_be_bytes(sequence),
            },
            payload,
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_survive_the_wire(flags in 0u8..8, channel: u8, sequence: u32, payload: [u8; 5]) {
            let header = FrameHeader { flags: BinaryFlags::from_byte(flags), channel, sequence };
            let frame = [&header.to_bytes()[..], &payload].concat();
            prop_assert_eq!(FrameHeader::split(&frame), Ok((header, &payload[..])));
        }
    }

    #[test]
    fn each_fault_has_its_own_error() {
        assert_eq!(
            FrameHeader::split(b"RP\x01\0\0\0\0\0"),
            Err(FrameError::TooShort)
        );
        assert_eq!(
            FrameHeader::split(b"XP\x01\0\0\0\0\0\0"),
            Err(FrameError::InvalidMagic)
        );
        assert_eq!(
            FrameHeader::split(b"RP\x02\0\0\0\0\0\0"),
            Err(FrameError::UnsupportedVersion(2))
        );
        assert_eq!(
            FrameHeader::split(b"RP\x01\x08\0\0\0\0\0"),
            Err(FrameError::UnknownFlags(8))
        );
    }
}
