//! Kind byte in the payloads of entry frames and of client messages (docs/protocol.md sections 4 and 7).

use super::{Content, WireError};

/// The body is a delta; in entries only.
pub(super) const DELTA: u8 = 1;
/// The body is bytes for the application.
const BYTES: u8 = 4;
/// A topic stands before the body; in client messages only.
pub(super) const TOPIC: u8 = 8;

/// Bits of a body's content.
pub(super) const fn of(content: Content) -> u8 {
    match content {
        Content::Value => 0,
        Content::Bytes => BYTES,
    }
}

/// Splits a payload into its kind, the body's content and the rest. `flag` is the bit that the kind may have beside that
/// of the content.
pub(super) fn split(payload: &[u8], flag: u8) -> Result<(u8, Content, &[u8]), WireError> {
    let (&kind, rest) = payload
        .split_first()
        .ok_or(WireError("a payload without its kind"))?;
    if kind & !(BYTES | flag) != 0 {
        return Err(WireError("a payload of an unknown kind"));
    }
    let content = if kind & BYTES == 0 {
        Content::Value
    } else {
        Content::Bytes
    };
    Ok((kind, content, rest))
}
