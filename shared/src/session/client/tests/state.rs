//! Tests of state channels: values, deltas and repairs (docs/protocol.md section 4.2).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::frame::FRAME_HEADER_LEN;
use crate::position::{Epoch, Outcome, Position, ResetReason};
use crate::session::client::{Event, Subscription};
use crate::session::op::{ClientOp, ServerOp, StreamHead};

/// A text long enough for deltas to pay.
fn page(title: &str) -> String {
    let body = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    String::from(title) + &body
}

/// Reads the document, and holds its value of entry 5.
fn document() -> (Harness, u32, u32) {
    let (mut harness, id, wire_id) = Harness::reading("doc", 8, at(4));
    harness.value(8, 5, &page("one"));
    assert_eq!(harness.texts(), [(5, page("one"))]);
    (harness, id, wire_id)
}

#[test]
fn deltas_come_out_as_whole_values() {
    let (mut harness, ..) = document();
    harness.message(delta_entry(8, 6, 1, &page("one"), &page("two")));
    harness.message(delta_entry(8, 9, 3, &page("two"), &page("three")));
    assert_eq!(harness.texts(), [(6, page("two")), (9, page("three"))]);
    let stats = harness.session.stats();
    assert_eq!((stats.entries, stats.deltas), (3, 2));
    let whole = page("one").len() + page("two").len() + page("three").len();
    assert_eq!(stats.value_bytes, whole as u64);
    assert!(stats.bytes_in < whole as u64);
}

#[test]
fn entry_reports_wire_bytes() {
    let (mut harness, ..) = document();
    harness.message(delta_entry(8, 6, 1, &page("one"), &page("two")));
    harness.value(8, 7, &page("three"));
    let costs: Vec<_> = harness
        .events()
        .iter()
        .map(|event| {
            let Event::Entry(entry) = event else {
                panic!("only entries are expected, not {event:?}");
            };
            (entry.wire_bytes, entry.body.len())
        })
        .collect();
    let [(delta, whole), (other, body)] = costs[..] else {
        panic!("two entries are told, not {costs:?}");
    };
    assert!(delta < whole / 5, "{delta} of {whole}");
    // A whole value costs the header of the frame, the number of the stream, the kind and the tag besides.
    assert_eq!(other, body + FRAME_HEADER_LEN + 6);
}

#[test]
fn unfitting_delta_requests_whole() {
    let misfits = [
        // Against an entry that this reader does not hold, against another value, and with another result.
        delta_entry(8, 8, 1, &page("one"), &page("two")),
        delta_entry(8, 6, 1, &page("uno"), &page("two")),
        {
            let mut wrong = delta_entry(8, 6, 1, &page("one"), &page("two"));
            let last = wrong.len() - 1;
            wrong[last] ^= 1;
            wrong
        },
    ];
    for misfit in misfits {
        let (mut harness, _, wire_id) = document();
        harness.message(misfit);
        assert_eq!(harness.ops(), [ClientOp::Whole(wire_id)]);
        harness.message(delta_entry(8, 9, 1, &page("four"), &page("five")));
        assert_eq!(harness.sent_frames(), vec![]);
        assert_eq!(harness.events(), vec![]);

        harness.value(8, 9, &page("five"));
        harness.message(delta_entry(8, 10, 1, &page("five"), &page("six")));
        assert_eq!(harness.texts(), [(9, page("five")), (10, page("six"))]);
    }
}

#[test]
fn a_value_above_the_limit_is_not_built() {
    let mut config = config();
    config.max_value_bytes = 1000;
    let mut harness = Harness::new(config);
    harness.subscribe(whole_channel("doc"));
    let wire_id = harness.open().subscriptions[0].id;
    harness.auth_ok(false, 0);
    harness.control(&[resumed(wire_id, 8, at(4), 1)]);
    harness.value(8, 5, &page("one"));
    let twice = page("one") + &page("one");
    harness.message(delta_entry(8, 6, 1, &page("one"), &twice));
    assert_eq!(harness.ops(), [ClientOp::Whole(wire_id)]);
}

#[test]
fn state_position_needs_its_value() {
    let (mut harness, ..) = Harness::reading("doc", 8, at(4));
    assert_eq!(harness.reconnect().subscriptions[0].position, None);
    let (mut harness, ..) = document();
    let auth = harness.reconnect();
    assert_eq!(auth.subscriptions[0].position, Some(at(5)));
    harness.auth_ok(true, 0);
    harness.control(&[resumed(auth.subscriptions[0].id, 8, at(5), 1)]);
    harness.events();
    harness.message(delta_entry(8, 7, 2, &page("one"), &page("two")));
    assert_eq!(harness.texts(), [(7, page("two"))]);
}

#[test]
fn stored_position_brings_value() {
    let mut harness = Harness::new(config());
    harness.subscribe(Subscription {
        position: Some(at(5)),
        ..whole_channel("doc")
    });
    let wire_id = harness.open().subscriptions[0].id;
    harness.auth_ok(true, 0);
    harness.control(&[resumed(wire_id, 8, at(5), 0)]);
    assert_eq!(harness.ops(), [ClientOp::Whole(wire_id)]);
    harness.events();
    harness.value(8, 5, &page("one"));
    assert_eq!(harness.texts(), [(5, page("one"))]);
}

#[test]
fn a_new_epoch_forgets_the_value() {
    let (mut harness, ..) = document();
    let wire_id = harness.reconnect().subscriptions[0].id;
    harness.auth_ok(false, 0);
    let fresh = Position::untagged(Epoch(6), 0);
    let reason = ResetReason::EpochChanged;
    harness.control(&[ServerOp::Reset {
        id: wire_id,
        reason,
        reading: Some((8, fresh)),
        floor: 0,
        head: 1,
    }]);
    assert!(harness.events().iter().any(|event| matches!(
        event,
        Event::Outcome { outcome: Outcome::Reset(of), .. } if *of == reason
    )));
    harness.message(delta_entry(8, 6, 1, &page("one"), &page("two")));
    assert_eq!(harness.ops(), [ClientOp::Whole(wire_id)]);
    harness.value(8, 1, &page("new"));
    assert_eq!(harness.texts(), [(1, page("new"))]);
}

#[test]
fn heartbeat_shows_lost_value() {
    let (mut harness, _, wire_id) = document();
    let ping = || ServerOp::Ping {
        heads: vec![StreamHead {
            stream: 8,
            sent: 6,
            head: 6,
        }],
    };
    harness.control(&[ping()]);
    let ops = harness.ops();
    assert_eq!(ops[1], ClientOp::Unsubscribe(vec![wire_id]));
    assert!(matches!(&ops[2], ClientOp::Subscribe(items) if items[0].position == Some(at(5))));
}

#[test]
fn missing_whole_value_is_requested_again() {
    let (mut harness, _, wire_id) = document();
    let ping = || ServerOp::Ping {
        heads: vec![StreamHead {
            stream: 8,
            sent: 6,
            head: 6,
        }],
    };
    harness.message(delta_entry(8, 6, 1, &page("uno"), &page("two")));
    harness.control(&[ping()]);
    assert_eq!(harness.ops(), [ClientOp::Whole(wire_id), ClientOp::Pong]);
    harness.control(&[ping()]);
    let ops = harness.ops();
    assert_eq!(ops[1], ClientOp::Unsubscribe(vec![wire_id]));
    assert!(matches!(&ops[2], ClientOp::Subscribe(items) if items[0].position.is_none()));
}

#[test]
fn reader_without_value_never_goes_back() {
    let (mut harness, ..) = Harness::reading("doc", 8, at(4));
    harness.value(8, 3, "older");
    assert_eq!(harness.events(), vec![]);
    harness.value(8, 5, "newer");
    assert_eq!(harness.texts(), [(5, "newer".into())]);
}
