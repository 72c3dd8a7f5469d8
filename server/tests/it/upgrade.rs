//! Tests of the opening handshake (RFC 6455 section 4.2).

use std::sync::Arc;

use push_wire_server::PushServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::harness::{Channel, Socket, soon, start};

const HEADERS: &str =
    "Host: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";

/// The head and body of the answer to a request.
async fn ask(request: String) -> String {
    let server: Arc<PushServer<Channel>> = Arc::default();
    let running = start(&server).await;
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer.to_lowercase()
}

fn upgrade(method: &str, more: &str) -> String {
    format!("{method} /rps HTTP/1.1\r\n{HEADERS}{more}\r\n")
}

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const V13: &str = "Sec-WebSocket-Version: 13\r\n";

#[tokio::test]
async fn accepts_example_of_rfc() {
    let answer = ask(upgrade("GET", &[KEY, V13].concat())).await;
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    let accept = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=";
    assert!(
        answer.contains(accept) && !answer.contains("sec-websocket-protocol"),
        "{answer}"
    );
}

#[tokio::test]
async fn refuses_ordinary_requests() {
    let request = "GET /rps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = ask(request.into()).await;
    assert!(
        answer.starts_with("http/1.1 426 ") && answer.contains("ws://"),
        "{answer}"
    );
    for header in [
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
    ] {
        assert!(answer.contains(&format!("\r\n{header}")), "{answer}");
    }
}

#[tokio::test]
async fn refuses_other_versions() {
    let answer = ask(upgrade(
        "GET",
        &[KEY, "Sec-WebSocket-Version: 8\r\n"].concat(),
    ))
    .await;
    assert!(answer.starts_with("http/1.1 426 "), "{answer}");
    assert!(answer.contains("sec-websocket-version: 13"), "{answer}");
}

#[tokio::test]
async fn refuses_bad_keys() {
    for key in ["", "Sec-WebSocket-Key: short\r\n"] {
        let answer = ask(upgrade("GET", &[key, V13].concat())).await;
        assert!(answer.starts_with("http/1.1 400 "), "{answer}");
        assert!(answer.contains("16 bytes in base64"), "{answer}");
    }
}

#[tokio::test]
async fn refuses_double_headers_and_bodies() {
    for more in [
        "Host: other\r\n",
        KEY,
        "Content-Length: 2\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let answer = ask(upgrade("GET", &[KEY, V13, more].concat())).await;
        assert!(answer.starts_with("http/1.1 400 "), "{more} {answer}");
    }
}

#[tokio::test]
async fn refuses_other_methods() {
    let answer = ask(upgrade("POST", &[KEY, V13].concat())).await;
    assert!(answer.starts_with("http/1.1 405 "), "{answer}");
}

#[tokio::test]
async fn answers_only_its_subprotocol() {
    let server: Arc<PushServer<Channel>> = Arc::default();
    let running = start(&server).await;
    let socket = Socket::connect(running.addr, "/rps", Some("mqtt, push-wire.v1")).await;
    assert_eq!(socket.subprotocol.as_deref(), Some("push-wire.v1"));
    for asked in ["mqtt", "Push-Wire.v1"] {
        let asked = format!("Sec-WebSocket-Protocol: {asked}\r\n");
        let answer = ask(upgrade("GET", &[KEY, V13, &asked].concat())).await;
        assert!(answer.starts_with("http/1.1 101 "), "{answer}");
        assert!(!answer.contains("sec-websocket-protocol"), "{answer}");
    }
}
