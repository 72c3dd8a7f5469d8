//! The header of a frame (RFC 6455 section 5.2).

use crate::ProtocolError;

/// Longest header of a frame: two bytes, a length of eight and a mask of four.
pub const MAX_HEADER_BYTES: usize = 14;

/// Largest payload of a control frame (RFC 6455 section 5.5).
pub(crate) const MAX_CONTROL_BYTES: usize = 125;

/// Side of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Reads masked frames and writes unmasked ones.
    Server,
    /// Reads unmasked frames and writes masked ones.
    Client,
}

/// Kind of a frame (RFC 6455 section 11.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    /// A further fragment of the message begun before.
    Continuation = 0,
    /// A message of UTF-8 text, or its first fragment.
    Text = 1,
    /// A message of bytes, or its first fragment.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// A request for a pong.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
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

    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// True if the frame is its message's last.
    pub is_final: bool,
    /// Kind of the frame.
    pub opcode: Opcode,
    /// Mask of the payload, in frames of clients.
    pub mask: Option<[u8; 4]>,
    /// Length of the payload, in bytes.
    pub len: u64,
}

impl Header {
    /// Reads the header at the start of `bytes`, and returns it with its length; `None` if it is incomplete.
    ///
    /// # Errors
    /// Fails if the other side may not send such a frame to this `role`.
    pub fn read(bytes: &[u8], role: Role) -> Result<Option<(Self, usize)>, ProtocolError> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        match (role, second & 0x80 != 0) {
            (Role::Server, false) => return Err(ProtocolError::Unmasked),
            (Role::Client, true) => return Err(ProtocolError::Masked),
            (Role::Server, true) | (Role::Client, false) => {}
        }
        let opcode = Opcode::from_bits(first & 0x0f);
        let opcode = opcode.ok_or(ProtocolError::UnknownOpcode(first & 0x0f))?;
        let is_final = first & 0x80 != 0;
        let short = second & 0x7f;
        if opcode.is_control() && !is_final {
            return Err(ProtocolError::FragmentedControl);
        }
        if opcode.is_control() && usize::from(short) > MAX_CONTROL_BYTES {
            return Err(ProtocolError::LongControl);
        }
        let Some((len, rest)) = read_length(short, rest)? else {
            return Ok(None);
        };
        let (mask, payload) = match (role, rest.split_first_chunk()) {
            (Role::Client, _) => (None, rest),
            (Role::Server, Some((&mask, payload))) => (Some(mask), payload),
            (Role::Server, None) => return Ok(None),
        };
        let header = Self {
            is_final,
            opcode,
            mask,
            len,
        };
        Ok(Some((header, bytes.len() - payload.len())))
    }

    /// Appends the header to `out`, with the length in its shortest form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        out.push(if self.is_final { 0x80 } else { 0 } | self.opcode as u8);
        if let Some(len) = u8::try_from(self.len).ok().filter(|len| *len < 126) {
            out.push(masked | len);
        } else if let Ok(len) = u16::try_from(self.len) {
            out.push(masked | 126);
            out.extend_from_slice(&len.to_be_bytes());
        } else {
            out.push(masked | 127);
            out.extend_from_slice(&self.len.to_be_bytes());
        }
        out.extend_from_slice(self.mask.as_ref().map_or(&[], |mask| &mask[..]));
    }
}

/// Appends the header of a server's frame that is a whole message, or a control frame, of `len` bytes.
pub fn frame_header(opcode: Opcode, len: usize, out: &mut Vec<u8>) {
    let header = Header {
        is_final: true,
        opcode,
        mask: None,
        len: len as u64,
    };
    header.write(out);
}

/// Reads the payload's length, which must be in its shortest form and have its highest bit clear.
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_example_of_rfc() {
        // RFC 6455 section 5.7: a single-frame masked text message "Hello".
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f];
        let header = Header {
            is_final: true,
            opcode: Opcode::Text,
            mask: Some([0x37, 0xfa, 0x21, 0x3d]),
            len: 5,
        };
        assert_eq!(Header::read(&bytes, Role::Server), Ok(Some((header, 6))));
    }

    #[test]
    fn refuses_bad_headers() {
        let bad = |bytes: &[u8]| Header::read(bytes, Role::Server).expect_err("refused");
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
        let masked = Header::read(&[0x81, 0x80], Role::Client);
        assert_eq!(masked, Err(ProtocolError::Masked));
    }

    #[test]
    fn writes_shortest_lengths() {
        let header = |opcode, len| {
            let mut out = Vec::new();
            frame_header(opcode, len, &mut out);
            out
        };
        assert_eq!(header(Opcode::Text, 0), [0x81, 0]);
        assert_eq!(header(Opcode::Binary, 125), [0x82, 125]);
        assert_eq!(header(Opcode::Binary, 126), [0x82, 126, 0, 126]);
        assert_eq!(header(Opcode::Binary, 65_535), [0x82, 126, 0xff, 0xff]);
        let eight = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(header(Opcode::Binary, 65_536), eight);
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(is_final: bool, mask: Option<[u8; 4]>, bits in 0u8..3, len in 0u64..1 << 63, shift in 0u32..63) {
            let opcode = Opcode::from_bits(bits).unwrap();
            let header = Header { is_final, opcode, mask, len: len >> shift };
            let role = if mask.is_some() { Role::Server } else { Role::Client };
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            prop_assert!(bytes.len() <= MAX_HEADER_BYTES);
            for end in 0..bytes.len() {
                prop_assert_eq!(Header::read(&bytes[..end], role), Ok(None));
            }
            prop_assert_eq!(Header::read(&bytes, role), Ok(Some((header, bytes.len()))));
        }
    }
}
