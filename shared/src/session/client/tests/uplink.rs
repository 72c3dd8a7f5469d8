//! Tests of client messages: order, repeats and limits (docs/protocol.md section 7).

use alloc::vec;
use alloc::vec::Vec;

use super::peer::*;
use crate::session::client::{Event, SendError};
use crate::session::op::{ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;

fn send(line: &mut Line, body: &str) -> Result<u64, SendError> {
    let body = body.as_bytes().to_vec();
    let ticket = line.session.send(line.now, "chat", Content::Value, body);
    line.drain();
    ticket
}

fn numbers(line: &mut Line) -> Vec<(u32, Vec<u8>)> {
    let messages = line.said().into_iter().map(|said| {
        let Said::Message {
            channel: CHAT,
            number,
            body,
        } = said
        else {
            panic!("not a chat message: {said:?}");
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
fn sends_wait_for_handshake() {
    let mut line = Line::new(config());
    let tickets = ["a", "b"].map(|text| send(&mut line, text).unwrap());
    line.open();
    line.auth_ok(false, 0);
    assert_eq!(numbers(&mut line), expected(&[(1, "a"), (2, "b")]));
    let third = send(&mut line, "c").unwrap();
    assert_eq!(numbers(&mut line), expected(&[(3, "c")]));
    line.events();
    line.control(&[ServerOp::Received { upto: 2 }]);
    assert_eq!(
        line.events(),
        tickets.map(|ticket| Event::Sent { ticket }).to_vec()
    );
    line.control(&[ServerOp::Received { upto: 3 }]);
    assert_eq!(line.events(), [Event::Sent { ticket: third }]);
}

#[test]
fn resumed_session_repeats_with_same_numbers() {
    let mut line = Line::new(config());
    line.open();
    line.auth_ok(false, 0);
    let first = send(&mut line, "a").unwrap();
    send(&mut line, "b").unwrap();
    send(&mut line, "c").unwrap();
    line.said();
    line.reconnect();
    send(&mut line, "d").unwrap();
    line.events();
    line.auth_ok(true, 1);
    assert_eq!(
        numbers(&mut line),
        expected(&[(2, "b"), (3, "c"), (4, "d")])
    );
    assert!(line.events().contains(&Event::Sent { ticket: first }));
}

#[test]
fn new_session_renumbers_from_one() {
    let mut line = Line::new(config());
    line.open();
    line.auth_ok(false, 0);
    send(&mut line, "a").unwrap();
    line.control(&[ServerOp::Received { upto: 1 }]);
    let tickets = ["b", "c"].map(|text| send(&mut line, text).unwrap());
    line.said();
    line.reconnect();
    line.auth_ok(false, 0);
    assert_eq!(numbers(&mut line), expected(&[(1, "b"), (2, "c")]));
    line.events();
    line.control(&[ServerOp::Received { upto: 1 }]);
    let ticket = tickets[0];
    assert_eq!(line.events(), [Event::Sent { ticket }]);
}

#[test]
fn lost_numbers_go_on_after_received() {
    let mut config = config();
    config.secret = Some(SECRET);
    let mut line = Line::new(config);
    send(&mut line, "a").unwrap();
    line.open();
    line.auth_ok(true, 17);
    assert_eq!(numbers(&mut line), expected(&[(18, "a")]));
}

#[test]
fn rejected_send_is_not_repeated() {
    let mut line = Line::new(config());
    line.open();
    line.auth_ok(false, 0);
    let tickets = ["a", "b"].map(|text| send(&mut line, text).unwrap());
    line.said();
    line.events();
    let rejected = ServerOp::Rejected(RejectedMessage {
        number: 1,
        code: ErrorCode::Refused,
        message: "no".into(),
    });
    line.control(&[rejected, ServerOp::Received { upto: 1 }]);
    let refused = Event::Refused {
        ticket: tickets[0],
        code: ErrorCode::Refused,
        message: "no".into(),
    };
    assert_eq!(line.events(), [refused]);
    line.reconnect();
    line.auth_ok(true, 1);
    assert_eq!(numbers(&mut line), expected(&[(2, "b")]));
}

#[test]
fn auth_ok_reports_lost_rejection() {
    let mut line = Line::new(config());
    line.open();
    line.auth_ok(false, 0);
    let tickets = ["a", "b"].map(|text| send(&mut line, text).unwrap());
    line.events();
    line.reconnect();
    let rejected = RejectedMessage {
        number: 1,
        code: ErrorCode::Refused,
        message: "no".into(),
    };
    let ServerOp::AuthOk(mut ok) = auth_ok(true, 2) else {
        unreachable!("a auth_ok is an auth_ok");
    };
    ok.rejected.push(rejected);
    line.control(&[ServerOp::AuthOk(ok)]);
    let answers: Vec<Event> = line.events().into_iter().filter(is_answer).collect();
    let refused = Event::Refused {
        ticket: tickets[0],
        code: ErrorCode::Refused,
        message: "no".into(),
    };
    assert_eq!(answers, [refused, Event::Sent { ticket: tickets[1] }]);
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::Refused { .. } | Event::Sent { .. })
}

#[test]
fn refused_send_uses_no_number() {
    let mut line = Line::new(config());
    let large = send(&mut line, &"x".repeat(10_000)).unwrap();
    let now = line.now;
    let nowhere = line.session.send(now, "nope", Content::Value, vec![]);
    let system = line.session.send(now, "system", Content::Value, vec![]);
    send(&mut line, "a").unwrap();
    line.open();
    line.auth_ok(false, 0);
    assert_eq!(numbers(&mut line), expected(&[(1, "a")]));
    let mut refused = vec![];
    for event in line.events() {
        if let Event::Refused { ticket, code, .. } = event {
            refused.push((ticket, code));
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
    let max_message_bytes = 10_000;
    assert_eq!(
        send(&mut line, &"x".repeat(10_000)),
        Err(SendError::TooLarge { max_message_bytes })
    );
}

#[test]
fn queue_is_bounded() {
    let mut config = config();
    config.max_uplink_messages = 2;
    config.max_uplink_bytes = 10;
    let mut line = Line::new(config);
    assert_eq!(send(&mut line, "more than ten"), Err(SendError::QueueFull));
    send(&mut line, "a").unwrap();
    send(&mut line, "b").unwrap();
    assert_eq!(send(&mut line, "c"), Err(SendError::QueueFull));
    line.open();
    line.auth_ok(false, 0);
    line.control(&[ServerOp::Received { upto: 1 }]);
    assert!(send(&mut line, "c").is_ok());
    assert_eq!(
        numbers(&mut line),
        expected(&[(1, "a"), (2, "b"), (3, "c")])
    );
}

#[test]
fn closed_session_keeps_its_sends() {
    let mut line = Line::new(config());
    send(&mut line, "a").unwrap();
    line.open();
    line.close(Some(4201));
    assert_eq!(send(&mut line, "b"), Err(SendError::Closed));
    line.open();
    line.auth_ok(true, 0);
    assert_eq!(numbers(&mut line), expected(&[(1, "a")]));
}
