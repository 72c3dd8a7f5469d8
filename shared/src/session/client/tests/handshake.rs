//! Tests of the handshake (docs/protocol.md section 5.1).

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::channel::ChannelMode;
use crate::position::{Outcome, ResetReason};
use crate::session::client::{
    EndCause, Event, Input, Output, Status, SubscribeError, Subscription,
};
use crate::session::op::{ClientOp, ErrorCode, ScopeRequest, ServerOp};

#[test]
fn sends_auth_and_reports_ready() {
    let mut line = Line::new(config());
    line.session.set_token(Some("token".into())).unwrap();
    let saved = Subscription {
        position: Some(at(40)),
        scope: ScopeRequest::Topic("room".into()),
        ..whole_channel("chat")
    };
    let id = line.subscribe(saved);
    let auth = line.open();
    assert_eq!((auth.client_id, auth.secret), (CLIENT, None));
    assert_eq!(auth.token.as_deref(), Some("token"));
    assert_eq!(auth.subscriptions[0].position, Some(at(40)));
    assert!(matches!(line.session.status(), Status::Connecting { .. }));

    line.auth_ok(false, 0);
    assert_eq!(line.session.status(), Status::Ready);
    assert_eq!(line.session.secret(), Some(SECRET));
    assert_eq!(line.session.channels().len(), 3);
    let ready = Event::Ready {
        resumed: false,
        secret: SECRET,
    };
    assert_eq!(line.events(), vec![ready]);

    line.control(&[resumed(auth.subscriptions[0].id, 3, at(40), 2)]);
    let outcome = Event::Outcome {
        id,
        outcome: Outcome::Resumed { caught_up: 2 },
        position: Some(at(40)),
        floor: None,
        head: 42,
        mode: ChannelMode::Log,
    };
    assert_eq!(line.events(), vec![outcome]);
    assert_eq!(line.session.head(id), Some(42));
}

#[test]
fn reconnect_sends_secret_and_positions() {
    let (mut line, _, wire_id) = Line::reading("chat", 3, at(0));
    line.entry(3, 1, "a");
    let auth = line.reconnect();
    assert_eq!(auth.secret, Some(SECRET));
    assert_eq!(auth.subscriptions.len(), 1);
    assert_eq!(auth.subscriptions[0].position, Some(at(1)));
    assert_ne!(auth.subscriptions[0].id, wire_id);
}

#[test]
fn sends_changes_made_during_handshake() {
    let mut line = Line::new(config());
    let gone = line.subscribe(whole_channel("chat"));
    let auth = line.open();
    line.session.unsubscribe(line.now, gone);
    line.subscribe(whole_channel("doc"));
    assert_eq!(line.said(), vec![]);

    line.auth_ok(false, 0);
    let ops = line.ops();
    assert_eq!(
        ops[0],
        ClientOp::Unsubscribe(vec![auth.subscriptions[0].id])
    );
    let ClientOp::Subscribe(items) = &ops[1] else {
        panic!("{ops:?}");
    };
    assert_eq!(items[0].channel, "doc");

    // The answer to what was taken back, and the entries behind it, concern nobody.
    line.events();
    line.control(&[resumed(auth.subscriptions[0].id, 3, at(0), 1)]);
    line.entry(3, 1, "late");
    assert_eq!(line.events(), vec![]);
    assert_eq!(line.session.status(), Status::Ready);
}

#[test]
fn refuses_duplicate_and_bad_streams() {
    let mut line = Line::new(config());
    let id = line.subscribe(whole_channel("chat"));
    let subscribe = |line: &mut Line, scope| {
        let subscription = Subscription {
            scope,
            ..whole_channel("chat")
        };
        line.session.subscribe(line.now, subscription)
    };
    let duplicate = Err(SubscribeError::Duplicate(id));
    assert_eq!(subscribe(&mut line, ScopeRequest::Channel), duplicate);
    for topic in ["", &"x".repeat(256)] {
        let topic = ScopeRequest::Topic(topic.into());
        assert_eq!(subscribe(&mut line, topic), Err(SubscribeError::BadTopic));
    }
    assert!(subscribe(&mut line, ScopeRequest::Inbox).is_ok());
    line.session.unsubscribe(line.now, id);
    assert!(subscribe(&mut line, ScopeRequest::Channel).is_ok());
}

#[test]
fn unreadable_subscription_ends() {
    let mut line = Line::new(config());
    let forbidden = line.subscribe(whole_channel("chat"));
    let unknown = line.subscribe(whole_channel("nope"));
    let auth = line.open();
    let ids: Vec<u32> = auth.subscriptions.iter().map(|item| item.id).collect();
    line.auth_ok(false, 0);
    line.events();
    let reason = ResetReason::NotPermitted;
    line.control(&[
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
        },
    ]);
    let mut causes = vec![];
    for event in line.events() {
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
    assert_eq!(line.reconnect().subscriptions, vec![]);
}

#[test]
fn refused_credentials_stop_attempts() {
    let mut line = Line::new(config());
    line.open();
    line.control(&[ServerOp::Error {
        code: ErrorCode::NotPermitted,
        message: "the token is expired".into(),
        id: None,
    }]);
    line.close(Some(4200));
    assert_eq!(line.closed_with(), Some(4200));
    assert_eq!(line.session.poll_timeout(), None);
    assert!(matches!(
        &line.events()[..],
        [Event::Error { message, .. }] if message == "the token is expired"
    ));
    line.open();
    line.auth_ok(false, 0);
    assert_eq!(line.session.status(), Status::Ready);
}

#[test]
fn input_of_an_older_attempt_is_ignored() {
    let mut line = Line::new(config());
    line.open();
    line.auth_ok(false, 0);
    line.reconnect();
    line.outputs.clear();
    line.input(Input::Closed {
        attempt: 1,
        code: Some(4201),
    });
    assert_eq!(line.outputs, vec![]);
    line.auth_ok(true, 0);
    assert_eq!(line.session.status(), Status::Ready);
}

#[test]
fn goodbye_ends_the_session_and_the_attempts() {
    let (mut line, ..) = Line::reading("chat", 3, at(0));
    line.outputs.clear();
    line.session.close(line.now);
    line.drain();
    assert_eq!(line.ops(), vec![ClientOp::Goodbye]);
    assert_eq!(line.disconnected(), Some(1000));
    assert_eq!(line.session.poll_timeout(), None);
    assert_eq!(line.closed_with(), Some(1000));
    let is_connect = |output: &Output| matches!(output, Output::Connect { .. });
    assert!(!line.outputs.iter().any(is_connect));
}
