//! Tests of the published `pushwire-client` 0.1.1, unchanged, against our server.

use std::sync::Arc;
use std::time::Duration;

use push_wire_server::PushServer;
use pushwire_client::{ClientConfig, Frame, PushClient, TransportPreference};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The channels, as our server has them.
mod ours {
    use push_wire_server::ChannelKind;

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Channel {
        #[channel(system)]
        System,
        Chat,
        Events,
    }
}

/// The channels, as the published client has them: written by hand, since that crate has no derive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Channel {
    System,
    Chat,
    Events,
}

impl pushwire_client::ChannelKind for Channel {
    fn priority(&self) -> u8 {
        1
    }

    fn wire_id(&self) -> u8 {
        *self as u8
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.wire_id() == id)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.name() == name)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Chat => "chat",
            Self::Events => "events",
        }
    }

    fn is_system(&self) -> bool {
        matches!(self, Self::System)
    }

    fn all() -> &'static [Self] {
        &[Self::System, Self::Chat, Self::Events]
    }
}

/// A server, and a proxy to it that breaks its connections at each cut.
struct Line {
    server: Arc<PushServer<ours::Channel>>,
    url: String,
    cut: watch::Sender<()>,
}

async fn start(server: PushServer<ours::Channel>) -> Line {
    let server = Arc::new(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let router = server.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", front.local_addr().unwrap());
    let cut = watch::Sender::new(());
    let mut cuts = cut.subscribe();
    tokio::spawn(async move {
        loop {
            let (mut near, _) = front.accept().await.unwrap();
            cuts.mark_unchanged();
            let mut cuts = cuts.clone();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(target).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = cuts.changed() => {}
                }
            });
        }
    });
    Line { server, url, cut }
}

/// A client of these channels, and what it is handed.
async fn connect(line: &Line, id: Uuid, channels: &[Channel]) -> (PushClient<Channel>, Handed) {
    let mut config = ClientConfig::new(&line.url);
    config.client_id = id;
    config.transport_preference = TransportPreference::WsOnly;
    let mut client = PushClient::new(config);
    let (hand, handed) = mpsc::unbounded_channel();
    for channel in channels {
        let hand = hand.clone();
        client.on(*channel, move |frame: Frame<Channel>| {
            hand.send(frame).unwrap()
        });
    }
    client.connect().await.unwrap();
    (client, Handed(handed))
}

struct Handed(mpsc::UnboundedReceiver<Frame<Channel>>);

impl Handed {
    async fn next(&mut self) -> Frame<Channel> {
        let next = timeout(TIMEOUT, self.0.recv()).await;
        next.expect("a frame arrives in time")
            .expect("the client lives")
    }

    async fn expect(&mut self, channel: Channel, numbers: std::ops::RangeInclusive<u64>) {
        for n in numbers {
            let frame = self.next().await;
            let seen = (frame.channel, frame.cursor, frame.payload);
            assert_eq!(seen, (channel, Some(n), json!({ "n": n })));
        }
    }
}

fn send(line: &Line, to: Uuid, n: u64) {
    let frame = push_wire_server::Frame::new(ours::Channel::Chat, json!({ "n": n }));
    line.server.send(to, frame).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receives_what_is_sent_and_published() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (_client, mut handed) = connect(&line, id, &[Channel::Chat, Channel::Events]).await;
    (1..=1_000).for_each(|n| send(&line, id, n));
    handed.expect(Channel::Chat, 1..=1_000).await;
    for n in 1..=1_000 {
        line.server
            .publish(ours::Channel::Events, &json!({ "n": n }))
            .unwrap();
    }
    handed.expect(Channel::Events, 1..=1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_and_is_answered() {
    let line = start(PushServer::new()).await;
    line.server
        .register_handler(ours::Channel::Chat, |from, frame, server| {
            let answer = json!({ "heard": frame.payload });
            let answer = push_wire_server::Frame::new(ours::Channel::Chat, answer);
            server.send(from, answer).unwrap();
        });
    let (client, mut handed) = connect(&line, Uuid::new_v4(), &[Channel::Chat]).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loses_and_repeats_nothing_over_cuts() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (_client, mut handed) = connect(&line, id, &[Channel::Chat]).await;
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
    let (client, _handed) = connect(&line, Uuid::new_v4(), &[Channel::Chat]).await;
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
async fn resumes_after_disconnect() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (mut client, mut handed) = connect(&line, id, &[Channel::Chat]).await;
    (1..=10).for_each(|n| send(&line, id, n));
    handed.expect(Channel::Chat, 1..=10).await;
    client.disconnect().await.unwrap();
    (11..=300).for_each(|n| send(&line, id, n));
    client.connect().await.unwrap();
    handed.expect(Channel::Chat, 11..=300).await;
    assert_eq!(client.cursors().get(&Channel::Chat), Some(&300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribes_and_unsubscribes_after_connect() {
    let line = start(PushServer::new()).await;
    let id = Uuid::new_v4();
    let (client, mut handed) = connect(&line, id, &[Channel::Chat, Channel::Events]).await;
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
    let (mut client, mut handed) = connect(&line, id, &[Channel::Chat]).await;
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

/// Waits until the server has carried out what the client said before: it takes messages in order, and answers one on a
/// channel of which the client may not say anything with an error, which is counted.
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
