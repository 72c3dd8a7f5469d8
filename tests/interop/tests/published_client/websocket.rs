//! Messages and subscriptions of the client, over WebSocket: over an event stream it can do neither.

use push_wire_server::PushServer;
use pushwire_client::{Frame, PushClient, TransportPreference};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use crate::TIMEOUT;
use crate::channel::{Channel, ours};
use crate::line::{Line, connect, send, start};

const WS: TransportPreference = TransportPreference::WsOnly;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_and_is_answered() {
    let line = start(PushServer::new()).await;
    line.server
        .register_handler(ours::Channel::Chat, |from, frame, server| {
            let answer = json!({ "heard": frame.payload });
            let answer = push_wire_server::Frame::new(ours::Channel::Chat, answer);
            server.send(from, answer).unwrap();
        });
    let (client, mut handed) = connect(&line, Uuid::new_v4(), &[Channel::Chat], WS).await;
    for n in 1..=200u64 {
        client
            .send(Frame::new(Channel::Chat, json!({ "said": n })))
            .await
            .unwrap();
    }
    for n in 1..=200u64 {
        let frame = handed.next().await;
        assert_eq!(frame.payload, json!({ "heard": { "said": n } }));
    }
}

/// A server whose chat handler publishes each message.
fn listening() -> (PushServer<ours::Channel>, mpsc::UnboundedReceiver<Value>) {
    let server = PushServer::new();
    let (hand, said) = mpsc::unbounded_channel();
    server.register_handler(ours::Channel::Chat, move |_, frame, _| {
        hand.send(frame.payload).unwrap();
    });
    (server, said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn burst_of_a_thousand_arrives_whole() {
    let (server, mut said) = listening();
    let line = start(server).await;
    let (client, _handed) = connect(&line, Uuid::new_v4(), &[Channel::Chat], WS).await;
    let said_by_client = |n: u64| json!({ "n": n, "text": "x".repeat(500) });
    for n in 1..=1_000 {
        let frame = Frame::new(Channel::Chat, said_by_client(n));
        client.send(frame).await.unwrap();
    }
    for n in 1..=1_000 {
        let next = timeout(TIMEOUT, said.recv()).await;
        assert_eq!(next.expect("in time"), Some(said_by_client(n)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribes_and_unsubscribes_after_connect() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (client, mut handed) = connect(&line, id, &[Channel::Chat, Channel::Events], WS).await;
    let publish = |channel, n: u64| {
        line.server.publish(channel, &json!({ "n": n })).unwrap();
    };
    client.unsubscribe(&[Channel::Events]).await.unwrap();
    client.unsubscribe(&[Channel::Chat]).await.unwrap();
    settle(&line, &client).await;
    publish(ours::Channel::Chat, 1);
    publish(ours::Channel::Events, 1);

    client.subscribe(&[Channel::Chat]).await.unwrap();
    handed.expect(Channel::Chat, 1..=1).await;
    publish(ours::Channel::Events, 2);
    publish(ours::Channel::Chat, 2);
    handed.expect(Channel::Chat, 2..=2).await;
    client.subscribe(&[Channel::Events]).await.unwrap();
    handed.expect(Channel::Events, 1..=2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsubscribing_from_all_reads_nothing() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (mut client, mut handed) = connect(&line, id, &[Channel::Chat], WS).await;
    client.unsubscribe(&[Channel::Chat]).await.unwrap();
    settle(&line, &client).await;
    client.disconnect().await.unwrap();
    send(&line, id, 1);
    // It names no channels now.
    client.connect().await.unwrap();
    settle(&line, &client).await;
    assert!(handed.0.try_recv().is_err());
    client.subscribe(&[Channel::Chat]).await.unwrap();
    handed.expect(Channel::Chat, 1..=1).await;
}

/// Waits until the server has handled all earlier messages of the client. It handles messages in order and counts
/// errors, so this sends a message on a channel that the client may not send on, and waits for its error.
async fn settle(line: &Line, client: &PushClient<Channel>) {
    let errors = || line.server.stats().errors;
    let before = errors();
    let frame = Frame::new(Channel::System, json!({ "op": "none" }));
    client.send(frame).await.unwrap();
    timeout(TIMEOUT, async {
        while errors() == before {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the server answers in time");
}
