//! Tests of WebSockets over TLS, with HTTP/2 and HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Request, Version};
use axum::routing::get;
use http_body_util::{BodyExt, Empty};
use push_wire_server::{PushServer, TlsError, TlsListener, serve};
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::certificate::Certificate;
use crate::http2_client::{Http2, Socket, TIMEOUT};

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Log,
}

const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

struct Process {
    server: Arc<PushServer<Channel>>,
    address: SocketAddr,
    certificate: Certificate,
    task: JoinHandle<()>,
}

impl Process {
    async fn start() -> Self {
        let certificate = Certificate::new();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (chain, key) = (certificate.chain(), certificate.key());
        let listener = TlsListener::from_pem(tcp, chain.as_bytes(), key.as_bytes()).unwrap();
        let server = Arc::new(PushServer::new());
        let version = async |version: Version, ConnectInfo(from): ConnectInfo<SocketAddr>| {
            format!("{version:?} from {from}")
        };
        let app = Router::new()
            .merge(server.router())
            .route("/version", get(version));
        Self {
            server,
            address,
            certificate,
            task: tokio::spawn(serve(listener, app).into_future()),
        }
    }

    async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        self.certificate.connect(tcp, protocol).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn http_2_is_negotiated() {
    let process = Process::start().await;
    let stream = process.connect(HTTP_2).await;
    let local = stream.get_ref().0.local_addr().unwrap();
    let mut connection = Http2::over(stream).await;
    let request = Request::get("https://localhost/version").body(Empty::new());
    let answer = connection.answer(request.unwrap()).await.into_body();
    let text = answer.collect().await.unwrap().to_bytes();
    assert_eq!(text, format!("HTTP/2.0 from {local}"));
    let mut socket = connection.join("/rps").await;
    process.server.publish(Channel::Log, &json!([1])).unwrap();
    assert_eq!(socket.payload("log").await, json!([1]));
    socket.close().await;
}

#[tokio::test]
async fn websockets_open_over_http_1() {
    let process = Process::start().await;
    let stream = process.connect(HTTP_1).await;
    let opening = tokio_tungstenite::client_async("wss://localhost/rps", stream);
    let (socket, _) = timeout(TIMEOUT, opening).await.unwrap().unwrap();
    let mut socket = Socket::join(socket).await;
    let text = "a long line ".repeat(100_000);
    process.server.publish(Channel::Log, &text).unwrap();
    assert_eq!(socket.payload("log").await, text);
    socket.close().await;
}

/// A client without TLS gets an error, and delays no other client.
#[tokio::test]
async fn failed_handshakes_delay_no_other_client() {
    let process = Process::start().await;
    let _silent = TcpStream::connect(process.address).await.unwrap();
    let mut plain = TcpStream::connect(process.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut alert = Vec::new();
    let ended = timeout(TIMEOUT, plain.read_to_end(&mut alert)).await;
    ended.unwrap().unwrap();
    assert_eq!(alert.first(), Some(&21), "a TLS alert");
    process.connect(HTTP_2).await;
}

#[tokio::test]
async fn bad_certificates_are_errors() {
    let certificate = Certificate::new();
    let (chain, key) = (certificate.chain(), certificate.key());
    let other = Certificate::new().key();
    let listener = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = async |chain: &str, key: &str| {
        TlsListener::from_pem(listener().await, chain.as_bytes(), key.as_bytes()).unwrap_err()
    };
    let mismatch = error(&chain, &other).await;
    assert!(matches!(mismatch, TlsError::Config(_)), "{mismatch}");
    let none = error("", &key).await;
    assert!(matches!(none, TlsError::Config(_)), "{none}");
    let no_key = error(&chain, &chain).await;
    assert!(matches!(no_key, TlsError::Pem(_)), "{no_key}");
}
