//! Tests of log channels: order, repeats, gaps and resumes (docs/protocol.md section 4.1).

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::channel::ChannelMode;
use crate::limits::ACK_DELAY;
use crate::position::{Epoch, Outcome, Position, ResetReason, Tag};
use crate::session::client::{Event, Status, Subscription};
use crate::session::op::{ClientOp, ScopeRequest, ServerOp, Skipped, StreamHead};

fn outcomes(harness: &mut Harness) -> Vec<(Outcome, Option<Position>)> {
    let mut outcomes = vec![];
    for event in harness.events() {
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
    let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    harness.entry(3, 2, "b");
    harness.entry(3, 1, "a");
    harness.entry(3, 2, "b");
    harness.entry(3, 3, "c");
    let expected = [(1, "a"), (2, "b"), (3, "c")];
    assert_eq!(harness.texts(), expected.map(|(n, text)| (n, text.into())));
    assert_eq!(harness.session.stats().repeats, 2);
    assert_eq!(harness.session.received(id), Some(at(3)));
}

#[test]
fn many_entries_may_share_a_message() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let message = (1..=50).flat_map(|n| entry(CHAT, 3, n, b"x")).collect();
    harness.message(message);
    assert_eq!(harness.texts().len(), 50);
}

#[test]
fn cursors_pass_the_end_of_the_sequence_field() {
    let wrap = 1u64 << 32;
    let (mut harness, ..) = Harness::reading("chat", 3, at(wrap - 2));
    (wrap - 1..wrap + 2).for_each(|n| harness.entry(3, n, "x"));
    let cursors: Vec<u64> = harness.texts().into_iter().map(|(n, _)| n).collect();
    assert_eq!(cursors, [wrap - 1, wrap, wrap + 1]);
}

#[test]
fn gap_is_requested_again() {
    let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    harness.entry(3, 3, "c");
    assert_eq!(harness.texts(), [(1, "a".into())]);
    let again = harness.asked_again(wire_id);
    assert_eq!(again.position, Some(at(1)));

    // What was on its way before the server knew is not taken, and no further request is made.
    harness.entry(3, 4, "d");
    assert_eq!(harness.sent_frames(), vec![]);
    harness.control(&[resumed(again.id, 3, at(1), 3)]);
    assert_eq!(
        outcomes(&mut harness),
        [(Outcome::Resumed { caught_up: 3 }, Some(at(1)))]
    );
    for (n, text) in [(2, "b"), (3, "c"), (4, "d"), (5, "e")] {
        harness.entry(3, n, text);
    }
    let replayed: Vec<bool> = harness
        .events()
        .into_iter()
        .map(|event| matches!(event, Event::Entry(entry) if entry.replayed))
        .collect();
    assert_eq!(replayed, [true, true, true, false]);
}

#[test]
fn heartbeat_shows_loss_of_last_entry() {
    let (mut harness, id, wire_id) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    let ping = |sent, head| ServerOp::Ping {
        heads: vec![StreamHead {
            stream: 3,
            sent,
            head,
        }],
    };
    harness.control(&[ping(1, 2)]);
    assert_eq!(harness.ops(), [ClientOp::Pong]);
    assert_eq!(harness.session.head(id), Some(2));
    harness.control(&[ping(2, 2)]);
    let ops = harness.ops();
    assert_eq!(
        ops[..2],
        [ClientOp::Pong, ClientOp::Unsubscribe(vec![wire_id])]
    );
    assert!(matches!(&ops[2], ClientOp::Subscribe(items) if items[0].position == Some(at(1))));
}

#[test]
fn repeated_loss_backs_off() {
    let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
    let mut wire_id = wire_id;
    for _ in 0..3 {
        harness.entry(3, 2, "b");
        wire_id = harness.asked_again(wire_id).id;
        harness.control(&[resumed(wire_id, 3, at(0), 2)]);
    }
    harness.entry(3, 2, "b");
    assert_eq!(harness.disconnected(), Some(4002));
    harness.let_time_pass();
    assert_eq!(harness.open_socket().subscriptions[0].position, Some(at(0)));
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
        let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
        harness.entry(3, 1, "a");
        let wire_id = harness.reconnect().subscriptions[0].id;
        harness.auth_ok(true, 0);
        harness.control(&[resumed(wire_id, 3, position, caught_up)]);
        let expected = (Outcome::Reset(reason), Some(position));
        assert_eq!(outcomes(&mut harness), [expected]);
        assert_eq!(harness.session.position(id), Some(position));
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
    let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
    harness.message(tagged_entry(3, 1, Tag(71), "a"));
    harness.message(tagged_entry(3, 2, Tag(72), "b"));
    assert_eq!(harness.session.received(id), Some(tagged(2, 72)));
    harness.session.handled(harness.now, id, tagged(1, 71));
    assert_eq!(harness.session.position(id), Some(tagged(1, 71)));
    let asked = harness.reconnect().subscriptions[0].position;
    assert_eq!(asked, Some(tagged(2, 72)));
}

#[test]
fn resume_at_other_entry_is_reset() {
    let (mut harness, _, _) = Harness::reading("chat", 3, at(0));
    harness.message(tagged_entry(3, 1, Tag(71), "a"));
    let wire_id = harness.reconnect().subscriptions[0].id;
    harness.auth_ok(true, 0);
    harness.control(&[resumed(wire_id, 3, tagged(1, 99), 0)]);
    let reset = Outcome::Reset(ResetReason::EpochChanged);
    assert_eq!(outcomes(&mut harness), [(reset, Some(tagged(1, 99)))]);
}

#[test]
fn refetches_when_tag_differs() {
    let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
    harness.message(tagged_entry(3, 1, Tag(71), "a"));
    harness.message(tagged_entry(3, 1, Tag(71), "a"));
    assert_eq!(harness.sent_frames(), vec![]);
    harness.message(tagged_entry(3, 1, Tag(99), "b"));
    assert_eq!(harness.asked_again(wire_id).position, Some(tagged(1, 71)));
}

#[test]
fn reset_continues_at_server_position() {
    let (mut harness, id, wire_id) = Harness::reading("chat", 3, at(7));
    let lagged = ServerOp::Reset {
        id: wire_id,
        reason: ResetReason::Expired,
        reading: Some((3, at(20))),
        floor: 20,
        head: 30,
    };
    harness.control(&[lagged]);
    let expected = Event::Outcome {
        id,
        outcome: Outcome::Reset(ResetReason::Expired),
        position: Some(at(20)),
        floor: Some(20),
        head: 30,
        mode: ChannelMode::Log,
    };
    assert_eq!(harness.events(), [expected]);
    harness.entry(3, 21, "u");
    assert_eq!(harness.texts(), [(21, "u".into())]);
}

#[test]
fn new_reader_has_position() {
    let (mut harness, id, _) = Harness::reading("chat", 3, at(12));
    assert_eq!(harness.session.position(id), Some(at(12)));
    assert_eq!(harness.reconnect().subscriptions[0].position, Some(at(12)));
}

#[test]
fn keeps_handled_position() {
    let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
    (1..=3).for_each(|n| harness.entry(3, n, "x"));
    let handled = |harness: &mut Harness, position| {
        harness.session.handled(harness.now, id, position);
        harness.session.position(id).unwrap().cursor
    };
    assert_eq!(handled(&mut harness, at(2)), 2);
    assert_eq!(handled(&mut harness, at(1)), 2);
    let elsewhere = Position::untagged(Epoch(6), 3);
    assert_eq!(handled(&mut harness, elsewhere), 2);
    // No entry that was handed out.
    assert_eq!(handled(&mut harness, at(900)), 2);
    assert_eq!(handled(&mut harness, at(3)), 3);
    assert_eq!(harness.sent_frames(), vec![]);
}

fn inbox() -> (Harness, u32, u32) {
    let mut harness = Harness::new(config());
    let id = harness.subscribe(Subscription {
        scope: ScopeRequest::Inbox,
        ..whole_channel("chat")
    });
    let wire_id = harness.open().subscriptions[0].id;
    harness.auth_ok(false, 0);
    harness.control(&[resumed(wire_id, 3, at(0), 0)]);
    (harness, id, wire_id)
}

#[test]
fn acknowledges_inbox_entries_within_a_second() {
    let (mut harness, id, wire_id) = inbox();
    (1..=3).for_each(|n| harness.message(inbox_entry(3, n, b"x")));
    harness.session.handled(harness.now, id, at(1));
    harness.session.handled(harness.now, id, at(2));
    harness.drain();
    assert_eq!(harness.sent_frames(), vec![]);
    harness.pass(ACK_DELAY);
    assert_eq!(harness.ops(), [ClientOp::Ack(vec![(wire_id, 2)])]);
    harness.pass(ACK_DELAY);
    assert_eq!(harness.sent_frames(), vec![]);
}

#[test]
fn acknowledges_many_entries_at_once() {
    let (mut harness, id, wire_id) = inbox();
    (1..=64).for_each(|n| harness.message(inbox_entry(3, n, b"x")));
    (1..=63).for_each(|n| harness.session.handled(harness.now, id, at(n)));
    harness.drain();
    assert_eq!(harness.sent_frames(), vec![]);
    harness.session.handled(harness.now, id, at(64));
    harness.drain();
    assert_eq!(harness.ops(), [ClientOp::Ack(vec![(wire_id, 64)])]);
}

#[test]
fn acknowledges_after_reconnect() {
    let (mut harness, id, _) = inbox();
    harness.message(inbox_entry(3, 1, b"x"));
    harness.close(None);
    harness.session.handled(harness.now, id, at(1));
    harness.let_time_pass();
    let wire_id = harness.open_socket().subscriptions[0].id;
    harness.auth_ok(true, 0);
    harness.control(&[resumed(wire_id, 3, at(1), 0)]);
    harness.pass(ACK_DELAY);
    assert_eq!(harness.ops(), [ClientOp::Ack(vec![(wire_id, 1)])]);
}

#[test]
fn nothing_comes_after_unsubscribe() {
    let (mut harness, id, wire_id) = Harness::reading("chat", 3, at(0));
    harness.session.unsubscribe(harness.now, id);
    harness.drain();
    assert_eq!(harness.ops(), [ClientOp::Unsubscribe(vec![wire_id])]);
    harness.entry(3, 1, "late");
    assert_eq!(harness.events(), vec![]);
    assert_eq!(harness.session.status(), Status::Ready);

    let again = harness.subscribe(whole_channel("chat"));
    assert_ne!(again, id);
    let ops = harness.ops();
    let [ClientOp::Subscribe(items)] = &ops[..] else {
        panic!("{ops:?}");
    };
    harness.control(&[resumed(items[0].id, 3, at(0), 1)]);
    harness.events();
    harness.entry(3, 1, "a");
    assert_eq!(harness.texts(), [(1, "a".into())]);
}

/// Numbers and positions of the skips reported to the application.
fn skips(harness: &mut Harness) -> Vec<(u64, Position)> {
    let mut skips = vec![];
    for event in harness.events() {
        if let Event::Skipped {
            count, position, ..
        } = event
        {
            skips.push((count, position));
        }
    }
    skips
}

fn skipped(id: u32, count: u64, cursor: u64) -> ServerOp {
    ServerOp::Skipped(Skipped {
        id,
        count,
        cursor,
        tag: 9,
    })
}

#[test]
fn skipped_entries_are_counted_and_reading_continues() {
    let (mut harness, id, wire_id) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    harness.control(&[skipped(wire_id, 6, 7)]);
    harness.entry(3, 8, "h");
    assert_eq!(harness.sent_frames(), vec![]);
    let events = harness.events();
    let [
        Event::Entry(_),
        Event::Skipped { count: 6, .. },
        Event::Entry(last),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(last.position.cursor, 8);
    // The statement is handled in order, like an entry.
    let after = Position {
        tag: Tag(9),
        ..at(7)
    };
    harness.session.handled(harness.now, id, after);
    assert_eq!(harness.session.position(id), Some(after));
    // A repeat of it is passed over.
    harness.control(&[skipped(wire_id, 6, 7)]);
    assert_eq!(skips(&mut harness), vec![]);
}

#[test]
fn miscounted_skip_is_a_gap() {
    let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    harness.control(&[skipped(wire_id, 5, 7)]);
    assert_eq!(skips(&mut harness), vec![]);
    assert_eq!(harness.asked_again(wire_id).position, Some(at(1)));
}

#[test]
fn skip_of_an_ended_subscription_is_passed_over() {
    let (mut harness, id, wire_id) = Harness::reading("chat", 3, at(0));
    harness.session.unsubscribe(harness.now, id);
    harness.control(&[skipped(wire_id, 5, 5)]);
    assert_eq!(skips(&mut harness), vec![]);
}
