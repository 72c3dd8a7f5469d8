//! Tests of the work that one message causes, and of the state kept during the handshake.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an unexpected output fails the test"
)]

mod grant_end;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::*;
use crate::channel::{Channel, ChannelMode, ChannelTable};
use crate::close::CloseReason;
use crate::hidden::Hidden;
use crate::limits::{
    EARLY_OPS, EARLY_OPS_BYTES, MESSAGE_BYTES, REJECTIONS, SUBSCRIPTIONS, TEXT_BYTES,
};
use crate::position::{Bounds, Epoch, Scope, StartAt, Tag};
use crate::session::op::{
    Auth, AuthOk, ClientOp, ErrorCode, RejectedMessage, ScopeRequest, ServerOp, StreamHead,
    Subscribe,
};
use crate::session::wire::Content;
use crate::time::Moment;

fn config() -> Arc<ServerConfig> {
    config_with(&[])
}

/// A server with these channels too.
fn config_with(names: &[String]) -> Arc<ServerConfig> {
    let channel = |id, name: &str, mode| Channel {
        id,
        name: name.into(),
        priority: 1,
        mode,
    };
    let mut channels = vec![
        channel(0, "system", ChannelMode::System),
        channel(1, "chat", ChannelMode::Log),
    ];
    let more = (2..).zip(names);
    channels.extend(more.map(|(id, name)| channel(id, name, ChannelMode::Log)));
    Arc::new(ServerConfig::new(ChannelTable::new(channels)))
}

fn new() -> ServerSession {
    ServerSession::new(config(), Moment::default())
}

fn outputs(session: &mut ServerSession) -> Vec<Output> {
    core::iter::from_fn(|| session.poll_output()).collect()
}

fn say(session: &mut ServerSession, op: ClientOp) -> Vec<Output> {
    session.handle_op(Moment::default(), op);
    outputs(session)
}

fn accept(session: &mut ServerSession, rejected: Vec<RejectedMessage>) -> Vec<Output> {
    let state = SessionState {
        secret: Hidden([1; 16]),
        resumed: false,
        received: 0,
        rejected,
    };
    session.handle_accepted(Moment::default(), state);
    outputs(session)
}

fn ready() -> ServerSession {
    ready_with(Auth::new(Uuid::nil()))
}

fn ready_with(auth: Auth) -> ServerSession {
    let mut session = new();
    say(&mut session, ClientOp::Auth(auth));
    accept(&mut session, vec![]);
    session
}

fn topic(id: u32, topic: &str) -> Subscribe {
    Subscribe {
        id,
        channel: "chat".into(),
        scope: ScopeRequest::Topic(topic.into()),
        position: None,
        start: StartAt::Oldest,
    }
}

fn readable(stream: u64) -> Opened {
    Opened::Readable {
        stream,
        bounds: Bounds {
            epoch: Epoch(1),
            floor: 0,
            floor_tag: Tag::UNKNOWN,
            head: 0,
            head_tag: Tag::UNKNOWN,
        },
        found: Tag::UNKNOWN,
    }
}

/// Looks that are asked for, with their topics.
fn lookups(outputs: &[Output]) -> Vec<(u64, String)> {
    let lookup = |output: &Output| match output {
        Output::Open { lookup, key, .. } => match &key.scope {
            Scope::Topic(topic) => Some((*lookup, String::from(&**topic))),
            Scope::Channel | Scope::Inbox(_) => None,
        },
        _ => None,
    };
    outputs.iter().filter_map(lookup).collect()
}

#[test]
fn unknown_ids_get_one_error() {
    let mut session = ready();
    let ids: Vec<u32> = (0..u32::try_from(SUBSCRIPTIONS).unwrap()).rev().collect();
    let said = say(&mut session, ClientOp::Unsubscribe(ids));
    let [
        Output::Op(ServerOp::Error {
            code, message, id, ..
        }),
    ] = &said[..]
    else {
        panic!("not one error: {said:?}");
    };
    assert_eq!((*code, *id), (ErrorCode::BadSubscription, None));
    assert_eq!(message, "no subscription of id 0, 1, 2, 3 and 1020 more");
}

#[test]
fn lists_without_order_are_deduplicated() {
    let mut session = ready();
    let said = say(&mut session, ClientOp::Subscribe(vec![topic(7, "a")]));
    assert!(session.handle_opened(lookups(&said)[0].0, readable(1)));
    outputs(&mut session);
    let acks = vec![(7, 3), (7, 9), (8, 1), (7, 4)];
    let said = say(&mut session, ClientOp::Ack(acks));
    assert_eq!(said, [Output::Acked { id: 7, cursor: 9 }]);
    let said = say(&mut session, ClientOp::Have(vec![2, 1, 2, 2]));
    assert_eq!(said, [Output::Have(vec![1, 2])]);
    let said = say(&mut session, ClientOp::Unsubscribe(vec![7, 7, 7]));
    assert_eq!(said, [Output::Stop { id: 7 }]);
}

#[test]
fn an_ended_subscription_has_its_outcome() {
    for opened in [readable(1), Opened::NotPermitted, Opened::Unavailable] {
        let mut session = ready();
        session.handle_op(Moment::default(), ClientOp::Subscribe(vec![topic(1, "a")]));
        let said = say(&mut session, ClientOp::Unsubscribe(vec![1]));
        assert!(!session.handle_opened(lookups(&said)[0].0, opened));
        let said = outputs(&mut session);
        assert!(
            matches!(
                said[..],
                [Output::Op(
                    ServerOp::Resumed { id: 1, .. } | ServerOp::Reset { id: 1, .. }
                )]
            ),
            "{said:?}"
        );
    }
}

#[test]
fn a_reused_id_reads_the_later_stream() {
    let mut session = ready();
    for op in [
        ClientOp::Subscribe(vec![topic(1, "a")]),
        ClientOp::Unsubscribe(vec![1]),
        ClientOp::Subscribe(vec![topic(1, "b")]),
    ] {
        session.handle_op(Moment::default(), op);
    }
    let lookups = lookups(&outputs(&mut session));
    assert_eq!(lookups[0].1, "a");
    assert_eq!(lookups[1].1, "b");
    assert!(!session.handle_opened(lookups[0].0, readable(11)));
    assert!(session.handle_opened(lookups[1].0, readable(22)));
    let said = outputs(&mut session);
    let outcomes = said.iter().filter_map(|output| match output {
        Output::Op(ServerOp::Resumed { id: 1, stream, .. }) => Some(*stream),
        _ => None,
    });
    assert_eq!(outcomes.collect::<Vec<_>>(), [11, 22]);
    assert!(matches!(said[2], Output::Read { id: 1, lookup, .. } if lookup == lookups[1].0));
}

fn upload(session: &mut ServerSession, number: u32) {
    upload_to(session, None, number);
}

fn upload_to(session: &mut ServerSession, topic: Option<&[u8]>, number: u32) {
    let uplink = Uplink {
        channel: 1,
        topic: topic.map(Bytes::copy_from_slice),
        sequence: Some(number),
        content: Content::Value,
        body: Bytes::from_static(b"1"),
    };
    session.handle_uplink(Moment::default(), uplink);
}

fn refused() -> Result<(), MessageError> {
    Err(MessageError::new(ErrorCode::Refused, String::new()))
}

fn received(upto: u64) -> Output {
    Output::Op(ServerOp::Received { upto })
}

#[test]
fn acknowledges_answers_together() {
    let mut session = ready();
    (1..=4).for_each(|number| upload(&mut session, number));
    assert_eq!(outputs(&mut session).len(), 4);
    session.handle_answer(Some(1), Ok(()));
    session.handle_answer(Some(2), refused());
    session.handle_answer(Some(3), Ok(()));
    let [rejected, acknowledged] = &outputs(&mut session)[..] else {
        panic!("not one refusal and one acknowledgement");
    };
    assert!(
        matches!(rejected, Output::Op(ServerOp::Rejected(rejected)) if rejected.number == 2),
        "{rejected:?}"
    );
    assert_eq!(*acknowledged, received(3));
    session.handle_answer(Some(4), Ok(()));
    assert_eq!(outputs(&mut session), [received(4)]);
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn delivers_topics() {
    let mut session = ready();
    let longest = "x".repeat(255);
    for (number, topic) in (1..).zip([None, Some("room-1"), Some(&longest)]) {
        upload_to(&mut session, topic.map(str::as_bytes), number);
        let said = outputs(&mut session);
        let [Output::Deliver(delivery)] = &said[..] else {
            panic!("not delivered: {said:?}");
        };
        assert_eq!(delivery.topic.as_deref(), topic);
        assert_eq!(delivery.number, Some(u64::from(number)));
    }
}

#[test]
fn rejects_bad_topics() {
    let mut session = ready();
    for (number, topic) in (1..).zip([&b""[..], b"\xff", &[b'x'; 256]]) {
        upload_to(&mut session, Some(topic), number);
        let said = outputs(&mut session);
        assert!(
            matches!(
                &said[0],
                Output::Op(ServerOp::Rejected(rejected))
                    if rejected.number == u64::from(number) && rejected.code == ErrorCode::BadTopic
            ),
            "{said:?}"
        );
        assert_eq!(said[1..], [received(number.into())]);
    }
}

#[test]
fn acknowledges_repeats_together() {
    let mut session = ready();
    upload(&mut session, 1);
    session.handle_answer(Some(1), Ok(()));
    outputs(&mut session);
    upload(&mut session, 1);
    upload(&mut session, 1);
    assert_eq!(outputs(&mut session), [received(1)]);
}

#[test]
fn acknowledges_before_it_closes() {
    let mut session = ready();
    (1..=2).for_each(|number| upload(&mut session, number));
    outputs(&mut session);
    session.handle_answer(Some(1), Ok(()));
    session.close(CloseReason::Draining);
    let closed = [received(1), Output::Close(CloseReason::Draining)];
    assert_eq!(outputs(&mut session), closed);
    assert_eq!(outputs(&mut session), []);

    let mut session = ready();
    upload(&mut session, 1);
    outputs(&mut session);
    session.handle_answer(Some(1), Ok(()));
    upload(&mut session, 3);
    let said = outputs(&mut session);
    assert_eq!(said[0], received(1));
    assert!(is_protocol_error(&said[1..], "message 3 after 1"));
}

/// Returns whether these are an error with this text, and the end of the connection with 4202.
fn is_protocol_error(said: &[Output], text: &str) -> bool {
    let [Output::Op(ServerOp::Error { message, .. }), end] = said else {
        return false;
    };
    message.contains(text) && *end == Output::Close(CloseReason::ProtocolError)
}

#[test]
fn early_ops_are_bounded_in_number_and_bytes() {
    let mut session = new();
    say(&mut session, ClientOp::Auth(Auth::new(Uuid::nil())));
    for _ in 0..EARLY_OPS {
        assert_eq!(say(&mut session, ClientOp::Ping), []);
    }
    let said = say(&mut session, ClientOp::Ping);
    assert!(is_protocol_error(&said, "more ops before auth_ok"));

    let mut session = new();
    say(&mut session, ClientOp::Auth(Auth::new(Uuid::nil())));
    let large = topic(1, &"x".repeat(EARLY_OPS_BYTES));
    let said = say(&mut session, ClientOp::Subscribe(vec![large]));
    assert!(is_protocol_error(&said, "more ops before auth_ok"));
}

fn auth_ok(said: &[Output]) -> &AuthOk {
    match &said[0] {
        Output::Op(ServerOp::AuthOk(ok)) => ok,
        other => panic!("not auth_ok: {other:?}"),
    }
}

#[test]
fn auth_ok_fits_the_clients_limit() {
    let rejected = |number| RejectedMessage {
        number,
        code: ErrorCode::TooManySubscriptions,
        message: "x".repeat(TEXT_BYTES * 10),
        retry_ms: None,
    };
    let all: Vec<_> = (1..=REJECTIONS as u64).map(rejected).collect();
    for (limit, kept) in [(0, 32), (8 * 1024, 64), (1024 * 1024, REJECTIONS)] {
        let mut session = new();
        let auth = Auth {
            max_message_bytes: limit,
            ..Auth::new(Uuid::nil())
        };
        say(&mut session, ClientOp::Auth(auth));
        let said = accept(&mut session, all.clone());
        let ok = auth_ok(&said);
        assert_eq!(ok.rejected.len(), kept);
        assert_eq!(ok.rejected[kept - 1].number, REJECTIONS as u64);
        let mut bytes = Vec::new();
        ServerOp::AuthOk(ok.clone()).encode(&mut bytes);
        assert!(bytes.len() <= session.client_limits().message_bytes);
    }
}

#[test]
fn heads_are_split_by_what_clients_take() {
    for (max_message_bytes, count) in [(4_096, 1_000), (MESSAGE_BYTES, 3_000)] {
        let auth = Auth {
            max_message_bytes: max_message_bytes as u64,
            ..Auth::new(Uuid::nil())
        };
        let mut session = ready_with(auth);
        let head = |stream| StreamHead {
            stream: u64::MAX - stream,
            sent: u64::MAX,
            head: u64::MAX,
        };
        session.send_heartbeat((0..count).map(head).collect());
        let mut heads = 0;
        for output in outputs(&mut session) {
            let Output::Op(op @ ServerOp::Ping { .. }) = output else {
                panic!("not a ping: {output:?}");
            };
            let mut bytes = Vec::new();
            op.encode(&mut bytes);
            assert!(bytes.len() <= max_message_bytes, "{}", bytes.len());
            match ServerOp::decode(&bytes) {
                Ok(ServerOp::Ping { heads: some }) => heads += some.len() as u64,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(heads, count);
    }
}

#[test]
fn texts_are_cut() {
    let mut session = ready();
    session.report(ErrorCode::BadOp, &"x".repeat(1 << 20));
    let said = outputs(&mut session);
    let [Output::Op(ServerOp::Error { message, .. })] = &said[..] else {
        panic!("not one error: {said:?}");
    };
    assert_eq!(message.len(), TEXT_BYTES);
    let nowhere = Subscribe {
        channel: "y".repeat(900),
        ..topic(1, "a")
    };
    let said = say(&mut session, ClientOp::Subscribe(vec![nowhere]));
    assert!(
        matches!(&said[0], Output::Op(ServerOp::Error { message, .. }) if message.len() < 200),
        "{said:?}"
    );
}

#[test]
fn auth_ok_above_client_limit_is_error() {
    let names: Vec<String> = (2..40).map(|n| alloc::format!("{n:0>200}")).collect();
    for (limit, code) in [(4096, Some(ErrorCode::TooLarge)), (16_384, None)] {
        let mut session = ServerSession::new(config_with(&names), Moment::default());
        let mut auth = Auth::new(Uuid::nil());
        auth.max_message_bytes = limit;
        say(&mut session, ClientOp::Auth(auth));
        let answers = accept(&mut session, vec![]);
        let told = answers.iter().find_map(|output| match output {
            Output::Op(ServerOp::Error { code, .. }) => Some(*code),
            _ => None,
        });
        assert_eq!(told, code, "{answers:?}");
        let closed = answers.contains(&Output::Close(CloseReason::MessageTooLarge));
        assert_eq!(closed, code.is_some());
    }
}

#[test]
fn refusal_code_carries_retry_advice() {
    for (reason, code) in [
        (CloseReason::Unauthorized, ErrorCode::NotPermitted),
        (CloseReason::AuthUnavailable, ErrorCode::Unavailable),
        (CloseReason::Overloaded, ErrorCode::Unavailable),
    ] {
        let mut session = new();
        say(&mut session, ClientOp::Auth(Auth::new(Uuid::nil())));
        session.handle_refused(reason, "no");
        let said = outputs(&mut session);
        assert!(
            matches!(&said[..], [Output::Op(ServerOp::Error { code: told, .. }), Output::Close(_)] if *told == code),
            "{said:?}"
        );
        assert_eq!(code.is_retryable(), code == ErrorCode::Unavailable);
    }
}
