//! Tests of bodies in other encodings than JSON (docs/protocol.md sections 5.1 and 6).

use alloc::vec::Vec;

use super::peer::*;
use crate::close::CloseReason;
use crate::encoding::PayloadEncoding;
use crate::session::client::{ClientConfig, Event};
use crate::session::op::{ErrorCode, ServerOp};
use crate::session::wire::Content;

fn packed() -> ClientConfig {
    ClientConfig {
        encoding: PayloadEncoding::MessagePack,
        ..config()
    }
}

/// Answers the handshake with an encoding.
fn accept(harness: &mut Harness, encoding: PayloadEncoding) {
    let ServerOp::AuthOk(answer) = auth_ok(false, 0) else {
        unreachable!();
    };
    let answer = ServerOp::AuthOk(crate::session::op::AuthOk { encoding, ..answer });
    harness.control(&[answer]);
}

fn send(harness: &mut Harness, content: Content, body: &[u8]) -> u64 {
    let ticket = harness
        .session
        .send(harness.now, "chat", None, content, body.to_vec());
    harness.drain();
    ticket.unwrap()
}

fn bodies(harness: &mut Harness) -> Vec<Vec<u8>> {
    let messages = harness.sent_frames().into_iter().map(|frame| match frame {
        SentFrame::Message { body, .. } => body,
        SentFrame::Op(op) => panic!("an op: {op:?}"),
    });
    messages.collect()
}

/// Encodings of the entries since the last call.
fn encodings(harness: &mut Harness) -> Vec<PayloadEncoding> {
    let events = harness.events().into_iter();
    let encodings = events.filter_map(|event| {
        let Event::Entry(entry) = event else {
            return None;
        };
        Some(entry.encoding)
    });
    encodings.collect()
}

#[test]
fn entries_have_the_encoding_of_their_connection() {
    let mut harness = Harness::new(packed());
    harness.subscribe(whole_channel("chat"));
    for (cursor, encoding) in [
        (1, PayloadEncoding::MessagePack),
        (2, PayloadEncoding::Json),
    ] {
        let auth = harness.open();
        assert_eq!(auth.encoding, PayloadEncoding::MessagePack);
        accept(&mut harness, encoding);
        assert_eq!(harness.session.encoding(), encoding);
        let wire_id = auth.subscriptions[0].id;
        harness.control(&[resumed(wire_id, 3, at(cursor - 1), 0)]);
        harness.entry(3, cursor, "1");
        assert_eq!(encodings(&mut harness), [encoding]);
        harness.close(None);
        harness.let_time_pass();
    }
}

#[test]
fn values_in_an_encoding_that_the_server_does_not_take_are_refused() {
    let mut harness = Harness::new(packed());
    let value = send(&mut harness, Content::Value, b"\x01");
    send(&mut harness, Content::Bytes, b"bytes");
    harness.open();
    accept(&mut harness, PayloadEncoding::Json);
    let refused = harness.events().into_iter().find_map(|event| {
        let Event::Refused { ticket, code, .. } = event else {
            return None;
        };
        Some((ticket, code))
    });
    assert_eq!(refused, Some((value, ErrorCode::Unavailable)));
    send(&mut harness, Content::Value, b"1");
    assert_eq!(bodies(&mut harness), [&b"bytes"[..], b"1"]);
}

#[test]
fn encoding_that_was_not_asked_for_is_an_error() {
    let mut harness = Harness::new(packed());
    harness.open();
    accept(&mut harness, PayloadEncoding::Cbor);
    let code = CloseReason::ProtocolError.code();
    assert_eq!(harness.disconnected(), Some(code));
}
