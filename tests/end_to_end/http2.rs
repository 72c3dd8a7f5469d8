//! Tests of WebSockets over HTTP/2 (RFC 8441) in clear text.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::routing::get;
use http_body_util::{BodyExt, Empty};
use hyper::ext::Protocol;
use push_wire_server::{PushServer, serve};
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::http2_client::{Http2, Socket, TIMEOUT, connect};

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Log,
}

struct Process {
    server: Arc<PushServer<Channel>>,
    address: SocketAddr,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Process {
    async fn start() -> Self {
        let server = Arc::new(PushServer::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .merge(server.router())
            .route("/hello", get(async || "hello"));
        let (end, ended) = oneshot::channel::<()>();
        let serving = serve(listener, app).until(async { ended.await.unwrap() });
        Self {
            server,
            address,
            end,
            task: tokio::spawn(serving.into_future()),
        }
    }

    async fn connect(&self) -> Http2 {
        Http2::over(TcpStream::connect(self.address).await.unwrap()).await
    }
}

#[tokio::test]
async fn streams_of_one_connection_are_websockets() {
    let process = Process::start().await;
    let mut connection = process.connect().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(connection.join("/rps").await);
    }
    for n in 0..10 {
        process.server.publish(Channel::Log, &json!(n)).unwrap();
    }
    for socket in &mut sockets {
        for n in 0..10 {
            assert_eq!(socket.payload("log").await, n);
        }
    }
    let closing: Vec<_> = sockets.drain(..10).collect();
    futures_util::future::join_all(closing.into_iter().map(Socket::close)).await;
    process
        .server
        .publish(Channel::Log, &json!("last"))
        .unwrap();
    for socket in &mut sockets {
        assert_eq!(socket.payload("log").await, "last");
    }
}

#[tokio::test]
async fn subprotocol_is_selected() {
    let process = Process::start().await;
    let mut connection = process.connect().await;
    let mut request = connect("/rps");
    let asked = HeaderValue::from_static("mqtt, push-wire.v1");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", asked);
    let response = connection.answer(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["sec-websocket-protocol"], "push-wire.v1");
}

#[tokio::test]
async fn large_entries_arrive_whole() {
    let process = Process::start().await;
    let mut socket = process.connect().await.join("/rps").await;
    let text = "a long line ".repeat(100_000);
    process.server.publish(Channel::Log, &text).unwrap();
    process.server.publish(Channel::Log, &"after").unwrap();
    assert_eq!(socket.payload("log").await, text);
    assert_eq!(socket.payload("log").await, "after");
}

#[tokio::test]
async fn bad_requests_are_answered() {
    let process = Process::start().await;
    let mut connection = process.connect().await;
    let mut other = connect("/rps");
    other
        .extensions_mut()
        .insert(Protocol::from_static("connect-udp"));
    let mut old = connect("/rps");
    old.headers_mut()
        .insert("sec-websocket-version", HeaderValue::from_static("8"));
    let mut get = connect("/rps");
    *get.method_mut() = Method::GET;
    get.extensions_mut().remove::<Protocol>();
    let requests = [
        (other, 400),
        (old, 426),
        (get, 405),
        (connect("/elsewhere"), 404),
        (connect("/hello"), 405),
    ];
    for (request, status) in requests {
        let response = connection.answer(request).await;
        assert_eq!(response.status(), status);
    }
    // The connection is as good as before.
    connection.join("/rps").await.close().await;
}

#[tokio::test]
async fn event_streams_are_served() {
    let process = Process::start().await;
    let mut connection = process.connect().await;
    let uri = format!("http://server/rps/sse?client_id={}", Uuid::new_v4());
    let request = Request::get(uri).body(Empty::new()).unwrap();
    let mut events = connection.answer(request).await.into_body();
    let mut read = String::new();
    for n in 0..10 {
        while !read.contains(&format!("\"payload\":\"entry {n}\"")) {
            if n == 0 && read.contains("auth_ok") || n > 0 {
                let entry = format!("entry {n}");
                process.server.publish(Channel::Log, &entry).unwrap();
            }
            let frame = timeout(TIMEOUT, events.frame()).await.unwrap();
            let data = frame.expect("the stream goes on").unwrap().into_data();
            read.push_str(std::str::from_utf8(&data.unwrap()).unwrap());
        }
    }
    // The stream of a client that leaves ends.
    drop(events);
    timeout(TIMEOUT, process.server.connections_ended())
        .await
        .unwrap();
}

/// Each WebSocket is closed with 4100, then the connection ends.
#[tokio::test]
async fn drain_ends_streams_then_connection() {
    let process = Process::start().await;
    let mut connection = process.connect().await;
    let sockets = [connection.join("/rps").await, connection.join("/rps").await];
    let server = Arc::clone(&process.server);
    let drained = tokio::spawn(async move { server.drain(TIMEOUT).await });
    for socket in sockets {
        assert_eq!(socket.close_code().await, 4100);
    }
    assert_eq!(drained.await.unwrap(), 0);
    let refused = connection.answer(connect("/rps")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    process.end.send(()).unwrap();
    connection.ended().await;
    timeout(TIMEOUT, process.task).await.unwrap().unwrap();
}
