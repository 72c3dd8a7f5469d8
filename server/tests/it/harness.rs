//! Support of the tests: a running server, and scripted clients of both dialects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::{SinkExt, StreamExt};
use push_wire_server::frame::{BinaryFlags, FrameHeader};
use push_wire_server::session::op::{Auth, ClientOp, ScopeRequest, ServerOp, Subscribe};
use push_wire_server::session::wire::{
    Body, Content, EntryHeader, Records, UplinkHeader, write_record,
};
use push_wire_server::{ChannelKind, PushServer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    #[channel(system)]
    System,
    Chat,
    Prices,
    Staff,
}

/// A server behind a listener; ends when dropped.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub(crate) async fn serve(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await });
        Self { addr, task }
    }

    /// Serves with the addresses of the other ends in requests.
    pub(crate) async fn serve_with_addresses(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await });
        Self { addr, task }
    }

    pub(crate) async fn json(&self, path: &str) -> Socket {
        Socket::connect(self.addr, path, None).await
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire::new(Socket::connect(self.addr, "/rps", Some("push-wire.v1")).await)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server with the defaults, or as a test sets it up.
pub(crate) async fn start(server: &Arc<PushServer<Channel>>) -> Running {
    Running::serve(server.router()).await
}

/// Waits for a future; fails after [`TIMEOUT`].
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, future)
        .await
        .expect("what was waited for did not happen")
}

/// A client's WebSocket.
pub(crate) struct Socket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) subprotocol: Option<String>,
}

impl Socket {
    pub(crate) async fn connect(addr: SocketAddr, path: &str, subprotocols: Option<&str>) -> Self {
        let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
        if let Some(subprotocols) = subprotocols {
            let value = subprotocols.parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", value);
        }
        let (inner, response) = soon(tokio_tungstenite::connect_async(request))
            .await
            .unwrap();
        let subprotocol = response.headers().get("sec-websocket-protocol");
        let subprotocol = subprotocol.map(|value| value.to_str().unwrap().to_owned());
        Self { inner, subprotocol }
    }

    pub(crate) fn into_inner(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.inner
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon(self.inner.send(message)).await.unwrap();
    }

    pub(crate) async fn say(&mut self, value: Value) {
        self.send(Message::text(value.to_string())).await;
    }

    pub(crate) async fn receive(&mut self) -> Message {
        soon(self.inner.next())
            .await
            .expect("the connection is open")
            .unwrap()
    }

    /// The next text message, as JSON.
    pub(crate) async fn receive_json(&mut self) -> Value {
        match self.receive().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text message: {other:?}"),
        }
    }

    /// Code and reason with which the server closes; other messages are ignored.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(close) = self.receive().await {
                let close = close.expect("a close frame with a code");
                return (close.code.into(), close.reason.to_string());
            }
        }
    }

    /// Authenticates in the JSON dialect.
    pub(crate) async fn auth(&mut self, client_id: Uuid) -> Value {
        self.say(json!({"op": "auth", "client_id": client_id}))
            .await;
        let answer = self.receive_json().await;
        assert_eq!(answer["op"], "auth_ok", "{answer}");
        answer
    }
}

/// An event of a client of the push-wire dialect.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Op(ServerOp),
    Entry {
        channel: u8,
        cursor: u32,
        content: Content,
        body: Vec<u8>,
    },
}

/// A client of the push-wire dialect.
pub(crate) struct Wire {
    pub(crate) socket: Socket,
    sequence: u32,
    seen: std::collections::VecDeque<Seen>,
}

impl Wire {
    pub(crate) fn new(socket: Socket) -> Self {
        Self {
            socket,
            sequence: 0,
            seen: Default::default(),
        }
    }

    pub(crate) async fn op(&mut self, op: &ClientOp) {
        let mut payload = vec![];
        op.encode(&mut payload);
        let sequence = self.sequence;
        self.sequence += 1;
        self.frame(Channel::System.wire_id(), sequence, &payload)
            .await;
    }

    pub(crate) async fn frame(&mut self, channel: u8, sequence: u32, payload: &[u8]) {
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel,
            sequence,
        };
        let mut message = vec![];
        write_record(&mut message, header, payload);
        self.socket.send(Message::binary(message)).await;
    }

    /// Sends a value on a channel.
    pub(crate) async fn message(&mut self, channel: Channel, number: u32, value: &Value) {
        let mut payload = vec![];
        UplinkHeader::new(Content::Value).write(&mut payload);
        payload.extend_from_slice(value.to_string().as_bytes());
        self.frame(channel.wire_id(), number, &payload).await;
    }

    /// Sends `auth` with these subscriptions.
    pub(crate) async fn auth(
        &mut self,
        client_id: Uuid,
        token: Option<&str>,
        subscriptions: &[Subscribe],
    ) {
        self.op(&ClientOp::Auth(Auth {
            token: token.map(str::to_owned),
            subscriptions: subscriptions.to_vec(),
            ..Auth::new(client_id)
        }))
        .await;
    }

    /// As [`auth`](Self::auth), and expects `auth_ok`.
    pub(crate) async fn enter(&mut self, client_id: Uuid, subscriptions: &[Subscribe]) {
        self.auth(client_id, None, subscriptions).await;
        match self.see().await {
            Seen::Op(ServerOp::AuthOk(_)) => {}
            other => panic!("not let in: {other:?}"),
        }
    }

    pub(crate) async fn see(&mut self) -> Seen {
        loop {
            if let Some(seen) = self.seen.pop_front() {
                return seen;
            }
            let message = match self.socket.receive().await {
                Message::Binary(message) => message,
                other => panic!("not a binary message: {other:?}"),
            };
            for record in Records::new(&message) {
                let (header, payload) = record.unwrap();
                self.seen.push_back(seen(header, payload));
            }
        }
    }

    pub(crate) async fn see_op(&mut self) -> ServerOp {
        match self.see().await {
            Seen::Op(op) => op,
            other => panic!("not an op: {other:?}"),
        }
    }

    /// The next entry's cursor and value; ops are ignored.
    pub(crate) async fn entry(&mut self) -> (u32, Value) {
        loop {
            if let Seen::Entry { cursor, body, .. } = self.see().await {
                return (cursor, serde_json::from_slice(&body).unwrap());
            }
        }
    }
}

fn seen(header: FrameHeader, payload: &[u8]) -> Seen {
    if header.channel == Channel::System.wire_id() {
        return Seen::Op(ServerOp::decode(payload).unwrap());
    }
    match EntryHeader::split(payload).unwrap() {
        (entry, Body::Whole(body)) => Seen::Entry {
            channel: header.channel,
            cursor: header.sequence,
            content: entry.content,
            body: body.to_vec(),
        },
        (_, Body::Delta(..)) => panic!("a delta was not asked for"),
    }
}

/// Reads a channel itself from the oldest entry kept.
pub(crate) fn subscribe(id: u32, channel: Channel) -> Subscribe {
    Subscribe {
        id,
        channel: channel.name().into(),
        scope: ScopeRequest::Channel,
        position: None,
        start: Default::default(),
    }
}

/// Reads a topic from the oldest entry kept.
pub(crate) fn subscribe_to(id: u32, channel: Channel, topic: &str) -> Subscribe {
    Subscribe {
        scope: ScopeRequest::Topic(topic.into()),
        ..subscribe(id, channel)
    }
}
