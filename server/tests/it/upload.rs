//! Tests of uploads on an otherwise idle connection: reading must not wait for something to be written.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use push_wire_server::session::op::ServerOp;
use push_wire_server::{ChannelKind, Limits, PushServer, Rates};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::harness::{Channel, Running, Seen, soon, start, subscribe};

const UPLOAD: usize = 1024 * 1024;

/// Bytes around the text of a message, in either dialect.
const ENVELOPE: usize = 100;

/// A server that publishes on `Prices` the length of each text that it is sent on `Chat`, without heartbeats during a
/// test.
async fn measuring() -> (Arc<PushServer<Channel>>, Running) {
    let mut limits = Limits::default();
    limits.client_rates = Rates::UNLIMITED;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .heartbeat(Duration::from_secs(3600))
        .build()
        .unwrap();
    server.on_message(Channel::Chat, |message, server| {
        let text: String = message.json()?;
        server.publish(Channel::Prices, &text.len())?;
        Ok(())
    });
    let running = start(&server).await;
    (server, running)
}

#[tokio::test]
async fn json_takes_a_large_message() {
    let (_server, running) = measuring().await;
    let mut socket = running.json("/rps").await;
    socket.auth(Uuid::from_u128(1)).await;
    let text = "x".repeat(UPLOAD - ENVELOPE);
    let message = json!({"channel": Channel::Chat.name(), "payload": text});
    socket.say(message).await;
    assert_eq!(socket.receive_json().await["payload"], text.len());
}

#[tokio::test]
async fn json_takes_many_small_messages() {
    let (_server, running) = measuring().await;
    let mut socket = running.json("/rps").await;
    socket.auth(Uuid::from_u128(1)).await;
    let ping = json!({"op": "ping"}).to_string();
    let count = UPLOAD / ping.len();
    let (mut writing, mut reading) = socket.into_inner().split();
    let ask = async {
        for _ in 0..count {
            writing.feed(Message::text(ping.clone())).await.unwrap();
        }
        writing.flush().await.unwrap();
    };
    let receive_json = async {
        for _ in 0..count {
            let answer = reading.next().await.unwrap().unwrap().into_text().unwrap();
            assert_eq!(answer.as_str(), r#"{"op":"pong"}"#);
        }
    };
    soon(async { tokio::join!(ask, receive_json) }).await;
}

#[tokio::test]
async fn wire_takes_a_large_message() {
    let (_server, running) = measuring().await;
    let mut client = running.wire().await;
    client.enter(Uuid::from_u128(1), &[]).await;
    let text = Value::from("x".repeat(UPLOAD - ENVELOPE));
    client.message(Channel::Chat, 1, &text).await;
    let received = ServerOp::Received { upto: 1 };
    assert_eq!(client.see().await, Seen::Op(received));
}

#[tokio::test]
async fn wire_takes_many_small_messages() {
    let (_server, running) = measuring().await;
    let mut client = running.wire().await;
    client
        .enter(Uuid::from_u128(1), &[subscribe(1, Channel::Prices)])
        .await;
    let text = Value::from("x".repeat(1000));
    let count = u32::try_from(UPLOAD / 1000).unwrap();
    for number in 1..=count {
        client.message(Channel::Chat, number, &text).await;
    }
    for cursor in 1..=count {
        assert_eq!(client.entry().await, (cursor, json!(1000)));
    }
}
