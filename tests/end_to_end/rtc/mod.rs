//! Tests of signalling and relay between native clients, over real sockets.

mod connection;
mod modes;
mod peer;
mod peers;
mod relay;
mod signalling;
mod withdrawal;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use push_wire_client::position::Cursor;
use push_wire_client::{
    ChannelReceiver, ClientConfig, ClientEvent, ErrorCode, Frame, PushClient, SendError,
    TransportPreference,
};
use push_wire_server::{PushServer, PushServerBuilder, RelayLimits, RtcConfig, RtcMessage};
use push_wire_shared::ChannelKind;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::native_client::within_timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Rtc,
    Relay,
}

const A: Uuid = Uuid::from_u128(1);
const B: Uuid = Uuid::from_u128(2);
const C: Uuid = Uuid::from_u128(3);

/// A server with a signalling channel, stopped when dropped.
struct Backend {
    server: Arc<PushServer<Channel>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Backend {
    async fn start(config: RtcConfig) -> Self {
        Self::start_with(config, |builder| builder).await
    }

    async fn start_with(
        config: RtcConfig,
        set_up: impl FnOnce(PushServerBuilder<Channel>) -> PushServerBuilder<Channel>,
    ) -> Self {
        let server = set_up(PushServer::builder()).build().unwrap();
        server.enable_rtc(Channel::Rtc, config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server.router();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            server,
            address,
            task,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connected client that reads its inboxes.
    async fn join(&self, id: Uuid) -> Member {
        Member::join(self.config(id)).await
    }

    /// A backend with a relay of these limits, and A and B in `room`.
    async fn with_relay(limits: RelayLimits) -> (Self, Member, Member) {
        let backend = Self::start(RtcConfig::new().relay(Channel::Relay, limits)).await;
        let a = backend.join_room(A).await;
        let b = backend.join_room(B).await;
        (backend, a, b)
    }

    /// A client in `room` that has had its first list of peers.
    async fn join_room(&self, id: Uuid) -> Member {
        let mut member = self.join(id).await;
        member.enter("room").await.unwrap();
        assert!(matches!(member.signal().await, RtcMessage::PeerList { .. }));
        member
    }

    fn config(&self, id: Uuid) -> ClientConfig {
        let mut config = ClientConfig::new(self.url());
        config.client_id = id;
        config.transport_preference = TransportPreference::WsOnly;
        config
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client with what has come to its inboxes.
struct Member {
    client: PushClient<Channel>,
    signals: mpsc::UnboundedReceiver<RtcMessage>,
    packets: mpsc::UnboundedReceiver<Bytes>,
    events: broadcast::Receiver<ClientEvent<Channel>>,
}

/// Receiver of the relay's packets.
struct Packets(mpsc::UnboundedSender<Bytes>);

impl ChannelReceiver<Channel> for Packets {
    fn on_frame(&self, frame: Frame<Channel>) {
        panic!("a value on the relay: {frame:?}");
    }

    fn on_bytes(&self, _channel: Channel, _cursor: Cursor, body: Bytes) {
        // Fails when the test has ended.
        drop(self.0.send(body));
    }
}

impl Member {
    async fn join(config: ClientConfig) -> Self {
        let mut client = PushClient::new(config);
        let events = client.events();
        let (tell_signal, signals) = mpsc::unbounded_channel();
        client.on(Channel::Rtc, move |frame: Frame<Channel>| {
            let message = serde_json::from_value(frame.payload).unwrap();
            drop(tell_signal.send(message));
        });
        let (tell_packet, packets) = mpsc::unbounded_channel();
        client.on(Channel::Relay, Packets(tell_packet));
        client.connect().await.unwrap();
        Self {
            client,
            signals,
            packets,
            events,
        }
    }

    /// Sends a value on the signalling channel, for a topic if there is one.
    async fn send_in(&self, topic: Option<&str>, value: &impl Serialize) -> Result<(), SendError> {
        let payload = serde_json::to_value(value).unwrap();
        let mut frame = Frame::new(Channel::Rtc, payload);
        frame.topic = topic.map(str::to_owned);
        self.client.send_confirmed(frame).await
    }

    async fn send(&self, value: &impl Serialize) -> Result<(), SendError> {
        self.send_in(None, value).await
    }

    async fn enter(&self, room: &str) -> Result<(), SendError> {
        let room = Some(room.to_owned());
        self.send(&RtcMessage::PeerDiscovery { room }).await
    }

    async fn signal(&mut self) -> RtcMessage {
        within_timeout(self.signals.recv()).await
    }

    /// Next message that is no list of peers.
    async fn peer_signal(&mut self) -> RtcMessage {
        loop {
            let message = self.signal().await;
            if !matches!(message, RtcMessage::PeerList { .. }) {
                return message;
            }
        }
    }

    /// Waits for a list of exactly these peers.
    async fn sees(&mut self, peers: &[Uuid]) {
        let expected = RtcMessage::PeerList {
            peers: peers.to_vec(),
        };
        while self.signal().await != expected {}
    }
}

fn offer(from: Uuid, to: Uuid) -> RtcMessage {
    RtcMessage::Offer {
        from,
        to,
        sdp: "v=0".into(),
        meta: serde_json::Value::Null,
    }
}

fn code(result: Result<(), SendError>) -> ErrorCode {
    match result {
        Err(SendError::Refused { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}
