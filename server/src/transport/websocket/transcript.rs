//! What a reader makes of bytes, as text: for tests of hostile input, which see no more of the reader.

use super::{Event, Reader};

/// The events that a reader of messages up to `limit` bytes finds in these bytes, given in pieces of this length (the
/// last may be shorter), and what was wrong with them in the end.
///
/// # Panics
/// When `piece_bytes` is 0, or the reader leaves bytes of a piece.
#[must_use]
pub fn transcript(bytes: &[u8], piece_bytes: usize, limit: usize) -> (Vec<String>, Option<String>) {
    let mut reader = Reader::new(limit);
    let mut events = Vec::new();
    for piece in bytes.chunks(piece_bytes) {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            match reader.next(&mut input) {
                Ok(Some(event)) => events.push(described(&event)),
                Ok(None) => break,
                Err(protocol_error) => return (events, Some(protocol_error.to_string())),
            }
        }
        assert!(input.is_empty(), "all of a piece is used");
    }
    (events, None)
}

/// The same whether the event's bytes are lent or not.
fn described(event: &Event<'_>) -> String {
    match event {
        Event::Text(text) => format!("text {text:?}"),
        Event::Binary(bytes) => format!("binary {bytes:?}"),
        Event::Ping(bytes) => format!("ping {bytes:?}"),
        Event::Pong => "pong".into(),
        Event::Close(code) => format!("close {code:?}"),
    }
}
