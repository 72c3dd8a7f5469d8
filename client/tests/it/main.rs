//! Tests of the client's driver against scripted servers that misbehave on the socket.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use push_wire_client::{
    ChannelKind, ClientConfig, ConnectError, ConnectionState, PushClient, ReconnectPolicy,
    TransportPreference,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

async fn listener() -> (TcpListener, PushClient<Channel>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut config = ClientConfig::new(url);
    config.max_message_bytes = 5000;
    // The servers of these tests have no event streams.
    config.transport_preference = TransportPreference::WsOnly;
    // They answer one attempt.
    config.reconnect = ReconnectPolicy::disabled();
    (listener, PushClient::new(config))
}

/// Accepts one client, in the dialect that it asks for; its first message is `auth`.
async fn accept(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let (stream, _) = listener.accept().await.unwrap();
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let agree = |request: &Request, mut response: Response| {
        assert_eq!(request.uri().path(), "/rps");
        assert_eq!(request.headers()["Sec-WebSocket-Protocol"], "push-wire.v1");
        let agreed = HeaderValue::from_static("push-wire.v1");
        response
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", agreed);
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, agree).await.unwrap();
    let auth = socket.next().await.unwrap().unwrap();
    assert!(auth.is_binary());
    socket
}

/// The client's first attempt, and the close code with which it left the server.
async fn answered_with(message: Message) -> (ConnectError, u16) {
    let (listener, mut client) = listener().await;
    let server = async {
        let mut socket = accept(&listener).await;
        socket.send(message).await.unwrap();
        loop {
            if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                return u16::from(frame.unwrap().code);
            }
        }
    };
    let both = async { tokio::join!(client.connect(), server) };
    let (connected, code) = timeout(TIMEOUT, both).await.unwrap();
    assert_eq!(client.state(), ConnectionState::Disconnected);
    (connected.unwrap_err(), code)
}

#[tokio::test]
async fn a_text_message_is_a_protocol_error() {
    let (error, code) = answered_with(Message::text("hello")).await;
    assert!(matches!(error, ConnectError::Closed { code: 4202, .. }));
    assert_eq!(code, 4202);
}

#[tokio::test]
async fn garbage_is_a_protocol_error() {
    let (error, code) = answered_with(Message::binary(vec![7; 100])).await;
    assert!(matches!(error, ConnectError::Closed { code: 4202, .. }));
    assert_eq!(code, 4202);
}

#[tokio::test]
async fn refuses_message_above_limit() {
    let (error, code) = answered_with(Message::binary(vec![7; 5001])).await;
    assert!(matches!(error, ConnectError::Closed { code: 4204, .. }));
    assert_eq!(code, 4204);
}

#[tokio::test]
async fn detects_other_dialect() {
    let (listener, mut client) = listener().await;
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        // The client ends the handshake, whatever its result on this side.
        drop(accept_async(stream).await);
    };
    let both = async { tokio::join!(client.connect(), server) };
    let (connected, ()) = timeout(TIMEOUT, both).await.unwrap();
    let error = connected.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("subprotocol"), "{error}");
}

#[tokio::test]
async fn reports_server_close() {
    let (listener, mut client) = listener().await;
    let server = async { drop(accept(&listener).await) };
    let both = async { tokio::join!(client.connect(), server) };
    let (connected, ()) = timeout(TIMEOUT, both).await.unwrap();
    assert!(matches!(connected, Err(ConnectError::Transport(_))));
}
