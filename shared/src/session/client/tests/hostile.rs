//! Tests of a client session that receives malformed or hostile messages.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::peer::*;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::session::client::{Event, Status};
use crate::session::op::ServerOp;
use crate::session::wire::write_record;

fn control_frame(payload: &[u8], sequence: u32) -> Vec<u8> {
    let header = FrameHeader {
        flags: BinaryFlags::default(),
        channel: SYSTEM,
        sequence,
    };
    let mut message = vec![];
    write_record(&mut message, header, payload);
    message
}

#[test]
fn missing_control_frame_reconnects() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.skip_control();
    harness.control(&[ServerOp::Pong]);
    assert_eq!(harness.disconnected(), Some(4002));
    harness.let_time_pass();
    harness.open_socket();
}

#[test]
fn protocol_errors_end_the_connection() {
    let too_short = vec![3, b'R', b'P', 1];
    let cut_op = control_frame(b"\x81\xa2op", 2);
    let no_field = control_frame(b"\x81\xa2op\xa8received", 2);
    let delta_on_log = {
        let mut delta = delta_entry(3, 1, 1, &"x".repeat(99), &"x".repeat(90));
        // The channel's byte, after the record's length and "RP", version and flags.
        delta[5] = CHAT;
        delta
    };
    for message in [too_short, cut_op, no_field, delta_on_log] {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.message(message);
        assert_eq!(harness.disconnected(), Some(4202));
        assert_eq!(harness.closed_with(), Some(4202));
    }
}

#[test]
fn first_op_must_be_auth_ok() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.control(&[ServerOp::Pong]);
    assert_eq!(harness.closed_with(), Some(4202));
}

#[test]
fn an_op_of_a_later_version_changes_nothing() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.message(control_frame(b"\x81\xa2op\xa5dance", 2));
    assert!(matches!(
        &harness.events()[..],
        [Event::Error { message, .. }] if message.ends_with("dance")
    ));
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn unknown_stream_entry_reconnects() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.entry(4, 1, "x");
    assert_eq!(harness.events(), vec![]);
    assert_eq!(harness.disconnected(), Some(4002));
    assert!(matches!(harness.session.status(), Status::Waiting { .. }));
}

#[test]
fn a_message_above_the_limit_is_not_read() {
    let mut config = config();
    config.max_message_bytes = 1000;
    let mut harness = Harness::new(config);
    harness.open();
    harness.auth_ok(false, 0);
    harness.message(entry(CHAT, 3, 1, String::from("x").repeat(1000).as_bytes()));
    assert_eq!(harness.closed_with(), Some(4204));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(before in 0usize..3, messages: Vec<Vec<u8>>) {
        let mut harness = Harness::new(config());
        harness.subscribe(whole_channel("chat"));
        let wire_id = harness.open().subscriptions[0].id;
        if before > 0 {
            harness.auth_ok(false, 0);
        }
        if before > 1 {
            harness.control(&[resumed(wire_id, 3, at(0), 0)]);
        }
        messages.into_iter().for_each(|message| harness.message(message));
    }

    #[test]
    fn any_payload_on_any_channel_is_survived(
        frames in prop::collection::vec(
            (0u8..8, prop::sample::select(vec![SYSTEM, CHAT, DOC]), 0u32..6, prop::collection::vec(0u8..12, 0..40)),
            1..20,
        ),
    ) {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.subscribe(whole_channel("doc"));
        for (flags, channel, sequence, payload) in frames {
            let flags = BinaryFlags::from_byte(flags);
            let header = FrameHeader { flags, channel, sequence };
            let mut message = vec![];
            write_record(&mut message, header, &payload);
            harness.message(message);
        }
    }

    #[test]
    fn flipped_bit_makes_no_wrong_value(at_byte: prop::sample::Index, bit in 0u8..8) {
        let (mut harness, ..) = Harness::reading("doc", 3, at(0));
        harness.value(3, 1, &"abc ".repeat(40));
        let mut message = delta_entry(3, 2, 1, &"abc ".repeat(40), &"abc ".repeat(41));
        // After the record's length, the frame's header, the stream and the kind.
        let checked = 1 + 9 + 1 + 1;
        let at_byte = checked + at_byte.index(message.len() - checked);
        message[at_byte] ^= 1 << bit;
        harness.events();
        harness.message(message);
        for (cursor, text) in harness.texts() {
            prop_assert_eq!((cursor, text), (2, "abc ".repeat(41)));
        }
    }
}
