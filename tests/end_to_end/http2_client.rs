//! An HTTP/2 client that opens WebSockets (RFC 8441), over any byte stream.

use std::time::Duration;

use axum::http::{Request, Version};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper::{Method, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

/// Longest wait of a test before it fails.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// One HTTP/2 connection.
pub(crate) struct Http2 {
    requests: SendRequest<Empty<Bytes>>,
    /// Its end, with the error of a connection that broke.
    pub(crate) connection: JoinHandle<Result<(), hyper::Error>>,
}

/// A CONNECT that opens a WebSocket at this path, in the JSON dialect.
pub(crate) fn connect(path: &str) -> Request<Empty<Bytes>> {
    let uri = format!("http://server{path}");
    let request = Request::builder().method(Method::CONNECT).uri(uri);
    let request = request
        .version(Version::HTTP_2)
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"));
    request.body(Empty::new()).unwrap()
}

impl Http2 {
    pub(crate) async fn over(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(io));
        let (requests, connection) = handshake.await.unwrap();
        Self {
            requests,
            connection: tokio::spawn(connection),
        }
    }

    pub(crate) async fn answer(&mut self, request: Request<Empty<Bytes>>) -> Response<Incoming> {
        let answer = self.requests.send_request(request);
        timeout(TIMEOUT, answer).await.unwrap().unwrap()
    }

    /// Opens a WebSocket in the JSON dialect, and authenticates.
    pub(crate) async fn join(&mut self, path: &str) -> Socket<TokioIo<Upgraded>> {
        let response = self.answer(connect(path)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.version(), Version::HTTP_2);
        let io = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        Socket::join(WebSocketStream::from_raw_socket(io, Role::Client, None).await).await
    }

    /// Waits until the connection has ended, without an error.
    pub(crate) async fn ended(self) {
        timeout(TIMEOUT, self.connection)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// A WebSocket in the JSON dialect.
pub(crate) struct Socket<Io>(WebSocketStream<Io>);

impl<Io: AsyncRead + AsyncWrite + Unpin> Socket<Io> {
    /// Authenticates a new client.
    pub(crate) async fn join(stream: WebSocketStream<Io>) -> Self {
        let mut socket = Self(stream);
        let auth = json!({ "op": "auth", "client_id": Uuid::new_v4() });
        socket.send(&auth).await;
        assert_eq!(socket.next().await["op"], "auth_ok");
        socket
    }

    async fn send(&mut self, message: &Value) {
        let text = Message::text(message.to_string());
        timeout(TIMEOUT, self.0.send(text)).await.unwrap().unwrap();
    }

    async fn receive(&mut self) -> Message {
        let message = timeout(TIMEOUT, self.0.next()).await;
        message.unwrap().expect("a message").unwrap()
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(self.receive().await.to_text().unwrap()).unwrap()
    }

    /// Payload of the next frame of this channel; other messages are skipped.
    pub(crate) async fn payload(&mut self, channel: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["channel"] == channel {
                return message["payload"].clone();
            }
        }
    }

    /// Code of the close frame, to the end of the stream.
    pub(crate) async fn close_code(mut self) -> u16 {
        loop {
            if let Message::Close(Some(frame)) = self.receive().await {
                assert!(timeout(TIMEOUT, self.0.next()).await.unwrap().is_none());
                return frame.code.into();
            }
        }
    }

    /// Closes the WebSocket, to the end of the stream.
    pub(crate) async fn close(mut self) {
        timeout(TIMEOUT, self.0.close(None)).await.unwrap().unwrap();
        while let Some(message) = timeout(TIMEOUT, self.0.next()).await.unwrap() {
            message.unwrap();
        }
    }
}
