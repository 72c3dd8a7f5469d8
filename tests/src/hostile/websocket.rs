//! Target: the reader of WebSocket frames.

use push_wire_websocket::{Event, ProtocolError, Reader, Role};

/// Limit of a message, in bytes.
const LIMIT: usize = 4096;

/// Checks that the reader finds the same events however the bytes are cut. The first byte gives the length of the pieces
/// (7 bits) and the side that reads.
pub(super) fn run(bytes: &[u8]) {
    let Some((how, bytes)) = bytes.split_first() else {
        return;
    };
    let role = if how & 0x80 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let whole = read(bytes, bytes.len().max(1), role);
    let in_pieces = read(bytes, usize::from(how & 0x7f).max(1), role);
    assert_eq!(in_pieces, whole);
}

/// Events in these bytes, read in pieces of this length, and the error that ended them.
fn read(bytes: &[u8], piece_bytes: usize, role: Role) -> (Vec<String>, Option<ProtocolError>) {
    let mut reader = Reader::new(role, LIMIT);
    let mut events = Vec::new();
    for piece in bytes.chunks(piece_bytes) {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            match reader.next(&mut input) {
                Ok(Some(event)) => events.push(describe(&event)),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(input.is_empty(), "the reader consumes a whole piece");
    }
    (events, None)
}

/// Text of an event: the same whether its bytes are borrowed or owned.
fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Text(text) => format!("text {text:?}"),
        Event::Binary(bytes) => format!("binary {bytes:?}"),
        Event::Ping(bytes) => format!("ping {bytes:?}"),
        Event::Pong => "pong".into(),
        Event::Close(code) => format!("close {code:?}"),
    }
}
