//! Tests of the reader: cut input, fragments, limits and malformed frames.

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 400;

/// A client's frame.
fn frame(is_final: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut mask = [0x37, 0xfa, 0x21, 0x3d];
    let header = Header {
        is_final,
        opcode,
        mask: Some(mask),
        len: payload.len() as u64,
    };
    let mut bytes = vec![];
    header.write(&mut bytes);
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    apply_mask(&mut bytes[start..], &mut mask);
    bytes
}

fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Text(text) => Event::Text(Cow::Owned(text.into_owned())),
        Event::Binary(bytes) => Event::Binary(Cow::Owned(bytes.into_owned())),
        Event::Ping(bytes) => Event::Ping(Cow::Owned(bytes.into_owned())),
        Event::Pong => Event::Pong,
        Event::Close(code) => Event::Close(code),
    }
}

/// Everything that a reader makes of these bytes, given in reads of these sizes (the rest at once).
fn read(bytes: &[u8], reads: &[usize]) -> (Vec<Event<'static>>, Option<ProtocolError>) {
    let mut reader = Reader::new(Role::Server, LIMIT);
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    let mut events = vec![];
    let mut reads = reads.iter();
    while !rest.is_empty() {
        let len = reads.next().map_or(rest.len(), |len| rest.len().min(*len));
        let (mut input, later) = std::mem::take(&mut rest).split_at_mut(len);
        rest = later;
        loop {
            match reader.next(&mut input) {
                Ok(Some(event)) => events.push(owned(event)),
                Ok(None) => break,
                Err(protocol_error) => return (events, Some(protocol_error)),
            }
        }
        assert!(input.is_empty(), "all of a read is used");
    }
    (events, None)
}

fn text(text: &str) -> Event<'static> {
    Event::Text(Cow::Owned(text.to_owned()))
}

#[test]
fn reads_examples_of_rfc() {
    // RFC 6455 section 5.7.
    let hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(read(&hello, &[]), (vec![text("Hello")], None));
    let pong = [
        0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(read(&pong, &[]), (vec![Event::Pong], None));
}

#[test]
fn keeps_no_memory_between_messages() {
    let mut reader = Reader::new(Role::Server, LIMIT);
    let mut whole = frame(true, Opcode::Binary, b"abc");
    let event = reader.next(&mut &mut whole[..]);
    assert!(matches!(
        event,
        Ok(Some(Event::Binary(Cow::Borrowed(b"abc"))))
    ));

    let mut cut = frame(true, Opcode::Binary, b"abc");
    let (mut first, mut second) = cut.split_at_mut(7);
    assert_eq!(reader.next(&mut first), Ok(None));
    let event = reader.next(&mut second);
    assert!(matches!(event, Ok(Some(Event::Binary(Cow::Owned(_))))));
    assert_eq!(
        reader.message_bytes.capacity() + reader.control_bytes.capacity(),
        0
    );
}

#[test]
fn reads_control_frames_between_fragments() {
    let bytes = [
        frame(false, Opcode::Text, b"Hel"),
        frame(true, Opcode::Ping, b"there?"),
        frame(false, Opcode::Continuation, b""),
        frame(true, Opcode::Pong, b""),
        frame(true, Opcode::Continuation, b"lo"),
        frame(true, Opcode::Close, &[0x03, 0xe8]),
    ];
    let ping = Event::Ping(Cow::Owned(b"there?".to_vec()));
    let events = vec![ping, Event::Pong, text("Hello"), Event::Close(Some(1000))];
    assert_eq!(read(&bytes.concat(), &[]), (events, None));
}

#[test]
fn counts_frames_that_are_no_message() {
    let mut reader = Reader::new(Role::Server, LIMIT);
    for (is_final, opcode, extra) in [
        (true, Opcode::Text, 0),
        (true, Opcode::Ping, 1),
        (true, Opcode::Pong, 1),
        (false, Opcode::Binary, 1),
        (false, Opcode::Continuation, 1),
        (true, Opcode::Ping, 1),
        (true, Opcode::Continuation, 0),
    ] {
        let mut bytes = frame(is_final, opcode, b"x");
        let mut input = &mut bytes[..];
        while reader.next(&mut input).unwrap().is_some() {}
        assert_eq!(reader.take_extra_frames(), extra, "{opcode:?} {is_final}");
        assert_eq!(reader.take_extra_frames(), 0);
    }
}

#[test]
fn joins_characters_cut_by_fragments() {
    let bytes = [
        frame(false, Opcode::Text, &[0xc3]),
        frame(true, Opcode::Continuation, &[0xa9]),
    ]
    .concat();
    assert_eq!(read(&bytes, &[]), (vec![text("é")], None));
    assert_eq!(
        read(&frame(true, Opcode::Text, &[0xc3]), &[]),
        (vec![], Some(ProtocolError::NotUtf8))
    );
}

#[test]
fn refuses_large_messages_by_header() {
    let exact = frame(true, Opcode::Binary, &[7; LIMIT]);
    assert_eq!(read(&exact, &[]).0.len(), 1);
    let too_large = Some(ProtocolError::TooLarge { limit: LIMIT });
    let header_only = &frame(true, Opcode::Binary, &[7; LIMIT + 1])[..8];
    assert_eq!(read(header_only, &[]), (vec![], too_large));
    let in_fragments = [
        frame(false, Opcode::Binary, &[7; LIMIT]),
        frame(true, Opcode::Continuation, &[7]),
    ]
    .concat();
    assert_eq!(read(&in_fragments, &[]), (vec![], too_large));
    let huge = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    assert_eq!(read(&huge, &[]), (vec![], too_large));
}

#[test]
fn refuses_fragments_out_of_turn() {
    let (_, protocol_error) = read(&frame(true, Opcode::Continuation, b""), &[]);
    assert_eq!(protocol_error, Some(ProtocolError::NothingToContinue));
    let bytes = [
        frame(false, Opcode::Text, b"a"),
        frame(true, Opcode::Text, b"b"),
    ]
    .concat();
    assert_eq!(read(&bytes, &[]).1, Some(ProtocolError::UnfinishedMessage));
}

#[test]
fn refuses_bad_text_at_once() {
    // The second fragment is not complete, and its second byte cannot follow the first.
    let first = frame(false, Opcode::Text, "κόσ".as_bytes());
    let cut = &frame(true, Opcode::Continuation, &[0xf4, 0x90, 0x80, 0x80])[..8];
    let bytes = [&first[..], cut].concat();
    assert_eq!(read(&bytes, &[]).1, Some(ProtocolError::NotUtf8));
    // A control frame between is no text.
    let ping = frame(true, Opcode::Ping, &[0xff]);
    let last = frame(true, Opcode::Continuation, b"");
    let bytes = [first, ping, last].concat();
    assert_eq!(read(&bytes, &[]).0.last(), Some(&text("κόσ")));
}

#[test]
fn limit_changes_between_messages() {
    let mut reader = Reader::new(Role::Server, 2);
    let mut small = frame(true, Opcode::Binary, b"ab");
    assert!(matches!(reader.next(&mut &mut small[..]), Ok(Some(_))));
    reader.set_limit(3);
    let mut larger = frame(true, Opcode::Binary, b"abc");
    assert!(matches!(reader.next(&mut &mut larger[..]), Ok(Some(_))));
}

fn message() -> impl Strategy<Value = (Event<'static>, Vec<u8>)> {
    let data = prop::collection::vec(any::<u8>(), 0..LIMIT);
    let pieces = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let binary = (data, pieces.clone()).prop_map(|(data, cuts)| {
        let frames = fragments(Opcode::Binary, &data, &cuts);
        (Event::Binary(Cow::Owned(data)), frames)
    });
    let words = (".{0,90}", pieces).prop_map(|(words, cuts)| {
        let frames = fragments(Opcode::Text, words.as_bytes(), &cuts);
        (text(&words), frames)
    });
    let control = prop::collection::vec(any::<u8>(), 0..=125);
    let ping = control.prop_map(|data| {
        let frames = frame(true, Opcode::Ping, &data);
        (Event::Ping(Cow::Owned(data)), frames)
    });
    prop_oneof![binary, words, ping]
}

fn fragments(opcode: Opcode, data: &[u8], cuts: &[prop::sample::Index]) -> Vec<u8> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
    cuts.sort_unstable();
    let mut out = vec![];
    let (mut opcode, mut start) = (opcode, 0);
    for cut in cuts {
        out.extend(frame(false, opcode, &data[start..cut]));
        (opcode, start) = (Opcode::Continuation, cut);
    }
    out.extend(frame(true, opcode, &data[start..]));
    out
}

proptest! {
    #[test]
    fn reads_any_split(
        messages in prop::collection::vec(message(), 0..6),
        reads in prop::collection::vec(1usize..40, 0..60),
    ) {
        let (events, frames): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        prop_assert_eq!(read(&frames.concat(), &reads), (events, None));
    }

    #[test]
    fn split_changes_nothing(
        bytes: Vec<u8>,
        reads in prop::collection::vec(1usize..9, 0..60),
    ) {
        prop_assert_eq!(read(&bytes, &[]), read(&bytes, &reads));
    }
}
