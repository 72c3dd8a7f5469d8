//! Tests of tokens that the application renews.

use alloc::string::String;
use core::time::Duration;

use super::peer::*;
use crate::limits::{TOKEN_BYTES, TOKEN_FRESH, TOKEN_WAIT};
use crate::session::client::{ClientConfig, ConfigError, Event, Input, Output, Status, TokenError};
use crate::session::op::Auth;

fn renewing() -> ClientConfig {
    let mut config = config();
    config.renews_token = true;
    config
}

/// The request for a token that was made since the test looked last.
fn wanted(line: &mut Line) -> Option<u32> {
    let mut wanted = None;
    line.outputs.retain(|output| {
        if let Output::TokenWanted { request } = output {
            wanted = Some(*request);
        }
        !matches!(output, Output::TokenWanted { .. })
    });
    wanted
}

fn answer(line: &mut Line, request: u32, token: Result<String, TokenError>) {
    line.input(Input::Token { request, token });
}

/// Answers the request that was made, and opens the socket.
fn opens_with(line: &mut Line, token: &str) -> Auth {
    let request = wanted(line).unwrap();
    answer(line, request, Ok(token.into()));
    line.open_socket()
}

fn connect(line: &mut Line) {
    line.session.connect(line.now);
    line.drain();
}

fn statuses(line: &Line) -> usize {
    let is_closed =
        |output: &&Output| matches!(output, Output::Event(Event::Status(Status::Closed { .. })));
    line.outputs.iter().filter(is_closed).count()
}

fn connects(line: &Line) -> bool {
    let is_connect = |output: &Output| matches!(output, Output::Connect { .. });
    line.outputs.iter().any(is_connect)
}

#[test]
fn asked_before_each_attempt() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    assert_eq!(line.session.status(), Status::AwaitingToken { failures: 0 });
    assert!(!connects(&line));
    let auth = opens_with(&mut line, "one");
    assert_eq!(auth.token.as_deref(), Some("one"));
    line.auth_ok(false, 0);

    line.close(None);
    line.let_time_pass();
    let auth = opens_with(&mut line, "two");
    assert_eq!(auth.token.as_deref(), Some("two"));
}

#[test]
fn transient_failure_is_retried() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    for _ in 0..5 {
        let request = wanted(&mut line).unwrap();
        let message = String::from("the backend is down");
        answer(&mut line, request, Err(TokenError::Retry { message }));
        let Status::Waiting { cause, .. } = line.session.status() else {
            panic!("{:?}", line.session.status());
        };
        assert_eq!((cause.code, &*cause.message), (None, "the backend is down"));
        line.let_time_pass();
    }
    opens_with(&mut line, "at last");
    line.auth_ok(false, 0);
    assert_eq!(line.session.status(), Status::Ready);
    assert_eq!(statuses(&line), 0);
}

#[test]
fn hanging_function_is_asked_again() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    let first = wanted(&mut line).unwrap();
    line.pass(TOKEN_WAIT);
    assert!(matches!(line.session.status(), Status::Waiting { .. }));
    line.let_time_pass();
    // The late answer to the first request is not taken.
    answer(&mut line, first, Ok("late".into()));
    assert!(!connects(&line));
    opens_with(&mut line, "in time");
}

#[test]
fn denial_closes_once() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    let request = wanted(&mut line).unwrap();
    let message = String::from("signed out");
    answer(&mut line, request, Err(TokenError::Denied { message }));
    assert_eq!(line.closed_with(), Some(4200));
    assert_eq!(line.session.poll_timeout(), None);
    line.session.close(line.now);
    line.session.wake(line.now);
    line.drain();
    assert_eq!(statuses(&line), 1);
    assert_eq!(line.closed_with(), Some(4200));
    assert_eq!(wanted(&mut line), None);

    connect(&mut line);
    opens_with(&mut line, "signed in");
}

#[test]
fn refused_fresh_token_is_final() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    opens_with(&mut line, "bad");
    line.close(Some(4200));
    assert_eq!(line.closed_with(), Some(4200));
}

#[test]
fn refused_stale_token_is_renewed_once() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    let request = wanted(&mut line).unwrap();
    answer(&mut line, request, Ok("old".into()));
    // A machine that sleeps while the socket opens.
    line.now = line.now + TOKEN_FRESH;
    line.open_socket();
    line.close(Some(4200));
    line.let_time_pass();
    opens_with(&mut line, "new");
    line.close(Some(4200));
    assert_eq!(line.closed_with(), Some(4200));
}

#[test]
fn revoked_while_connected_is_renewed() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    opens_with(&mut line, "one");
    line.auth_ok(false, 0);
    line.pass(Duration::from_secs(3));
    line.close(Some(4200));
    assert_eq!(statuses(&line), 0);
    line.let_time_pass();
    opens_with(&mut line, "two");
    line.auth_ok(true, 0);
    // A server that takes tokens and revokes them at once is not asked in a loop.
    line.close(Some(4200));
    assert_eq!(line.closed_with(), Some(4200));
    assert_eq!(statuses(&line), 1);
}

#[test]
fn plain_token_is_not_asked_for() {
    let mut line = Line::new(config());
    line.session.set_token(Some("plain".into())).unwrap();
    assert_eq!(line.open().token.as_deref(), Some("plain"));
    line.close(Some(4200));
    assert_eq!(line.closed_with(), Some(4200));
    assert_eq!(wanted(&mut line), None);
}

#[test]
fn size_is_bounded() {
    let too_large = "x".repeat(TOKEN_BYTES + 1);
    let error = ConfigError::TokenBytes(TOKEN_BYTES + 1);
    let mut line = Line::new(renewing());
    let set = line.session.set_token(Some(too_large.clone()));
    assert_eq!(set, Err(error));
    let mut config = config();
    config.token = Some(too_large.clone());
    assert_eq!(config.check(), Err(error));

    connect(&mut line);
    let request = wanted(&mut line).unwrap();
    answer(&mut line, request, Ok(too_large));
    assert_eq!(line.closed_with(), Some(4200));
}

#[test]
fn interrupt_and_close_end_a_request() {
    let mut line = Line::new(renewing());
    connect(&mut line);
    let request = wanted(&mut line).unwrap();
    let now = line.now;
    line.session.interrupt(now, Duration::from_secs(5));
    answer(&mut line, request, Ok("late".into()));
    assert!(!connects(&line));
    line.let_time_pass();
    let request = wanted(&mut line).unwrap();
    line.session.close(line.now);
    answer(&mut line, request, Ok("late".into()));
    assert_eq!(line.closed_with(), Some(1000));
    assert_eq!(line.session.poll_timeout(), None);
    assert!(!connects(&line));
}
