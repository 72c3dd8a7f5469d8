//! Test of two native clients that exchange messages over a connection that is cut, and over the relay.

use push_wire_server::RelayLimits;
use push_wire_shared::transport::{ModeSwitchReason, TransportMode};
use serde_json::json;
use tokio::sync::watch;

use super::peer::Peer;
use super::*;

const ROUNDS: u64 = 5;

/// Messages of each client in a round: 10,000 in all.
const MESSAGES: u64 = 1_000;

/// Waits for the next change of mode of both clients. Returns its reason.
async fn switched(peers: &mut [Peer; 2], mode: TransportMode, generation: u64) {
    for peer in peers {
        let signal = within_timeout(peer.switches.recv()).await;
        assert_eq!((signal.mode, signal.generation), (mode, generation));
        let reason = match mode {
            TransportMode::P2p if generation == 1 => ModeSwitchReason::Requested,
            TransportMode::P2p => ModeSwitchReason::PathRecovered,
            TransportMode::Relay | TransportMode::Direct => ModeSwitchReason::PathDegraded,
        };
        assert_eq!(signal.reason, reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_exchange_messages_once_through_cuts() {
    let (backend, mut a, b) = Backend::with_relay(RelayLimits::default()).await;
    let cuts = watch::Sender::new(0);
    a.sees(&[B]).await;
    let mut peers = [
        Peer::start(a, (A, B), cuts.subscribe(), 1),
        Peer::start(b, (B, A), cuts.subscribe(), 2),
    ];

    for round in 0..ROUNDS {
        switched(&mut peers, TransportMode::P2p, 2 * round + 1).await;
        for peer in &peers {
            for number in round * MESSAGES..(round + 1) * MESSAGES {
                peer.send.send(json!(number)).unwrap();
            }
        }
        for peer in &mut peers {
            let first = within_timeout(peer.messages.recv()).await;
            assert_eq!(first, json!(round * MESSAGES));
        }
        cuts.send_modify(|cuts| *cuts += 1);
        switched(&mut peers, TransportMode::Relay, 2 * round + 2).await;
        for peer in &mut peers {
            for number in round * MESSAGES + 1..(round + 1) * MESSAGES {
                assert_eq!(within_timeout(peer.messages.recv()).await, json!(number));
            }
        }
    }
    switched(&mut peers, TransportMode::P2p, 2 * ROUNDS + 1).await;
    for peer in &mut peers {
        assert!(peer.messages.try_recv().is_err(), "each arrives once");
    }
    let stats = backend.server.stats();
    assert!(stats.relayed_packets > 0 && stats.signals > 0, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exchange_goes_on_after_restart() {
    let (backend, mut a, b) = Backend::with_relay(RelayLimits::default()).await;
    let cuts = watch::Sender::new(0);
    a.sees(&[B]).await;
    let mut session = b.client.session().await.unwrap();
    drop(b);
    let mut a = Peer::start(a, (A, B), cuts.subscribe(), 1);
    for seed in 2..5 {
        let meanwhile = json!("while B is away");
        a.send.send(meanwhile.clone()).unwrap();
        let config = ClientConfig::continuing(backend.url(), session);
        let b = Member::join(config).await;
        b.enter("room").await.unwrap();
        session = b.client.session().await.unwrap();
        let mut b = Peer::start(b, (B, A), cuts.subscribe(), seed);
        let is_reported = seed > 2 && {
            let unacknowledged = within_timeout(a.restarts.recv()).await;
            unacknowledged.contains(&meanwhile)
        };
        if !is_reported {
            assert_eq!(within_timeout(b.messages.recv()).await, meanwhile);
        }
        for number in 0..10 {
            a.send.send(json!([seed, number])).unwrap();
            b.send.send(json!([seed, number])).unwrap();
        }
        for number in 0..10 {
            for peer in [&mut a, &mut b] {
                let message = within_timeout(peer.messages.recv()).await;
                assert_eq!(message, json!([seed, number]));
            }
        }
        while within_timeout(a.switches.recv()).await.mode != TransportMode::P2p {}
    }
}
