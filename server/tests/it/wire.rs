//! Tests of the push-wire dialect over sockets (docs/protocol.md sections 1 to 8).

use std::sync::Arc;

use push_wire_server::position::{Epoch, Position, ResetReason};
use push_wire_server::session::op::{ClientOp, ErrorCode, ServerOp};
use push_wire_server::session::wire::Content;
use push_wire_server::{ChannelKind, Limits, PublishError, PushServer};
use push_wire_shared::limits::NESTING;
use serde_json::json;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::harness::{Channel, Running, Seen, Wire, start, subscribe, subscribe_to};

async fn entered() -> (Arc<PushServer<Channel>>, Running, Wire) {
    let server = Arc::new(PushServer::new());
    let running = start(&server).await;
    let mut wire = running.wire().await;
    wire.enter(Uuid::from_u128(1), &[]).await;
    (server, running, wire)
}

#[tokio::test]
async fn reads_from_position() {
    let (server, _running, mut wire) = entered().await;
    server
        .publish_to(Channel::Chat, "room-1", &"before")
        .unwrap();
    wire.op(&ClientOp::Subscribe(vec![subscribe_to(
        1,
        Channel::Chat,
        "room-1",
    )]))
    .await;
    let resumed = wire.see_op().await;
    assert!(
        matches!(
            resumed,
            ServerOp::Resumed {
                id: 1,
                caught_up: 1,
                ..
            }
        ),
        "{resumed:?}"
    );
    server
        .publish_to(Channel::Chat, "room-2", &"elsewhere")
        .unwrap();
    server
        .publish_to(Channel::Chat, "room-1", &"after")
        .unwrap();
    assert_eq!(wire.entry().await, (1, json!("before")));
    assert_eq!(wire.entry().await, (2, json!("after")));
}

#[tokio::test]
async fn bytes_stay_bytes() {
    let (server, _running, mut wire) = entered().await;
    server
        .publish_bytes(Channel::Chat, &b"\x00\xff"[..])
        .unwrap();
    wire.op(&ClientOp::Subscribe(vec![subscribe(1, Channel::Chat)]))
        .await;
    wire.see_op().await;
    let channel = Channel::Chat.wire_id();
    let (content, body) = (Content::Bytes, b"\x00\xff".to_vec());
    assert_eq!(
        wire.see().await,
        Seen::Entry {
            channel,
            cursor: 1,
            content,
            body
        }
    );
}

#[tokio::test]
async fn refused_publish_names_reason() {
    let server = PushServer::<Channel>::new();
    let no_entries = server.publish(Channel::System, &1);
    assert_eq!(
        no_entries,
        Err(PublishError::NoEntries(Channel::System.wire_id()))
    );
    assert_eq!(
        server.publish_to(Channel::Chat, "", &1),
        Err(PublishError::BadTopic(0))
    );
    let large = server.publish_bytes(Channel::Chat, vec![0; Limits::default().entry_bytes + 1]);
    assert!(matches!(large, Err(PublishError::TooLarge { .. })));
    let keys: std::collections::HashMap<(u8, u8), u8> = [((1, 2), 3)].into();
    let not_json = server.publish(Channel::Chat, &keys);
    assert!(
        matches!(not_json, Err(PublishError::Serialization(_))),
        "{not_json:?}"
    );
}

#[tokio::test]
async fn inexpressible_values_are_not_published() {
    let server = PushServer::<Channel>::new();
    let half_a_pair: &RawValue = serde_json::from_str(r#""\ud800""#).unwrap();
    let out_of_range: &RawValue = serde_json::from_str("[1e400]").unwrap();
    let mut nested = serde_json::Value::Null;
    for _ in 0..=NESTING {
        nested = [nested].into_iter().collect();
    }
    for (outcome, part) in [
        (server.publish(Channel::Chat, &f64::NAN), "not finite"),
        (
            server.publish(Channel::Chat, &[f32::INFINITY]),
            "not finite",
        ),
        (server.publish(Channel::Chat, &u128::MAX), "64 bits"),
        (server.publish(Channel::Chat, half_a_pair), "surrogate"),
        (
            server.publish(Channel::Chat, out_of_range),
            "double precision",
        ),
        (server.publish(Channel::Chat, &nested), "nested deeper"),
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, PublishError::Serialization(_)), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let sent = server.publish(Channel::Chat, &(u64::MAX, i64::MIN, -0.0, f64::MAX, "😀"));
    assert!(sent.is_ok(), "{sent:?}");
}

#[tokio::test]
async fn a_text_message_is_a_protocol_error() {
    let (_server, _running, mut wire) = entered().await;
    wire.socket.send(Message::text("{}")).await;
    assert_eq!(wire.socket.closed().await.0, 4202);
}

#[tokio::test]
async fn bad_frames_are_answered_and_counted() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let mut bystander = running.wire().await;
    bystander
        .enter(Uuid::from_u128(2), &[subscribe(1, Channel::Chat)])
        .await;
    let chat = Channel::Chat.wire_id();
    let cases: [&[u8]; 4] = [
        // A record of three bytes, another version, unknown flags, a frame that does not begin with RP.
        &[3, b'R', b'P', 1],
        &[10, b'R', b'P', 2, 0, chat, 0, 0, 0, 1, 0],
        &[10, b'R', b'P', 1, 0x80, chat, 0, 0, 0, 1, 0],
        &[10, b'X', b'P', 1, 0, chat, 0, 0, 0, 1, 0],
    ];
    for (index, bad) in cases.into_iter().enumerate() {
        let mut wire = running.wire().await;
        wire.enter(Uuid::from_u128(10 + index as u128), &[]).await;
        wire.socket.send(Message::binary(bad.to_vec())).await;
        let stated = wire.see_op().await;
        let code = ErrorCode::BadFrame;
        assert!(
            matches!(&stated, ServerOp::Error { code: c, .. } if *c == code),
            "{stated:?}"
        );
        assert_eq!(wire.socket.closed().await.0, 4202);
        server.publish(Channel::Chat, &index).unwrap();
    }
    assert_eq!(server.stats().errors.get("bad_frame"), Some(&4));
    assert_eq!(server.stats().closes.get(&4202), Some(&4));
    for index in 0..4u32 {
        assert_eq!(bystander.entry().await, (index + 1, json!(index)));
    }
}

#[tokio::test]
async fn bad_subscriptions_end_alone() {
    let (server, _running, mut wire) = entered().await;
    let position = server.publish(Channel::Chat, "one").unwrap();
    let mut nowhere = subscribe(1, Channel::Chat);
    nowhere.channel = "nowhere".into();
    let no_topic = subscribe_to(2, Channel::Chat, "");
    let mut future = subscribe(3, Channel::Chat);
    future.position = Some(Position {
        cursor: 1000,
        ..position
    });
    let mut foreign = subscribe(4, Channel::Chat);
    foreign.position = Some(Position::untagged(Epoch(!position.epoch.0), 1));
    wire.op(&ClientOp::Subscribe(vec![
        nowhere, no_topic, future, foreign,
    ]))
    .await;
    let mut codes = vec![];
    let mut resets = vec![];
    while codes.len() + resets.len() < 4 {
        match wire.see().await {
            Seen::Op(ServerOp::Error { code, id, .. }) => codes.push((code, id)),
            Seen::Op(ServerOp::Reset { reason, id, .. }) => resets.push((reason, id)),
            Seen::Entry { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let expected = [
        (ErrorCode::UnknownChannel, Some(1)),
        (ErrorCode::BadTopic, Some(2)),
    ];
    assert_eq!(codes, expected);
    assert_eq!(
        resets,
        [
            (ResetReason::EpochChanged, 3),
            (ResetReason::EpochChanged, 4)
        ]
    );
}

#[tokio::test]
async fn the_first_message_must_be_auth() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let mut wire = running.wire().await;
    wire.op(&ClientOp::Ping).await;
    assert_eq!(wire.socket.closed().await.0, 4205);
}
