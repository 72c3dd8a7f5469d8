//! Tests of tokens that the application renews.

use crate::hidden::Hidden;
use alloc::string::String;
use core::time::Duration;

use super::peer::*;
use crate::limits::{RENEWAL_RETRY, TOKEN_BYTES, TOKEN_FRESH, TOKEN_WAIT};
use crate::session::client::{ClientConfig, ConfigError, Event, Input, Output, Status, TokenError};
use crate::session::op::{Auth, ClientOp, ServerOp};

fn renewing() -> ClientConfig {
    let mut config = config();
    config.renews_token = true;
    config
}

/// The request for a token since the last call.
fn wanted(harness: &mut Harness) -> Option<u32> {
    let mut wanted = None;
    harness.outputs.retain(|output| {
        if let Output::TokenWanted { request } = output {
            wanted = Some(*request);
        }
        !matches!(output, Output::TokenWanted { .. })
    });
    wanted
}

fn answer(harness: &mut Harness, request: u32, token: Result<String, TokenError>) {
    let token = token.map(Hidden);
    harness.input(Input::Token { request, token });
}

/// Answers the request that was made, and opens the socket.
fn opens_with(harness: &mut Harness, token: &str) -> Auth {
    let request = wanted(harness).unwrap();
    answer(harness, request, Ok(token.into()));
    harness.open_socket()
}

fn connect(harness: &mut Harness) {
    harness.session.connect(harness.now);
    harness.drain();
}

fn statuses(harness: &Harness) -> usize {
    let is_closed =
        |output: &&Output| matches!(output, Output::Event(Event::Status(Status::Closed { .. })));
    harness.outputs.iter().filter(is_closed).count()
}

fn connects(harness: &Harness) -> bool {
    let is_connect = |output: &Output| matches!(output, Output::Connect { .. });
    harness.outputs.iter().any(is_connect)
}

#[test]
fn asked_before_each_attempt() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    assert_eq!(
        harness.session.status(),
        Status::AwaitingToken { failures: 0 }
    );
    assert!(!connects(&harness));
    let auth = opens_with(&mut harness, "one");
    assert_eq!(auth.token.as_deref(), Some("one"));
    harness.auth_ok(false, 0);

    harness.close(None);
    harness.let_time_pass();
    let auth = opens_with(&mut harness, "two");
    assert_eq!(auth.token.as_deref(), Some("two"));
}

#[test]
fn transient_failure_is_retried() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    for _ in 0..5 {
        let request = wanted(&mut harness).unwrap();
        let message = String::from("the backend is down");
        answer(&mut harness, request, Err(TokenError::Retry { message }));
        let Status::Waiting { cause, .. } = harness.session.status() else {
            panic!("{:?}", harness.session.status());
        };
        assert_eq!((cause.code, &*cause.message), (None, "the backend is down"));
        harness.let_time_pass();
    }
    opens_with(&mut harness, "at last");
    harness.auth_ok(false, 0);
    assert_eq!(harness.session.status(), Status::Ready);
    assert_eq!(statuses(&harness), 0);
}

#[test]
fn hanging_function_is_asked_again() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    let first = wanted(&mut harness).unwrap();
    harness.pass(TOKEN_WAIT);
    assert!(matches!(harness.session.status(), Status::Waiting { .. }));
    harness.let_time_pass();
    // The late answer to the first request is not taken.
    answer(&mut harness, first, Ok("late".into()));
    assert!(!connects(&harness));
    opens_with(&mut harness, "in time");
}

#[test]
fn denial_closes_once() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    let request = wanted(&mut harness).unwrap();
    let message = String::from("signed out");
    answer(&mut harness, request, Err(TokenError::Denied { message }));
    assert_eq!(harness.closed_with(), Some(4200));
    assert_eq!(harness.session.poll_timeout(), None);
    harness.session.close(harness.now);
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(statuses(&harness), 1);
    assert_eq!(harness.closed_with(), Some(4200));
    assert_eq!(wanted(&mut harness), None);

    connect(&mut harness);
    opens_with(&mut harness, "signed in");
}

#[test]
fn refused_fresh_token_is_final() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    opens_with(&mut harness, "bad");
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn refused_stale_token_is_renewed_once() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    let request = wanted(&mut harness).unwrap();
    answer(&mut harness, request, Ok("old".into()));
    // A machine that sleeps while the socket opens.
    harness.now = harness.now + TOKEN_FRESH;
    harness.open_socket();
    harness.close(Some(4200));
    harness.let_time_pass();
    opens_with(&mut harness, "new");
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn late_token_after_revocation_is_renewed() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    opens_with(&mut harness, "revoked");
    harness.auth_ok(false, 0);
    harness.close(Some(4200));
    for _ in 0..3 {
        harness.let_time_pass();
        let request = wanted(&mut harness).unwrap();
        // A machine that sleeps before it has the answer.
        harness.now = harness.now + TOKEN_FRESH;
        answer(&mut harness, request, Ok("expired".into()));
        harness.open_socket();
        harness.close(Some(4200));
    }
    harness.let_time_pass();
    opens_with(&mut harness, "fresh");
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn revoked_while_connected_is_renewed() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    opens_with(&mut harness, "one");
    harness.auth_ok(false, 0);
    harness.pass(Duration::from_secs(3));
    harness.close(Some(4200));
    assert_eq!(statuses(&harness), 0);
    harness.let_time_pass();
    opens_with(&mut harness, "two");
    harness.auth_ok(true, 0);
    // A server that takes tokens and revokes them at once is not asked in a loop.
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
    assert_eq!(statuses(&harness), 1);
}

#[test]
fn expiry_is_answered_with_a_renewed_token() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    for token in ["one", "two", "three"] {
        let auth = opens_with(&mut harness, token);
        assert_eq!(auth.token.as_deref(), Some(token));
        harness.auth_ok(true, 0);
        harness.pass(Duration::from_secs(3));
        harness.close(Some(4005));
        harness.let_time_pass();
    }
    assert_eq!(statuses(&harness), 0);

    let mut harness = Harness::new(config());
    harness.session.set_token(Some("plain".into())).unwrap();
    harness.open();
    harness.auth_ok(false, 0);
    harness.close(Some(4005));
    harness.let_time_pass();
    assert_eq!(harness.open_socket().token.as_deref(), Some("plain"));
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn renews_while_the_connection_goes_on() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    assert!(opens_with(&mut harness, "one").renews);
    harness.auth_ok(false, 0);
    harness.sent_frames();
    harness.control(&[ServerOp::Renew]);
    let request = wanted(&mut harness).unwrap();
    answer(&mut harness, request - 1, Ok("late".into()));
    assert_eq!(harness.ops(), []);
    answer(&mut harness, request, Ok("two".into()));
    assert_eq!(harness.ops(), [ClientOp::Token("two".into())]);
    answer(&mut harness, request, Ok("again".into()));
    assert_eq!(harness.ops(), []);

    // Without a token the server ends the connection, and the next attempt asks.
    harness.control(&[ServerOp::Renew]);
    let request = wanted(&mut harness).unwrap();
    let message = String::from("signed out");
    answer(&mut harness, request, Err(TokenError::Denied { message }));
    assert_eq!(harness.session.status(), Status::Ready);
    assert_eq!(harness.ops(), []);
    harness.close(Some(4005));
    harness.let_time_pass();
    opens_with(&mut harness, "three");
}

#[test]
fn application_without_a_token_for_the_renewal_is_asked_again() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    opens_with(&mut harness, "one");
    harness.auth_ok(false, 0);
    harness.sent_frames();
    harness.control(&[ServerOp::Renew]);
    for _ in 0..2 {
        let request = wanted(&mut harness).unwrap();
        let message = String::from("the application is restarted");
        answer(&mut harness, request, Err(TokenError::Retry { message }));
        assert_eq!(wanted(&mut harness), None);
        harness.pass(RENEWAL_RETRY);
    }
    assert_eq!(harness.session.status(), Status::Ready);
    let request = wanted(&mut harness).unwrap();
    answer(&mut harness, request, Ok("two".into()));
    assert_eq!(harness.ops(), [ClientOp::Token("two".into())]);
    harness.pass(RENEWAL_RETRY);
    assert_eq!(wanted(&mut harness), None);
}

#[test]
fn set_token_renews_while_connected() {
    let mut harness = Harness::new(config());
    harness.session.set_token(Some("one".into())).unwrap();
    harness.open();
    harness.auth_ok(false, 0);
    assert_eq!(harness.ops(), []);
    harness.session.set_token(Some("two".into())).unwrap();
    harness.drain();
    assert_eq!(harness.ops(), [ClientOp::Token("two".into())]);
    harness.session.set_token(None).unwrap();
    harness.drain();
    assert_eq!(harness.ops(), []);
    harness.session.set_token(Some("three".into())).unwrap();
    harness.drain();
    harness.close(Some(4005));
    harness.let_time_pass();
    assert_eq!(harness.open_socket().token.as_deref(), Some("three"));
}

#[test]
fn token_set_during_the_handshake_follows_it() {
    let mut harness = Harness::new(config());
    harness.session.set_token(Some("one".into())).unwrap();
    assert_eq!(harness.open().token.as_deref(), Some("one"));
    harness.session.set_token(Some("two".into())).unwrap();
    harness.drain();
    assert_eq!(harness.ops(), []);
    harness.auth_ok(false, 0);
    assert_eq!(harness.ops(), [ClientOp::Token("two".into())]);

    // If the first one is refused, the second one is tried.
    harness.session.set_token(Some("three".into())).unwrap();
    harness.close(None);
    harness.let_time_pass();
    harness.open_socket();
    harness.session.set_token(Some("four".into())).unwrap();
    harness.close(Some(4200));
    harness.let_time_pass();
    assert_eq!(harness.open_socket().token.as_deref(), Some("four"));
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn plain_token_is_not_asked_for() {
    let mut harness = Harness::new(config());
    harness.session.set_token(Some("plain".into())).unwrap();
    assert_eq!(harness.open().token.as_deref(), Some("plain"));
    harness.close(Some(4200));
    assert_eq!(harness.closed_with(), Some(4200));
    assert_eq!(wanted(&mut harness), None);
}

#[test]
fn size_is_bounded() {
    let too_large = "x".repeat(TOKEN_BYTES + 1);
    let error = ConfigError::TokenBytes(TOKEN_BYTES + 1);
    let mut harness = Harness::new(renewing());
    let set = harness.session.set_token(Some(too_large.clone()));
    assert_eq!(set, Err(error));
    let mut config = config();
    config.token = Some(too_large.clone());
    assert_eq!(config.check(), Err(error));

    connect(&mut harness);
    let request = wanted(&mut harness).unwrap();
    answer(&mut harness, request, Ok(too_large));
    assert_eq!(harness.closed_with(), Some(4200));
}

#[test]
fn interrupt_and_close_end_a_request() {
    let mut harness = Harness::new(renewing());
    connect(&mut harness);
    let request = wanted(&mut harness).unwrap();
    let now = harness.now;
    harness.session.interrupt(now, Duration::from_secs(5));
    answer(&mut harness, request, Ok("late".into()));
    assert!(!connects(&harness));
    harness.let_time_pass();
    let request = wanted(&mut harness).unwrap();
    harness.session.close(harness.now);
    answer(&mut harness, request, Ok("late".into()));
    assert_eq!(harness.closed_with(), Some(1000));
    assert_eq!(harness.session.poll_timeout(), None);
    assert!(!connects(&harness));
}
