//! A server behind a proxy, and clients of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use push_wire_server::PushServer;
use pushwire_client::{ClientConfig, Frame, PushClient, TransportPreference};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

use crate::TIMEOUT;
use crate::channel::{Channel, ours};

/// A server, and a proxy to it that breaks its connections at each cut.
pub(crate) struct Line {
    pub(crate) server: Arc<PushServer<ours::Channel>>,
    pub(crate) url: String,
    pub(crate) cut: watch::Sender<()>,
    target: Arc<Mutex<SocketAddr>>,
}

impl Line {
    /// Puts another server in the place of the present one, whose connections are cut.
    pub(crate) async fn replace(&mut self, server: PushServer<ours::Channel>) {
        self.server = Arc::new(server);
        *self.target.lock().unwrap() = serve(self.server.router()).await;
        self.cut.send(()).unwrap();
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

pub(crate) async fn start(server: PushServer<ours::Channel>) -> Line {
    start_with(server, |router| router).await
}

/// A server whose routes stand in an application of this form.
pub(crate) async fn start_with(
    server: PushServer<ours::Channel>,
    application: impl FnOnce(Router) -> Router,
) -> Line {
    let server = Arc::new(server);
    let address = serve(application(server.router())).await;
    let target = Arc::new(Mutex::new(address));
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", front.local_addr().unwrap());
    let cut = watch::Sender::new(());
    let mut cuts = cut.subscribe();
    let targets = Arc::clone(&target);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = front.accept().await.unwrap();
            cuts.mark_unchanged();
            let mut cuts = cuts.clone();
            let address = *targets.lock().unwrap();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(address).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = cuts.changed() => {}
                }
            });
        }
    });
    Line {
        server,
        url,
        cut,
        target,
    }
}

/// A client of these channels, and what it is handed.
pub(crate) async fn connect(
    line: &Line,
    id: Uuid,
    channels: &[Channel],
    transport: TransportPreference,
) -> (PushClient<Channel>, Handed) {
    let (mut client, handed) = client(line, id, channels, transport, None);
    client.connect().await.unwrap();
    (client, handed)
}

/// A client that is not connected.
pub(crate) fn client(
    line: &Line,
    id: Uuid,
    channels: &[Channel],
    transport: TransportPreference,
    token: Option<&str>,
) -> (PushClient<Channel>, Handed) {
    let mut config = ClientConfig::new(&line.url);
    config.client_id = id;
    config.token = token.map(str::to_owned);
    config.transport_preference = transport;
    let mut client = PushClient::new(config);
    let (hand, handed) = mpsc::unbounded_channel();
    for channel in channels {
        let hand = hand.clone();
        client.on(*channel, move |frame: Frame<Channel>| {
            hand.send(frame).unwrap()
        });
    }
    (client, Handed(handed))
}

/// The frames that a client is handed.
pub(crate) struct Handed(pub(crate) mpsc::UnboundedReceiver<Frame<Channel>>);

impl Handed {
    pub(crate) async fn next(&mut self) -> Frame<Channel> {
        let next = timeout(TIMEOUT, self.0.recv()).await;
        next.expect("a frame arrives in time")
            .expect("the client lives")
    }

    pub(crate) async fn expect(
        &mut self,
        channel: Channel,
        numbers: std::ops::RangeInclusive<u64>,
    ) {
        for n in numbers {
            let frame = self.next().await;
            let seen = (frame.channel, frame.cursor, frame.payload);
            assert_eq!(seen, (channel, Some(n), json!({ "n": n })));
        }
    }
}

/// Sends a client an entry on the channel `Chat`.
pub(crate) fn send(line: &Line, to: Uuid, n: u64) {
    let frame = push_wire_server::Frame::new(ours::Channel::Chat, json!({ "n": n }));
    line.server.send(to, frame).unwrap();
}
