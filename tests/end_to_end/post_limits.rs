//! Tests of the limits of POSTs that reach no session, and of requests that are refused for their origin.

use std::net::SocketAddr;

use push_wire_server::{Limits, PushServer, Rate, serve};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::http::{Answer, Request};
use crate::json_client::Channel;

const JSON: &str = "application/json";

const MESSAGE_BYTES: usize = 1_024;

/// Most requests until the server has noticed that another one has begun, or ended.
const ATTEMPTS: usize = 1_000;

struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that knows the addresses of its clients and exempts none.
async fn start(set: impl FnOnce(&mut Limits)) -> Server {
    let mut limits = Limits::default();
    limits.message_bytes = MESSAGE_BYTES;
    set(&mut limits);
    let push = PushServer::<Channel>::builder()
        .limits(limits)
        .exempt_addresses([])
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = push.router();
    let task = tokio::spawn(async move { serve(listener, router).await });
    Server { address, task }
}

async fn post(server: &Server, route: &str) -> Answer {
    let body = json!({ "client_id": Uuid::nil(), "channel": "chat", "cursor": 1 });
    let request = Request::new("POST", route).body(JSON, body.to_string());
    request.send(server.address).await
}

/// Begins a POST whose body does not come.
async fn begin(server: &Server, bytes: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /rps/send HTTP/1.1\r\nhost: a\r\ncontent-type: {JSON}\r\ncontent-length: {bytes}\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn posts_without_session_count_towards_the_rates_of_their_network() {
    for route in ["/rps/send", "/rps/ack"] {
        let server = start(|limits| limits.address_rates.frames = Rate::new(1, 3)).await;
        let mut statuses = Vec::new();
        let mut refused = None;
        while refused.is_none() && statuses.len() < 10 {
            let answer = post(&server, route).await;
            statuses.push(answer.status);
            refused = Some(answer).filter(|answer| answer.status == 429);
        }
        let refused = refused.expect("a refusal");
        assert!(statuses.starts_with(&[404, 404, 404]), "{statuses:?}");
        assert_eq!(refused.header("retry-after"), Some("1"));
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("address_rates"), "{message}");
    }
}

#[tokio::test]
async fn requests_of_other_origins_count_towards_the_rates_of_their_network() {
    let events = format!("/rps/sse?client_id={}", Uuid::nil());
    let requests: [&dyn Fn() -> Request; 5] = [
        &|| Request::new("GET", "/rps").upgrade(),
        &|| Request::new("GET", &events),
        &|| Request::new("OPTIONS", "/rps/send"),
        &|| Request::new("POST", "/rps/send").body(JSON, "{}".to_owned()),
        &|| Request::new("POST", "/rps/ack").body(JSON, "{}".to_owned()),
    ];
    for request in requests {
        let server = start(|limits| limits.address_rates.frames = Rate::new(1, 3)).await;
        let ask = async || {
            let request = request().header("origin", "https://evil.example");
            request.send(server.address).await
        };
        let mut statuses = Vec::new();
        while !statuses.contains(&429) && statuses.len() < 10 {
            statuses.push(ask().await.status);
        }
        assert!(statuses.starts_with(&[403, 403, 403]), "{statuses:?}");
        assert!(statuses.ends_with(&[429]), "{statuses:?}");
    }
}

#[tokio::test]
async fn bodies_that_do_not_come_are_bounded() {
    let server = start(|limits| {
        limits.unauthenticated_bytes_per_address = MESSAGE_BYTES;
        limits.unauthenticated_bytes = 2 * MESSAGE_BYTES;
    })
    .await;
    let unfinished = begin(&server, MESSAGE_BYTES - 50).await;
    let mut answer = post(&server, "/rps/send").await;
    for _ in 0..ATTEMPTS {
        if answer.status == 429 {
            break;
        }
        answer = post(&server, "/rps/send").await;
    }
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.body.contains("unauthenticated_bytes_per_address"));
    drop(unfinished);
    for _ in 0..ATTEMPTS {
        if answer.status == 404 {
            break;
        }
        answer = post(&server, "/rps/send").await;
    }
    assert_eq!(answer.status, 404, "{answer:?}");
}
