//! Tests of the server's relay.

use push_wire_client::{Slow, SystemNotice};
use push_wire_server::{RelayBandwidth, RelayLimits};

use super::*;

/// A packet: the client id of the other end, then this content.
fn packet(client: Uuid, content: &[u8]) -> Vec<u8> {
    [client.as_bytes(), content].concat()
}

async fn send(member: &Member, body: Vec<u8>) {
    member
        .client
        .send_bytes(Channel::Relay, body)
        .await
        .unwrap();
}

/// Code of the next refused message, whether it names a time to try again, and whether `slow` came before it.
async fn refusal(member: &mut Member) -> (ErrorCode, bool, bool) {
    let events = &mut member.events;
    let refusal = async {
        let mut is_slow = false;
        loop {
            let event = events.recv().await.ok()?;
            if let ClientEvent::Refused { code, retry, .. } = event {
                return Some((code, retry.is_some(), is_slow));
            }
            let slow = SystemNotice::Slow(Slow { window: None });
            is_slow |= event == ClientEvent::Notice(slow);
        }
    };
    within_timeout(refusal).await
}

#[tokio::test]
async fn packets_reach_clients_of_one_room() {
    let (backend, mut a, mut b) = Backend::with_relay(RelayLimits::default()).await;
    let _c = backend.join(C).await;
    send(&a, packet(B, b"hello")).await;
    send(&a, packet(B, b"")).await;
    for content in [&b"hello"[..], b""] {
        let received = within_timeout(b.packets.recv()).await;
        assert_eq!(received, packet(A, content), "from A");
    }
    for (body, expected) in [
        (packet(C, b"no room"), ErrorCode::NotPermitted),
        (packet(A, b"itself"), ErrorCode::NotPermitted),
        (vec![0; 15], ErrorCode::BadPayload),
        (packet(B, &[0; 64 * 1024]), ErrorCode::TooLarge),
    ] {
        send(&a, body).await;
        assert_eq!(refusal(&mut a).await, (expected, false, false));
    }
    let value = Frame::new(Channel::Relay, "a value".into());
    let refused = a.client.send_confirmed(value).await;
    assert_eq!(code(refused), ErrorCode::BadPayload);

    let stats = backend.server.stats();
    assert_eq!((stats.relayed_packets, stats.relayed_bytes), (2, 37));
    assert_eq!(stats.relay_refused, 0);
    let relayed = [A, B].map(|client| backend.server.relayed_bytes(client));
    assert_eq!(relayed, [37, 0]);
}

#[tokio::test]
async fn bandwidth_of_sender_is_bounded() {
    let limits = RelayLimits {
        per_sender: RelayBandwidth {
            bytes_per_second: 1,
            burst_bytes: 1_000,
        },
        ..RelayLimits::default()
    };
    let (backend, mut a, mut b) = Backend::with_relay(limits).await;
    for _ in 0..3 {
        send(&a, packet(B, &[1; 600])).await;
    }
    let refused = refusal(&mut a).await;
    assert_eq!((refused.0, refused.1), (ErrorCode::RateLimited, true));
    let again = refusal(&mut a).await;
    assert_eq!((again.0, again.1), (ErrorCode::RateLimited, true));
    assert!(
        refused.2 || again.2 || is_slow(&mut a).await,
        "told to send less"
    );
    // The other sender has a budget of its own.
    send(&b, packet(A, &[2; 600])).await;
    let received = within_timeout(a.packets.recv()).await;
    assert_eq!(received, packet(B, &[2; 600]));
    assert_eq!(within_timeout(b.packets.recv()).await, packet(A, &[1; 600]));
    assert!(b.packets.try_recv().is_err());
    let stats = backend.server.stats();
    assert_eq!((stats.relayed_packets, stats.relay_refused), (2, 2));
    assert_eq!(backend.server.relayed_bytes(A), 616);
}

#[tokio::test]
async fn bandwidth_in_all_is_bounded() {
    let limits = RelayLimits {
        in_all: RelayBandwidth {
            bytes_per_second: 1,
            burst_bytes: 1_000,
        },
        ..RelayLimits::default()
    };
    let (backend, mut a, mut b) = Backend::with_relay(limits).await;
    let mut c = backend.join_room(C).await;
    send(&a, packet(C, &[1; 500])).await;
    assert_eq!(within_timeout(c.packets.recv()).await, packet(A, &[1; 500]));
    // B has relayed nothing: all senders together have not enough left for its packet.
    send(&b, packet(C, &[2; 500])).await;
    let (code, names_time, is_told) = refusal(&mut b).await;
    assert_eq!((code, names_time), (ErrorCode::RateLimited, true));
    assert!(is_told || is_slow(&mut b).await, "told to send less");
    send(&b, packet(C, &[3; 400])).await;
    assert_eq!(within_timeout(c.packets.recv()).await, packet(B, &[3; 400]));
    send(&a, packet(C, &[4; 100])).await;
    let (code, ..) = refusal(&mut a).await;
    assert_eq!(code, ErrorCode::RateLimited);
    // No sender ever has room for more than that.
    send(&a, packet(C, &[5; 1_000])).await;
    assert_eq!(refusal(&mut a).await.0, ErrorCode::TooLarge);
    let stats = backend.server.stats();
    assert_eq!((stats.relayed_packets, stats.relayed_bytes), (2, 932));
    assert_eq!(stats.relay_refused, 2);
}

async fn is_slow(member: &mut Member) -> bool {
    let events = &mut member.events;
    let slow = async {
        loop {
            if let ClientEvent::Notice(SystemNotice::Slow(_)) = events.recv().await.ok()? {
                return Some(true);
            }
        }
    };
    within_timeout(slow).await
}
