//! Tests of the retry schedule and of close codes (docs/protocol.md section 10).

use core::time::Duration;

use super::peer::*;
use crate::session::client::{Cause, Output, Status};
use crate::session::op::ServerOp;

fn connects(line: &Line) -> usize {
    let is_connect = |output: &&Output| matches!(output, Output::Connect { .. });
    line.outputs.iter().filter(is_connect).count()
}

#[test]
fn a_lost_line_is_opened_again_soon() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.close(Some(1006));
    assert!(line.waits() < Duration::from_millis(500));
    line.let_time_pass();
    assert!(matches!(line.session.status(), Status::Connecting { .. }));
}

#[test]
fn attempts_that_fail_in_a_row_back_off() {
    let mut longest = Duration::ZERO;
    for seed in 0..50 {
        let mut config = config();
        config.seed = seed;
        let mut line = Line::new(config);
        line.session.connect(line.now);
        line.drain();
        for _ in 0..8 {
            line.close(None);
            longest = longest.max(line.waits());
            line.let_time_pass();
        }
    }
    assert!(longest > Duration::from_secs(15) && longest <= Duration::from_secs(20));
}

#[test]
fn an_attempt_that_hangs_is_given_up() {
    let mut line = Line::new(config());
    line.session.connect(line.now);
    line.pass(Duration::from_secs(10));
    assert_eq!(line.disconnected(), Some(4103));
    let Status::Waiting { cause, .. } = line.session.status() else {
        panic!("{:?}", line.session.status());
    };
    assert!(cause.message.contains("in time"));
}

#[test]
fn server_may_set_retry_delay() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    let goodbye = |retry_ms| ServerOp::Goodbye {
        code: 4100,
        message: "restarting".into(),
        retry_ms,
    };
    line.control(&[goodbye(Some(3_000))]);
    line.close(Some(4100));
    assert_eq!(line.waits(), Duration::from_secs(3));
    line.session.wake(line.now);
    line.drain();
    assert_eq!(line.waits(), Duration::from_secs(3));
    line.let_time_pass();
    line.open_socket();
    line.auth_ok(true, 0);

    // Bounded, so that nobody is sent away for ever.
    line.control(&[goodbye(Some(u64::MAX))]);
    line.close(Some(4100));
    assert_eq!(line.waits(), Duration::from_secs(600));
}

#[test]
fn own_codes_stop_attempts() {
    for code in [4200, 4201, 4202, 4204, 4299] {
        let (mut line, ..) = Line::reading("chat", 3, at(0));
        line.close(Some(code));
        assert_eq!(line.closed_with(), Some(code));
        line.session.wake(line.now);
        line.drain();
        assert_eq!(line.session.poll_timeout(), None);
        line.open();
    }
}

#[test]
fn interrupt_loses_no_send() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    let now = line.now;
    let content = crate::session::wire::Content::Value;
    line.session
        .send(now, "chat", content, b"a".to_vec())
        .unwrap();
    line.session.interrupt(now, Duration::from_secs(5));
    line.drain();
    assert!(line.disconnected().is_some());
    line.session.wake(line.now);
    line.drain();
    assert_eq!(line.waits(), Duration::from_secs(5));
    line.let_time_pass();
    line.open_socket();
    line.auth_ok(true, 0);
    assert!(matches!(line.said()[..], [Said::Message { number: 1, .. }]));
}

#[test]
fn connect_does_not_wait() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.session.interrupt(line.now, Duration::from_secs(5));
    line.drain();
    line.session.connect(line.now);
    line.drain();
    line.open_socket();
}

#[test]
fn suspended_session_makes_no_attempt() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.session.suspend(line.now);
    line.close(None);
    line.outputs.clear();
    assert_eq!(line.session.poll_timeout(), None);
    let cause = Cause::default();
    assert_eq!(line.session.status(), Status::Suspended { cause });
    line.pass(Duration::from_secs(3600));
    line.session.wake(line.now);
    line.drain();
    assert_eq!(connects(&line), 1);
    line.open_socket();
}

#[test]
fn wake_replaces_only_hanging_attempt() {
    let mut line = Line::new(config());
    line.session.connect(line.now);
    line.session.wake(line.now);
    line.drain();
    assert_eq!(connects(&line), 1);
    line.pass(Duration::from_secs(4));
    line.session.wake(line.now);
    line.drain();
    assert_eq!(connects(&line), 2);
    line.open_socket();
}

#[test]
fn unexplained_ends_are_retried() {
    for code in [
        1000, 1001, 1005, 1008, 1011, 1013, 3000, 4000, 4100, 4300, 4999,
    ] {
        let (mut line, ..) = Line::reading("chat", 3, at(0));
        line.close(Some(code));
        line.let_time_pass();
        line.open_socket();
        line.auth_ok(true, 0);
        assert_eq!(line.session.status(), Status::Ready, "{code}");
    }
}
