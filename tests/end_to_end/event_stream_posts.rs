//! Tests of what clients of event streams POST in the JSON dialect (docs/event-streams.md section 3).

use push_wire_server::{AuthError, HandlerError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::event_stream::{
    ALICE, JSON, default_server, entries, events, op, open, post, publish, resume,
};
use crate::http::{Answer, Request};
use crate::json_client::{Channel, Server};

#[tokio::test]
async fn posted_messages_are_answered() {
    let server = default_server().await;
    server.push.on_message(Channel::Chat, |message, server| {
        let value: u64 = message.json()?;
        assert_ne!(value, 13, "a fault of the application");
        if value > 9 {
            return Err(HandlerError::Refused("too much".into()));
        }
        server.publish(Channel::Chat, &value)?;
        Ok(())
    });
    let mut stream = resume(&server, None).await;
    let message =
        |payload: Value| json!({ "client_id": ALICE, "channel": "chat", "payload": payload });
    assert_eq!(post(&server, "send", &message(json!(7))).await.status, 204);
    assert_eq!(stream.json().await["payload"], 7);
    for (body, status, part) in [
        (message(json!(10)), 422, "too much"),
        (message(json!("text")), 400, "not what this channel takes"),
        (message(Value::Null), 400, "other than null"),
        (
            json!({ "client_id": ALICE, "channel": "nope", "payload": 1 }),
            400,
            "nope",
        ),
        (
            json!({ "client_id": ALICE, "channel": "chat" }),
            400,
            "missing field `payload`",
        ),
        (json!({ "client_id": ALICE, "op": "fly" }), 400, "fly"),
        (
            json!({ "channel": "chat", "payload": 1 }),
            400,
            "missing field `client_id`",
        ),
        (
            json!({ "client_id": Uuid::nil(), "channel": "chat", "payload": 1 }),
            404,
            "event stream",
        ),
        (json!(7), 400, "expected an object with client_id"),
        (
            json!([ALICE, "chat", 0]),
            400,
            "expected an object with client_id",
        ),
        (message(json!(13)), 500, "the message handler failed"),
        (
            json!({ "client_id": ALICE, "op": "subscribe" }),
            400,
            "list of channels",
        ),
    ] {
        let answer = post(&server, "send", &body).await;
        assert_eq!(answer.status, status, "{body} {answer:?}");
        let error = answer.json();
        assert_eq!(error["op"], "error");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    let pong = post(
        &server,
        "send",
        &json!({ "client_id": ALICE, "op": "ping" }),
    )
    .await;
    assert_eq!((pong.status, pong.json()), (200, json!({ "op": "pong" })));
    assert_eq!(post(&server, "send", &message(json!(8))).await.status, 204);
    assert_eq!(stream.json().await["payload"], 8, "answers are not events");
}

#[tokio::test]
async fn ack_never_passes_what_was_sent() {
    let server = default_server().await;
    let mut stream = resume(&server, None).await;
    publish(&server, 1..=3);
    assert_eq!(entries(&mut stream, 3).await.len(), 3);
    let ack = |cursor: u64| json!({ "client_id": ALICE, "channel": "chat", "cursor": cursor });
    let beyond = post(&server, "ack", &ack(4)).await;
    let required = json!({ "op": "resume_required", "channel": "chat", "from_cursor": 3 });
    assert_eq!((beyond.status, beyond.json()), (409, required));
    assert_eq!(post(&server, "ack", &ack(2)).await.status, 204);
    let unknown = json!({ "client_id": ALICE, "channel": "nope", "cursor": 1 });
    assert_eq!(post(&server, "ack", &unknown).await.status, 400);
    drop(stream);
    // Without a last event, what was acknowledged is not sent again.
    let mut stream = open(&server, events("&channels=chat")).await;
    let hello = stream.json().await;
    assert_eq!(op(&hello)["resume_cursors"], json!({ "chat": 2 }));
    assert_eq!(entries(&mut stream, 1).await, [("4".into(), 3)]);
}

#[tokio::test]
async fn token_of_the_session_is_needed() {
    let server = Server::start(|builder| {
        builder.auth_validator(|_, token, _| match token {
            Some("right") => Ok(()),
            Some("late") => Err(AuthError::Unavailable("no database".into())),
            _ => Err(AuthError::InvalidToken),
        })
    })
    .await;
    for (request, part) in [(events(""), "token"), (events("&token=wrong"), "token")] {
        let answer = request.send(server.address).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("content-type"), Some(JSON));
        let message = answer.json()["message"].to_string();
        assert!(message.contains(part), "{message}");
    }
    // An EventSource gives up for ever unless it gets a stream.
    let later = events("&token=late").open(server.address).await;
    assert_eq!(later.status, 200);
    let Answer { body, .. } = events("&token=late").send(server.address).await;
    assert!(
        body.starts_with("retry: ") && body.contains("\"error\""),
        "{body}"
    );

    let header = events("&channels=chat").header("authorization", "Bearer right");
    drop(open(&server, header).await);
    let _stream = open(&server, events("&token=right&channels=chat")).await;
    let ack = json!({ "client_id": ALICE, "channel": "chat", "cursor": 0 }).to_string();
    let ack = |token: &str| {
        let request = Request::new("POST", "/rps/ack").body(JSON, ack.clone());
        request
            .header("authorization", &format!("Bearer {token}"))
            .send(server.address)
    };
    assert_eq!(ack("right").await.status, 204);
    assert_eq!(ack("wrong").await.status, 401);
    let bare = json!({ "client_id": ALICE, "channel": "chat", "cursor": 0 });
    assert_eq!(post(&server, "ack", &bare).await.status, 401);
}
