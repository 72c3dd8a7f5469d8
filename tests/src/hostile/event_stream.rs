//! Target: event streams, as clients read them.

use push_wire_shared::event_stream::{EventParser, StreamEvent, read_item};

/// Largest event, in bytes.
const LIMIT: usize = 4_096;

/// Parses the bytes in pieces, whose length the first byte gives, and at once: the events are the same.
pub(super) fn run(bytes: &[u8]) {
    let Some((piece, stream)) = bytes.split_first() else {
        return;
    };
    let (events, is_whole) = parse(stream.chunks(usize::from(*piece).max(1)));
    let (at_once, is_all) = parse([stream].into_iter());
    assert_eq!((&events, is_whole), (&at_once, is_all));
    for event in events {
        assert!(event.data.len() <= 2 * LIMIT, "{} bytes", event.data.len());
        if let Ok(item) = read_item(&event) {
            assert!(item.is_some() || !matches!(&event.name[..], b"" | b"message" | b"close"));
        }
    }
}

/// The events of a stream, and whether all of it was read.
fn parse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<StreamEvent>, bool) {
    let mut parser = EventParser::new(LIMIT);
    let mut events = Vec::new();
    for piece in pieces {
        if parser.push(piece, |event| events.push(event)).is_err() {
            return (events, false);
        }
    }
    (events, true)
}
