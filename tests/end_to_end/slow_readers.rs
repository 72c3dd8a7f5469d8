//! Tests of slow readers with the native client: channels that drop entries, and the order of lanes.

use std::sync::Arc;

use push_wire_client::{ClientConfig, ClientEvent, Frame, PushClient, ScopeRequest};
use push_wire_server::{ChannelPolicy, Compression, MaxLag, PushServer, SlowReaders};
use push_wire_shared::ChannelKind;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

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

/// A client of a server of its own.
async fn client_of(server: &Arc<PushServer<Lane>>) -> PushClient<Lane> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router::<()>();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
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

#[tokio::test]
async fn saturated_lanes_share_a_connection_by_weight() {
    let policy = ChannelPolicy::log()
        .retain_entries(10_000)
        .retain_bytes(64 << 20)
        .compression(Compression::Off);
    let builder = LANES
        .into_iter()
        .fold(PushServer::builder(), |all, lane| all.channel(lane, policy));
    let server = builder.build().unwrap();
    let padding = "x".repeat(1_000);
    for number in 0..ENTRIES {
        for lane in LANES {
            server.publish(lane, &(number, &padding)).unwrap();
        }
    }
    let mut client = client_of(&server).await;
    let (seen, mut entries) = mpsc::unbounded_channel();
    for lane in LANES {
        let seen = seen.clone();
        client.on(lane, move |frame: Frame<Lane>| {
            let number = frame.payload[0].as_u64().unwrap();
            seen.send((frame.channel, number)).unwrap();
        });
    }
    client.connect().await.unwrap();
    // As long as the high lane has something to send, the others have, too.
    let mut sent = [0; 3];
    while sent[0] < ENTRIES {
        let (lane, number) = within_timeout(entries.recv()).await;
        let at = LANES.iter().position(|of| *of == lane).unwrap();
        assert_eq!(number, sent[at], "the order of {lane:?}");
        sent[at] += 1;
    }
    let (all, weights): (u64, u64) = (sent.iter().sum(), WEIGHTS.iter().sum());
    for (sent, weight) in sent.into_iter().zip(WEIGHTS) {
        let expected = all * weight / weights;
        assert!(sent.abs_diff(expected) * 10 <= expected, "{sent} of {all}");
    }
}
