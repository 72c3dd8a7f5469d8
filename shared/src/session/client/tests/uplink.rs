//! Tests of client messages: order, repeats and limits (docs/protocol.md section 7).

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::peer::*;
use crate::session::client::{Event, SendError};
use crate::session::op::{ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;

fn send(harness: &mut Harness, body: &str) -> Result<u64, SendError> {
    let body = body.as_bytes().to_vec();
    let ticket = harness
        .session
        .send(harness.now, "chat", None, Content::Value, body);
    harness.drain();
    ticket
}

fn numbers(harness: &mut Harness) -> Vec<(u32, Vec<u8>)> {
    let messages = harness.sent_frames().into_iter().map(|sent_frames| {
        let SentFrame::Message {
            channel: CHAT,
            topic: None,
            number,
            body,
        } = sent_frames
        else {
            panic!("not a chat message: {sent_frames:?}");
        };
        (number, body)
    });
    messages.collect()
}

fn expected(messages: &[(u32, &str)]) -> Vec<(u32, Vec<u8>)> {
    let messages = messages.iter();
    messages.map(|&(n, text)| (n, text.into())).collect()
}

#[test]
fn withdraws_what_was_not_sent() {
    let mut harness = Harness::new(config());
    let tickets = ["a", "b", "c"].map(|text| send(&mut harness, text).unwrap());
    assert!(harness.session.withdraw(tickets[1]));
    assert!(!harness.session.withdraw(tickets[1]), "only once");
    harness.open();
    harness.auth_ok(false, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "a"), (2, "c")]));
    assert!(!harness.session.withdraw(tickets[2]), "it was sent");
    harness.close(None);
    assert!(
        !harness.session.withdraw(tickets[2]),
        "it may have been taken"
    );
    let late = send(&mut harness, "d").unwrap();
    assert!(harness.session.withdraw(late));
    harness.let_time_pass();
    harness.open_socket();
    harness.events();
    harness.auth_ok(true, 1);
    assert_eq!(numbers(&mut harness), expected(&[(2, "c")]));
    let rest = [tickets[0], tickets[2]];
    harness.control(&[ServerOp::Received { upto: 2 }]);
    let mut events = harness.events();
    events.retain(|event| matches!(event, Event::Sent { .. }));
    assert_eq!(events, rest.map(|ticket| Event::Sent { ticket }));
}

#[test]
fn sends_wait_for_handshake() {
    let mut harness = Harness::new(config());
    let tickets = ["a", "b"].map(|text| send(&mut harness, text).unwrap());
    harness.open();
    harness.auth_ok(false, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "a"), (2, "b")]));
    let third = send(&mut harness, "c").unwrap();
    assert_eq!(numbers(&mut harness), expected(&[(3, "c")]));
    harness.events();
    harness.control(&[ServerOp::Received { upto: 2 }]);
    assert_eq!(
        harness.events(),
        tickets.map(|ticket| Event::Sent { ticket }).to_vec()
    );
    harness.control(&[ServerOp::Received { upto: 3 }]);
    assert_eq!(harness.events(), [Event::Sent { ticket: third }]);
}

#[test]
fn resumed_session_repeats_with_same_numbers() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    let first = send(&mut harness, "a").unwrap();
    send(&mut harness, "b").unwrap();
    send(&mut harness, "c").unwrap();
    harness.sent_frames();
    harness.reconnect();
    send(&mut harness, "d").unwrap();
    harness.events();
    harness.auth_ok(true, 1);
    assert_eq!(
        numbers(&mut harness),
        expected(&[(2, "b"), (3, "c"), (4, "d")])
    );
    assert!(harness.events().contains(&Event::Sent { ticket: first }));
}

#[test]
fn new_session_renumbers_from_one() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    send(&mut harness, "a").unwrap();
    harness.control(&[ServerOp::Received { upto: 1 }]);
    let tickets = ["b", "c"].map(|text| send(&mut harness, text).unwrap());
    harness.sent_frames();
    harness.reconnect();
    harness.auth_ok(false, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "b"), (2, "c")]));
    harness.events();
    harness.control(&[ServerOp::Received { upto: 1 }]);
    let ticket = tickets[0];
    assert_eq!(harness.events(), [Event::Sent { ticket }]);
}

#[test]
fn lost_numbers_go_on_after_received() {
    let mut config = config();
    config.secret = Some(SECRET);
    let mut harness = Harness::new(config);
    send(&mut harness, "a").unwrap();
    harness.open();
    harness.auth_ok(true, 17);
    assert_eq!(numbers(&mut harness), expected(&[(18, "a")]));
}

#[test]
fn rejected_send_is_not_repeated() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    let tickets = ["a", "b"].map(|text| send(&mut harness, text).unwrap());
    harness.sent_frames();
    harness.events();
    let rejected = ServerOp::Rejected(RejectedMessage {
        number: 1,
        code: ErrorCode::RateLimited,
        message: "no".into(),
        retry_ms: Some(20),
    });
    harness.control(&[rejected, ServerOp::Received { upto: 1 }]);
    let refused = Event::Refused {
        ticket: tickets[0],
        code: ErrorCode::RateLimited,
        message: "no".into(),
        retry: Some(Duration::from_millis(20)),
    };
    assert_eq!(harness.events(), [refused]);
    harness.reconnect();
    harness.auth_ok(true, 1);
    assert_eq!(numbers(&mut harness), expected(&[(2, "b")]));
}

#[test]
fn auth_ok_reports_lost_rejection() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    let tickets = ["a", "b"].map(|text| send(&mut harness, text).unwrap());
    harness.events();
    harness.reconnect();
    let rejected = RejectedMessage {
        number: 1,
        code: ErrorCode::Refused,
        message: "no".into(),
        retry_ms: None,
    };
    let ServerOp::AuthOk(mut ok) = auth_ok(true, 2) else {
        unreachable!("a auth_ok is an auth_ok");
    };
    ok.rejected.push(rejected);
    harness.control(&[ServerOp::AuthOk(ok)]);
    let answers: Vec<Event> = harness.events().into_iter().filter(is_answer).collect();
    let refused = Event::Refused {
        ticket: tickets[0],
        code: ErrorCode::Refused,
        message: "no".into(),
        retry: None,
    };
    assert_eq!(answers, [refused, Event::Sent { ticket: tickets[1] }]);
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::Refused { .. } | Event::Sent { .. })
}

#[test]
fn refused_send_uses_no_number() {
    let mut harness = Harness::new(config());
    let large = send(&mut harness, &"x".repeat(10_000)).unwrap();
    let now = harness.now;
    let nowhere = harness
        .session
        .send(now, "nope", None, Content::Value, vec![]);
    let system = harness
        .session
        .send(now, "system", None, Content::Value, vec![]);
    send(&mut harness, "a").unwrap();
    harness.open();
    harness.auth_ok(false, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "a")]));
    let (mut refused, mut messages) = (vec![], vec![]);
    for event in harness.events() {
        if let Event::Refused {
            ticket,
            code,
            message,
            retry: None,
        } = event
        {
            refused.push((ticket, code));
            messages.push(message);
        }
    }
    assert_eq!(
        refused,
        [
            (large, ErrorCode::TooLarge),
            (nowhere.unwrap(), ErrorCode::UnknownChannel),
            (system.unwrap(), ErrorCode::UnknownChannel)
        ]
    );
    assert_eq!(messages[1], "the server has no channel named nope");
    assert!(messages[2].starts_with("the system channel "));
    let max_message_bytes = 10_000;
    assert_eq!(
        send(&mut harness, &"x".repeat(10_000)),
        Err(SendError::TooLarge { max_message_bytes })
    );
}

#[test]
fn queue_is_bounded() {
    let mut config = config();
    config.max_uplink_messages = 2;
    config.max_uplink_bytes = 10;
    let mut harness = Harness::new(config);
    assert_eq!(
        send(&mut harness, "more than ten"),
        Err(SendError::QueueFull)
    );
    send(&mut harness, "a").unwrap();
    send(&mut harness, "b").unwrap();
    assert_eq!(send(&mut harness, "c"), Err(SendError::QueueFull));
    harness.open();
    harness.auth_ok(false, 0);
    harness.control(&[ServerOp::Received { upto: 1 }]);
    assert!(send(&mut harness, "c").is_ok());
    assert_eq!(
        numbers(&mut harness),
        expected(&[(1, "a"), (2, "b"), (3, "c")])
    );
}

#[test]
fn closed_session_keeps_its_sends() {
    let mut harness = Harness::new(config());
    send(&mut harness, "a").unwrap();
    harness.open();
    harness.close(Some(4201));
    assert_eq!(send(&mut harness, "b"), Err(SendError::Closed));
    harness.open();
    harness.auth_ok(true, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "a")]));
}

#[test]
fn pauses_when_rate_is_limited() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    send(&mut harness, "a").unwrap();
    harness.control(&[rate_limited(5_000)]);
    assert!(matches!(
        harness.events().last(),
        Some(Event::Error {
            code: ErrorCode::RateLimited,
            ..
        })
    ));
    send(&mut harness, "b").unwrap();
    assert_eq!(numbers(&mut harness), expected(&[(1, "a")]));
    harness.pass(Duration::from_millis(4_999));
    assert_eq!(numbers(&mut harness), []);
    harness.pass(Duration::from_millis(1));
    assert_eq!(numbers(&mut harness), expected(&[(2, "b")]));
}

#[test]
fn new_connection_ends_pause() {
    let mut harness = Harness::new(config());
    harness.open();
    harness.auth_ok(false, 0);
    harness.control(&[rate_limited(u64::MAX)]);
    send(&mut harness, "a").unwrap();
    assert_eq!(numbers(&mut harness), []);
    harness.reconnect();
    harness.auth_ok(true, 0);
    assert_eq!(numbers(&mut harness), expected(&[(1, "a")]));
}

#[test]
fn topics_are_kept_over_reconnects() {
    let mut harness = Harness::new(config());
    let now = harness.now;
    for topic in [Some("room-1"), None] {
        let (content, body) = (Content::Value, b"a".to_vec());
        let sent = harness.session.send(now, "chat", topic, content, body);
        assert!(sent.is_ok());
    }
    harness.open();
    for resumed in [false, true] {
        harness.auth_ok(resumed, 0);
        let sent = harness.sent_frames().into_iter().map(|frame| match frame {
            SentFrame::Message { topic, number, .. } => (topic, number),
            SentFrame::Op(op) => panic!("not a message: {op:?}"),
        });
        let expected = [(Some(b"room-1".to_vec()), 1), (None, 2)];
        assert_eq!(sent.collect::<Vec<_>>(), expected);
        harness.reconnect();
    }
}

#[test]
fn topics_are_checked() {
    let mut harness = Harness::new(config());
    let now = harness.now;
    let mut send = |topic: &str| {
        let topic = Some(topic);
        harness
            .session
            .send(now, "chat", topic, Content::Value, vec![])
    };
    for topic in ["", &"x".repeat(256)] {
        assert_eq!(send(topic), Err(SendError::BadTopic));
    }
    assert!(send(&"x".repeat(255)).is_ok());
}

fn rate_limited(retry_ms: u64) -> ServerOp {
    ServerOp::Error {
        code: ErrorCode::RateLimited,
        message: "wait".into(),
        id: None,
        retry_ms: Some(retry_ms),
    }
}
