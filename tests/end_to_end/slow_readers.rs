//! Tests of slow readers with the native client: channels that drop entries, and the order of lanes.

use std::net::SocketAddr;
use std::sync::Arc;

use push_wire_client::{
    ClientConfig, ClientEvent, Frame, PushClient, ScopeRequest, TransportPreference,
};
use push_wire_server::{ChannelPolicy, Compression, MaxLag, PushServer, SlowReaders};
use push_wire_shared::ChannelKind;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::http::Request;
use crate::native_client::within_timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Lane {
    #[channel(system)]
    System,
    #[channel(priority = "high")]
    High,
    #[channel(priority = "normal")]
    Normal,
    #[channel(priority = "low")]
    Low,
}

const LANES: [Lane; 3] = [Lane::High, Lane::Normal, Lane::Low];

/// Serves on a free port.
async fn serve(server: &Arc<PushServer<Lane>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router::<()>();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A client of a server of its own.
async fn client_of(server: &Arc<PushServer<Lane>>) -> PushClient<Lane> {
    let address = serve(server).await;
    PushClient::new(ClientConfig::new(format!("ws://{address}/rps")))
}

#[tokio::test]
async fn skips_are_told_to_native_clients() {
    let drops = SlowReaders::Drop(MaxLag {
        entries: 10,
        ..MaxLag::default()
    });
    let policy = ChannelPolicy::log().slow_readers(drops);
    let builder = PushServer::builder().channel(Lane::Low, policy);
    let server = builder.build().unwrap();
    for number in 1..=30 {
        server.publish(Lane::Low, &number).unwrap();
    }
    let mut client = client_of(&server).await;
    let mut events = client.events();
    let (seen, mut numbers) = mpsc::unbounded_channel();
    client.on(Lane::Low, move |frame: Frame<Lane>| {
        seen.send(frame.payload).unwrap();
    });
    client.connect().await.unwrap();
    for number in 26..=30 {
        assert_eq!(within_timeout(numbers.recv()).await, number);
    }
    let skipped = loop {
        let event = within_timeout(async { events.recv().await.ok() }).await;
        if let ClientEvent::Skipped {
            channel,
            scope,
            count,
            position,
        } = event
        {
            break (channel, scope, count, position.cursor);
        }
    };
    assert_eq!(skipped, (Lane::Low, ScopeRequest::Channel, 25, 25));
    assert_eq!(server.stats().skipped, 25);
}

/// Entries of 1 KB that each lane has to send (3 MB).
const ENTRIES: u64 = 3_000;

/// Bytes of each lane in one round (`server/src/outbox/lanes.rs`).
const WEIGHTS: [u64; 3] = [64, 16, 4];

/// A server each of whose lanes has entries to send.
fn saturated_server() -> Arc<PushServer<Lane>> {
    let policy = ChannelPolicy::log()
        .retain_entries(10_000)
        .retain_bytes(64 << 20)
        .compression(Compression::Off);
    let builder = LANES
        .into_iter()
        .fold(PushServer::builder(), |all, lane| all.channel(lane, policy));
    let server = builder.build().unwrap();
    let padding = "x".repeat(1_000);
    for number in 1..=ENTRIES {
        for lane in LANES {
            server.publish(lane, &(number, &padding)).unwrap();
        }
    }
    server
}

/// Entries that have arrived of each lane.
#[derive(Default)]
struct Arrived([u64; 3]);

impl Arrived {
    /// Takes the next entry; returns whether each lane still has some.
    fn take(&mut self, lane: Lane, number: u64) -> bool {
        let at = LANES.iter().position(|of| *of == lane).unwrap();
        self.0[at] += 1;
        assert_eq!(number, self.0[at], "the order of {lane:?}");
        self.0[0] < ENTRIES
    }

    /// Checks that the shares are within a tenth of the weights.
    fn check(self) {
        let (all, weights): (u64, u64) = (self.0.iter().sum(), WEIGHTS.iter().sum());
        for (arrived, weight) in self.0.into_iter().zip(WEIGHTS) {
            let expected = all * weight / weights;
            let is_near = arrived.abs_diff(expected) * 10 <= expected;
            assert!(is_near, "{arrived} of {all}");
        }
    }
}

/// Checks the shares of a native client over a transport.
async fn check_shares(transport: TransportPreference) {
    let address = serve(&saturated_server()).await;
    let mut config = ClientConfig::new(format!("ws://{address}/rps"));
    config.transport_preference = transport;
    let mut client = PushClient::new(config);
    let (seen, mut entries) = mpsc::unbounded_channel();
    for lane in LANES {
        let seen = seen.clone();
        client.on(lane, move |frame: Frame<Lane>| {
            let number = frame.payload[0].as_u64().unwrap();
            seen.send((frame.channel, number)).unwrap();
        });
    }
    client.connect().await.unwrap();
    let mut arrived = Arrived::default();
    loop {
        let (lane, number) = within_timeout(entries.recv()).await;
        if !arrived.take(lane, number) {
            break;
        }
    }
    arrived.check();
}

#[tokio::test]
async fn saturated_lanes_share_a_connection_by_weight() {
    check_shares(TransportPreference::WsOnly).await;
}

#[tokio::test]
async fn saturated_lanes_share_a_native_event_stream_by_weight() {
    check_shares(TransportPreference::SseOnly).await;
}

#[tokio::test]
async fn saturated_lanes_share_an_event_stream_by_weight() {
    let server = saturated_server();
    let address = serve(&server).await;
    let target = "/rps/sse?client_id=00000000-0000-4000-8000-000000000001";
    let mut stream = Request::new("GET", target).open(address).await;
    let mut arrived = Arrived::default();
    loop {
        let frame = stream.json().await;
        let Some(lane) = frame["channel"].as_str().and_then(Lane::from_name) else {
            panic!("an event without a channel: {frame}");
        };
        // Ops come on the system channel.
        if lane != Lane::System && !arrived.take(lane, frame["payload"][0].as_u64().unwrap()) {
            break;
        }
    }
    arrived.check();
}
