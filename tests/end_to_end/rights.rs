//! Tests of what clients of the JSON dialect read and send of the channels that they name (docs/protocol.md sections 9.1
//! and 9.4).

use push_wire_server::{Credentials, Frame, Grant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Answer, Request, Response};
use crate::json_client::{Channel, Server};

const ALICE: Uuid = Uuid::from_u128(0xa11ce);

/// A server whose clients may send on `chat`, which includes their inbox there, and have no right on `short`.
async fn start() -> Server {
    let server = Server::start(|builder| {
        builder
            .authenticator(async |_: Credentials<Channel>| Ok(Grant::nothing().send(Channel::Chat)))
    })
    .await;
    for channel in [Channel::Chat, Channel::Short] {
        server.push.on_message(channel, move |message, server| {
            assert_eq!(channel, Channel::Chat, "a message that is not permitted");
            let frame = Frame::new(Channel::Chat, message.json()?);
            server.send(message.client_id, frame).unwrap();
            Ok(())
        });
    }
    server
}

async fn open(server: &Server, extra: &str) -> Response {
    let request = Request::new("GET", &format!("/rps/sse?client_id={ALICE}{extra}"));
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    stream
}

async fn post(server: &Server, mut body: Value) -> Answer {
    body["client_id"] = json!(ALICE);
    let request = Request::new("POST", "/rps/send").body("application/json", body.to_string());
    request.send(server.address).await
}

fn message(channel: &str) -> Value {
    json!({ "channel": channel, "payload": 7 })
}

fn not_permitted(channel: &str) -> Value {
    json!({ "op": "error", "message": format!("{channel}: not_permitted") })
}

fn send(server: &Server, payload: u64) {
    let frame = Frame::new(Channel::Chat, json!(payload));
    server.push.publish(Channel::Chat, &"for readers").unwrap();
    server.push.send(ALICE, frame).unwrap();
}

#[tokio::test]
async fn inbox_is_read_where_only_sending_is_granted() {
    let server = start().await;
    for (round, extra) in (1..).zip(["", "&channels=chat"]) {
        let mut stream = open(&server, extra).await;
        let pong = post(&server, json!({ "op": "ping" })).await;
        assert_eq!(pong.status, 200);
        send(&server, round);
        loop {
            let entry = stream.json().await;
            assert_eq!(entry["channel"], "chat", "{entry}");
            assert_eq!(entry["client_id"], json!(ALICE), "{entry}");
            if entry["payload"] == round {
                break;
            }
        }
    }
    for (round, extra) in (3..).zip([json!({}), json!({ "capabilities": ["chat"] })]) {
        let mut socket = server.join(ALICE, extra).await;
        send(&server, round);
        let frames = socket.frames("chat", round).await;
        assert_eq!(frames.last(), Some(&(round, json!(round))));
        socket.receives_nothing().await;
    }
}

#[tokio::test]
async fn channel_without_any_right_is_one_error() {
    let server = start().await;
    let mut socket = server
        .join(ALICE, json!({ "capabilities": ["short", "chat"] }))
        .await;
    assert_eq!(socket.receive_json().await, not_permitted("short"));
    socket.receives_nothing().await;
    let subscribe = json!({ "op": "subscribe", "channels": ["short", "chat"] });
    socket.send_op(&subscribe).await;
    assert_eq!(socket.receive_json().await, not_permitted("short"));
    socket.receives_nothing().await;
    let mut stream = open(&server, "&channels=short").await;
    assert_eq!(stream.json().await["payload"], not_permitted("short"));
    let answer = post(&server, subscribe).await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, not_permitted("short"))
    );
    send(&server, 1);
    assert_eq!(stream.json().await["payload"], 1);
}

#[tokio::test]
async fn sending_needs_the_right_and_no_subscription() {
    let server = start().await;
    let mut stream = open(&server, "&channels=short").await;
    assert_eq!(stream.json().await["payload"], not_permitted("short"));
    assert_eq!(post(&server, message("chat")).await.status, 204);
    let refused = post(&server, message("short")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    drop(stream);
    let mut socket = server
        .join(ALICE, json!({ "capabilities": ["short"] }))
        .await;
    assert_eq!(socket.receive_json().await, not_permitted("short"));
    socket.send_op(&message("short")).await;
    let refused = socket.receive_json().await;
    assert_eq!(refused["message"], "no right to send on short");
    socket.send_op(&message("chat")).await;
    socket.receives_nothing().await;
    let subscribe = json!({ "op": "subscribe", "channels": ["chat"] });
    socket.send_op(&subscribe).await;
    let answers = socket.frames("chat", 2).await;
    assert_eq!(answers, [(1, json!(7)), (2, json!(7))]);
}
