//! The header of a server's WebSocket frame (RFC 6455 section 5.2): never masked, never fragmented.

/// What a WebSocket frame carries (RFC 6455 section 11.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opcode {
    /// UTF-8 text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The end.
    Close = 8,
    /// Are you there?
    Ping = 9,
    /// I am here.
    Pong = 10,
}

/// Longest header of a server's frame.
pub(crate) const MAX_HEADER: usize = 10;

/// Appends the header of a final, unmasked frame with `len` bytes of payload.
pub(crate) fn frame_header(opcode: Opcode, len: usize, out: &mut Vec<u8>) {
    out.push(0x80 | opcode as u8);
    if let Some(len) = u8::try_from(len).ok().filter(|len| *len < 126) {
        out.push(len);
    } else if let Ok(len) = u16::try_from(len) {
        out.push(126);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(opcode: Opcode, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        frame_header(opcode, len, &mut out);
        assert!(out.len() <= MAX_HEADER);
        out
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(header(Opcode::Text, 0), [0x81, 0]);
        assert_eq!(header(Opcode::Binary, 125), [0x82, 125]);
        assert_eq!(header(Opcode::Binary, 126), [0x82, 126, 0, 126]);
        assert_eq!(header(Opcode::Ping, 65_535), [0x89, 126, 0xff, 0xff]);
        assert_eq!(
            header(Opcode::Binary, 65_536),
            [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }
}
