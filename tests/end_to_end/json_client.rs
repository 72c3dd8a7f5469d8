//! Client of the JSON dialect that sends only what a test passes to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use push_wire_server::{ChannelKind, PushServer, PushServerBuilder};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The channels of the tests.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// Control ops.
    #[channel(system)]
    System,
    /// A log that keeps what the tests publish.
    Chat,
    /// A log that keeps three entries.
    Short,
}

/// A server on a free port, stopped when dropped.
pub(crate) struct Server {
    pub(crate) push: Arc<PushServer<Channel>>,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(
        set_up: impl FnOnce(PushServerBuilder<Channel>) -> PushServerBuilder<Channel>,
    ) -> Self {
        let push = set_up(PushServer::builder()).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = push.router();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            push,
            address,
            task,
        }
    }

    /// Opens a socket and sends nothing.
    pub(crate) async fn open(&self) -> Client {
        self.open_at("/rps").await
    }

    /// Opens a socket at this path and query, and sends nothing.
    pub(crate) async fn open_at(&self, target: &str) -> Client {
        self.open_by(target, "cookie", "").await
    }

    /// Opens a socket with this cookie, and sends nothing.
    pub(crate) async fn open_with(&self, cookie: &str) -> Client {
        self.open_by("/rps", "cookie", cookie).await
    }

    /// Opens a socket with this bearer token, and sends nothing.
    pub(crate) async fn open_with_bearer(&self, token: &str) -> Client {
        let credentials = format!("Bearer {token}");
        self.open_by("/rps", "authorization", &credentials).await
    }

    async fn open_by(&self, target: &str, header: &str, value: &str) -> Client {
        let uri = format!("ws://{}{target}", self.address).parse().unwrap();
        let request = ClientRequestBuilder::new(uri).with_header(header, value);
        let (socket, _) = connect_async(request).await.unwrap();
        Client {
            id: Uuid::nil(),
            socket,
        }
    }

    /// Connects and sends `auth`, with `extra` merged into it.
    pub(crate) async fn connect(&self, id: Uuid, extra: Value) -> Client {
        self.open().await.authenticate(id, extra).await
    }

    /// Connects and authenticates.
    pub(crate) async fn join(&self, id: Uuid, extra: Value) -> Client {
        let mut client = self.connect(id, extra).await;
        assert_eq!(client.receive_json().await["op"], "auth_ok");
        client
    }
}

/// A socket on which the test sends and receives messages.
pub(crate) struct Client {
    pub(crate) id: Uuid,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Sends `auth`, with `extra` merged into it.
    pub(crate) async fn authenticate(mut self, id: Uuid, extra: Value) -> Self {
        self.id = id;
        let mut auth = json!({ "op": "auth", "client_id": id });
        if let (Some(auth), Value::Object(extra)) = (auth.as_object_mut(), extra) {
            auth.extend(extra);
        }
        self.send_op(&auth).await;
        self
    }

    pub(crate) async fn send_op(&mut self, op: &Value) {
        self.send(Message::text(op.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next message other than a heartbeat; `None` once the connection is lost.
    async fn next(&mut self) -> Option<Message> {
        let next = async {
            loop {
                let message = self.socket.next().await?.ok()?;
                if !message.is_ping() {
                    return Some(message);
                }
            }
        };
        timeout(TIMEOUT, next)
            .await
            .expect("the server sends a message in time")
    }

    /// The next op or frame.
    pub(crate) async fn receive_json(&mut self) -> Value {
        match self.next().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text: {other:?}"),
        }
    }

    /// The next `count` frames of a channel, as (cursor, payload).
    pub(crate) async fn frames(&mut self, channel: &str, count: u64) -> Vec<(u64, Value)> {
        let mut frames = Vec::new();
        for _ in 0..count {
            let frame = self.receive_json().await;
            assert_eq!(frame["channel"], channel, "{frame}");
            let cursor = frame["cursor"].as_u64().expect("a cursor");
            frames.push((cursor, frame["payload"].clone()));
        }
        frames
    }

    /// Checks that nothing is received before the answer to a ping.
    pub(crate) async fn receives_nothing(&mut self) {
        self.send_op(&json!({ "op": "ping" })).await;
        assert_eq!(self.receive_json().await, json!({ "op": "pong" }));
    }

    /// The close code of the server; messages before it are ignored.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(Message::Text(_)) => {}
                other => panic!("no close code: {other:?}"),
            }
        }
    }

    /// Drops the connection without a close frame.
    pub(crate) fn drop_connection(self) {
        drop(self);
    }
}
