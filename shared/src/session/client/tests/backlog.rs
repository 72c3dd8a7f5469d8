//! Tests of back-pressure: subscriptions paused and resumed by what the application has handled.

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::position::{Position, ResetReason, Tag};
use crate::session::client::Event;
use crate::session::op::{ClientOp, ServerOp, Subscribe};

/// A reader of `chat` that is paused at eight unhandled entries or 1,000 bytes.
fn reading() -> (Line, u32, u32) {
    let mut config = config();
    config.max_backlog_entries = 8;
    config.max_backlog_bytes = 1000;
    let mut line = Line::new(config);
    let id = line.subscribe(whole_channel("chat"));
    let wire_id = line.open().subscriptions[0].id;
    line.auth_ok(false, 0);
    line.control(&[resumed(wire_id, 3, at(0), 0)]);
    line.events();
    (line, id, wire_id)
}

fn handled(line: &mut Line, id: u32, upto: u64) {
    line.session.handled(line.now, id, at(upto));
    line.drain();
}

fn subscribed(ops: &[ClientOp]) -> &Subscribe {
    match ops {
        [ClientOp::Subscribe(items)] if items.len() == 1 => &items[0],
        other => panic!("not one request: {other:?}"),
    }
}

#[test]
fn full_backlog_pauses_and_half_resumes() {
    let (mut line, id, wire_id) = reading();
    (1..=8).for_each(|n| line.entry(3, n, "x"));
    assert_eq!(line.said(), vec![]);
    // Taken no more, and asked for again later.
    line.entry(3, 9, "x");
    assert_eq!(line.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    assert_eq!(line.texts().len(), 8);
    line.entry(3, 10, "x");
    assert_eq!(line.events(), vec![]);
    assert_eq!(line.session.stats().pauses, 1);

    handled(&mut line, id, 3);
    assert_eq!(line.said(), vec![]);
    handled(&mut line, id, 4);
    let ops = line.ops();
    let again = subscribed(&ops);
    assert_eq!(again.position, Some(at(8)));
    // What was on its way is no gap and no repeat.
    line.entry(3, 11, "late");
    line.control(&[resumed(again.id, 3, at(8), 3)]);
    assert!(matches!(line.events()[..], [Event::Outcome { .. }]));
    (9..=11).for_each(|n| line.entry(3, n, "x"));
    let cursors: Vec<u64> = line.texts().into_iter().map(|(n, _)| n).collect();
    assert_eq!(cursors, [9, 10, 11]);
    let stats = line.session.stats();
    assert_eq!((stats.repeats, stats.gaps), (0, 0));
}

#[test]
fn bytes_count_as_well() {
    let (mut line, id, wire_id) = reading();
    line.entry(3, 1, &"x".repeat(1000));
    line.entry(3, 2, &"x".repeat(1000));
    assert_eq!(line.said(), vec![]);
    line.entry(3, 3, "x");
    assert_eq!(line.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    // A lone entry, even a large one, does not keep the next from coming.
    handled(&mut line, id, 1);
    assert_eq!(subscribed(&line.ops()).position, Some(at(2)));
}

#[test]
fn prompt_application_is_never_paused() {
    let (mut line, id, _) = reading();
    // As many in one message as a server puts there, handled once the message is taken.
    for first in (0..400).step_by(40) {
        let message = (first + 1..=first + 40).flat_map(|n| entry(CHAT, 3, n, b"x"));
        line.message(message.collect());
        handled(&mut line, id, first + 40);
    }
    assert_eq!(line.said(), vec![]);
    assert_eq!(line.texts().len(), 400);
}

#[test]
fn other_subscriptions_go_on() {
    let (mut line, ..) = reading();
    line.subscribe(whole_channel("doc"));
    let ops = line.ops();
    let doc = subscribed(&ops).id;
    line.control(&[resumed(doc, 4, at(0), 0)]);
    (1..=9).for_each(|n| line.entry(3, n, "x"));
    line.value(4, 1, "v");
    assert!(matches!(line.events().last(), Some(Event::Entry(entry)) if &*entry.body == b"v"));
}

#[test]
fn paused_over_a_reconnect() {
    let (mut line, id, _) = reading();
    (1..=9).for_each(|n| line.entry(3, n, "x"));
    let auth = line.reconnect();
    assert_eq!(auth.subscriptions, vec![]);
    line.auth_ok(true, 0);
    assert_eq!(line.said(), vec![]);
    handled(&mut line, id, 8);
    assert_eq!(subscribed(&line.ops()).position, Some(at(8)));
}

#[test]
fn resumes_after_entries_handled_offline() {
    let (mut line, id, _) = reading();
    (1..=9).for_each(|n| line.entry(3, n, "x"));
    line.close(None);
    handled(&mut line, id, 8);
    line.let_time_pass();
    let auth = line.open_socket();
    assert_eq!(auth.subscriptions[0].position, Some(at(8)));
}

#[test]
fn unsubscribe_while_paused_sends_nothing() {
    let (mut line, id, _) = reading();
    (1..=9).for_each(|n| line.entry(3, n, "x"));
    line.ops();
    line.session.unsubscribe(line.now, id);
    handled(&mut line, id, 8);
    assert_eq!(line.said(), vec![]);
}

#[test]
fn reset_forgets_what_was_handed_out() {
    let (mut line, id, wire_id) = reading();
    (1..=7).for_each(|n| line.entry(3, n, "x"));
    line.control(&[ServerOp::Reset {
        id: wire_id,
        reason: ResetReason::EpochChanged,
        reading: Some((3, at(0))),
        floor: 0,
        head: 1,
    }]);
    // Not paused, although the application will never handle the old entries.
    line.message(tagged_entry(3, 1, Tag(9), "new"));
    line.message(tagged_entry(3, 2, Tag(10), "new"));
    assert_eq!(line.said(), vec![]);
    // A late word on an old entry, whose cursor belongs to a new one now, says nothing.
    handled(&mut line, id, 2);
    assert_eq!(line.session.position(id), Some(at(0)));
    let first = Position {
        tag: Tag(9),
        ..at(1)
    };
    line.session.handled(line.now, id, first);
    assert_eq!(line.session.position(id), Some(first));
}
