//! Tests of the native client over an event stream and POST requests (docs/event-streams.md).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use push_wire_client::{
    ClientConfig, ClientEvent, ConnectError, ConnectionState, ErrorCode, Frame, PushClient,
    ReconnectPolicy, SendError, Status, TransportPreference,
};
use push_wire_server::{ChannelPolicy, HandlerError, PushServer};
use push_wire_websocket::Handshake;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::native_client::{Backend, Channel, watch, within_timeout};

fn client(url: String, preference: TransportPreference) -> PushClient<Channel> {
    let mut config = ClientConfig::new(url);
    config.reconnect.initial_delay = Duration::from_millis(20);
    config.transport_preference = preference;
    PushClient::new(config)
}

fn client_of_one_attempt(url: String, preference: TransportPreference) -> PushClient<Channel> {
    let mut config = ClientConfig::new(url);
    config.reconnect = ReconnectPolicy::disabled();
    config.transport_preference = preference;
    PushClient::new(config)
}

/// A server of these routes on a free port, stopped when dropped.
struct Site {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Site {
    async fn of(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, task }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn server() -> Arc<PushServer<Channel>> {
    let builder = PushServer::builder().channel(Channel::Doc, ChannelPolicy::state());
    builder.build().unwrap()
}

/// The routes of event streams, with `socket` in place of the WebSocket.
fn streams(server: &Arc<PushServer<Channel>>, socket: axum::routing::MethodRouter) -> Router {
    let (events, receive) = (Arc::clone(server), Arc::clone(server));
    let events = move |request: Request| Arc::clone(&events).events(request);
    let receive = async move |request: Request| receive.receive(request).await;
    Router::new()
        .route("/rps", socket)
        .route("/rps/sse", any(events))
        .route("/rps/send", post(receive))
}

#[tokio::test]
async fn entries_and_sends_go_through_cuts_once() {
    let backend = Backend::serve(server()).await;
    backend.server.on_message(Channel::Room, |message, server| {
        let number: u64 = message.json()?;
        if number == 13 {
            return Err(HandlerError::Refused("unlucky".into()));
        }
        server.publish(Channel::Log, &number)?;
        Ok(())
    });
    let mut client = client(backend.proxy.url(), TransportPreference::SseOnly);
    let mut seen = watch(&mut client, Channel::Log);
    let mut events = client.events();
    client.connect().await.unwrap();
    let client = Arc::new(client);
    for round in 0..5 {
        for number in round * 20..round * 20 + 20 {
            let frame = Frame::new(Channel::Room, json!(number));
            client.send(frame).await.unwrap();
        }
        backend.proxy.cut();
    }
    for number in (0..100).filter(|number| *number != 13) {
        assert_eq!(within_timeout(seen.recv()).await, json!(number));
    }
    let refused = client
        .send_confirmed(Frame::new(Channel::Room, json!(13)))
        .await;
    let expected = ErrorCode::Refused;
    assert!(matches!(refused, Err(SendError::Refused { code, .. }) if code == expected));
    while let Ok(event) = events.try_recv() {
        let ClientEvent::Status(Status::Waiting { cause, .. }) = event else {
            continue;
        };
        assert_eq!(cause.code, None, "a server that runs answers in time");
    }
}

#[tokio::test]
async fn states_and_large_entries_arrive() {
    let backend = Backend::serve(server()).await;
    let mut client = client(backend.proxy.url(), TransportPreference::SseFirst);
    let mut documents = watch(&mut client, Channel::Doc);
    let mut log = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    let words: Vec<String> = (0..20_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_string())
        .collect();
    let mut document = json!({ "words": words });
    for edit in 0..5 {
        document["edit"] = json!(edit);
        backend.server.publish(Channel::Doc, &document).unwrap();
        assert_eq!(within_timeout(documents.recv()).await, document);
    }
    backend.server.publish(Channel::Log, &document).unwrap();
    assert_eq!(within_timeout(log.recv()).await, document);
    assert!(backend.server.stats().deltas > 0);
}

#[tokio::test]
async fn blocked_sockets_are_replaced_by_streams() {
    let server = server();
    let refuse = get(async || (StatusCode::FORBIDDEN, "no upgrades here"));
    let site = Site::of(streams(&server, refuse)).await;
    let mut first = client(site.url(), TransportPreference::WsFirst);
    let mut seen = watch(&mut first, Channel::Log);
    first.connect().await.unwrap();
    server.publish(Channel::Log, &1).unwrap();
    assert_eq!(within_timeout(seen.recv()).await, json!(1));

    let mut only = client_of_one_attempt(site.url(), TransportPreference::WsOnly);
    let refused = only.connect().await.unwrap_err();
    assert!(
        matches!(&refused, ConnectError::Transport(text) if text.contains("403")),
        "{refused}"
    );
    let nowhere = Site::of(Router::new()).await;
    let mut lost = client_of_one_attempt(nowhere.url(), TransportPreference::WsFirst);
    let refused = lost.connect().await.unwrap_err();
    assert!(
        matches!(&refused, ConnectError::Transport(text) if text.contains("404")),
        "{refused}"
    );
}

#[tokio::test]
async fn sockets_that_die_are_replaced_by_streams() {
    let server = server();
    // A proxy that passes the handshake of a WebSocket on, and nothing after it.
    let dying = get(async move |request: Request| {
        let (parts, _) = request.into_parts();
        let mut handshake = Handshake::read(&parts, None).unwrap();
        assert!(handshake.agree(&parts, "push-wire.v1"));
        handshake.response().map(|()| Body::empty())
    });
    let site = Site::of(streams(&server, dying)).await;
    let mut client = client(site.url(), TransportPreference::WsFirst);
    let mut seen = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    server.publish(Channel::Log, &1).unwrap();
    assert_eq!(within_timeout(seen.recv()).await, json!(1));
}

#[tokio::test]
async fn unanswered_posts_are_repeated_and_handled_once() {
    let server = server();
    server.on_message(Channel::Room, |message, server| {
        server.publish(Channel::Log, &message.json::<u64>()?)?;
        Ok(())
    });
    let posts = Arc::new(AtomicU32::new(0));
    let (counted, receiving) = (Arc::clone(&posts), Arc::clone(&server));
    // Every second answer is lost on its way.
    let lossy = async move |request: Request| {
        let answer = receiving.receive(request).await;
        match counted.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => StatusCode::BAD_GATEWAY.into_response(),
            _ => answer,
        }
    };
    let streams = Arc::clone(&server);
    let events = move |request: Request| Arc::clone(&streams).events(request);
    let routes = Router::new()
        .route("/rps/sse", any(events))
        .route("/rps/send", post(lossy));
    let site = Site::of(routes).await;
    let mut client = client(site.url(), TransportPreference::SseOnly);
    let mut seen = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    for number in 0..3_u64 {
        client
            .send_confirmed(Frame::new(Channel::Room, json!(number)))
            .await
            .unwrap();
        assert_eq!(within_timeout(seen.recv()).await, json!(number));
    }
    assert!(posts.load(Ordering::SeqCst) >= 5);
}

#[tokio::test]
async fn disconnect_ends_the_session() {
    let backend = Backend::serve(server()).await;
    let mut client = client(backend.proxy.url(), TransportPreference::SseOnly);
    client.connect().await.unwrap();
    assert_eq!(client.state(), ConnectionState::Connected);
    assert_eq!(backend.server.stats().sessions, 1);
    client.disconnect().await.unwrap();
    assert_eq!(client.state(), ConnectionState::Disconnected);
    backend.server.connections_ended().await;
    assert_eq!(backend.server.stats().sessions, 0);
}
