//! Tests of the handshake (docs/protocol.md section 5.1).

use crate::hidden::Hidden;
use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::channel::ChannelMode;
use crate::position::{Outcome, ResetReason};
use crate::session::client::{
    Cause, EndCause, Event, Input, Output, Status, SubscribeError, Subscription,
};
use crate::session::op::{ClientOp, ErrorCode, ScopeRequest, ServerOp};

#[test]
fn sends_auth_and_reports_ready() {
    let mut harness = Harness::new(config());
    harness.session.set_token(Some("token".into())).unwrap();
    let saved = Subscription {
        position: Some(at(40)),
        scope: ScopeRequest::Topic("room".into()),
        ..whole_channel("chat")
    };
    let id = harness.subscribe(saved);
    let auth = harness.open();
    assert_eq!((auth.client_id, auth.secret), (CLIENT, None));
    assert_eq!(auth.token.as_deref(), Some("token"));
    assert_eq!(auth.subscriptions[0].position, Some(at(40)));
    assert!(matches!(
        harness.session.status(),
        Status::Connecting { .. }
    ));

    harness.auth_ok(false, 0);
    assert_eq!(harness.session.status(), Status::Ready);
    assert_eq!(harness.session.secret(), Some(SECRET));
    assert_eq!(harness.session.channels().len(), 3);
    let ready = Event::Ready {
        resumed: false,
        secret: Hidden(SECRET),
        received: 0,
        rejected: Vec::new(),
    };
    assert_eq!(harness.events(), vec![ready]);

    harness.control(&[resumed(auth.subscriptions[0].id, 3, at(40), 2)]);
    let outcome = Event::Outcome {
        id,
        outcome: Outcome::Resumed { caught_up: 2 },
        position: Some(at(40)),
        floor: None,
        head: 42,
        mode: ChannelMode::Log,
    };
    assert_eq!(harness.events(), vec![outcome]);
    assert_eq!(harness.session.head(id), Some(42));
}

#[test]
fn reconnect_sends_secret_and_positions() {
    let (mut harness, _, wire_id) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "a");
    let auth = harness.reconnect();
    assert_eq!(auth.secret, Some(SECRET));
    assert_eq!(auth.subscriptions.len(), 1);
    assert_eq!(auth.subscriptions[0].position, Some(at(1)));
    assert_ne!(auth.subscriptions[0].id, wire_id);
}

#[test]
fn sends_changes_made_during_handshake() {
    let mut harness = Harness::new(config());
    let gone = harness.subscribe(whole_channel("chat"));
    let auth = harness.open();
    harness.session.unsubscribe(harness.now, gone);
    harness.subscribe(whole_channel("doc"));
    assert_eq!(harness.sent_frames(), vec![]);

    harness.auth_ok(false, 0);
    let ops = harness.ops();
    assert_eq!(
        ops[0],
        ClientOp::Unsubscribe(vec![auth.subscriptions[0].id])
    );
    let ClientOp::Subscribe(items) = &ops[1] else {
        panic!("{ops:?}");
    };
    assert_eq!(items[0].channel, "doc");

    // The answer to what was taken back, and the entries behind it, concern nobody.
    harness.events();
    harness.control(&[resumed(auth.subscriptions[0].id, 3, at(0), 1)]);
    harness.entry(3, 1, "late");
    assert_eq!(harness.events(), vec![]);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn refuses_duplicate_and_bad_streams() {
    let mut harness = Harness::new(config());
    let id = harness.subscribe(whole_channel("chat"));
    let subscribe = |harness: &mut Harness, scope| {
        let subscription = Subscription {
            scope,
            ..whole_channel("chat")
        };
        harness.session.subscribe(harness.now, subscription)
    };
    let duplicate = Err(SubscribeError::Duplicate(id));
    assert_eq!(subscribe(&mut harness, ScopeRequest::Channel), duplicate);
    for topic in ["", &"x".repeat(256)] {
        let topic = ScopeRequest::Topic(topic.into());
        assert_eq!(
            subscribe(&mut harness, topic),
            Err(SubscribeError::BadTopic)
        );
    }
    assert!(subscribe(&mut harness, ScopeRequest::Inbox).is_ok());
    harness.session.unsubscribe(harness.now, id);
    assert!(subscribe(&mut harness, ScopeRequest::Channel).is_ok());
}

#[test]
fn unreadable_subscription_ends() {
    let mut harness = Harness::new(config());
    let forbidden = harness.subscribe(whole_channel("chat"));
    let unknown = harness.subscribe(whole_channel("nope"));
    let auth = harness.open();
    let ids: Vec<u32> = auth.subscriptions.iter().map(|item| item.id).collect();
    harness.auth_ok(false, 0);
    harness.events();
    let reason = ResetReason::NotPermitted;
    harness.control(&[
        ServerOp::Reset {
            id: ids[0],
            reason,
            reading: None,
            floor: 0,
            head: 0,
        },
        ServerOp::Error {
            code: ErrorCode::UnknownChannel,
            message: "no channel named nope".into(),
            id: Some(ids[1]),
            retry_ms: None,
        },
    ]);
    let mut causes = vec![];
    for event in harness.events() {
        if let Event::Ended { id, cause, .. } = event {
            causes.push((id, cause));
        }
    }
    assert_eq!(
        causes,
        vec![
            (forbidden, EndCause::Reset(reason)),
            (unknown, EndCause::Error(ErrorCode::UnknownChannel)),
        ]
    );
    assert_eq!(harness.reconnect().subscriptions, vec![]);
}

#[test]
fn refused_credentials_stop_attempts() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.control(&[ServerOp::Error {
        code: ErrorCode::NotPermitted,
        message: "the token is expired".into(),
        id: None,
        retry_ms: None,
    }]);
    harness.close(Some(4200));
    let cause = Cause {
        code: Some(4200),
        message: "the token is expired".into(),
    };
    assert_eq!(harness.session.status(), Status::Closed { cause });
    assert_eq!(harness.session.poll_timeout(), None);
    assert!(matches!(
        &harness.events()[..],
        [Event::Error { message, .. }] if message == "the token is expired"
    ));
    harness.open();
    harness.auth_ok(false, 0);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn request_that_is_refused_while_taken_back_is_no_error() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    let id = harness.subscribe(whole_channel("chat"));
    let [ClientOp::Subscribe(asked)] = &harness.ops()[..] else {
        panic!("no request");
    };
    let wire_id = asked[0].id;
    harness.events();
    harness.session.unsubscribe(harness.now, id);
    harness.drain();
    assert_eq!(harness.ops(), vec![ClientOp::Unsubscribe(vec![wire_id])]);

    let refused = ServerOp::Reset {
        id: wire_id,
        reason: ResetReason::NotPermitted,
        reading: None,
        floor: 0,
        head: 0,
    };
    let unknown = ServerOp::Error {
        code: ErrorCode::BadSubscription,
        message: "no subscription of id 1".into(),
        id: None,
        retry_ms: None,
    };
    harness.control(&[refused, unknown.clone()]);
    assert_eq!(harness.events(), vec![]);
    // An error that no refusal explains is reported.
    harness.control(&[unknown]);
    assert!(matches!(harness.events()[..], [Event::Error { .. }]));
}

#[test]
fn lost_connection_reports_reason() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.input(Input::Closed {
        attempt: harness.attempt(),
        code: None,
        reason: "connection reset by peer".into(),
    });
    let Status::Waiting { cause, .. } = harness.session.status() else {
        panic!("{:?}", harness.session.status());
    };
    let message = "connection reset by peer".into();
    assert_eq!(
        cause,
        Cause {
            code: None,
            message
        }
    );
}

#[test]
fn input_of_an_older_attempt_is_ignored() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    harness.reconnect();
    harness.outputs.clear();
    harness.input(Input::Closed {
        attempt: 1,
        code: Some(4201),
        reason: "replaced".into(),
    });
    assert_eq!(harness.outputs, vec![]);
    harness.auth_ok(true, 0);
    assert_eq!(harness.session.status(), Status::Ready);
}

#[test]
fn goodbye_ends_the_session_and_the_attempts() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.outputs.clear();
    harness.session.close(harness.now);
    harness.drain();
    assert_eq!(harness.ops(), vec![ClientOp::Goodbye]);
    assert_eq!(harness.disconnected(), Some(1000));
    assert_eq!(harness.session.poll_timeout(), None);
    assert_eq!(harness.closed_with(), Some(1000));
    let is_connect = |output: &Output| matches!(output, Output::Connect { .. });
    assert!(!harness.outputs.iter().any(is_connect));
}
