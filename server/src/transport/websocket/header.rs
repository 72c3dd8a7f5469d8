//! The header of a client's frame (RFC 6455 section 5.2).

use super::ProtocolError;

/// Longest header of a client's frame: two bytes, an eight-byte length and the mask.
pub(super) const MAX_HEADER: usize = 14;

/// Largest payload of a control frame (RFC 6455 section 5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// What a frame is (RFC 6455 section 11.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Continuation),
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What stands before the payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    pub(super) len: u64,
}

impl Header {
    /// Reads the header at the start of `bytes` and says how long it is; `None` when it is not all there yet.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        if second & 0x80 == 0 {
            return Err(ProtocolError::Unmasked);
        }
        let opcode = Opcode::from_bits(first & 0x0f);
        let opcode = opcode.ok_or(ProtocolError::UnknownOpcode(first & 0x0f))?;
        let is_final = first & 0x80 != 0;
        let short = second & 0x7f;
        if opcode.is_control() && !is_final {
            return Err(ProtocolError::FragmentedControl);
        }
        if opcode.is_control() && usize::from(short) > MAX_CONTROL {
            return Err(ProtocolError::LongControl);
        }
        let Some((len, rest)) = read_length(short, rest)? else {
            return Ok(None);
        };
        let Some((&mask, payload)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let header = Self {
            is_final,
            opcode,
            mask,
            len,
        };
        Ok(Some((header, bytes.len() - payload.len())))
    }
}

/// The payload's length, which must be in its shortest form and have its highest bit clear.
fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, ProtocolError> {
    let (len, least, rest) = match short {
        126 => match rest.split_first_chunk() {
            Some((&bytes, rest)) => (u64::from(u16::from_be_bytes(bytes)), 126, rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((&bytes, rest)) => (u64::from_be_bytes(bytes), 0x1_0000, rest),
            None => return Ok(None),
        },
        short => (u64::from(short), 0, rest),
    };
    if len < least || len >> 63 != 0 {
        return Err(ProtocolError::BadLength);
    }
    Ok(Some((len, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        // RFC 6455 section 5.7: a single-frame masked text message "Hello".
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f];
        let header = Header {
            is_final: true,
            opcode: Opcode::Text,
            mask: [0x37, 0xfa, 0x21, 0x3d],
            len: 5,
        };
        assert_eq!(Header::read(&bytes), Ok(Some((header, 6))));
    }

    #[test]
    fn a_header_that_is_not_all_there_is_waited_for() {
        let long = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 9, 9, 9, 9];
        for len in 0..long.len() {
            assert_eq!(Header::read(&long[..len]), Ok(None), "{len} bytes");
        }
        assert!(matches!(Header::read(&long), Ok(Some((header, 14))) if header.len == 65_536));
    }

    #[test]
    fn what_the_rfc_forbids_is_named() {
        let bad = |bytes: &[u8]| Header::read(bytes).expect_err("refused");
        assert_eq!(bad(&[0xc1, 0x80, 0, 0, 0, 0]), ProtocolError::ReservedBits);
        assert_eq!(bad(&[0x81, 0x00]), ProtocolError::Unmasked);
        assert_eq!(bad(&[0x83, 0x80]), ProtocolError::UnknownOpcode(3));
        assert_eq!(bad(&[0x8b, 0x80]), ProtocolError::UnknownOpcode(11));
        assert_eq!(bad(&[0x09, 0x80]), ProtocolError::FragmentedControl);
        assert_eq!(bad(&[0x89, 0xfe, 0, 126]), ProtocolError::LongControl);
        assert_eq!(bad(&[0x82, 0xfe, 0, 125]), ProtocolError::BadLength);
        assert_eq!(
            bad(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            ProtocolError::BadLength
        );
        assert_eq!(
            bad(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            ProtocolError::BadLength
        );
    }
}
