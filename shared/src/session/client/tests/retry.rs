//! Tests of the retry schedule and of close codes (docs/protocol.md section 10).

use core::time::Duration;

use super::peer::*;
use crate::session::client::{Cause, Input, Output, Status, Transport};
use crate::session::op::ServerOp;

fn connects(harness: &Harness) -> usize {
    let is_connect = |output: &&Output| matches!(output, Output::Connect { .. });
    harness.outputs.iter().filter(is_connect).count()
}

#[test]
fn a_lost_line_is_opened_again_soon() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.close(Some(1006));
    assert!(harness.waits() < Duration::from_millis(500));
    harness.let_time_pass();
    assert!(matches!(
        harness.session.status(),
        Status::Connecting { .. }
    ));
}

#[test]
fn attempts_that_fail_in_a_row_back_off() {
    let mut longest = Duration::ZERO;
    for seed in 0..50 {
        let mut config = config();
        config.seed = seed;
        let mut harness = Harness::new(config);
        harness.session.connect(harness.now);
        harness.drain();
        for _ in 0..8 {
            harness.close(None);
            longest = longest.max(harness.waits());
            harness.let_time_pass();
        }
    }
    assert!(longest > Duration::from_secs(15) && longest <= Duration::from_secs(20));
}

#[test]
fn an_attempt_that_hangs_is_given_up() {
    let mut harness = Harness::new(config());
    harness.session.connect(harness.now);
    harness.pass(Duration::from_secs(10));
    assert_eq!(harness.disconnected(), Some(4103));
    let Status::Waiting { cause, .. } = harness.session.status() else {
        panic!("{:?}", harness.session.status());
    };
    assert!(cause.message.contains("in time"));
}

#[test]
fn server_may_set_retry_delay() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let goodbye = |retry_ms| ServerOp::Goodbye {
        code: 4100,
        message: "restarting".into(),
        retry_ms,
    };
    harness.control(&[goodbye(Some(3_000))]);
    harness.close(Some(4100));
    assert_eq!(harness.waits(), Duration::from_secs(3));
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(harness.waits(), Duration::from_secs(3));
    harness.let_time_pass();
    harness.open_socket();
    harness.auth_ok(true, 0);

    // Bounded, so that nobody is sent away for ever.
    harness.control(&[goodbye(Some(u64::MAX))]);
    harness.close(Some(4100));
    assert_eq!(harness.waits(), Duration::from_secs(600));
}

#[test]
fn refused_attempt_waits_for_its_time() {
    for (stated, waits) in [(3, 3), (86_400, 600)] {
        let mut harness = Harness::new(config());
        harness.session.connect(harness.now);
        harness.drain();
        let attempt = harness.attempt();
        harness.input(Input::Refused {
            attempt,
            retry: Some(Duration::from_secs(stated)),
            reason: "429".into(),
        });
        assert_eq!(harness.waits(), Duration::from_secs(waits));
        harness.session.wake(harness.now);
        harness.drain();
        assert_eq!(harness.waits(), Duration::from_secs(waits));
    }
}

#[test]
fn only_answers_for_now_refuse_an_attempt() {
    let retry = Some(Duration::from_secs(3));
    for (status, is_refused) in [
        (429, true),
        (503, true),
        (200, false),
        (404, false),
        (500, false),
    ] {
        let input = Input::answered(1, status, retry, "no stream".into());
        let reason = "no stream".into();
        let expected = if is_refused {
            Input::Refused {
                attempt: 1,
                retry,
                reason,
            }
        } else {
            Input::Closed {
                attempt: 1,
                code: None,
                reason,
            }
        };
        assert_eq!(input, expected, "{status}");
    }
}

#[test]
fn page_that_is_left_connects_when_it_returns() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    for _ in 0..3 {
        harness.outputs.clear();
        harness.session.leave(harness.now);
        harness.drain();
        assert!(harness.disconnected().is_some());
        let status = harness.session.status();
        assert!(matches!(status, Status::Suspended { .. }), "{status:?}");
        assert_eq!(harness.session.poll_timeout(), None);
        harness.session.wake(harness.now);
        harness.drain();
        let is_same = |output: &Output| matches!(output, Output::Connect { transport, .. } if *transport == Transport::WebSocket);
        assert!(
            harness.outputs.iter().any(is_same),
            "at once, and not by another transport"
        );
        harness.open_socket();
        harness.auth_ok(true, 0);
    }
}

#[test]
fn own_codes_stop_attempts() {
    for code in [4200, 4201, 4202, 4204, 4299] {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.close(Some(code));
        assert_eq!(harness.closed_with(), Some(code));
        harness.session.wake(harness.now);
        harness.drain();
        assert_eq!(harness.session.poll_timeout(), None);
        harness.open();
    }
}

#[test]
fn interrupt_loses_no_send() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let now = harness.now;
    let content = crate::session::wire::Content::Value;
    harness
        .session
        .send(now, "chat", None, content, b"a".to_vec())
        .unwrap();
    harness.session.interrupt(now, Duration::from_secs(5));
    harness.drain();
    assert!(harness.disconnected().is_some());
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(harness.waits(), Duration::from_secs(5));
    harness.let_time_pass();
    harness.open_socket();
    harness.auth_ok(true, 0);
    assert!(matches!(
        harness.sent_frames()[..],
        [SentFrame::Message { number: 1, .. }]
    ));
}

#[test]
fn connect_does_not_wait() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness
        .session
        .interrupt(harness.now, Duration::from_secs(5));
    harness.drain();
    harness.session.connect(harness.now);
    harness.drain();
    harness.open_socket();
}

#[test]
fn suspended_session_makes_no_attempt() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.session.suspend(harness.now);
    harness.close(None);
    harness.outputs.clear();
    assert_eq!(harness.session.poll_timeout(), None);
    let cause = Cause::default();
    assert_eq!(harness.session.status(), Status::Suspended { cause });
    harness.pass(Duration::from_secs(3600));
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(connects(&harness), 1);
    harness.open_socket();
}

#[test]
fn offline_session_makes_rare_attempts() {
    let mut config = config();
    config.retry.max_attempts = Some(1);
    let longest = config.retry.max;
    let mut harness = Harness::new(config);
    harness.session.go_offline(harness.now);
    harness.session.connect(harness.now);
    harness.drain();
    // More of them than may fail in a row, and than make another transport of a blocked one.
    for _ in 0..5 {
        assert_eq!(connects(&harness), 1);
        harness.outputs.clear();
        harness.close(None);
        let status = harness.session.status();
        assert!(matches!(status, Status::Suspended { .. }), "{status:?}");
        harness.pass(longest - Duration::from_millis(1));
        assert_eq!(connects(&harness), 0);
        harness.pass(Duration::from_millis(1));
    }
    assert_eq!(harness.session.transport(), Transport::WebSocket);
    harness.open_socket();
    harness.auth_ok(true, 0);
    assert_eq!(harness.session.status(), Status::Ready);
    harness.close(None);
    harness.outputs.clear();
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(connects(&harness), 1);
}

#[test]
fn hidden_session_that_is_offline_makes_no_attempt() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.session.go_offline(harness.now);
    harness.close(None);
    assert!(harness.session.poll_timeout().is_some());
    harness.session.suspend(harness.now);
    assert_eq!(harness.session.poll_timeout(), None);
}

#[test]
fn wake_replaces_only_hanging_attempt() {
    let mut harness = Harness::new(config());
    harness.session.connect(harness.now);
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(connects(&harness), 1);
    harness.pass(Duration::from_secs(4));
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(connects(&harness), 2);
    harness.open_socket();
}

#[test]
fn unexplained_ends_are_retried() {
    for code in [
        1000, 1001, 1005, 1008, 1011, 1013, 3000, 4000, 4100, 4300, 4999,
    ] {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.close(Some(code));
        harness.let_time_pass();
        harness.open_socket();
        harness.auth_ok(true, 0);
        assert_eq!(harness.session.status(), Status::Ready, "{code}");
    }
}
