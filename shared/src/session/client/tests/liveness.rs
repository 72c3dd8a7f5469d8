//! Tests of heartbeats and the detection of dead connections (docs/protocol.md section 5.3).

use core::time::Duration;

use super::peer::*;
use crate::limits::HEARTBEAT_GRACE;
use crate::session::client::{Input, Status};
use crate::session::op::{ClientOp, ServerOp};

#[test]
fn silent_server_is_pinged_then_closed() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let start = harness.now;
    harness.let_time_pass();
    assert_eq!(harness.ops(), [ClientOp::Ping]);
    harness.let_time_pass();
    assert_eq!(harness.disconnected(), Some(4000));
    assert_eq!(harness.now - start, HEARTBEAT + HEARTBEAT_GRACE);
    assert!(harness.waits() < Duration::from_millis(500));
}

#[test]
fn any_input_counts_as_activity() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    for n in 1..=10 {
        harness.pass(HEARTBEAT);
        harness.entry(3, n, "x");
    }
    harness.let_time_pass();
    harness.control(&[ServerOp::Pong]);
    assert_eq!(harness.ops(), [ClientOp::Ping]);
    harness.pass(HEARTBEAT);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn parts_of_a_message_count_as_activity() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let attempt = harness.attempt();
    for _ in 1..=10 {
        harness.pass(HEARTBEAT);
        harness.input(Input::Part { attempt });
    }
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn late_timer_spares_unread_input() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.now = harness.now + Duration::from_secs(3600);
    harness.session.handle_timeout(harness.now);
    harness.drain();
    assert_eq!(harness.disconnected(), None);
    harness.control(&[ServerOp::Ping {
        heads: alloc::vec![],
    }]);
    assert_eq!(harness.ops(), [ClientOp::Ping, ClientOp::Pong]);
    harness.pass(HEARTBEAT);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn wake_finds_dead_connection() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.session.suspend(harness.now);
    harness.pass(HEARTBEAT / 2);
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(harness.ops(), [ClientOp::Ping]);
    harness.pass(HEARTBEAT_GRACE / 2);
    assert_eq!(harness.disconnected(), Some(4000));
}

#[test]
fn closes_after_goodbye() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.control(&[ServerOp::Goodbye {
        code: 4100,
        message: "restarting".into(),
        retry_ms: Some(7_000),
    }]);
    harness.entry(3, 1, "the last");
    assert_eq!(harness.texts().len(), 1);
    harness.let_time_pass();
    assert!(harness.disconnected().is_some());
    assert_eq!(harness.waits(), Duration::from_secs(7));
}
