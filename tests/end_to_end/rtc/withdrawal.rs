//! Tests of clients whose credentials end while they are in a room.

use std::time::{Duration, SystemTime};

use push_wire_client::{ClientConfig, ReconnectPolicy};
use push_wire_server::{Credentials, Grant, Revocation, RtcConfig, TurnSecret};
use push_wire_shared::rtc::RtcRequest;

use super::*;
use crate::proxy::Proxy;

/// Time that a grant of the token `short` lasts.
const SHORT: Duration = Duration::from_secs(3);

/// A server whose tokens are their own ids, and whose sessions outlive the test.
async fn start() -> Backend {
    let turn = TurnSecret::new("secret");
    let config = RtcConfig::new().turn(turn, Duration::from_secs(600));
    Backend::start_with(config, |builder| {
        let builder = builder.session_ttl(Duration::from_hours(1));
        builder.authenticator(async |credentials: Credentials<Channel>| {
            let token = credentials.token.unwrap_or_default();
            let grant = Grant::everything().identity("ada").token_id(&*token);
            Ok(match &*token {
                "short" => grant.expires_at(SystemTime::now() + SHORT),
                "minute" => grant.expires_at(SystemTime::now() + Duration::from_secs(60)),
                _ => grant,
            })
        })
    })
    .await
}

fn config(url: String, id: Uuid, token: &str) -> ClientConfig {
    let mut config = ClientConfig::new(url);
    config.client_id = id;
    config.token = Some(token.into());
    config.reconnect = ReconnectPolicy::disabled();
    config
}

/// A client in `room` whose connection the test can cut.
async fn join(backend: &Backend, id: Uuid, token: &str) -> (Member, Proxy) {
    let proxy = Proxy::to(backend.address).await;
    let mut member = Member::join(config(proxy.url(), id, token)).await;
    member.enter("room").await.unwrap();
    assert!(matches!(member.signal().await, RtcMessage::PeerList { .. }));
    (member, proxy)
}

/// Checks that B has left the room at once, while its session lives, and that it is told when it comes back.
async fn has_left(backend: &Backend, a: &mut Member, token: &str) {
    a.sees(&[]).await;
    let refused = a.send(&offer(A, B)).await;
    assert_eq!(code(refused), ErrorCode::NotPermitted);
    assert_eq!(backend.server.stats().sessions, 2);
    let mut b = Member::join(config(backend.url(), B, token)).await;
    b.sees(&[]).await;
    let refused = b.send(&offer(B, A)).await;
    assert_eq!(code(refused), ErrorCode::NotPermitted);
    b.enter("room").await.unwrap();
    a.sees(&[B]).await;
}

#[tokio::test]
async fn revoked_client_leaves_its_rooms_at_once() {
    for is_away in [false, true] {
        let backend = start().await;
        let mut a = backend.join_room(A).await;
        let (b, proxy) = join(&backend, B, "token-1").await;
        a.sees(&[B]).await;
        if is_away {
            proxy.cut();
            while backend.server.connected_clients() > 1 {
                tokio::task::yield_now().await;
            }
        }
        let revoked = Revocation::token("token-1");
        backend.server.revoke(revoked).unwrap();
        has_left(&backend, &mut a, "token-2").await;
        drop(b);
    }
}

#[tokio::test]
async fn client_leaves_its_rooms_when_its_grant_ends() {
    for is_away in [false, true] {
        let backend = start().await;
        let mut a = backend.join_room(A).await;
        let (b, proxy) = join(&backend, B, "short").await;
        a.sees(&[B]).await;
        if is_away {
            proxy.cut();
        }
        has_left(&backend, &mut a, "long").await;
        drop(b);
    }
}

#[tokio::test]
async fn turn_credentials_end_with_the_grant() {
    let backend = start().await;
    for (token, seconds) in [("minute", 1..=60), ("long", 600..=600)] {
        let config = config(backend.url(), Uuid::new_v4(), token);
        let mut member = Member::join(config).await;
        member.send(&RtcRequest::TurnRequest).await.unwrap();
        let RtcMessage::TurnCredentials(credential) = member.signal().await else {
            panic!("no credentials");
        };
        let ttl = credential.ttl_seconds;
        assert!(seconds.contains(&ttl), "{token}: {ttl} s");
    }
}
