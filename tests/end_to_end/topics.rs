//! Tests of client messages that name a topic, and of the right to send to it, over every transport and in both dialects.

use std::net::SocketAddr;

use push_wire_client::{
    ClientConfig, ErrorCode, PushClient, SendError, StreamRequest, TransportPreference,
};
use push_wire_server::{Credentials, Frame, Grant};
use push_wire_shared::session::wire::Content;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::http::{Request, Response};
use crate::json_client::{Channel, Client, Server};
use crate::native_client::within_timeout;

const ALICE: Uuid = Uuid::from_u128(0xa11ce);

/// Client by one dialect and transport.
enum Sender {
    /// Push-wire dialect.
    Native(PushClient<Channel>),
    /// JSON dialect over a WebSocket.
    Socket(Client),
    /// JSON dialect over an event stream and POST requests.
    Events {
        address: SocketAddr,
        /// Open as long as the client is connected.
        _stream: Response,
    },
}

impl Sender {
    /// Sends a message for a topic. Returns the error text of the server.
    async fn send(&mut self, topic: Option<&str>) -> Result<(), (ErrorCode, String)> {
        let mut frame = Frame::new(Channel::Chat, json!(1));
        frame.topic = topic.map(str::to_owned);
        let mut message = serde_json::to_value(&frame).unwrap();
        match self {
            Self::Native(client) => match client.send_confirmed(frame).await {
                Ok(()) => Ok(()),
                Err(SendError::Refused { code, message, .. }) => Err((code, message)),
                Err(SendError::BadTopic) => Err((ErrorCode::BadTopic, bad_topic())),
                Err(error) => panic!("{error}"),
            },
            Self::Socket(socket) => {
                socket.send_op(&message).await;
                socket.send_op(&json!({ "op": "ping" })).await;
                let answer = socket.receive_json().await;
                if answer == json!({ "op": "pong" }) {
                    return Ok(());
                }
                assert_eq!(socket.receive_json().await, json!({ "op": "pong" }));
                Err((code(&answer), text(&answer)))
            }
            Self::Events { address, .. } => {
                message["client_id"] = json!(ALICE);
                let request =
                    Request::new("POST", "/rps/send").body("application/json", message.to_string());
                let answer = request.send(*address).await;
                match answer.status {
                    204 => Ok(()),
                    403 => Err((ErrorCode::NotPermitted, text(&answer.json()))),
                    400 => Err((ErrorCode::BadTopic, text(&answer.json()))),
                    status => panic!("{status}"),
                }
            }
        }
    }
}

fn text(answer: &Value) -> String {
    assert_eq!(answer["op"], "error", "{answer}");
    answer["message"].as_str().unwrap().to_owned()
}

/// Code of an error of the JSON dialect, which has none over a WebSocket.
fn code(answer: &Value) -> ErrorCode {
    if text(answer) == bad_topic() {
        ErrorCode::BadTopic
    } else {
        ErrorCode::NotPermitted
    }
}

fn bad_topic() -> String {
    "a topic is 1 to 255 bytes of text".into()
}

fn native(address: SocketAddr, preference: TransportPreference) -> PushClient<Channel> {
    let mut config = ClientConfig::new(format!("http://{address}"));
    config.transport_preference = preference;
    PushClient::new(config)
}

/// A client by each dialect and transport.
async fn senders(server: &Server) -> Vec<Sender> {
    let mut senders = Vec::new();
    for preference in [TransportPreference::WsOnly, TransportPreference::SseOnly] {
        let mut client = native(server.address, preference);
        client.connect().await.unwrap();
        senders.push(Sender::Native(client));
    }
    let socket = server.join(Uuid::from_u128(0xb0b), json!({})).await;
    senders.push(Sender::Socket(socket));
    let request = Request::new("GET", &format!("/rps/sse?client_id={ALICE}"));
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    senders.push(Sender::Events {
        address: server.address,
        _stream: stream,
    });
    senders
}

#[tokio::test]
async fn grant_of_topic_is_checked_over_every_transport() {
    let server = Server::start(|builder| {
        builder.authenticator(async |_: Credentials<Channel>| {
            Ok(Grant::nothing()
                .identity("ada")
                .read(Channel::Chat)
                .send_topics(Channel::Chat, ["room-*"]))
        })
    })
    .await;
    let (tell, mut handled) = mpsc::unbounded_channel();
    server.push.on_message(Channel::Chat, move |message, _| {
        assert_eq!(message.identity.as_deref(), Some("ada"));
        assert!(!message.grant.may_send(Channel::Chat, None));
        tell.send(message.topic.clone()).unwrap();
        Ok(())
    });
    let missing = |text: &str| Err((ErrorCode::NotPermitted, text.to_owned()));
    let bad = || Err((ErrorCode::BadTopic, bad_topic()));
    let longest = format!("room-{}", "x".repeat(250));
    for mut sender in senders(&server).await {
        for (topic, expected) in [
            (Some("room-1"), Ok(())),
            (None, missing("no right to send on chat")),
            (
                Some("lobby"),
                missing(r#"no right to send to the topic "lobby" of chat"#),
            ),
            (Some(""), bad()),
            (Some(&*format!("{longest}x")), bad()),
            (Some(&*longest), Ok(())),
        ] {
            assert_eq!(sender.send(topic).await, expected, "{topic:?}");
            if expected.is_ok() {
                let handled = within_timeout(handled.recv()).await;
                assert_eq!(handled.as_deref(), topic);
            }
        }
    }
    assert!(handled.try_recv().is_err(), "a refused message was handled");
}

#[tokio::test]
async fn frames_carry_the_topic_to_handlers() {
    let server = Server::start(|builder| builder).await;
    let (tell, mut handled) = mpsc::unbounded_channel();
    server
        .push
        .register_handler(Channel::Chat, move |_, frame, _| {
            tell.send(frame.topic).unwrap();
        });
    for mut sender in senders(&server).await {
        for topic in [None, Some("room-1")] {
            assert_eq!(sender.send(topic).await, Ok(()));
            let handled = within_timeout(handled.recv()).await;
            assert_eq!(handled.as_deref(), topic);
        }
    }
}

#[tokio::test]
async fn bytes_are_sent_to_topics() {
    let server = Server::start(|builder| builder).await;
    let (tell, mut handled) = mpsc::unbounded_channel();
    server.push.on_message(Channel::Chat, move |message, _| {
        assert_eq!(
            (message.content, &message.body[..]),
            (Content::Bytes, &[1, 2][..])
        );
        tell.send(message.topic.clone()).unwrap();
        Ok(())
    });
    let mut client = native(server.address, TransportPreference::WsOnly);
    client.connect().await.unwrap();
    let body = || vec![1, 2];
    client.send_bytes(Channel::Chat, body()).await.unwrap();
    client
        .send_bytes_to(Channel::Chat, "room-1", body())
        .await
        .unwrap();
    for expected in [None, Some("room-1")] {
        let topic = within_timeout(handled.recv()).await;
        assert_eq!(topic.as_deref(), expected);
    }
}

#[tokio::test]
async fn entries_carry_their_topic() {
    let server = Server::start(|builder| builder).await;
    let mut client = native(server.address, TransportPreference::WsOnly);
    client.connect().await.unwrap();
    server.push.publish(Channel::Chat, &1).unwrap();
    server.push.publish_to(Channel::Chat, "room-1", &2).unwrap();
    for (request, topic) in [
        (StreamRequest::channel(Channel::Chat), None),
        (
            StreamRequest::topic(Channel::Chat, "room-1"),
            Some("room-1"),
        ),
    ] {
        let mut messages = client.messages(request, 4).await.unwrap();
        let frame = within_timeout(messages.recv()).await;
        assert_eq!(frame.topic.as_deref(), topic);
    }
}
