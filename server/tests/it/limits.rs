//! Tests of connections above the limits of the server, of their address and of their identity, and of a flood.

use std::sync::Arc;

use push_wire_server::close::CloseReason;
use push_wire_server::{Credentials, ForwardedHeader, Grant, Limits, PushServer, Rate};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::harness::{Channel, Running, Socket, Wire, soon, start, subscribe};

/// Bytes of the largest message before `auth_ok` (docs/protocol.md section 11).
const HANDSHAKE_BYTES: usize = 64 * 1024;

/// A server whose limits hold for loopback too, and which trusts proxies there.
fn server(set: impl FnOnce(&mut Limits)) -> Arc<PushServer<Channel>> {
    let mut limits = Limits::default();
    set(&mut limits);
    PushServer::builder()
        .limits(limits)
        .exempt_addresses([])
        .trusted_proxies(
            ForwardedHeader::XForwardedFor,
            ["127.0.0.0/8".parse().unwrap()],
        )
        .build()
        .unwrap()
}

/// A connection by hand, behind a proxy that was connected from this address.
struct Opening {
    stream: TcpStream,
    answer: String,
}

impl Opening {
    async fn new(running: &Running, address: &str) -> Self {
        let mut stream = TcpStream::connect(running.addr).await.unwrap();
        let request = format!(
            "GET /rps HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             X-Forwarded-For: {address}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(soon(stream.read_u8()).await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap().to_lowercase();
        Self { stream, answer }
    }

    #[track_caller]
    fn assert_open(&self) {
        assert!(self.answer.starts_with("http/1.1 101 "), "{}", self.answer);
    }

    #[track_caller]
    fn assert_refused(&self, status: u16, retry: &str) {
        let status = format!("http/1.1 {status} ");
        assert!(self.answer.starts_with(&status), "{}", self.answer);
        let retry = format!("\r\nretry-after: {retry}\r\n");
        assert!(self.answer.contains(&retry), "{}", self.answer);
    }
}

#[tokio::test]
async fn connections_of_an_address_are_limited_in_rate() {
    let server = server(|limits| limits.connects_per_address = Rate::new(1, 2));
    let running = Running::serve_with_addresses(server.router()).await;
    for _ in 0..2 {
        Opening::new(&running, "203.0.113.1").await.assert_open();
    }
    let refused = Opening::new(&running, "203.0.113.1").await;
    refused.assert_refused(429, "1");
    Opening::new(&running, "203.0.113.2").await.assert_open();
}

#[tokio::test]
async fn unauthenticated_connections_of_an_address_are_limited() {
    let server = server(|limits| limits.unauthenticated_per_address = 1);
    let running = Running::serve_with_addresses(server.router()).await;
    let mut first = Opening::new(&running, "2001:db8::1").await;
    first.assert_open();
    let refused = Opening::new(&running, "2001:db8::2").await;
    refused.assert_refused(429, "1");
    Opening::new(&running, "2001:db8:0:1::2")
        .await
        .assert_open();
    // A text message of which the mask is zero.
    let auth = json!({"op": "auth", "client_id": Uuid::from_u128(1)}).to_string();
    let len = u8::try_from(auth.len()).unwrap();
    let frame = [&[0x81, 0x80 | len, 0, 0, 0, 0], auth.as_bytes()].concat();
    first.stream.write_all(&frame).await.unwrap();
    soon(async {
        while server.connected_clients() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    Opening::new(&running, "2001:db8::2").await.assert_open();
}

#[tokio::test]
async fn connections_in_all_are_limited() {
    let server = server(|limits| limits.connections = 2);
    let running = Running::serve_with_addresses(server.router()).await;
    let first = Opening::new(&running, "203.0.113.1").await;
    first.assert_open();
    let second = Opening::new(&running, "203.0.113.2").await;
    second.assert_open();
    let refused = Opening::new(&running, "203.0.113.3").await;
    refused.assert_refused(503, "5");
    drop(first);
    soon(async {
        while server.connection_tasks() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    Opening::new(&running, "203.0.113.3").await.assert_open();
}

#[tokio::test]
async fn address_found_after_the_upgrade_is_limited() {
    let server = server(|limits| limits.connects_per_address = Rate::new(1, 1));
    let running = start(&server).await;
    let mut first = running.json("/rps").await;
    first.auth(Uuid::from_u128(1)).await;
    let mut second = running.json("/rps").await;
    assert_eq!(second.closed().await.0, CloseReason::RateLimited.code());
    first.say(json!({"op": "ping"})).await;
    assert_eq!(first.receive_json().await, json!({"op": "pong"}));
}

/// The whole answer to a request whose connection is closed after it.
async fn ask(running: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    let headers = "Host: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let request = format!("{request} HTTP/1.1\r\n{headers}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer.to_lowercase()
}

#[tokio::test]
async fn event_streams_are_limited() {
    let server = server(|limits| limits.connects_per_address = Rate::new(1, 1));
    let running = Running::serve_with_addresses(server.router()).await;
    Opening::new(&running, "127.0.0.1").await.assert_open();
    let answer = ask(&running, "POST /rps/sse").await;
    assert!(answer.starts_with("http/1.1 429 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    // A status other than 200 would stop an `EventSource` for ever.
    let client = Uuid::from_u128(1);
    let answer = ask(&running, &format!("GET /rps/sse?client_id={client}")).await;
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    assert!(answer.contains("\nretry: "), "{answer}");
    assert!(answer.contains("connects_per_address"), "{answer}");
}

#[tokio::test]
async fn loopback_is_exempt_by_default() {
    let mut limits = Limits::default();
    limits.connects_per_address = Rate::new(1, 1);
    limits.unauthenticated_per_address = 1;
    limits.sessions_per_address = 1;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .build()
        .unwrap();
    let running = Running::serve_with_addresses(server.router()).await;
    let mut sockets = Vec::new();
    for id in 0..5 {
        let mut socket = running.json("/rps").await;
        socket.auth(Uuid::from_u128(id)).await;
        sockets.push(socket);
    }
}

#[tokio::test]
async fn connections_of_an_identity_are_limited() {
    let mut limits = Limits::default();
    limits.connections_per_identity = 2;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .authenticator(async |_: Credentials<Channel>| Ok(Grant::everything().identity("ada")))
        .build()
        .unwrap();
    let running = start(&server).await;
    let mut inside: Vec<Wire> = Vec::new();
    for id in 0..2 {
        let mut wire = running.wire().await;
        wire.enter(Uuid::from_u128(id), &[]).await;
        inside.push(wire);
    }
    let mut third = running.wire().await;
    third.auth(Uuid::from_u128(2), None, &[]).await;
    let error = third.see_op().await;
    let text = format!("{error:?}");
    assert!(text.contains("connections_per_identity"), "{text}");
    let (code, _) = third.socket.closed().await;
    assert_eq!(code, CloseReason::Overloaded.code());
    // A newer connection of the same client takes the older one's place.
    let mut again = running.wire().await;
    again.enter(Uuid::from_u128(1), &[]).await;
    // The session of a connection that has ended does not count.
    drop(again);
    soon(async {
        while server.connected_clients() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut third = running.wire().await;
    third.enter(Uuid::from_u128(2), &[]).await;
}

#[tokio::test]
async fn first_message_is_limited() {
    let server = PushServer::<Channel>::builder().build().unwrap();
    let running = start(&server).await;
    for bytes in [HANDSHAKE_BYTES, HANDSHAKE_BYTES + 1] {
        let mut socket = running.json("/rps").await;
        let auth = json!({"op": "auth", "client_id": Uuid::from_u128(1)}).to_string();
        let padding = " ".repeat(bytes - auth.len());
        socket.send(Message::text(auth + &padding)).await;
        if bytes <= HANDSHAKE_BYTES {
            assert_eq!(socket.receive_json().await["op"], "auth_ok");
        } else {
            let (code, _) = socket.closed().await;
            assert_eq!(code, CloseReason::MessageTooLarge.code());
        }
    }
}

/// With the defaults, over a real socket, which takes the ten seconds of the protocol.
#[tokio::test]
async fn flood_is_closed_and_others_are_served() {
    let server = PushServer::<Channel>::builder().build().unwrap();
    let running = start(&server).await;
    let mut reader = running.wire().await;
    let subscription = subscribe(1, Channel::Prices);
    reader.enter(Uuid::from_u128(1), &[subscription]).await;
    let mut flood: Socket = running.json("/rps").await;
    flood.auth(Uuid::from_u128(2)).await;
    let (mut writing, mut reading) = {
        use futures_util::StreamExt;
        flood.into_inner().split()
    };
    let sending = tokio::spawn(async move {
        use futures_util::SinkExt;
        let bad = Message::text(r#"{"op":"fly"}"#);
        while writing.feed(bad.clone()).await.is_ok() {}
    });
    let mut told = Vec::new();
    let code: u16 = soon(async {
        use futures_util::StreamExt;
        loop {
            match reading.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let op: serde_json::Value = serde_json::from_str(&text).unwrap();
                    if op["op"] != "error" || !op["retry_ms"].is_null() {
                        told.push(op["op"].as_str().unwrap().to_owned());
                    }
                }
                Message::Close(close) => break close.unwrap().code.into(),
                _ => {}
            }
        }
    })
    .await;
    sending.abort();
    assert_eq!(code, CloseReason::RateLimited.code());
    assert_eq!(told, ["slow", "error", "goodbye"]);
    server.publish(Channel::Prices, &1).unwrap();
    assert_eq!(reader.entry().await.1, json!(1));
}
