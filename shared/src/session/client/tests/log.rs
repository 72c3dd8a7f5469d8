//! Tests of log channels: order, repeats, gaps and resumes (docs/protocol.md section 4.1).

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::channel::ChannelMode;
use crate::limits::ACK_DELAY;
use crate::position::{Epoch, Outcome, Position, ResetReason, Tag};
use crate::session::client::{Event, Status, Subscription};
use crate::session::op::{ClientOp, ScopeRequest, ServerOp, StreamHead};

fn outcomes(line: &mut Line) -> Vec<(Outcome, Option<Position>)> {
    let mut outcomes = vec![];
    for event in line.events() {
        if let Event::Outcome {
            outcome, position, ..
        } = event
        {
            outcomes.push((outcome, position));
        }
    }
    outcomes
}

#[test]
fn entries_are_handed_out_once_and_in_order() {
    let (mut line, id, _) = Line::reading("chat", 3, at(0));
    line.entry(3, 1, "a");
    line.entry(3, 2, "b");
    line.entry(3, 1, "a");
    line.entry(3, 2, "b");
    line.entry(3, 3, "c");
    let expected = [(1, "a"), (2, "b"), (3, "c")];
    assert_eq!(line.texts(), expected.map(|(n, text)| (n, text.into())));
    assert_eq!(line.session.stats().repeats, 2);
    assert_eq!(line.session.received(id), Some(at(3)));
}

#[test]
fn many_entries_may_share_a_message() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    let message = (1..=50).flat_map(|n| entry(CHAT, 3, n, b"x")).collect();
    line.message(message);
    assert_eq!(line.texts().len(), 50);
}

#[test]
fn cursors_pass_the_end_of_the_sequence_field() {
    let wrap = 1u64 << 32;
    let (mut line, ..) = Line::reading("chat", 3, at(wrap - 2));
    (wrap - 1..wrap + 2).for_each(|n| line.entry(3, n, "x"));
    let cursors: Vec<u64> = line.texts().into_iter().map(|(n, _)| n).collect();
    assert_eq!(cursors, [wrap - 1, wrap, wrap + 1]);
}

#[test]
fn gap_is_requested_again() {
    let (mut line, _, wire_id) = Line::reading("chat", 3, at(0));
    line.entry(3, 1, "a");
    line.entry(3, 3, "c");
    assert_eq!(line.texts(), [(1, "a".into())]);
    let again = line.asked_again(wire_id);
    assert_eq!(again.position, Some(at(1)));

    // What was on its way before the server knew is not taken, and no further request is made.
    line.entry(3, 4, "d");
    assert_eq!(line.said(), vec![]);
    line.control(&[resumed(again.id, 3, at(1), 3)]);
    assert_eq!(
        outcomes(&mut line),
        [(Outcome::Resumed { caught_up: 3 }, Some(at(1)))]
    );
    for (n, text) in [(2, "b"), (3, "c"), (4, "d"), (5, "e")] {
        line.entry(3, n, text);
    }
    let replayed: Vec<bool> = line
        .events()
        .into_iter()
        .map(|event| matches!(event, Event::Entry(entry) if entry.replayed))
        .collect();
    assert_eq!(replayed, [true, true, true, false]);
}

#[test]
fn heartbeat_shows_loss_of_last_entry() {
    let (mut line, id, wire_id) = Line::reading("chat", 3, at(0));
    line.entry(3, 1, "a");
    let ping = |sent, head| ServerOp::Ping {
        heads: vec![StreamHead {
            stream: 3,
            sent,
            head,
        }],
    };
    line.control(&[ping(1, 2)]);
    assert_eq!(line.ops(), [ClientOp::Pong]);
    assert_eq!(line.session.head(id), Some(2));
    line.control(&[ping(2, 2)]);
    let ops = line.ops();
    assert_eq!(
        ops[..2],
        [ClientOp::Pong, ClientOp::Unsubscribe(vec![wire_id])]
    );
    assert!(matches!(&ops[2], ClientOp::Subscribe(items) if items[0].position == Some(at(1))));
}

#[test]
fn repeated_loss_backs_off() {
    let (mut line, _, wire_id) = Line::reading("chat", 3, at(0));
    let mut wire_id = wire_id;
    for _ in 0..3 {
        line.entry(3, 2, "b");
        wire_id = line.asked_again(wire_id).id;
        line.control(&[resumed(wire_id, 3, at(0), 2)]);
    }
    line.entry(3, 2, "b");
    assert_eq!(line.disconnected(), Some(4002));
    line.let_time_pass();
    assert_eq!(line.open_socket().subscriptions[0].position, Some(at(0)));
}

#[test]
fn wrong_resume_is_reset() {
    let elsewhere = Position::untagged(Epoch(6), 1);
    let cases = [
        (elsewhere, 0, ResetReason::EpochChanged),
        (at(2), 0, ResetReason::Expired),
        (at(0), 0, ResetReason::EpochChanged),
    ];
    for (position, caught_up, reason) in cases {
        let (mut line, id, _) = Line::reading("chat", 3, at(0));
        line.entry(3, 1, "a");
        let wire_id = line.reconnect().subscriptions[0].id;
        line.auth_ok(true, 0);
        line.control(&[resumed(wire_id, 3, position, caught_up)]);
        let expected = (Outcome::Reset(reason), Some(position));
        assert_eq!(outcomes(&mut line), [expected]);
        assert_eq!(line.session.position(id), Some(position));
    }
}

fn tagged(cursor: u64, tag: u32) -> Position {
    Position {
        tag: Tag(tag),
        ..at(cursor)
    }
}

#[test]
fn keeps_the_tags_of_entries() {
    let (mut line, id, _) = Line::reading("chat", 3, at(0));
    line.message(tagged_entry(3, 1, Tag(71), "a"));
    line.message(tagged_entry(3, 2, Tag(72), "b"));
    assert_eq!(line.session.received(id), Some(tagged(2, 72)));
    line.session.handled(line.now, id, tagged(1, 71));
    assert_eq!(line.session.position(id), Some(tagged(1, 71)));
    let asked = line.reconnect().subscriptions[0].position;
    assert_eq!(asked, Some(tagged(2, 72)));
}

#[test]
fn resume_at_other_entry_is_reset() {
    let (mut line, _, _) = Line::reading("chat", 3, at(0));
    line.message(tagged_entry(3, 1, Tag(71), "a"));
    let wire_id = line.reconnect().subscriptions[0].id;
    line.auth_ok(true, 0);
    line.control(&[resumed(wire_id, 3, tagged(1, 99), 0)]);
    let reset = Outcome::Reset(ResetReason::EpochChanged);
    assert_eq!(outcomes(&mut line), [(reset, Some(tagged(1, 99)))]);
}

#[test]
fn refetches_when_tag_differs() {
    let (mut line, _, wire_id) = Line::reading("chat", 3, at(0));
    line.message(tagged_entry(3, 1, Tag(71), "a"));
    line.message(tagged_entry(3, 1, Tag(71), "a"));
    assert_eq!(line.said(), vec![]);
    line.message(tagged_entry(3, 1, Tag(99), "b"));
    assert_eq!(line.asked_again(wire_id).position, Some(tagged(1, 71)));
}

#[test]
fn a_reset_goes_on_where_the_server_says() {
    let (mut line, id, wire_id) = Line::reading("chat", 3, at(7));
    let lagged = ServerOp::Reset {
        id: wire_id,
        reason: ResetReason::Expired,
        reading: Some((3, at(20))),
        floor: 20,
        head: 30,
    };
    line.control(&[lagged]);
    let expected = Event::Outcome {
        id,
        outcome: Outcome::Reset(ResetReason::Expired),
        position: Some(at(20)),
        floor: Some(20),
        head: 30,
        mode: ChannelMode::Log,
    };
    assert_eq!(line.events(), [expected]);
    line.entry(3, 21, "u");
    assert_eq!(line.texts(), [(21, "u".into())]);
}

#[test]
fn new_reader_has_position() {
    let (mut line, id, _) = Line::reading("chat", 3, at(12));
    assert_eq!(line.session.position(id), Some(at(12)));
    assert_eq!(line.reconnect().subscriptions[0].position, Some(at(12)));
}

#[test]
fn keeps_handled_position() {
    let (mut line, id, _) = Line::reading("chat", 3, at(0));
    (1..=3).for_each(|n| line.entry(3, n, "x"));
    let handled = |line: &mut Line, position| {
        line.session.handled(line.now, id, position);
        line.session.position(id).unwrap().cursor
    };
    assert_eq!(handled(&mut line, at(2)), 2);
    assert_eq!(handled(&mut line, at(1)), 2);
    let elsewhere = Position::untagged(Epoch(6), 3);
    assert_eq!(handled(&mut line, elsewhere), 2);
    // No entry that was handed out.
    assert_eq!(handled(&mut line, at(900)), 2);
    assert_eq!(handled(&mut line, at(3)), 3);
    assert_eq!(line.said(), vec![]);
}

fn inbox() -> (Line, u32, u32) {
    let mut line = Line::new(config());
    let id = line.subscribe(Subscription {
        scope: ScopeRequest::Inbox,
        ..whole_channel("chat")
    });
    let wire_id = line.open().subscriptions[0].id;
    line.auth_ok(false, 0);
    line.control(&[resumed(wire_id, 3, at(0), 0)]);
    (line, id, wire_id)
}

#[test]
fn acknowledges_inbox_entries_within_a_second() {
    let (mut line, id, wire_id) = inbox();
    (1..=3).for_each(|n| line.message(inbox_entry(3, n, b"x")));
    line.session.handled(line.now, id, at(1));
    line.session.handled(line.now, id, at(2));
    line.drain();
    assert_eq!(line.said(), vec![]);
    line.pass(ACK_DELAY);
    assert_eq!(line.ops(), [ClientOp::Ack(vec![(wire_id, 2)])]);
    line.pass(ACK_DELAY);
    assert_eq!(line.said(), vec![]);
}

#[test]
fn acknowledges_many_entries_at_once() {
    let (mut line, id, wire_id) = inbox();
    (1..=64).for_each(|n| line.message(inbox_entry(3, n, b"x")));
    (1..=63).for_each(|n| line.session.handled(line.now, id, at(n)));
    line.drain();
    assert_eq!(line.said(), vec![]);
    line.session.handled(line.now, id, at(64));
    line.drain();
    assert_eq!(line.ops(), [ClientOp::Ack(vec![(wire_id, 64)])]);
}

#[test]
fn acknowledges_after_reconnect() {
    let (mut line, id, _) = inbox();
    line.message(inbox_entry(3, 1, b"x"));
    line.close(None);
    line.session.handled(line.now, id, at(1));
    line.let_time_pass();
    let wire_id = line.open_socket().subscriptions[0].id;
    line.auth_ok(true, 0);
    line.control(&[resumed(wire_id, 3, at(1), 0)]);
    line.pass(ACK_DELAY);
    assert_eq!(line.ops(), [ClientOp::Ack(vec![(wire_id, 1)])]);
}

#[test]
fn nothing_comes_after_unsubscribe() {
    let (mut line, id, wire_id) = Line::reading("chat", 3, at(0));
    line.session.unsubscribe(line.now, id);
    line.drain();
    assert_eq!(line.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    line.entry(3, 1, "late");
    assert_eq!(line.events(), vec![]);
    assert_eq!(line.session.status(), Status::Ready);

    let again = line.subscribe(whole_channel("chat"));
    assert_ne!(again, id);
    let ops = line.ops();
    let [ClientOp::Subscribe(items)] = &ops[..] else {
        panic!("{ops:?}");
    };
    line.control(&[resumed(items[0].id, 3, at(0), 1)]);
    line.events();
    line.entry(3, 1, "a");
    assert_eq!(line.texts(), [(1, "a".into())]);
}
