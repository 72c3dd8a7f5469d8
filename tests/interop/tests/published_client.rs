//! The published `pushwire-client` 0.1.1, as it is, against our server.

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

/// Longer than anything here takes: only a fault lasts so long.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// A server, and a line to it that breaks each time the cut is touched.
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
        let next = timeout(PATIENCE, self.0.recv()).await;
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
async fn it_receives_what_is_sent_and_published() {
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
async fn it_sends_and_is_answered() {
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
async fn it_loses_and_repeats_nothing_over_cuts() {
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
