//! Tests of rooms, permissions and credentials on the signalling channel.

use std::time::Duration;

use push_wire_client::{ClientConfig, ErrorCode, ReconnectPolicy, TransportPreference};
use push_wire_server::{
    ChannelPolicy, Credentials, EnableRtcError, Grant, RelayBandwidth, RelayLimits, RtcConfig,
    RtcMessage, TurnSecret,
};
use push_wire_shared::rtc::RtcRequest;
use push_wire_shared::rtc::signalling::SignallingConfig;
use serde_json::{Value, json};

use super::*;
use crate::http::Request;
use crate::proxy::Proxy;

#[tokio::test]
async fn clients_of_one_room_exchange_offers() {
    for preference in [TransportPreference::WsOnly, TransportPreference::SseOnly] {
        let backend = Backend::start(RtcConfig::new()).await;
        let mut config = backend.config(A);
        config.transport_preference = preference;
        let mut a = Member::join(config).await;
        a.enter("room").await.unwrap();
        let mut b = backend.join_room(B).await;
        b.sees(&[A]).await;
        a.sees(&[B]).await;
        let c = backend.join(C).await;

        a.send(&offer(C, B)).await.unwrap();
        assert_eq!(b.peer_signal().await, offer(A, B), "stamped by the server");
        for to in [C, A, Uuid::from_u128(9)] {
            let refused = a.send(&offer(A, to)).await;
            assert_eq!(code(refused), ErrorCode::NotPermitted);
        }
        let refused = c.send(&offer(A, B)).await;
        assert_eq!(code(refused), ErrorCode::NotPermitted);
        assert_eq!(backend.server.stats().signals, 1);
    }
}

#[tokio::test]
async fn other_messages_are_refused() {
    let backend = Backend::start(RtcConfig::new()).await;
    let mut a = backend.join_room(A).await;
    let list = RtcMessage::PeerList { peers: vec![B] };
    for value in [json!(1), json!({"type": "offer"}), json!(list)] {
        assert_eq!(code(a.send(&value).await), ErrorCode::BadPayload);
    }
    let sdp = "x".repeat(64 * 1024 + 1);
    let large = json!({"type": "offer", "from": A, "to": B, "sdp": sdp});
    assert_eq!(code(a.send(&large).await), ErrorCode::TooLarge);
    let bytes = a.client.send_bytes(Channel::Rtc, vec![0; 20]);
    bytes.await.unwrap();
    let refused = async {
        loop {
            if let ClientEvent::Refused { code, .. } = a.events.recv().await.ok()? {
                return Some(code);
            }
        }
    };
    assert_eq!(within_timeout(refused).await, ErrorCode::BadPayload);
    // The room's lists, of which the second one comes after a while.
    while let Ok(signal) = a.signals.try_recv() {
        assert!(matches!(signal, RtcMessage::PeerList { .. }), "{signal:?}");
    }
}

/// Settings of B, which was in `room` with A, and has lost its connection.
async fn absent(backend: &Backend) -> ClientConfig {
    let proxy = Proxy::to(backend.address).await;
    let mut config = ClientConfig::new(proxy.url());
    config.client_id = B;
    config.reconnect = ReconnectPolicy::disabled();
    let mut b = Member::join(config).await;
    b.enter("room").await.unwrap();
    b.sees(&[A]).await;
    let session = b.client.session().await.unwrap();
    proxy.cut();
    while backend.server.connected_clients() > 1 {
        tokio::task::yield_now().await;
    }
    ClientConfig::continuing(backend.url(), session)
}

#[tokio::test]
async fn inbox_keeps_signals_of_absent_client() {
    let backend = Backend::start(RtcConfig::new()).await;
    let a = backend.join_room(A).await;
    let config = absent(&backend).await;
    a.send(&offer(A, B)).await.unwrap();

    let mut b = Member::join(config).await;
    assert_eq!(b.peer_signal().await, offer(A, B));
}

#[tokio::test]
async fn lists_take_no_room_in_the_inbox_of_an_absent_client() {
    let backend = Backend::start_with(RtcConfig::new(), |builder| {
        builder.channel(Channel::Rtc, ChannelPolicy::log().retain_entries(3))
    })
    .await;
    let mut a = backend.join_room(A).await;
    let config = absent(&backend).await;
    a.sees(&[B]).await;
    a.send(&offer(A, B)).await.unwrap();
    for _ in 0..4 {
        let mut c = backend.join_room(C).await;
        a.sees(&[B, C]).await;
        c.client.disconnect().await.unwrap();
        a.sees(&[B]).await;
    }
    let _c = backend.join_room(C).await;
    a.sees(&[B, C]).await;

    let mut b = Member::join(config).await;
    assert_eq!(b.peer_signal().await, offer(A, B));
    let peers = vec![A, C];
    assert_eq!(b.signal().await, RtcMessage::PeerList { peers });
}

#[tokio::test]
async fn ended_session_leaves_its_rooms() {
    let backend = Backend::start(RtcConfig::new()).await;
    let mut a = backend.join_room(A).await;
    let mut b = backend.join_room(B).await;
    a.sees(&[B]).await;
    b.client.disconnect().await.unwrap();
    a.sees(&[]).await;
    assert_eq!(
        code(a.send(&offer(A, B)).await),
        ErrorCode::NotPermitted,
        "B has left"
    );
}

#[tokio::test]
async fn left_room_permits_nothing() {
    let backend = Backend::start(RtcConfig::new()).await;
    let mut a = backend.join_room(A).await;
    let b = backend.join_room(B).await;
    a.sees(&[B]).await;
    let room = Some("room".into());
    b.send(&RtcRequest::LeaveRoom { room }).await.unwrap();
    a.sees(&[]).await;
    for refused in [a.send(&offer(A, B)).await, b.send(&offer(B, A)).await] {
        assert_eq!(code(refused), ErrorCode::NotPermitted);
    }
}

#[tokio::test]
async fn grant_bounds_the_rooms() {
    let backend = Backend::start_with(RtcConfig::new(), |builder| {
        builder.authenticator(async |credentials: Credentials<Channel>| {
            let pattern = credentials.token.unwrap_or_default();
            Ok(Grant::nothing()
                .identity("ada")
                .send_topics(Channel::Rtc, [pattern]))
        })
    })
    .await;
    let with_token = |id, token: &str| {
        let mut config = backend.config(id);
        config.token = Some(token.into());
        config
    };
    let mut a = Member::join(with_token(A, "room-*")).await;
    assert_eq!(code(a.enter("room-1").await), ErrorCode::NotPermitted);
    let discovery = RtcMessage::PeerDiscovery { room: None };
    a.send_in(Some("room-1"), &discovery).await.unwrap();
    let refused = a.send_in(Some("lobby"), &discovery).await;
    assert_eq!(code(refused), ErrorCode::NotPermitted);
    let room = Some("lobby".into());
    let refused = a
        .send_in(Some("room-1"), &RtcMessage::PeerDiscovery { room })
        .await;
    assert_eq!(code(refused), ErrorCode::BadPayload);

    let b = Member::join(with_token(B, "room-*")).await;
    b.send_in(Some("room-1"), &discovery).await.unwrap();
    a.sees(&[B]).await;
    a.send_in(Some("room-1"), &offer(A, B)).await.unwrap();
    // B continues its session with a narrower grant.
    let _b = Member::join(with_token(B, "other")).await;
    a.sees(&[]).await;
    let refused = a.send_in(Some("room-1"), &offer(A, B)).await;
    assert_eq!(code(refused), ErrorCode::NotPermitted);
}

#[tokio::test]
async fn rooms_and_places_of_an_identity_are_bounded() {
    let limits = SignallingConfig {
        owner_rooms: 1,
        owner_members: 2,
        ..SignallingConfig::default()
    };
    let backend = Backend::start_with(RtcConfig::new().limits(limits), |builder| {
        builder.authenticator(async |credentials: Credentials<Channel>| {
            let identity = credentials.token.unwrap_or_default();
            Ok(Grant::everything().identity(identity))
        })
    })
    .await;
    let join = async |id, token: &str| {
        let mut config = backend.config(id);
        config.token = Some(token.into());
        Member::join(config).await
    };
    let (a, b, c) = (
        join(A, "ada").await,
        join(B, "ada").await,
        join(C, "bob").await,
    );
    a.enter("one").await.unwrap();
    assert_eq!(code(b.enter("two").await), ErrorCode::Refused);
    b.enter("one").await.unwrap();
    c.enter("two").await.unwrap();
    b.enter("two").await.unwrap();
    let d = join(Uuid::from_u128(4), "ada").await;
    assert_eq!(code(d.enter("one").await), ErrorCode::Refused);
    c.enter("one").await.unwrap();
}

#[tokio::test]
async fn callback_allows_clients_without_room() {
    let backend = Backend::start(RtcConfig::new().allow(|from, to| (from, to) == (A, B))).await;
    let a = backend.join(A).await;
    let absent = a.send(&offer(A, B)).await;
    assert_eq!(code(absent), ErrorCode::Refused, "there is no client B");
    let mut b = backend.join(B).await;
    a.send(&offer(A, B)).await.unwrap();
    assert_eq!(b.signal().await, offer(A, B));
    let back = b.send(&offer(B, A)).await;
    assert_eq!(code(back), ErrorCode::NotPermitted);
}

#[tokio::test]
async fn turn_credentials_come_on_request() {
    let turn = TurnSecret::new("secret").with_server("turn:127.0.0.1:3478");
    let backend = Backend::start(RtcConfig::new().turn(turn, Duration::from_secs(600))).await;
    let mut a = backend.join(A).await;
    a.send(&RtcRequest::TurnRequest).await.unwrap();
    let RtcMessage::TurnCredentials(credential) = a.signal().await else {
        panic!("no credentials");
    };
    assert_eq!(credential.ttl_seconds, 600);
    assert!(credential.username.ends_with(&format!(":{A}")));

    let without = Backend::start(RtcConfig::new()).await;
    let a = without.join(A).await;
    let refused = a.send(&RtcRequest::TurnRequest).await;
    assert_eq!(code(refused), ErrorCode::Refused);
}

#[tokio::test]
async fn rate_of_signals_is_bounded() {
    let limits = SignallingConfig {
        bandwidth: RelayBandwidth {
            bytes_per_second: 1,
            burst_bytes: 3_000,
        },
        ..SignallingConfig::default()
    };
    let backend = Backend::start(RtcConfig::new().limits(limits)).await;
    let a = backend.join(A).await;
    a.enter("room").await.unwrap();
    a.enter("room").await.unwrap();
    let Err(SendError::Refused { code, retry, .. }) = a.enter("room").await else {
        panic!("more than the rate");
    };
    assert_eq!(code, ErrorCode::RateLimited);
    assert!(retry.unwrap() > Duration::from_secs(60));
}

#[tokio::test]
async fn json_clients_take_part_over_event_streams() {
    let backend = Backend::start(RtcConfig::new()).await;
    let mut a = backend.join_room(A).await;
    let request = Request::new("GET", &format!("/rps/sse?client_id={B}"));
    let mut stream = request.open(backend.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    let post = async |message: Value| {
        let body = json!({ "client_id": B, "channel": "rtc", "payload": message });
        let request = Request::new("POST", "/rps/send").body("application/json", body.to_string());
        request.send(backend.address).await.status
    };
    assert_eq!(post(json!(offer(B, A))).await, 403);
    let room = Some("room".into());
    let discovery = RtcMessage::PeerDiscovery { room };
    assert_eq!(post(json!(discovery)).await, 204);
    assert_eq!(stream.json().await["payload"]["peers"], json!([A]));
    a.sees(&[B]).await;
    let mut without_sender = json!(offer(C, A));
    without_sender.as_object_mut().unwrap().remove("from");
    for message in [json!(offer(C, A)), without_sender] {
        assert_eq!(post(message).await, 204);
        assert_eq!(a.peer_signal().await, offer(B, A));
    }
    a.send(&offer(C, B)).await.unwrap();
    loop {
        let message = stream.json().await;
        assert_eq!(message["channel"], "rtc", "{message}");
        if message["payload"] == json!(offer(A, B)) {
            break;
        }
    }
}

#[tokio::test]
async fn impossible_channels_are_refused() {
    let server = PushServer::<Channel>::new();
    let relay = |channel| RtcConfig::new().relay(channel, RelayLimits::default());
    for (channel, config, error) in [
        (
            Channel::System,
            RtcConfig::new(),
            EnableRtcError::SystemChannel,
        ),
        (
            Channel::Rtc,
            relay(Channel::System),
            EnableRtcError::SystemChannel,
        ),
        (
            Channel::Rtc,
            relay(Channel::Rtc),
            EnableRtcError::SameChannel,
        ),
    ] {
        assert_eq!(server.enable_rtc(channel, config), Err(error));
    }
    server.enable_rtc(Channel::Rtc, RtcConfig::new()).unwrap();
    let again = server.enable_rtc(Channel::Relay, RtcConfig::new());
    assert_eq!(again, Err(EnableRtcError::Enabled));
}
