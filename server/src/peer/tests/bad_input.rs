//! Tests of frames that no client should send: each is answered, counted, and changes nothing for others.

use push_wire_shared::close::CloseReason;
use push_wire_shared::position::{Position, ResetReason};
use push_wire_shared::session::op::{ErrorCode, RejectedMessage};

use super::*;

/// A client that reads chat, and a bystander who must not notice anything.
fn two() -> (Arc<Hub>, WireClient, WireClient) {
    two_of(hub())
}

fn two_of(hub: Arc<Hub>) -> (Arc<Hub>, WireClient, WireClient) {
    let mut bystander = WireClient::connect(&hub);
    bystander.op(&ClientOp::Auth(Auth {
        subscriptions: vec![subscribe(1, "chat")],
        ..Auth::new(Uuid::from_u128(1))
    }));
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![subscribe(1, "chat")]);
    (hub, client, bystander)
}

fn assert_unharmed(hub: &Hub, mut bystander: WireClient) {
    let before = bystander.hub.stats().published;
    publish(hub, CHAT, "\"still here\"");
    assert_eq!(bodies(&bystander.see()), ["\"still here\""]);
    assert_eq!(hub.stats().published, before + 1);
}

fn record(frame: &[u8]) -> Vec<u8> {
    let mut message = vec![u8::try_from(frame.len()).unwrap()];
    message.extend_from_slice(frame);
    message
}

#[test]
fn broken_frames_close_with_a_stated_error() {
    let frames: [&[u8]; 4] = [
        b"RP\x01",
        b"XX\x01\0\0\0\0\0\0",
        b"RP\x02\0\0\0\0\0\0",
        b"RP\x01\x80\0\0\0\0\0",
    ];
    for frame in frames {
        let (hub, mut client, bystander) = two();
        let seen = client.message(record(frame));
        assert!(
            matches!(&seen[0], Seen::Op(ServerOp::Error { code: ErrorCode::BadFrame, message, .. }) if !message.is_empty()),
            "{seen:?}"
        );
        assert_eq!(seen[1], Seen::Close(CloseReason::ProtocolError.code()));
        let stats = hub.stats();
        assert_eq!(stats.errors["bad_frame"], 1);
        assert_eq!(stats.closes[&CloseReason::ProtocolError.code()], 1);
        assert_unharmed(&hub, bystander);
    }
}

#[test]
fn truncated_record_closes() {
    let (hub, mut client, bystander) = two();
    let seen = client.message(vec![200, 1, 2]);
    assert_eq!(
        seen.last(),
        Some(&Seen::Close(CloseReason::ProtocolError.code()))
    );
    assert_unharmed(&hub, bystander);
}

#[test]
fn frame_errors_keep_connection() {
    let (hub, mut client, bystander) = two();
    let fault = |seen: &[Seen], expected: ErrorCode| match &seen[0] {
        Seen::Op(
            ServerOp::Error { code, .. } | ServerOp::Rejected(RejectedMessage { code, .. }),
        ) => {
            assert_eq!(*code, expected);
        }
        other => panic!("{other:?}"),
    };
    fault(
        &client.op(&ClientOp::Subscribe(vec![subscribe(2, "nope")])),
        ErrorCode::UnknownChannel,
    );
    let topic = ScopeRequest::Topic("x".repeat(256));
    let request = Subscribe {
        scope: topic,
        ..subscribe(3, "chat")
    };
    fault(
        &client.op(&ClientOp::Subscribe(vec![request])),
        ErrorCode::BadTopic,
    );
    fault(
        &client.op(&ClientOp::Subscribe(vec![subscribe(1, "chat")])),
        ErrorCode::BadSubscription,
    );
    fault(
        &client.op(&ClientOp::Unsubscribe(vec![77])),
        ErrorCode::BadSubscription,
    );
    fault(&client.op(&ClientOp::Whole(77)), ErrorCode::BadSubscription);
    fault(&client.send(99, 1, "1"), ErrorCode::UnknownChannel);
    fault(&client.send(CHAT, 2, "{not json"), ErrorCode::BadPayload);
    let op = client.control;
    client.control += 1;
    fault(
        &client.frame(SYSTEM, op, b"\x81\xa2op\xa3fly"),
        ErrorCode::BadOp,
    );
    publish(&hub, CHAT, "1");
    assert_eq!(bodies(&client.see()), ["1"]);
    drop(bystander.peer);
}

#[test]
fn a_cursor_from_the_future_is_reset() {
    let (hub, mut client, bystander) = two();
    publish(&hub, CHAT, "1");
    let epoch = hub
        .publish(at(0), &broadcast(CHAT), json("2"))
        .unwrap()
        .epoch;
    client.see();
    client.op(&ClientOp::Unsubscribe(vec![1]));
    let position = Some(Position::untagged(epoch, 1_000));
    let seen = client.op(&ClientOp::Subscribe(vec![Subscribe {
        position,
        ..subscribe(2, "chat")
    }]));
    assert!(matches!(
        seen[0],
        Seen::Op(ServerOp::Reset {
            reason: ResetReason::EpochChanged,
            head: 2,
            ..
        })
    ));
    assert_eq!(bodies(&seen), ["1", "2"]);
    drop(bystander.peer);
}

/// Checks that an error states the reason for the end of the connection.
fn assert_explained(seen: &[Seen], text: &str, reason: CloseReason) {
    assert!(
        matches!(seen, [Seen::Op(ServerOp::Error { message, .. }), end]
            if message.contains(text) && *end == Seen::Close(reason.code())),
        "{seen:?}"
    );
}

#[test]
fn first_message_is_auth_in_time() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    let seen = client.op(&ClientOp::Ping);
    assert_explained(&seen, "is auth", CloseReason::AuthExpected);
    let mut garbage = WireClient::connect(&hub);
    let seen = garbage.frame(SYSTEM, 0, b"nonsense");
    assert_explained(&seen, "at byte 0", CloseReason::AuthExpected);
    let mut silent = WireClient::connect(&hub);
    silent.peer.handle_timeout(at(10));
    assert_eq!(
        silent.see(),
        [Seen::Close(CloseReason::HandshakeTimeout.code())]
    );
}

#[test]
fn text_and_unordered_control_frames_close() {
    let (hub, mut client, bystander) = two();
    client.control += 1;
    let seen = client.op(&ClientOp::Ping);
    assert_eq!(
        seen.last(),
        Some(&Seen::Close(CloseReason::OutOfSequence.code()))
    );
    let mut text = WireClient::connect(&hub);
    text.peer
        .handle_message(at(0), Message::Text("hello".into()));
    assert_explained(&text.see(), "text message", CloseReason::ProtocolError);
    assert_unharmed(&hub, bystander);
}

#[test]
fn refuses_subscriptions_above_limit() {
    let mut config = config();
    config.limits.subscriptions = 3;
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    let items = (1..=5).map(|id| subscribe(id, "chat")).collect();
    let seen = client.auth(None, items);
    let refused = seen.iter().filter(|seen| {
        matches!(
            seen,
            Seen::Op(ServerOp::Error {
                code: ErrorCode::TooManySubscriptions,
                id: Some(4 | 5),
                ..
            })
        )
    });
    assert_eq!(refused.count(), 2);
    publish(&hub, CHAT, "1");
    assert_eq!(bodies(&client.see()).len(), 3);
}

#[test]
fn bounds_the_answers_to_one_message() {
    const RECORDS: u32 = 5_000;
    let limit = crate::Limits::default().control_ops;
    let mut ping = Vec::new();
    ClientOp::Ping.encode(&mut ping);
    let pings = (1..=RECORDS).flat_map(|number| super::record(SYSTEM, number, &ping));
    let uplinks = (1..=RECORDS).flat_map(|number| uplink_record(CHAT, number, b"1"));
    for message in [pings.collect::<Vec<u8>>(), uplinks.collect()] {
        let mut config = config();
        config.limits.client_rates = crate::Rates::UNLIMITED;
        let (hub, mut client, bystander) = two_of(hub_of(config));
        let message = Message::Binary(message.into());
        client.peer.handle_message(at(0), message);
        let mut answers = Vec::new();
        while client.peer.is_full() {
            let waiting = client.peer.usage().pending_ops + client.peer.executor.actions.len();
            assert!((1..=limit).contains(&waiting), "{waiting}");
            answers.extend(client.see());
        }
        answers.extend(client.see());
        let upto = u64::from(RECORDS);
        let received = Seen::Op(ServerOp::Received { upto });
        let is_of_all = answers.len() == RECORDS as usize || answers.last() == Some(&received);
        assert!(is_of_all, "{} answers", answers.len());
        assert_unharmed(&hub, bystander);
    }
}
