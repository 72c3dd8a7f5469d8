//! Tests of the JSON dialect from a client's side: resume, repeats, limits and refusals (docs/protocol.md section 9).

use std::time::Duration;

use push_wire_server::{AuthError, ChannelPolicy, Frame, SendError};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::json_client::{Channel, Client, Server};

const ALICE: Uuid = Uuid::from_u128(0xa11ce);
const BOB: Uuid = Uuid::from_u128(0xb0b);

fn chat_only() -> Value {
    json!({ "capabilities": ["chat"] })
}

fn numbered(cursors: std::ops::RangeInclusive<u64>) -> Vec<(u64, Value)> {
    cursors.map(|n| (n, json!({ "n": n }))).collect()
}

fn send(server: &Server, to: Uuid, n: u64) {
    let frame = Frame::new(Channel::Chat, json!({ "n": n }));
    server.push.send(to, frame).unwrap();
}

async fn default_server() -> Server {
    Server::start(|builder| builder).await
}

#[tokio::test]
async fn messages_arrive_in_order() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    for n in 1..=300 {
        server
            .push
            .publish(Channel::Chat, &json!({ "n": n }))
            .unwrap();
    }
    assert_eq!(alice.frames("chat", 300).await, numbered(1..=300));
}

#[tokio::test]
async fn cursors_are_dense_per_client() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    let mut bob = server.join(BOB, chat_only()).await;
    for n in 1..=50 {
        send(&server, ALICE, n);
        send(&server, BOB, n);
        send(&server, BOB, 100 + n);
    }
    assert_eq!(alice.frames("chat", 50).await, numbered(1..=50));
    let cursors: Vec<u64> = bob
        .frames("chat", 100)
        .await
        .into_iter()
        .map(|(cursor, _)| cursor)
        .collect();
    assert_eq!(cursors, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn inbox_waits_for_absent_client() {
    let server = default_server().await;
    let alice = server.join(ALICE, chat_only()).await;
    alice.drop_connection();
    (1..=5).for_each(|n| send(&server, ALICE, n));
    let mut alice = server.join(ALICE, chat_only()).await;
    assert_eq!(alice.frames("chat", 5).await, numbered(1..=5));
    let nobody = Frame::new(Channel::Chat, json!({}));
    assert_eq!(
        server.push.send(BOB, nobody),
        Err(SendError::NotConnected(BOB))
    );
}

#[tokio::test]
async fn replays_from_given_cursor() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    (1..=100).for_each(|n| send(&server, ALICE, n));
    alice.frames("chat", 100).await;
    alice.drop_connection();
    (101..=600).for_each(|n| send(&server, ALICE, n));
    let resume = json!({ "capabilities": ["chat"], "resume_cursors": { "chat": 100 } });
    let mut alice = server.join(ALICE, resume).await;
    assert_eq!(alice.frames("chat", 500).await, numbered(101..=600));
}

#[tokio::test]
async fn newer_connection_takes_over() {
    let server = default_server().await;
    let mut older = server.join(ALICE, chat_only()).await;
    let mut newer = server.join(ALICE, chat_only()).await;
    assert_eq!(older.close_code().await, 4201);
    older.drop_connection();
    newer.receives_nothing().await;
    assert_eq!(server.push.connected_client_ids(), [ALICE]);
    send(&server, ALICE, 1);
    assert_eq!(newer.frames("chat", 1).await, numbered(1..=1));
}

#[tokio::test]
async fn burst_arrives_complete() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    (1..=1_000).for_each(|n| send(&server, ALICE, n));
    assert_eq!(alice.frames("chat", 1_000).await, numbered(1..=1_000));
}

#[tokio::test]
async fn invalid_messages_affect_no_other_client() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    let mut bob = server.join(BOB, chat_only()).await;
    let invalid = [
        Message::text("{"),
        Message::text("[]"),
        Message::text(r#"{"op":"levitate"}"#),
        Message::text(r#"{"channel":"attic","payload":1}"#),
        Message::text(r#"{"channel":"chat"}"#),
        Message::binary(vec![0xff, 0x00, 0x52, 0x50]),
    ];
    for message in invalid {
        alice.send(message.clone()).await;
        let answer = alice.receive_json().await;
        assert_eq!(answer["op"], "error", "{message:?}: {answer}");
        assert!(
            answer["message"]
                .as_str()
                .is_some_and(|text| text.len() > 5)
        );
    }
    for client in [&mut alice, &mut bob] {
        send(&server, client.id, 1);
        assert_eq!(client.frames("chat", 1).await, numbered(1..=1));
    }
}

#[tokio::test]
async fn handshake_times_out() {
    let server = Server::start(|builder| builder.handshake(Duration::from_millis(50))).await;
    assert_eq!(server.open().await.close_code().await, 4103);
}

#[tokio::test]
async fn closes_without_auth_first() {
    let server = default_server().await;
    let mut client = server.open().await;
    client.send_op(&json!({ "op": "ping" })).await;
    assert_eq!(client.close_code().await, 4205);
}

#[tokio::test]
async fn announces_gap_before_entries() {
    let policy = ChannelPolicy::log().retain_entries(3);
    let server = Server::start(|builder| builder.channel(Channel::Short, policy)).await;
    let short = json!({ "capabilities": ["short"] });
    let mut alice = server.join(ALICE, short.clone()).await;
    server
        .push
        .publish(Channel::Short, &json!({ "n": 1 }))
        .unwrap();
    assert_eq!(alice.frames("short", 1).await, numbered(1..=1));
    alice.drop_connection();
    for n in 2..=10 {
        server
            .push
            .publish(Channel::Short, &json!({ "n": n }))
            .unwrap();
    }
    let resume = json!({ "capabilities": ["short"], "resume_cursor": 1 });
    let mut alice = server.join(ALICE, resume).await;
    let stated = alice.receive_json().await;
    assert_eq!(
        (&stated["op"], &stated["channel"]),
        (&json!("resume_required"), &json!("short"))
    );
    let from = stated["from_cursor"].as_u64().unwrap();
    let frames = alice.frames("short", 3).await;
    let (cursors, payloads): (Vec<u64>, Vec<Value>) = frames.into_iter().unzip();
    assert_eq!(cursors, [from + 1, from + 2, from + 3]);
    assert_eq!(
        payloads,
        [json!({ "n": 8 }), json!({ "n": 9 }), json!({ "n": 10 })]
    );
}

#[tokio::test]
async fn repeats_only_unacknowledged() {
    let server = default_server().await;
    let mut alice = server.join(ALICE, chat_only()).await;
    (1..=10).for_each(|n| send(&server, ALICE, n));
    alice.frames("chat", 10).await;
    alice
        .send_op(&json!({ "op": "ack", "channel": "chat", "cursor": 7 }))
        .await;
    alice
        .send_op(&json!({ "op": "ack", "channel": "chat", "cursor": 99 }))
        .await;
    let stated = json!({ "op": "resume_required", "channel": "chat", "from_cursor": 10 });
    assert_eq!(alice.receive_json().await, stated);
    alice.drop_connection();
    let mut alice = server.connect(ALICE, chat_only()).await;
    assert_eq!(
        alice.receive_json().await["resume_cursors"],
        json!({ "chat": 7 })
    );
    assert_eq!(alice.frames("chat", 3).await, numbered(8..=10));
}

#[tokio::test]
async fn client_id_alone_resumes_nothing() {
    let server = Server::start(|builder| {
        builder.auth_validator(|_, token, _| match token {
            Some("alice" | "mallory") => Ok(()),
            _ => Err(AuthError::InvalidToken),
        })
    })
    .await;
    let with_token = |token: &str| json!({ "capabilities": ["chat"], "token": token });
    let refused = |mut client: Client| async move { client.close_code().await };
    let mut alice = server.join(ALICE, with_token("alice")).await;
    assert_eq!(
        refused(server.connect(ALICE, with_token("mallory")).await).await,
        1008
    );
    assert_eq!(
        refused(server.connect(ALICE, with_token("nonsense")).await).await,
        1008
    );
    assert_eq!(
        refused(server.connect(ALICE, chat_only()).await).await,
        1008
    );
    send(&server, ALICE, 1);
    assert_eq!(alice.frames("chat", 1).await, numbered(1..=1));
}
