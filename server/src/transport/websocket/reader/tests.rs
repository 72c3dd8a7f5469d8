use proptest::prelude::*;

use super::*;

const LIMIT: usize = 400;

/// A client's frame, masked, with the length in its shortest form.
fn frame(is_final: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![opcode | if is_final { 0x80 } else { 0 }];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        len => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
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
    let mut reader = Reader::new(LIMIT);
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
fn the_examples_of_the_rfc_are_read() {
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
fn a_whole_message_is_lent_and_a_cut_one_leaves_no_memory_behind() {
    let mut reader = Reader::new(LIMIT);
    let mut whole = frame(true, 2, b"abc");
    let event = reader.next(&mut &mut whole[..]);
    assert!(matches!(
        event,
        Ok(Some(Event::Binary(Cow::Borrowed(b"abc"))))
    ));

    let mut cut = frame(true, 2, b"abc");
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
fn control_frames_may_stand_between_fragments() {
    let bytes = [
        frame(false, 1, b"Hel"),
        frame(true, 9, b"there?"),
        frame(false, 0, b""),
        frame(true, 10, b""),
        frame(true, 0, b"lo"),
        frame(true, 8, &[0x03, 0xe8]),
    ];
    let ping = Event::Ping(Cow::Owned(b"there?".to_vec()));
    let events = vec![ping, Event::Pong, text("Hello"), Event::Close(Some(1000))];
    assert_eq!(read(&bytes.concat(), &[]), (events, None));
}

#[test]
fn a_character_may_be_cut_by_fragments_but_not_by_the_end() {
    let bytes = [frame(false, 1, &[0xc3]), frame(true, 0, &[0xa9])].concat();
    assert_eq!(read(&bytes, &[]), (vec![text("é")], None));
    assert_eq!(
        read(&frame(true, 1, &[0xc3]), &[]),
        (vec![], Some(ProtocolError::NotUtf8))
    );
}

#[test]
fn a_message_above_the_limit_is_refused_by_its_header() {
    let exact = frame(true, 2, &[7; LIMIT]);
    assert_eq!(read(&exact, &[]).0.len(), 1);
    let too_large = Some(ProtocolError::TooLarge { limit: LIMIT });
    let header_only = &frame(true, 2, &[7; LIMIT + 1])[..8];
    assert_eq!(read(header_only, &[]), (vec![], too_large));
    let in_fragments = [frame(false, 2, &[7; LIMIT]), frame(true, 0, &[7])].concat();
    assert_eq!(read(&in_fragments, &[]), (vec![], too_large));
    let huge = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    assert_eq!(read(&huge, &[]), (vec![], too_large));
}

#[test]
fn fragments_out_of_turn_are_refused() {
    let (_, protocol_error) = read(&frame(true, 0, b""), &[]);
    assert_eq!(protocol_error, Some(ProtocolError::NothingToContinue));
    let bytes = [frame(false, 1, b"a"), frame(true, 1, b"b")].concat();
    assert_eq!(read(&bytes, &[]).1, Some(ProtocolError::UnfinishedMessage));
}

fn message() -> impl Strategy<Value = (Event<'static>, Vec<u8>)> {
    let data = prop::collection::vec(any::<u8>(), 0..LIMIT);
    let pieces = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let binary = (data, pieces.clone()).prop_map(|(data, cuts)| {
        let frames = fragments(2, &data, &cuts);
        (Event::Binary(Cow::Owned(data)), frames)
    });
    let words = (".{0,90}", pieces).prop_map(|(words, cuts)| {
        let frames = fragments(1, words.as_bytes(), &cuts);
        (text(&words), frames)
    });
    let control = prop::collection::vec(any::<u8>(), 0..=125);
    let ping = control.prop_map(|data| {
        let frames = frame(true, 9, &data);
        (Event::Ping(Cow::Owned(data)), frames)
    });
    prop_oneof![binary, words, ping]
}

fn fragments(opcode: u8, data: &[u8], cuts: &[prop::sample::Index]) -> Vec<u8> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
    cuts.sort_unstable();
    let mut out = vec![];
    let (mut opcode, mut start) = (opcode, 0);
    for cut in cuts {
        out.extend(frame(false, opcode, &data[start..cut]));
        (opcode, start) = (0, cut);
    }
    out.extend(frame(true, opcode, &data[start..]));
    out
}

proptest! {
    #[test]
    fn messages_survive_any_fragments_and_any_reads(
        messages in prop::collection::vec(message(), 0..6),
        reads in prop::collection::vec(1usize..40, 0..60),
    ) {
        let (events, frames): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        prop_assert_eq!(read(&frames.concat(), &reads), (events, None));
    }

    #[test]
    fn any_bytes_are_read_or_refused_alike_in_any_reads(
        bytes: Vec<u8>,
        reads in prop::collection::vec(1usize..9, 0..60),
    ) {
        prop_assert_eq!(read(&bytes, &[]), read(&bytes, &reads));
    }
}
