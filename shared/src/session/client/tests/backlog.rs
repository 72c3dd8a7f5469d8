//! Tests of back-pressure: subscriptions paused and resumed by what the application has handled.

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::position::{Position, ResetReason, Tag};
use crate::session::client::Event;
use crate::session::op::{ClientOp, ServerOp, Subscribe};

/// A reader of `chat` that is paused at eight unhandled entries or 1,000 bytes.
fn reading() -> (Harness, u32, u32) {
    let mut config = config();
    config.max_backlog_entries = 8;
    config.max_backlog_bytes = 1000;
    let mut harness = Harness::new(config);
    let id = harness.subscribe(whole_channel("chat"));
    let wire_id = harness.open().subscriptions[0].id;
    harness.auth_ok(false, 0);
    harness.control(&[resumed(wire_id, 3, at(0), 0)]);
    harness.events();
    (harness, id, wire_id)
}

fn handled(harness: &mut Harness, id: u32, upto: u64) {
    harness.session.handled(harness.now, id, at(upto));
    harness.drain();
}

fn subscribed(ops: &[ClientOp]) -> &Subscribe {
    match ops {
        [ClientOp::Subscribe(items)] if items.len() == 1 => &items[0],
        other => panic!("not one request: {other:?}"),
    }
}

#[test]
fn full_backlog_pauses_and_half_resumes() {
    let (mut harness, id, wire_id) = reading();
    (1..=8).for_each(|n| harness.entry(3, n, "x"));
    assert_eq!(harness.sent_frames(), vec![]);
    // Taken no more, and asked for again later.
    harness.entry(3, 9, "x");
    assert_eq!(harness.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    assert_eq!(harness.texts().len(), 8);
    harness.entry(3, 10, "x");
    assert_eq!(harness.events(), vec![]);
    assert_eq!(harness.session.stats().pauses, 1);

    handled(&mut harness, id, 3);
    assert_eq!(harness.sent_frames(), vec![]);
    handled(&mut harness, id, 4);
    let ops = harness.ops();
    let again = subscribed(&ops);
    assert_eq!(again.position, Some(at(8)));
    // What was on its way is no gap and no repeat.
    harness.entry(3, 11, "late");
    harness.control(&[resumed(again.id, 3, at(8), 3)]);
    assert!(matches!(harness.events()[..], [Event::Outcome { .. }]));
    (9..=11).for_each(|n| harness.entry(3, n, "x"));
    let cursors: Vec<u64> = harness.texts().into_iter().map(|(n, _)| n).collect();
    assert_eq!(cursors, [9, 10, 11]);
    let stats = harness.session.stats();
    assert_eq!((stats.repeats, stats.gaps), (0, 0));
}

#[test]
fn bytes_count_as_well() {
    let (mut harness, id, wire_id) = reading();
    harness.entry(3, 1, &"x".repeat(1000));
    harness.entry(3, 2, &"x".repeat(1000));
    assert_eq!(harness.sent_frames(), vec![]);
    harness.entry(3, 3, "x");
    assert_eq!(harness.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    // A lone entry, even a large one, does not keep the next from coming.
    handled(&mut harness, id, 1);
    assert_eq!(subscribed(&harness.ops()).position, Some(at(2)));
}

#[test]
fn handled_bytes_count_no_more() {
    let (mut harness, id, _) = reading();
    for n in 1..=20 {
        harness.entry(3, n, &"x".repeat(300));
        handled(&mut harness, id, n.saturating_sub(2));
    }
    assert_eq!(harness.sent_frames(), vec![]);
    assert_eq!(harness.texts().len(), 20);
}

#[test]
fn prompt_application_is_never_paused() {
    let (mut harness, id, _) = reading();
    // As many in one message as a server puts there, handled once the message is taken.
    for first in (0..400).step_by(40) {
        let message = (first + 1..=first + 40).flat_map(|n| entry(CHAT, 3, n, b"x"));
        harness.message(message.collect());
        handled(&mut harness, id, first + 40);
    }
    assert_eq!(harness.sent_frames(), vec![]);
    assert_eq!(harness.texts().len(), 400);
}

#[test]
fn other_subscriptions_go_on() {
    let (mut harness, ..) = reading();
    harness.subscribe(whole_channel("doc"));
    let ops = harness.ops();
    let doc = subscribed(&ops).id;
    harness.control(&[resumed(doc, 4, at(0), 0)]);
    (1..=9).for_each(|n| harness.entry(3, n, "x"));
    harness.value(4, 1, "v");
    assert!(matches!(harness.events().last(), Some(Event::Entry(entry)) if &*entry.body == b"v"));
}

#[test]
fn paused_over_a_reconnect() {
    let (mut harness, id, _) = reading();
    (1..=9).for_each(|n| harness.entry(3, n, "x"));
    let auth = harness.reconnect();
    assert_eq!(auth.subscriptions, vec![]);
    harness.auth_ok(true, 0);
    assert_eq!(harness.sent_frames(), vec![]);
    handled(&mut harness, id, 8);
    assert_eq!(subscribed(&harness.ops()).position, Some(at(8)));
}

#[test]
fn resumes_after_entries_handled_offline() {
    let (mut harness, id, _) = reading();
    (1..=9).for_each(|n| harness.entry(3, n, "x"));
    harness.close(None);
    handled(&mut harness, id, 8);
    harness.let_time_pass();
    let auth = harness.open_socket();
    assert_eq!(auth.subscriptions[0].position, Some(at(8)));
}

#[test]
fn unsubscribe_while_paused_sends_nothing() {
    let (mut harness, id, _) = reading();
    (1..=9).for_each(|n| harness.entry(3, n, "x"));
    harness.ops();
    harness.session.unsubscribe(harness.now, id);
    handled(&mut harness, id, 8);
    assert_eq!(harness.sent_frames(), vec![]);
}

#[test]
fn reset_forgets_what_was_handed_out() {
    let (mut harness, id, wire_id) = reading();
    (1..=7).for_each(|n| harness.entry(3, n, "x"));
    harness.control(&[ServerOp::Reset {
        id: wire_id,
        reason: ResetReason::EpochChanged,
        reading: Some((3, at(0))),
        floor: 0,
        head: 1,
    }]);
    // Not paused, although the application will never handle the old entries.
    harness.message(tagged_entry(3, 1, Tag(9), "new"));
    harness.message(tagged_entry(3, 2, Tag(10), "new"));
    assert_eq!(harness.sent_frames(), vec![]);
    // A late confirmation of an old entry, whose cursor a new entry has now, is ignored.
    handled(&mut harness, id, 2);
    assert_eq!(harness.session.position(id), Some(at(0)));
    let first = Position {
        tag: Tag(9),
        ..at(1)
    };
    harness.session.handled(harness.now, id, first);
    assert_eq!(harness.session.position(id), Some(first));
}
