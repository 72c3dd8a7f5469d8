//! Tests over each of the client's transports.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use push_wire_server::{AuthError, PushServer};
use pushwire_client::TransportPreference::{SseFirst, SseOnly, WsFirst, WsOnly};
use pushwire_client::{ConnectError, Frame, SendError, TransportPreference};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::channel::{Channel, ours};
use crate::line::{Line, client, connect, send, start, start_with};

const ALL: [TransportPreference; 4] = [WsOnly, WsFirst, SseOnly, SseFirst];

fn publish(line: &Line, channel: ours::Channel, n: u64) {
    line.server.publish(channel, &json!({ "n": n })).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receives_what_is_sent_and_published() {
    for transport in ALL {
        let line = start(PushServer::new()).await;
        let id = Uuid::new_v4();
        let channels = [Channel::Chat, Channel::Events];
        let (_client, mut handed) = connect(&line, id, &channels, transport).await;
        (1..=1_000).for_each(|n| send(&line, id, n));
        handed.expect(Channel::Chat, 1..=1_000).await;
        (1..=1_000).for_each(|n| publish(&line, ours::Channel::Events, n));
        handed.expect(Channel::Events, 1..=1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loses_and_repeats_nothing_over_cuts() {
    for transport in ALL {
        let line = start(PushServer::new()).await;
        let id = Uuid::new_v4();
        let (_client, mut handed) = connect(&line, id, &[Channel::Chat], transport).await;
        for round in 0..5 {
            let first = round * 200 + 1;
            (first..first + 100).for_each(|n| send(&line, id, n));
            handed.expect(Channel::Chat, first..=first + 49).await;
            line.cut.send(()).unwrap();
            (first + 100..first + 200).for_each(|n| send(&line, id, n));
            handed.expect(Channel::Chat, first + 50..=first + 199).await;
        }
        let nothing: Option<Value> = handed.0.try_recv().ok().map(|frame| frame.payload);
        assert_eq!(nothing, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumes_after_disconnect() {
    for transport in ALL {
        let line = start(PushServer::new()).await;
        let id = Uuid::new_v4();
        let (mut client, mut handed) = connect(&line, id, &[Channel::Chat], transport).await;
        (1..=10).for_each(|n| send(&line, id, n));
        handed.expect(Channel::Chat, 1..=10).await;
        client.disconnect().await.unwrap();
        (11..=300).for_each(|n| send(&line, id, n));
        client.connect().await.unwrap();
        handed.expect(Channel::Chat, 11..=300).await;
        assert_eq!(client.cursors().get(&Channel::Chat), Some(&300));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn continues_at_a_restarted_server() {
    for transport in ALL {
        let mut line = start(PushServer::new()).await;
        let id = Uuid::new_v4();
        let (_client, mut handed) = connect(&line, id, &[Channel::Chat], transport).await;
        (1..=5).for_each(|n| publish(&line, ours::Channel::Chat, n));
        handed.expect(Channel::Chat, 1..=5).await;
        let next = PushServer::new();
        next.publish(ours::Channel::Chat, &json!({ "n": 1 }))
            .unwrap();
        line.replace(next).await;
        handed.expect(Channel::Chat, 1..=1).await;
        publish(&line, ours::Channel::Chat, 2);
        handed.expect(Channel::Chat, 2..=2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_is_checked() {
    let server = PushServer::builder().auth_validator(|_, token, _| match token {
        Some("right") => Ok(()),
        _ => Err(AuthError::InvalidToken),
    });
    let server = std::sync::Arc::into_inner(server.build().unwrap()).unwrap();
    let line = start(server).await;
    for transport in ALL {
        let id = Uuid::new_v4();
        for wrong in [None, Some("wrong")] {
            let (mut client, _) = client(&line, id, &[Channel::Chat], transport, wrong);
            let refused = client.connect().await;
            let is_stated = matches!(refused, Err(ConnectError::AuthRejected(_)));
            assert!(is_stated, "{transport:?}: {refused:?}");
        }
        let (mut client, mut handed) =
            client(&line, id, &[Channel::Chat], transport, Some("right"));
        client.connect().await.unwrap();
        send(&line, id, 1);
        handed.expect(Channel::Chat, 1..=1).await;
    }
}

/// Answer of a proxy that does not know WebSockets.
async fn refuse_websockets(request: Request, next: Next) -> Response {
    if request.headers().contains_key("upgrade") {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn falls_back_to_an_event_stream() {
    let refusing = |router: axum::Router| router.layer(middleware::from_fn(refuse_websockets));
    let line = start_with(PushServer::new(), refusing).await;
    let id = Uuid::new_v4();
    let (client, mut handed) = connect(&line, id, &[Channel::Chat], WsFirst).await;
    send(&line, id, 1);
    handed.expect(Channel::Chat, 1..=1).await;
    // Its own limit: it sends over WebSockets alone.
    let sent = client.send(Frame::new(Channel::Chat, json!(1))).await;
    assert!(matches!(sent, Err(SendError::NotConnected)), "{sent:?}");
}
