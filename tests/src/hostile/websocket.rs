//! The server's WebSocket frame reader.

use push_wire_server::websocket_transcript;

/// Largest message taken.
const LIMIT: usize = 4096;

/// However the bytes are cut, the reader makes the same of them. The first byte says how.
pub(super) fn run(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = websocket_transcript(bytes, bytes.len().max(1), LIMIT);
    let in_pieces = websocket_transcript(bytes, usize::from(*cut).max(1), LIMIT);
    assert_eq!(in_pieces, whole);
}
