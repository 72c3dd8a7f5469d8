//! The payload of close frames (RFC 6455 sections 5.5.1 and 7.4).

use crate::ProtocolError;
use crate::header::MAX_CONTROL_BYTES;

/// Code of a close frame; `None` when it has none.
pub(crate) fn read_close(payload: &[u8]) -> Result<Option<u16>, ProtocolError> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return Err(ProtocolError::CutCloseCode),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
    };
    // RFC 6455 section 7.4.2; 1012 to 1014 were registered later, 1004 to 1006 and 1015 are never sent.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(ProtocolError::BadCloseCode(code));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(ProtocolError::NotUtf8);
    }
    Ok(Some(code))
}

/// Payload of a close frame. A reason above 123 bytes is cut at a character.
#[must_use]
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let end = reason.floor_char_boundary(MAX_CONTROL_BYTES - 2);
    let mut payload = Vec::with_capacity(2 + end);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_codes() {
        assert_eq!(read_close(&[]), Ok(None));
        assert_eq!(read_close(&[0x03, 0xe8, b'b', b'y', b'e']), Ok(Some(1000)));
        assert_eq!(read_close(&4000u16.to_be_bytes()), Ok(Some(4000)));
    }

    #[test]
    fn refuses_bad_codes() {
        assert_eq!(read_close(&[3]), Err(ProtocolError::CutCloseCode));
        for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(
                read_close(&u16::to_be_bytes(code)),
                Err(ProtocolError::BadCloseCode(code))
            );
        }
        assert_eq!(read_close(&[0x03, 0xe8, 0xff]), Err(ProtocolError::NotUtf8));
    }

    #[test]
    fn cuts_long_reasons() {
        assert_eq!(close_payload(1000, "bye"), [0x03, 0xe8, b'b', b'y', b'e']);
        let long = close_payload(1000, &"é".repeat(100));
        assert_eq!(long.len(), 2 + 122);
        assert_eq!(read_close(&long), Ok(Some(1000)));
    }
}
