//! Tests of entries that arrive in fragments (docs/protocol.md section 4.4).

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::peer::*;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::position::Cursor;
use crate::session::client::{Event, Status};
use crate::session::op::{ClientOp, ServerOp, StreamHead};
use crate::session::wire::{fragment_id, write_record};

/// A text and the messages, ten or more, in which it comes as an entry of a channel.
fn large(channel: u8, stream: u64, cursor: Cursor) -> (String, Vec<Vec<u8>>) {
    let text = cursor.to_string().repeat(100);
    let entry = entry(channel, stream, cursor, text.as_bytes());
    (text, in_fragments(stream, cursor, &entry, 10))
}

fn frame(flags: u8, channel: u8, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let flags = BinaryFlags::from_byte(flags);
    let header = FrameHeader {
        flags,
        channel,
        sequence,
    };
    let mut message = vec![];
    write_record(&mut message, header, payload);
    message
}

fn give(harness: &mut Harness, messages: &[Vec<u8>]) {
    messages.iter().for_each(|it| harness.message(it.clone()));
}

#[test]
fn fragments_become_their_entry() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let (text, messages) = large(CHAT, 3, 1);
    let (last, before) = messages.split_last().unwrap();
    give(&mut harness, before);
    assert_eq!(harness.events(), vec![]);
    harness.message(last.clone());
    match &harness.events()[..] {
        [Event::Entry(entry)] => {
            assert_eq!((entry.position, &entry.body[..]), (at(1), text.as_bytes()));
            let on_the_wire: usize = messages.iter().map(|message| message.len() - 1).sum();
            assert_eq!(entry.wire_bytes, on_the_wire);
        }
        other => panic!("{other:?}"),
    }
    harness.entry(3, 2, "small");
    assert_eq!(harness.texts(), [(2, "small".into())]);
}

#[test]
fn entries_of_other_streams_pass_between() {
    let mut harness = Harness::new(config());
    harness.subscribe(whole_channel("chat"));
    harness.subscribe(whole_channel("doc"));
    let auth = harness.open();
    harness.auth_ok(false, 0);
    harness.control(&[
        resumed(auth.subscriptions[0].id, 3, at(0), 0),
        resumed(auth.subscriptions[1].id, 4, at(0), 0),
    ]);
    harness.events();
    let (chat, chats) = large(CHAT, 3, 1);
    let (doc, docs) = large(DOC, 4, 2);
    harness.value(4, 1, "small");
    for (chat, doc) in chats.iter().zip(&docs) {
        give(&mut harness, &[chat.clone(), doc.clone()]);
    }
    assert_eq!(harness.texts(), [(1, "small".into()), (1, chat), (2, doc)]);
}

#[test]
fn a_delta_may_come_in_fragments() {
    let (mut harness, ..) = Harness::reading("doc", 3, at(0));
    let (base, target) = ("abc".repeat(40), "xyz".repeat(40) + &"abc".repeat(40));
    harness.value(3, 1, &base);
    let delta = delta_entry(3, 2, 1, &base, &target);
    give(&mut harness, &in_fragments(3, 2, &delta, 7));
    assert_eq!(harness.texts(), [(1, base), (2, target)]);
}

#[test]
fn cut_entry_restarts_at_first_fragment() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let (text, messages) = large(CHAT, 3, 1);
    give(&mut harness, &messages[..5]);
    let asked = harness.reconnect().subscriptions[0].clone();
    assert_eq!(asked.position, Some(at(0)));
    assert_eq!(harness.session.stats().unfinished, 1);
    harness.auth_ok(true, 0);
    harness.control(&[resumed(asked.id, 3, at(0), 1)]);
    harness.events();
    give(&mut harness, &messages);
    assert_eq!(harness.texts(), [(1, text)]);
}

#[test]
fn ignores_fragments_after_unsubscribe() {
    let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
    let (text, messages) = large(CHAT, 3, 1);
    give(&mut harness, &messages[..5]);
    harness.session.unsubscribe(harness.now, id);
    harness.subscribe(whole_channel("chat"));
    give(&mut harness, &messages[5..]);
    let ops = harness.ops();
    let Some(ClientOp::Subscribe(asked)) = ops.last() else {
        panic!("{ops:?}");
    };
    harness.control(&[resumed(asked[0].id, 3, at(0), 1)]);
    harness.events();
    give(&mut harness, &messages);
    assert_eq!(harness.texts(), [(1, text)]);
    assert_eq!(harness.session.stats().unfinished, 1);
}

#[test]
fn skipped_fragment_is_a_loss() {
    let (text, messages) = large(CHAT, 3, 1);
    let (_, other) = large(CHAT, 3, 2);
    let mut other_total = messages[1].clone();
    // The low byte of the total, after the record's length, the frame's header and the id.
    other_total[1 + 9 + 16 + 1] += 1;
    let faults = [
        vec![messages[1].clone()],
        vec![messages[0].clone(), messages[2].clone()],
        vec![
            messages[0].clone(),
            messages[1].clone(),
            messages[1].clone(),
        ],
        vec![messages[0].clone(), other_total],
        vec![messages[0].clone(), other[1].clone()],
        vec![other[0].clone()],
    ];
    for fault in faults {
        let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
        harness.sent_frames();
        give(&mut harness, &fault);
        // Messages that were in flight before the server reads the request are ignored.
        give(&mut harness, &messages[3..]);
        let asked = harness.asked_again(wire_id);
        assert_eq!(asked.position, Some(at(0)));
        harness.control(&[resumed(asked.id, 3, at(0), 1)]);
        harness.events();
        give(&mut harness, &messages);
        assert_eq!(harness.texts(), [(1, text.clone())]);
    }
}

#[test]
fn ignores_fragments_of_delivered_entry() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(2));
    let (_, messages) = large(CHAT, 3, 1);
    give(&mut harness, &messages);
    assert_eq!(harness.events(), vec![]);
    assert_eq!(harness.session.stats().repeats, 1);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn an_entry_above_the_limit_ends_the_session() {
    let mut config = config();
    config.max_value_bytes = 100;
    for (bytes, closed) in [(100, None), (200, Some(4204))] {
        let mut harness = Harness::new(config.clone());
        harness.subscribe(whole_channel("chat"));
        let id = harness.open().subscriptions[0].id;
        harness.auth_ok(false, 0);
        harness.control(&[resumed(id, 3, at(0), 0)]);
        let entry = entry(CHAT, 3, 1, &vec![b'x'; bytes]);
        give(&mut harness, &in_fragments(3, 1, &entry, 10));
        assert_eq!(harness.disconnected(), closed);
    }
}

#[test]
fn unknown_stream_fragment_reconnects() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.message(large(CHAT, 4, 1).1[0].clone());
    assert_eq!(harness.disconnected(), Some(4002));
    assert!(matches!(harness.session.status(), Status::Waiting { .. }));
}

#[test]
fn refuses_more_incomplete_entries_than_lanes() {
    let mut harness = Harness::new(config());
    for topic in 0..4 {
        let mut subscription = whole_channel("chat");
        subscription.scope = crate::session::op::ScopeRequest::Topic(topic.to_string());
        harness.subscribe(subscription);
    }
    let asked = harness.open().subscriptions;
    harness.auth_ok(false, 0);
    for (asked, stream) in asked.iter().zip(10..) {
        harness.control(&[resumed(asked.id, stream, at(0), 0)]);
    }
    for stream in 10..13 {
        harness.message(large(CHAT, stream, 1).1[0].clone());
    }
    assert_eq!(harness.session.status(), Status::Ready);
    harness.message(large(CHAT, 13, 1).1[0].clone());
    assert_eq!(harness.closed_with(), Some(4202));
}

#[test]
fn protocol_errors_end_the_connection() {
    let id = fragment_id(3, 1);
    let of = |total: u16, index: u16| {
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend(total.to_be_bytes());
        bytes.extend(index.to_be_bytes());
        bytes
    };
    let faults = [
        frame(2, CHAT, 1, &of(2, 0)[..19]),
        frame(2, CHAT, 1, &of(2, 2)),
        frame(2, CHAT, 1, &of(0, 0)),
        frame(2, CHAT, 2, &of(2, 0)),
        frame(2, SYSTEM, 2, &of(2, 0)),
    ];
    for fault in faults {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.message(fault.clone());
        assert_eq!(harness.closed_with(), Some(4202), "{fault:?}");
    }
}

#[test]
fn waiting_value_is_requested_once() {
    let (mut harness, ..) = Harness::reading("doc", 3, at(0));
    harness.value(3, 1, "one");
    harness.message(delta_entry(3, 3, 1, &"b".repeat(99), &"b".repeat(90)));
    harness.ops();
    let (text, messages) = large(DOC, 3, 4);
    let (last, before) = messages.split_last().unwrap();
    let ping = |head| ServerOp::Ping {
        heads: vec![StreamHead {
            stream: 3,
            sent: 3,
            head,
        }],
    };
    for (message, head) in before.iter().zip(4..) {
        harness.message(message.clone());
        harness.control(&[ping(head)]);
    }
    assert!(harness.ops().iter().all(|op| *op == ClientOp::Pong));
    harness.message(last.clone());
    assert_eq!(harness.texts(), [(1, "one".into()), (4, text)]);
}

proptest! {
    /// Stretches of three entries' fragments in any order: what is handed over is right.
    #[test]
    fn no_order_of_fragments_makes_a_wrong_entry(
        stretches in prop::collection::vec((0usize..3, 0usize..3, 1usize..30), 0..20),
    ) {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        let entries: Vec<_> = (1..4).map(|cursor| large(CHAT, 3, cursor)).collect();
        for (of, start, len) in stretches {
            for message in entries[of].1.iter().skip(start).take(len) {
                harness.message(message.clone());
                for sent_frames in harness.sent_frames() {
                    if let SentFrame::Op(ClientOp::Subscribe(asked)) = sent_frames {
                        harness.control(&[resumed(asked[0].id, 3, asked[0].position.unwrap(), 0)]);
                    }
                }
                for event in harness.events() {
                    if let Event::Entry(entry) = event {
                        let at = usize::try_from(entry.position.cursor).unwrap() - 1;
                        prop_assert_eq!(&entry.body[..], entries[at].0.as_bytes());
                    }
                }
            }
        }
    }

    #[test]
    fn any_fragments_are_survived(
        fragments in prop::collection::vec(
            (1u64..5, 0u64..4, 0u16..4, 0u16..4, prop::collection::vec(0u8..12, 0..40)),
            1..40,
        ),
    ) {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.subscribe(whole_channel("doc"));
        for (stream, cursor, total, index, bytes) in fragments {
            let mut payload = fragment_id(stream, cursor).as_bytes().to_vec();
            payload.extend(total.to_be_bytes());
            payload.extend(index.to_be_bytes());
            payload.extend(bytes);
            let sequence = u32::try_from(cursor).unwrap();
            harness.message(frame(2, CHAT, sequence, &payload));
        }
    }
}
