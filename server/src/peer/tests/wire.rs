//! Tests of peers of the push-wire dialect.

use push_wire_shared::close::CloseReason;
use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::position::{Epoch, Position, ResetReason};
use push_wire_shared::session::op::{ErrorCode, RejectedMessage, StreamHead};

use super::*;

fn resumed(seen: &Seen) -> (u64, Position, u64) {
    match seen {
        Seen::Op(ServerOp::Resumed {
            stream,
            position,
            caught_up,
            ..
        }) => (*stream, *position, *caught_up),
        other => panic!("not resumed: {other:?}"),
    }
}

#[test]
fn entries_follow_their_outcome() {
    let hub = hub();
    publish(&hub, CHAT, "1");
    publish(&hub, CHAT, "2");
    let mut client = WireClient::connect(&hub);
    let seen = client.auth(None, vec![subscribe(5, "chat")]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if !ok.resumed));
    assert_eq!(resumed(&seen[1]).2, 2);
    assert_eq!(bodies(&seen), ["1", "2"]);
    publish(&hub, CHAT, "3");
    assert_eq!(bodies(&client.see()), ["3"]);
    assert_eq!(client.see(), []);
}

#[test]
fn resumes_after_position_or_resets() {
    let hub = hub();
    for n in 1..=5 {
        publish(&hub, CHAT, &n.to_string());
    }
    let mut first = WireClient::connect(&hub);
    let seen = first.auth(None, vec![subscribe(1, "chat")]);
    let (_, position, _) = resumed(&seen[1]);
    first.peer.disconnected(at(0));

    let at_three = Position {
        cursor: 3,
        ..position
    };
    let mut again = WireClient::connect(&hub);
    let request = Subscribe {
        position: Some(at_three),
        ..subscribe(1, "chat")
    };
    let seen = again.auth(Some(WireClient::secret(&seen)), vec![request]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.resumed));
    assert_eq!(resumed(&seen[1]).2, 2);
    assert_eq!(bodies(&seen), ["4", "5"]);

    let foreign = Position::untagged(Epoch(99), 3);
    let request = Subscribe {
        position: Some(foreign),
        ..subscribe(2, "chat")
    };
    let seen = again.op(&ClientOp::Subscribe(vec![request]));
    assert!(matches!(
        seen[0],
        Seen::Op(ServerOp::Reset {
            reason: ResetReason::EpochChanged,
            reading: Some(_),
            head: 5,
            ..
        })
    ));
    assert_eq!(bodies(&seen), ["1", "2", "3", "4", "5"]);
}

#[test]
fn resets_a_reused_cursor() {
    let (hub, memory) = hub_in_memory();
    let mut positions = vec![];
    for n in 1..=5 {
        let published = hub.publish(at(0), &broadcast(CHAT), json(&n.to_string()));
        positions.push(published.unwrap());
    }
    memory.lose_newest(&broadcast(CHAT), 2);
    for n in ["40", "50", "60"] {
        publish(&hub, CHAT, n);
    }
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let mut resume = |position| {
        let request = Subscribe {
            position: Some(position),
            ..subscribe(client.control, "chat")
        };
        client.op(&ClientOp::Subscribe(vec![request]))
    };
    let kept = resume(positions[2]);
    assert_eq!(resumed(&kept[0]).1, positions[2]);
    assert_eq!(bodies(&kept), ["40", "50", "60"]);
    for lost in &positions[3..] {
        let seen = resume(*lost);
        assert!(matches!(
            seen[0],
            Seen::Op(ServerOp::Reset {
                reason: ResetReason::EpochChanged,
                reading: Some((_, Position { cursor: 0, .. })),
                head: 6,
                ..
            })
        ));
        assert_eq!(bodies(&seen), ["1", "2", "3", "40", "50", "60"]);
    }
    // Without its tag a position is taken on trust.
    let untagged = Position::untagged(positions[4].epoch, 5);
    assert_eq!(bodies(&resume(untagged)), ["60"]);
}

#[test]
fn expired_reader_is_reset() {
    let mut config = config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(10));
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![subscribe(1, "chat")]);
    for n in 1..=30 {
        publish(&hub, CHAT, &n.to_string());
    }
    let seen = client.see();
    assert!(matches!(
        seen[0],
        Seen::Op(ServerOp::Reset {
            reason: ResetReason::Expired,
            floor: 20,
            head: 30,
            ..
        })
    ));
    assert_eq!(bodies(&seen).len(), 10);
    assert_eq!(bodies(&seen)[0], "21");
}

#[test]
fn expired_reader_in_a_reused_slot_is_reset_once() {
    let mut config = config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(10));
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![subscribe(1, "chat")]);
    // The first reader is queued when it ends, and the second one takes its place.
    publish(&hub, CHAT, "0");
    client.peer.handle_wake(at(0));
    let ops = [
        ClientOp::Unsubscribe(vec![1]),
        ClientOp::Subscribe(vec![subscribe(2, "chat")]),
    ];
    for op in ops {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let message = record(SYSTEM, client.control, &payload);
        client.control += 1;
        let message = Message::Binary(Bytes::from(message));
        client.peer.handle_message(at(0), message);
    }
    for n in 1..=30 {
        publish(&hub, CHAT, &n.to_string());
    }
    let seen = client.see();
    let resets = seen
        .iter()
        .filter(|one| matches!(one, Seen::Op(ServerOp::Reset { id: 2, .. })));
    assert_eq!(resets.count(), 1, "{seen:?}");
    assert_eq!(bodies(&seen).len(), 10);
}

#[test]
fn state_reader_gets_newest_value_and_deltas() {
    let hub = hub();
    let text = |n: usize| format!("\"{}{n}\"", "a long value that hardly changes, ".repeat(20));
    for n in 1..=3 {
        publish(&hub, PRICE, &text(n));
    }
    let mut client = WireClient::connect(&hub);
    let seen = client.auth(None, vec![subscribe(1, "price")]);
    assert_eq!(bodies(&seen), [text(3)]);
    for n in 4..=9 {
        publish(&hub, PRICE, &text(n));
    }
    let stream = resumed(&seen[1]).0;
    assert_eq!(
        client.see(),
        [Seen::Delta {
            stream,
            sequence: 9
        }]
    );
    let seen = client.op(&ClientOp::Whole(1));
    assert_eq!(
        seen,
        [Seen::Entry {
            stream,
            sequence: 9,
            body: text(9)
        }]
    );
}

#[test]
fn inbox_keeps_entries_until_acknowledged() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    let inbox = || Subscribe {
        scope: ScopeRequest::Inbox,
        ..subscribe(1, "chat")
    };
    let seen = client.auth(None, vec![inbox()]);
    let secret = WireClient::secret(&seen);
    client.peer.disconnected(at(0));
    for n in 1..=3 {
        hub.send(at(1), client_id(), CHAT, json(&n.to_string()))
            .unwrap();
    }
    let mut again = WireClient::connect(&hub);
    assert_eq!(
        bodies(&again.auth(Some(secret), vec![inbox()])),
        ["1", "2", "3"]
    );
    again.op(&ClientOp::Ack(vec![(1, 2)]));
    again.peer.disconnected(at(2));
    let mut third = WireClient::connect(&hub);
    assert_eq!(bodies(&third.auth(Some(secret), vec![inbox()])), ["3"]);
    assert!(
        hub.send(at(1), Uuid::from_u128(8), CHAT, json("1"))
            .is_err()
    );
}

#[test]
fn replaces_older_and_refuses_unproved() {
    let hub = hub();
    let mut old = WireClient::connect(&hub);
    let secret = WireClient::secret(&old.auth(None, vec![]));
    let mut stranger = WireClient::connect(&hub);
    let seen = stranger.auth(Some([9; 16]), vec![]);
    assert_eq!(
        seen.last(),
        Some(&Seen::Close(CloseReason::Unauthorized.code()))
    );
    assert_eq!(old.see(), []);
    let mut new = WireClient::connect(&hub);
    assert!(
        matches!(&new.auth(Some(secret), vec![])[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.resumed)
    );
    assert_eq!(old.see(), [Seen::Close(CloseReason::Replaced.code())]);
    old.peer.disconnected(at(0));
    assert_eq!(hub.connected(), [client_id()]);
    assert_eq!(hub.stats().connections, 1);
}

#[test]
fn heartbeats_carry_heads_and_end_silence() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    let seen = client.auth(None, vec![subscribe(1, "chat")]);
    let stream = resumed(&seen[1]).0;
    publish(&hub, CHAT, "1");
    client.see();
    client.peer.handle_timeout(at(15));
    let heads = vec![StreamHead {
        stream,
        sent: 1,
        head: 1,
    }];
    assert_eq!(client.see_at(at(15)), [Seen::Op(ServerOp::Ping { heads })]);
    client.peer.handle_timeout(at(25));
    assert_eq!(
        client.see_at(at(25)),
        [Seen::Close(CloseReason::HeartbeatLost.code())]
    );
}

#[test]
fn checks_grant_at_subscribe_and_send() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.grant = Grant::nothing();
    let seen = client.auth(None, vec![subscribe(1, "chat")]);
    assert!(matches!(
        seen[1],
        Seen::Op(ServerOp::Reset {
            reason: ResetReason::NotPermitted,
            reading: None,
            ..
        })
    ));
    let seen = client.send(CHAT, 1, "1");
    assert!(matches!(
        seen[0],
        Seen::Op(ServerOp::Rejected(RejectedMessage {
            number: 1,
            code: ErrorCode::NotPermitted,
            ..
        }))
    ));
    publish(&hub, CHAT, "1");
    assert_eq!(client.see(), []);
}

#[test]
fn values_use_requested_encoding() {
    let hub = hub();
    publish(&hub, CHAT, r#"{"n":[1,null,"x"]}"#);
    let mut client = WireClient::connect(&hub);
    let seen = client.op(&ClientOp::Auth(Auth {
        encoding: PayloadEncoding::MessagePack,
        subscriptions: vec![subscribe(1, "chat")],
        ..Auth::new(client_id())
    }));
    assert!(
        matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.encoding == PayloadEncoding::MessagePack)
    );
    let value = b"\x81\xa1n\x93\x01\xc0\xa1x";
    assert_eq!(bodies(&seen), [String::from_utf8_lossy(value)]);

    client.send_bytes(CHAT, 1, value);
    assert_eq!(client.delivered, [r#"{"n":[1,null,"x"]}"#]);
    let seen = client.send_bytes(CHAT, 2, b"\xc1");
    assert!(matches!(
        seen[0],
        Seen::Op(ServerOp::Rejected(RejectedMessage {
            code: ErrorCode::BadPayload,
            ..
        }))
    ));
}

/// Ops in one message.
fn together(client: &mut WireClient, ops: &[ClientOp]) -> Vec<Seen> {
    let mut message = Vec::new();
    for op in ops {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        message.extend(record(SYSTEM, client.control, &payload));
        client.control += 1;
    }
    client.message(message)
}

fn topic(id: u32, topic: &str) -> Subscribe {
    Subscribe {
        scope: ScopeRequest::Topic(topic.into()),
        ..subscribe(id, "chat")
    }
}

fn publish_to(hub: &Hub, topic: &str, text: &str) {
    let key = StreamKey {
        channel: CHAT,
        scope: Scope::Topic(topic.into()),
    };
    hub.publish(at(0), &key, json(text)).unwrap();
}

#[test]
fn a_reused_id_reads_the_later_stream() {
    let hub = hub();
    publish_to(&hub, "a", "\"of a\"");
    publish_to(&hub, "b", "\"of b\"");
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let seen = together(
        &mut client,
        &[
            ClientOp::Subscribe(vec![topic(1, "a")]),
            ClientOp::Unsubscribe(vec![1]),
            ClientOp::Subscribe(vec![topic(1, "b")]),
        ],
    );
    assert_ne!(resumed(&seen[0]), resumed(&seen[1]));
    assert_eq!(bodies(&seen), ["\"of b\""]);
    assert!(client.peer.usage().opened == 0);
    publish_to(&hub, "a", "\"of a again\"");
    assert_eq!(client.see(), []);
}

#[test]
fn keeps_no_stream_of_an_ended_request() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    for id in 0..100 {
        let name = id.to_string();
        let ops = [
            ClientOp::Subscribe(vec![topic(id, &name)]),
            ClientOp::Unsubscribe(vec![id]),
        ];
        let seen = together(&mut client, &ops);
        assert_eq!(seen.len(), 1);
        resumed(&seen[0]);
    }
    assert!(client.peer.usage().opened == 0);
}

#[test]
fn limits_of_a_client_are_kept() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.largest_message = 4_096;
    client.op(&ClientOp::Auth(Auth {
        max_message_bytes: 4_096,
        max_value_bytes: 20_000,
        subscriptions: vec![subscribe(1, "chat"), subscribe(2, "price")],
        ..Auth::new(client_id())
    }));
    for _ in 0..100 {
        publish(&hub, CHAT, &format!("\"{}\"", "x".repeat(500)));
    }
    publish(&hub, CHAT, &format!("\"{}\"", "y".repeat(15_000)));
    let seen = client.see();
    assert_eq!(bodies(&seen).len(), 100);
    let is_fragment = |seen: &&Seen| matches!(seen, Seen::Fragment(_));
    assert_eq!(seen.iter().filter(is_fragment).count(), 4);

    publish(&hub, CHAT, &format!("\"{}\"", "z".repeat(20_000)));
    publish(&hub, CHAT, "1");
    publish(&hub, PRICE, "2");
    let seen = client.see();
    assert!(seen.iter().any(|seen| matches!(
        seen,
        Seen::Op(ServerOp::Error { code: ErrorCode::TooLarge, message, id: Some(1), .. })
            if message.contains("20002") && message.contains("20000")
    )));
    assert_eq!(bodies(&seen), ["2"]);
}
