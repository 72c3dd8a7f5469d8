//! Tests of heartbeats and the detection of dead connections (docs/protocol.md section 5.3).

use core::time::Duration;

use super::peer::*;
use crate::limits::HEARTBEAT_GRACE;
use crate::session::client::Status;
use crate::session::op::{ClientOp, ServerOp};

#[test]
fn silent_server_is_pinged_then_closed() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    let start = line.now;
    line.let_time_pass();
    assert_eq!(line.ops(), [ClientOp::Ping]);
    line.let_time_pass();
    assert_eq!(line.disconnected(), Some(4000));
    assert_eq!(line.now - start, HEARTBEAT + HEARTBEAT_GRACE);
    assert!(line.waits() < Duration::from_millis(500));
}

#[test]
fn any_input_counts_as_activity() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    for n in 1..=10 {
        line.pass(HEARTBEAT);
        line.entry(3, n, "x");
    }
    line.let_time_pass();
    line.control(&[ServerOp::Pong]);
    assert_eq!(line.ops(), [ClientOp::Ping]);
    line.pass(HEARTBEAT);
    assert_eq!(line.session.status(), Status::Ready);
}

#[test]
fn late_timer_spares_unread_input() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.now = line.now + Duration::from_secs(3600);
    line.session.handle_timeout(line.now);
    line.drain();
    assert_eq!(line.disconnected(), None);
    line.control(&[ServerOp::Ping {
        heads: alloc::vec![],
    }]);
    assert_eq!(line.ops(), [ClientOp::Ping, ClientOp::Pong]);
    line.pass(HEARTBEAT);
    assert_eq!(line.session.status(), Status::Ready);
}

#[test]
fn wake_finds_dead_connection() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.session.suspend(line.now);
    line.pass(HEARTBEAT / 2);
    line.session.wake(line.now);
    line.drain();
    assert_eq!(line.ops(), [ClientOp::Ping]);
    line.pass(HEARTBEAT_GRACE / 2);
    assert_eq!(line.disconnected(), Some(4000));
}

#[test]
fn closes_after_goodbye() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.control(&[ServerOp::Goodbye {
        code: 4100,
        message: "restarting".into(),
        retry_ms: Some(7_000),
    }]);
    line.entry(3, 1, "the last");
    assert_eq!(line.texts().len(), 1);
    line.let_time_pass();
    assert!(line.disconnected().is_some());
    assert_eq!(line.waits(), Duration::from_secs(7));
}
