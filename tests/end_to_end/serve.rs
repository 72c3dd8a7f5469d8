//! Tests of `push_wire_server::serve` over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use push_wire_client::{ClientConfig, Frame, PushClient};
use push_wire_server::{PushServer, serve};
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Log,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

const UPGRADE: &str = "GET /rps HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Everything that comes until the connection ends.
async fn rest(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = String::new();
    let ended = timeout(TIMEOUT, socket.read_to_string(&mut read)).await;
    ended.expect("the connection ends").unwrap();
    read
}

/// The head of the next answer.
async fn head(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let byte = timeout(TIMEOUT, socket.read_u8()).await.unwrap().unwrap();
        head.push(byte.into());
    }
    head
}

#[tokio::test]
async fn clients_connect_and_handlers_get_addresses() {
    let server = Arc::new(PushServer::<Channel>::new());
    let own = async |ConnectInfo(address): ConnectInfo<SocketAddr>| address.to_string();
    let app = server.router().route("/own", get(own));
    let (listener, address) = listener().await;
    let serving = tokio::spawn(serve(listener, app).into_future());
    let mut client = PushClient::new(ClientConfig::new(format!("http://{address}")));
    let (seen, mut shown) = mpsc::unbounded_channel();
    client.on(Channel::Log, move |frame: Frame<Channel>| {
        seen.send(frame.payload).unwrap();
    });
    client.connect().await.unwrap();
    server.publish(Channel::Log, &1).unwrap();
    let first = timeout(TIMEOUT, shown.recv()).await.unwrap();
    assert_eq!(first, Some(json!(1)));

    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = b"GET /own HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let local = socket.local_addr().unwrap().to_string();
    let answer = rest(&mut socket).await;
    assert!(answer.ends_with(&local), "{answer}");
    serving.abort();
}

#[tokio::test]
async fn slow_headers_end_the_connection() {
    let (listener, address) = listener().await;
    let serving = serve(listener, Router::new()).header_timeout(Duration::from_millis(50));
    let serving = tokio::spawn(serving.into_future());
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    rest(&mut socket).await;
    serving.abort();
}

#[tokio::test]
async fn last_requests_are_answered() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        async move || {
            begun.notify_one();
            go_on.notified().await;
            "done"
        }
    };
    let app = Router::new().route("/", get(handler));
    let (listener, address) = listener().await;
    let (end, ended) = oneshot::channel::<()>();
    let serving = serve(listener, app).until(async { ended.await.unwrap() });
    let serving = tokio::spawn(serving.into_future());
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    timeout(TIMEOUT, begun.notified()).await.unwrap();
    end.send(()).unwrap();
    // A connection without a request ends at once.
    assert_eq!(rest(&mut idle).await, "");
    go_on.notify_one();
    assert!(rest(&mut socket).await.ends_with("done"));
    timeout(TIMEOUT, serving).await.unwrap().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_are_served() {
    use tokio::net::{UnixListener, UnixStream};

    let server = Arc::new(PushServer::<Channel>::new());
    let path = std::env::temp_dir().join(format!("push-wire-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let serving = tokio::spawn(serve(listener, server.router()).into_future());
    let mut socket = UnixStream::connect(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    socket.write_all(UPGRADE.as_bytes()).await.unwrap();
    let answer = head(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    serving.abort();
}
