//! Tests of the JSON dialect over sockets (docs/protocol.md section 9).

use std::sync::Arc;

use push_wire_server::{ChannelPolicy, Frame, Limits, PushServer, SendError, SystemOp};
use push_wire_shared::limits::TEXT_BYTES;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::{Channel, soon, start};

fn client_id() -> Uuid {
    Uuid::from_u128(1)
}

#[tokio::test]
async fn inbox_keeps_entries_while_away() {
    let server = Arc::new(PushServer::new());
    let running = start(&server).await;
    let send = |n: u32| server.send(client_id(), Frame::new(Channel::Chat, json!(n)));
    assert_eq!(send(0), Err(SendError::NotConnected(client_id())));

    let mut client = running.json("/rps").await;
    client.auth(client_id()).await;
    send(1).unwrap();
    assert_eq!(client.receive_json().await["payload"], 1);
    drop(client);
    for n in 2..=300 {
        send(n).unwrap();
    }

    let mut client = running.json("/rps").await;
    let auth = json!({"op": "auth", "client_id": client_id(), "resume_cursors": {"chat": 1}});
    client.say(auth).await;
    assert_eq!(client.receive_json().await["op"], "auth_ok");
    for n in 2..=300 {
        let entry = client.receive_json().await;
        assert_eq!(
            (&entry["cursor"], &entry["payload"]),
            (&json!(n), &json!(n))
        );
    }
}

#[tokio::test]
async fn paused_client_gets_everything() {
    const ENTRIES: usize = 400;
    let policy = ChannelPolicy::log()
        .retain_entries(ENTRIES)
        .retain_bytes(64 << 20);
    let mut limits = Limits::default();
    limits.message_bytes = 1 << 20;
    let server = PushServer::builder()
        .limits(limits)
        .channel(Channel::Chat, policy);
    let server = server.build().unwrap();
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(client_id()).await;
    // More than the buffers of both ends take: writes stop in the middle of an entry.
    let filling = "x".repeat(100_000);
    for n in 0..ENTRIES {
        server
            .publish(Channel::Chat, &json!({"n": n, "filling": filling}))
            .unwrap();
    }
    for n in 0..ENTRIES {
        let entry = client.receive_json().await;
        assert_eq!(entry["payload"]["n"], n);
        assert_eq!(entry["payload"]["filling"], Value::from(filling.as_str()));
    }
}

#[tokio::test]
async fn the_first_message_must_be_auth() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    for first in [
        json!({"op": "ping"}),
        json!({"channel": "chat", "payload": 1}),
        json!([]),
    ] {
        let mut client = running.json("/rps").await;
        client.say(first).await;
        assert_eq!(client.closed().await.0, 4205);
    }
    assert_eq!(server.stats().closes.get(&4205), Some(&3));
}

#[tokio::test]
async fn errors_change_nothing() {
    let server = Arc::new(PushServer::new());
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(client_id()).await;
    for bad in [
        json!({"op": "fly"}),
        json!({"channel": "nowhere", "payload": 1}),
        json!("?"),
    ] {
        client.say(bad.clone()).await;
        let answer = client.receive_json().await;
        assert_eq!(answer["op"], "error", "{bad}: {answer}");
    }
    server.publish(Channel::Chat, &"still here").unwrap();
    assert_eq!(client.receive_json().await["payload"], "still here");
}

#[tokio::test]
async fn system_ops_reach_a_connected_client() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let op = SystemOp::Health {
        status: "degraded".into(),
        detail: None,
    };
    let away = server.try_send_system(client_id(), op.clone());
    assert_eq!(away, Err(SendError::NotConnected(client_id())));
    let mut client = running.json("/rps").await;
    client.auth(client_id()).await;
    server.send_system(client_id(), op);
    assert_eq!(
        client.receive_json().await,
        json!({"op": "health", "status": "degraded"})
    );
}

#[tokio::test]
async fn texts_of_system_ops_are_cut() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(client_id()).await;
    let long = "x".repeat(100_000);
    let message = long.clone();
    server.send_system(client_id(), SystemOp::Error { message });
    let reason = Some(long);
    server.send_system(client_id(), SystemOp::Goodbye { reason });
    for (op, field) in [("error", "message"), ("goodbye", "reason")] {
        let heard = client.receive_json().await;
        assert_eq!(heard["op"], op);
        assert_eq!(heard[field].as_str().map(str::len), Some(TEXT_BYTES));
    }
}

#[tokio::test]
async fn newer_connection_replaces_older() {
    let server = Arc::new(PushServer::new());
    let running = start(&server).await;
    let mut older = running.json("/rps").await;
    older.auth(client_id()).await;
    let mut newer = running.json("/rps").await;
    newer.auth(client_id()).await;
    assert_eq!(older.closed().await.0, 4201);
    drop(older);
    soon(client_receives(&server, &mut newer)).await;
    assert_eq!(server.connected_client_ids(), [client_id()]);
}

async fn client_receives(server: &PushServer<Channel>, client: &mut super::harness::Socket) {
    server
        .send(client_id(), Frame::new(Channel::Chat, json!("you")))
        .unwrap();
    assert_eq!(client.receive_json().await["payload"], "you");
}
