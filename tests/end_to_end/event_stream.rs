//! Tests of event streams in the JSON dialect, as `EventSource` and `curl` use them (docs/event-streams.md section 2).

use std::time::Duration;

use push_wire_server::{ChannelPolicy, Credentials, Frame, Grant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Answer, Event, Request, Response};
use crate::json_client::{Channel, Server};

pub(crate) const ALICE: Uuid = Uuid::from_u128(0xa11ce);
pub(crate) const JSON: &str = "application/json";

/// The request of an `EventSource`, with more fields of the query.
pub(crate) fn events(extra: &str) -> Request {
    Request::new("GET", &format!("/rps/sse?client_id={ALICE}{extra}"))
}

pub(crate) async fn open(server: &Server, request: Request) -> Response {
    let stream = request.open(server.address).await;
    assert_eq!(stream.status, 200, "{stream:?}");
    stream
}

/// Opens a stream of the channel `chat` whose client has seen an event; returns it after its `auth_ok`.
pub(crate) async fn resume(server: &Server, last_event: Option<&str>) -> Response {
    let mut request = events("&channels=chat");
    if let Some(id) = last_event {
        request = request.header("last-event-id", id);
    }
    let mut stream = open(server, request).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    stream
}

/// The op in a frame of the system channel.
pub(crate) fn op(frame: &Value) -> &Value {
    assert_eq!(frame["channel"], "system", "{frame}");
    &frame["payload"]
}

pub(crate) async fn post(server: &Server, route: &str, body: &Value) -> Answer {
    let request = Request::new("POST", &format!("/rps/{route}"));
    request
        .body(JSON, body.to_string())
        .send(server.address)
        .await
}

/// Ids and cursors of the next entries.
pub(crate) async fn entries(stream: &mut Response, count: usize) -> Vec<(String, u64)> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let event = stream.event().await.expect("an entry");
        let cursor = event.json()["cursor"]
            .as_u64()
            .unwrap_or_else(|| panic!("no entry: {event:?}"));
        entries.push((event.id.expect("an id"), cursor));
    }
    entries
}

fn numbered(ids: std::ops::RangeInclusive<u64>, ahead: u64) -> Vec<(String, u64)> {
    ids.map(|id| (id.to_string(), id - ahead)).collect()
}

pub(crate) async fn default_server() -> Server {
    Server::start(|builder| builder).await
}

pub(crate) fn publish(server: &Server, values: std::ops::RangeInclusive<u64>) {
    values.for_each(|value| {
        server.push.publish(Channel::Chat, &value).unwrap();
    });
}

#[tokio::test]
async fn frames_and_ops_are_events() {
    let server = default_server().await;
    let mut stream = open(&server, events("&channels=chat,%20nope")).await;
    let headers = &stream.headers;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert!(headers.contains(&(name.into(), value.into())), "{name}");
    }
    let hello = stream.event().await.unwrap();
    assert_eq!((hello.id.as_ref(), hello.name.as_ref()), (None, None));
    assert_eq!(
        op(&hello.json()),
        &json!({ "op": "auth_ok", "resume_cursor": 0 })
    );
    let error = stream.json().await;
    assert!(
        op(&error)["message"].as_str().unwrap().contains("nope"),
        "{error}"
    );
    server.push.publish(Channel::Chat, &"one\ntwo").unwrap();
    server
        .push
        .publish(Channel::Short, &"not requested")
        .unwrap();
    let frame = Frame::new(Channel::Chat, json!({ "n": 2 }));
    server.push.send(ALICE, frame).unwrap();
    let first = stream.event().await.unwrap();
    assert_eq!(first.id.as_deref(), Some("1"));
    let expected = json!({ "channel": "chat", "cursor": 1, "payload": "one\ntwo" });
    assert_eq!(first.json(), expected);
    let second = stream.json().await;
    assert_eq!(second["client_id"], json!(ALICE));
}

#[tokio::test]
async fn resumes_after_last_event() {
    let server = default_server().await;
    let mut stream = resume(&server, None).await;
    publish(&server, 1..=5);
    assert_eq!(entries(&mut stream, 5).await, numbered(1..=5, 0));
    drop(stream);
    // Events 4 and 5 were lost on the way.
    let mut stream = resume(&server, Some("3")).await;
    assert_eq!(entries(&mut stream, 2).await, numbered(6..=7, 2));
    publish(&server, 6..=6);
    assert_eq!(entries(&mut stream, 1).await, numbered(8..=8, 2));
    drop(stream);
    let mut stream = resume(&server, Some("8")).await;
    publish(&server, 7..=7);
    assert_eq!(entries(&mut stream, 1).await, numbered(9..=9, 2));
}

#[tokio::test]
async fn unknown_last_event_proves_nothing() {
    let server = default_server().await;
    let mut stream = resume(&server, None).await;
    publish(&server, 1..=2);
    assert_eq!(entries(&mut stream, 2).await.len(), 2);
    for id in [
        "3",
        "x",
        "-1",
        "+1",
        "001",
        "99999999999999999999",
        "1; drop",
    ] {
        let mut stream = resume(&server, Some(id)).await;
        let required = json!({ "op": "resume_required", "channel": "chat", "from_cursor": 0 });
        assert_eq!(op(&stream.json().await), &required, "{id}");
        let cursors = entries(&mut stream, 2)
            .await
            .into_iter()
            .map(|(_, cursor)| cursor);
        assert_eq!(cursors.collect::<Vec<_>>(), [1, 2], "{id}");
    }
}

#[tokio::test]
async fn resumes_after_cursor_of_the_query() {
    let server = default_server().await;
    publish(&server, 1..=4);
    let mut stream = resume(&server, None).await;
    assert_eq!(entries(&mut stream, 4).await.len(), 4);
    let mut stream = open(&server, events("&capabilities=chat&resume_cursor=3")).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    let (_, cursor) = entries(&mut stream, 1).await.remove(0);
    assert_eq!(cursor, 4);
}

#[tokio::test]
async fn highest_cursor_of_several_channels_loses_nothing() {
    let server = default_server().await;
    let both = "&channels=chat,short";
    let mut stream = open(&server, events(both)).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    let publish = |channel: Channel, value: u64| server.push.publish(channel, &value).unwrap();
    for value in 1..=3 {
        publish(Channel::Chat, value);
        assert_eq!(stream.json().await["cursor"], value);
    }
    // Lost on the way: one entry of another channel, whose number is lower.
    publish(Channel::Short, 1);
    drop(stream);
    let mut stream = open(&server, events(&format!("{both}&resume_cursor=3"))).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    let entry = stream.json().await;
    assert_eq!(
        (&entry["channel"], &entry["cursor"]),
        (&json!("short"), &json!(1))
    );
    publish(Channel::Chat, 4);
    assert_eq!(stream.json().await["cursor"], 4);
}

#[tokio::test]
async fn stream_without_an_answer_in_time_is_json() {
    let server = Server::start(|builder| {
        builder
            .handshake(Duration::from_millis(50))
            .authenticator(async |_: Credentials<Channel>| std::future::pending().await)
    })
    .await;
    let mut stream = open(&server, events("")).await;
    let event = stream.event().await.expect("an error");
    assert!(event.retry.is_some());
    assert_eq!(op(&event.json())["op"], "error");
    assert_eq!(
        op(&event.json())["message"],
        "no auth within the handshake time"
    );
    assert!(stream.event().await.is_none());
}

#[tokio::test]
async fn bad_requests_are_stated() {
    let server = default_server().await;
    let get = |target: &str| Request::new("GET", target).send(server.address);
    for (target, part) in [
        ("/rps/sse", "client_id"),
        ("/rps/sse?client_id=7", "client_id"),
        (
            "/rps/sse?client_id=00000000-0000-0000-0000-000000000001&resume_cursor=x",
            "resume_cursor",
        ),
    ] {
        let answer = get(target).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(
            answer.json()["message"].as_str().unwrap().contains(part),
            "{answer:?}"
        );
    }
    let names = vec!["x"; 2_000].join(",");
    assert_eq!(
        events(&format!("&channels={names}"))
            .send(server.address)
            .await
            .status,
        400
    );
    let put = Request::new("PUT", "/rps/sse").send(server.address).await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, POST")));
    let head = Request::new("HEAD", &format!("/rps/sse?client_id={ALICE}"));
    assert_eq!(head.send(server.address).await.status, 200);
    assert_eq!(server.push.stats().sessions, 0);
    let text = Request::new("POST", "/rps/send").body("text/plain", "{}");
    let text = text.send(server.address).await;
    assert_eq!(text.status, 415);
    assert!(
        text.json()["message"]
            .as_str()
            .unwrap()
            .contains("application/json")
    );
    let large = Request::new("POST", "/rps/send").body(JSON, vec![b' '; (1 << 20) + 1]);
    assert_eq!(large.send(server.address).await.status, 413);
}

#[tokio::test]
async fn misspelt_field_is_named() {
    let server = default_server().await;
    let mut stream = open(&server, events("&chanels=chat&_=1751")).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    let error = stream.json().await;
    let known = "client_id, channels, capabilities, token, resume_cursor, renews";
    let message = format!("there is no query field \"chanels\"; the fields are {known}");
    assert_eq!(op(&error), &json!({ "op": "error", "message": message }));
    publish(&server, 1..=1);
    assert_eq!(
        entries(&mut stream, 1).await,
        numbered(1..=1, 0),
        "it goes on"
    );
    let mut socket = server.open_at("/rps?channels=short").await;
    socket = socket
        .authenticate(ALICE, json!({ "capabilities": ["short"] }))
        .await;
    assert_eq!(socket.receive_json().await["op"], "auth_ok");
    let error = socket.receive_json().await;
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("\"channels\"") && message.contains("`auth`"));
    socket.receives_nothing().await;
}

#[tokio::test]
async fn entry_beyond_retention_is_reported() {
    let server = Server::start(|builder| {
        builder.channel(Channel::Chat, ChannelPolicy::log().retain_entries(3))
    })
    .await;
    let mut stream = resume(&server, None).await;
    publish(&server, 1..=2);
    assert_eq!(entries(&mut stream, 2).await.len(), 2);
    drop(stream);
    publish(&server, 3..=9);
    let mut stream = resume(&server, Some("2")).await;
    let required = json!({ "op": "resume_required", "channel": "chat", "from_cursor": 6 });
    assert_eq!(op(&stream.json().await), &required);
    let cursors = entries(&mut stream, 3)
        .await
        .into_iter()
        .map(|(_, cursor)| cursor);
    assert_eq!(cursors.collect::<Vec<_>>(), [7, 8, 9]);
}

#[tokio::test]
async fn newer_stream_ends_the_older() {
    let server = default_server().await;
    let mut first = resume(&server, None).await;
    let mut second = resume(&server, None).await;
    let end = first.event().await.unwrap();
    assert_eq!(end.name.as_deref(), Some("close"));
    assert_eq!(end.json()["code"], 4201);
    assert_eq!(first.event().await, None);
    publish(&server, 1..=1);
    assert_eq!(entries(&mut second, 1).await, numbered(1..=1, 0));
}

#[tokio::test]
async fn drained_streams_end_with_a_time_to_come_back() {
    let server = default_server().await;
    let mut stream = resume(&server, None).await;
    assert_eq!(server.push.drain(Duration::from_secs(20)).await, 0);
    let goodbye = stream.event().await.unwrap();
    let retry: u64 = goodbye.retry.as_ref().expect("a time").parse().unwrap();
    assert!(retry < 5_000);
    assert_eq!(op(&goodbye.json())["op"], "goodbye");
    let Event { name, .. } = stream.event().await.unwrap();
    assert_eq!(name.as_deref(), Some("close"));
    assert_eq!(stream.event().await, None);
    let mut late = open(&server, events("")).await;
    let refused = late.event().await.unwrap();
    assert_eq!(op(&refused.json())["op"], "error");
    assert!(refused.retry.is_some());
    assert_eq!(late.event().await, None);
}

#[tokio::test]
async fn grant_bounds_a_stream_and_its_posts() {
    let server = Server::start(|builder| {
        builder.authenticator(async |_: Credentials<Channel>| {
            Ok(Grant::nothing().read(Channel::Chat).send(Channel::Chat))
        })
    })
    .await;
    server.push.on_message(Channel::Chat, |message, server| {
        server.publish(Channel::Short, &"not for this client")?;
        server.publish(Channel::Chat, &message.json::<u64>()?)?;
        Ok(())
    });
    let mut stream = open(&server, events("")).await;
    assert_eq!(op(&stream.json().await)["op"], "auth_ok");
    let message = |channel: &str| json!({ "client_id": ALICE, "channel": channel, "payload": 7 });
    let refused = post(&server, "send", &message("short")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(post(&server, "send", &message("chat")).await.status, 204);
    let entry = stream.json().await;
    assert_eq!(
        (&entry["channel"], &entry["payload"]),
        (&json!("chat"), &json!(7))
    );
}

#[tokio::test]
async fn reader_of_a_state_gets_the_newest_value() {
    let server =
        Server::start(|builder| builder.channel(Channel::Chat, ChannelPolicy::state())).await;
    let text = "unchanged ".repeat(1_000);
    let publish = |n: u64| server.push.publish(Channel::Chat, &(n, &text)).unwrap();
    publish(1);
    publish(2);
    let mut stream = resume(&server, None).await;
    let first = stream.event().await.unwrap();
    assert_eq!(first.json()["payload"], json!([2, text]));
    publish(3);
    assert_eq!(stream.json().await["payload"], json!([3, text]));
    drop(stream);
    publish(4);
    publish(5);
    let mut stream = resume(&server, first.id.as_deref()).await;
    assert_eq!(stream.json().await["payload"], json!([5, text]));
}
