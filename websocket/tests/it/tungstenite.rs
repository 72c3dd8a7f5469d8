//! Property tests against tungstenite: each side reads what the other writes, however the bytes are cut.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use ::tungstenite::WebSocket;
use ::tungstenite::protocol::{self, CloseFrame, Message};
use proptest::prelude::*;
use push_wire_websocket::{Event, Header, Opcode, Reader, Role, apply_mask, close_payload};

const LIMIT: usize = 200_000;

/// A message with the sizes of the fragments that it is sent in.
#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    fragments: Vec<usize>,
}

/// A stream that reads what it is given in pieces of these sizes in turn, and keeps what is written.
struct Pipe {
    input: VecDeque<u8>,
    pieces: Vec<usize>,
    turn: usize,
    output: Vec<u8>,
}

impl Pipe {
    fn new(input: Vec<u8>, pieces: &[usize]) -> Self {
        let (input, pieces) = (input.into(), pieces.to_vec());
        let (turn, output) = (0, vec![]);
        Self {
            input,
            pieces,
            turn,
            output,
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.pieces[self.turn % self.pieces.len()];
        self.turn += 1;
        let len = buffer.len().min(piece);
        self.input.read(&mut buffer[..len])
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The messages that our reader finds.
fn read_ours(role: Role, bytes: &[u8], pieces: &[usize]) -> Vec<Message> {
    let mut reader = Reader::new(role, LIMIT);
    let mut pipe = Pipe::new(bytes.to_vec(), pieces);
    let mut buffer = [0; 4096];
    let mut messages = vec![];
    loop {
        let len = pipe.read(&mut buffer).unwrap();
        if len == 0 {
            return messages;
        }
        let mut input = &mut buffer[..len];
        while let Some(event) = reader.next(&mut input).unwrap() {
            messages.push(match event {
                Event::Text(text) => Message::text(text.into_owned()),
                Event::Binary(bytes) => Message::binary(bytes.into_owned()),
                Event::Ping(bytes) => Message::Ping(bytes.into_owned().into()),
                Event::Pong => Message::Pong(Default::default()),
                Event::Close(code) => close(code.unwrap()),
            });
        }
    }
}

/// The messages that tungstenite finds, up to a close.
fn read_theirs(role: protocol::Role, bytes: Vec<u8>, pieces: &[usize]) -> Vec<Message> {
    let mut socket = WebSocket::from_raw_socket(Pipe::new(bytes, pieces), role, None);
    let mut messages = vec![];
    while !matches!(messages.last(), Some(Message::Close(_))) {
        match socket.read().unwrap() {
            Message::Pong(_) => messages.push(Message::Pong(Default::default())),
            Message::Close(frame) => messages.push(close(frame.unwrap().code.into())),
            message => messages.push(message),
        }
    }
    messages
}

fn close(code: u16) -> Message {
    let (code, reason) = (code.into(), Default::default());
    Message::Close(Some(CloseFrame { code, reason }))
}

fn write_theirs(role: protocol::Role, messages: &[Message]) -> Vec<u8> {
    let mut socket = WebSocket::from_raw_socket(Pipe::new(vec![], &[1]), role, None);
    for message in messages {
        socket.send(message.clone()).unwrap();
    }
    std::mem::take(&mut socket.get_mut().output)
}

fn write_ours(mask: Option<[u8; 4]>, sent: &Sent, out: &mut Vec<u8>) {
    let (opcode, payload) = match &sent.message {
        Message::Text(text) => (Opcode::Text, text.as_bytes().to_vec()),
        Message::Binary(bytes) => (Opcode::Binary, bytes.to_vec()),
        Message::Ping(bytes) => return write_frame(mask, true, Opcode::Ping, bytes, out),
        Message::Pong(bytes) => return write_frame(mask, true, Opcode::Pong, bytes, out),
        Message::Close(frame) => {
            let code = frame.as_ref().unwrap().code.into();
            return write_frame(mask, true, Opcode::Close, &close_payload(code, "bye"), out);
        }
        Message::Frame(_) => unreachable!("not among those that are sent"),
    };
    let mut rest = &payload[..];
    let mut opcode = opcode;
    for len in &sent.fragments {
        let (fragment, after) = rest.split_at(rest.len().min(*len));
        write_frame(mask, false, opcode, fragment, out);
        (opcode, rest) = (Opcode::Continuation, after);
    }
    write_frame(mask, true, opcode, rest, out);
}

fn write_frame(
    mask: Option<[u8; 4]>,
    is_final: bool,
    opcode: Opcode,
    payload: &[u8],
    out: &mut Vec<u8>,
) {
    let len = payload.len() as u64;
    Header {
        is_final,
        opcode,
        mask,
        len,
    }
    .write(out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(mut mask) = mask {
        apply_mask(&mut out[start..], &mut mask);
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let size = prop_oneof![0usize..300, 65_530usize..65_545, Just(150_000)];
    let binary = size.prop_map(|size| Message::binary(vec![7; size]));
    let bytes = prop::collection::vec(any::<u8>(), 0..=125);
    let message = prop_oneof![
        any::<String>().prop_map(Message::text),
        binary,
        bytes.prop_map(|bytes| Message::Ping(bytes.into())),
        Just(Message::Pong(Default::default())),
    ];
    let fragments = prop::collection::vec(0usize..70_000, 0..4);
    (message, fragments).prop_map(|(message, fragments)| Sent { message, fragments })
}

fn conversation() -> impl Strategy<Value = Vec<Sent>> {
    let end = prop_oneof![Just(1000u16), Just(1001), 3000u16..5000].prop_map(|code| Sent {
        message: close(code),
        fragments: vec![],
    });
    (prop::collection::vec(sent(), 0..6), end).prop_map(|(mut all, end)| {
        all.push(end);
        all
    })
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1usize..5, 1usize..5000], 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reads_tungstenite(sent in conversation(), pieces in pieces()) {
        let messages: Vec<_> = sent.into_iter().map(|sent| sent.message).collect();
        let from_client = write_theirs(protocol::Role::Client, &messages);
        prop_assert_eq!(&read_ours(Role::Server, &from_client, &pieces), &messages);
        let from_server = write_theirs(protocol::Role::Server, &messages);
        prop_assert_eq!(&read_ours(Role::Client, &from_server, &pieces), &messages);
    }

    #[test]
    fn is_read_by_tungstenite(sent in conversation(), pieces in pieces(), mask: [u8; 4]) {
        let (mut from_server, mut from_client) = (vec![], vec![]);
        for sent in &sent {
            write_ours(None, sent, &mut from_server);
            write_ours(Some(mask), sent, &mut from_client);
        }
        let messages: Vec<_> = sent.into_iter().map(|sent| sent.message).collect();
        let read = read_theirs(protocol::Role::Client, from_server, &pieces);
        prop_assert_eq!(&read, &messages);
        let read = read_theirs(protocol::Role::Server, from_client, &pieces);
        prop_assert_eq!(&read, &messages);
    }
}
