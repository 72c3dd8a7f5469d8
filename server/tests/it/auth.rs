//! Tests of authentication and grants.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use push_wire_server::position::ResetReason;
use push_wire_server::session::op::{Auth, ClientOp, ErrorCode, RejectedMessage, ServerOp};
use push_wire_server::{AuthError, Credentials, Grant, Limits, PushServer};
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::harness::{Channel, Socket, start, subscribe, subscribe_to};

const CLIENT: Uuid = Uuid::from_u128(1);

#[tokio::test]
async fn whom_the_validator_refuses_stays_out() {
    let server = PushServer::with_auth_validator(Arc::new(|client_id, token, channels| {
        assert_eq!((client_id, channels), (CLIENT, &[Channel::Chat][..]));
        match token {
            Some("right") => Ok(()),
            _ => Err(AuthError::InvalidToken),
        }
    }));
    let running = start(&Arc::new(server)).await;

    let mut wire = running.wire().await;
    wire.auth(CLIENT, Some("wrong"), &[subscribe(1, Channel::Chat)])
        .await;
    assert_eq!(wire.socket.closed().await.0, 4200);

    let mut client = running.json("/rps").await;
    client
        .say(json!({"op": "auth", "client_id": CLIENT, "capabilities": ["chat"]}))
        .await;
    let refusal = client.receive_json().await;
    assert_eq!(refusal, json!({"op": "error", "message": "invalid token"}));
    assert_eq!(client.closed().await.0, 1008);
}

async fn by_cookie(credentials: Credentials<Channel>) -> Result<Grant, AuthError> {
    let cookie = credentials
        .headers
        .get("cookie")
        .and_then(|value| value.to_str().ok());
    match (cookie, credentials.token.as_deref()) {
        (_, Some("outage")) => Err(AuthError::Unavailable("the user database is away".into())),
        (_, Some("fault")) => panic!("a fault of the application"),
        (Some("user=ada"), _) => Ok(Grant::everything()),
        _ => Ok(Grant::nothing()
            .read_topics(Channel::Chat, ["room-*"])
            .send(Channel::Prices)),
    }
}

#[tokio::test]
async fn unavailable_authenticator_closes_for_later() {
    let server = PushServer::builder()
        .authenticator(by_cookie)
        .build()
        .unwrap();
    let running = start(&server).await;
    for token in ["outage", "fault"] {
        let mut wire = running.wire().await;
        wire.auth(CLIENT, Some(token), &[]).await;
        assert_eq!(wire.socket.closed().await.0, 4104, "{token}");
    }
    assert_eq!(server.stats().closes.get(&4104), Some(&2));
}

#[tokio::test]
async fn a_grant_bounds_what_is_read_and_sent() {
    let server = PushServer::builder()
        .authenticator(by_cookie)
        .build()
        .unwrap();
    for channel in [Channel::Chat, Channel::Prices] {
        server.on_message(channel, |_, _| Ok(()));
    }
    let running = start(&server).await;
    let mut wire = running.wire().await;
    let wanted = [
        subscribe_to(1, Channel::Chat, "room-7"),
        subscribe_to(2, Channel::Chat, "staff"),
        subscribe(3, Channel::Chat),
        subscribe(4, Channel::Staff),
    ];
    wire.enter(CLIENT, &wanted).await;
    let resumed = wire.see_op().await;
    assert!(
        matches!(resumed, ServerOp::Resumed { id: 1, .. }),
        "{resumed:?}"
    );
    for expected in 2..=4 {
        let reset = wire.see_op().await;
        let reason = ResetReason::NotPermitted;
        let as_expected = matches!(&reset, ServerOp::Reset { id, reason: r, .. } if (*id, *r) == (expected, reason));
        assert!(as_expected, "{reset:?}");
    }
    wire.message(Channel::Chat, 1, &json!(1)).await;
    let rejected = wire.see_op().await;
    let code = ErrorCode::NotPermitted;
    assert!(matches!(rejected, ServerOp::Rejected(RejectedMessage { code: c, .. }) if c == code));
    assert_eq!(wire.see_op().await, ServerOp::Received { upto: 1 });
    wire.message(Channel::Prices, 2, &json!(1)).await;
    assert_eq!(wire.see_op().await, ServerOp::Received { upto: 2 });
}

#[tokio::test]
async fn authenticator_gets_request() {
    let server = PushServer::builder()
        .authenticator(async |credentials: Credentials<Channel>| {
            assert_eq!(credentials.uri.query(), Some("ticket=7"));
            assert!(credentials.headers.contains_key("host"));
            assert!(
                credentials
                    .remote_addr
                    .is_some_and(|from| from.ip().is_loopback())
            );
            Ok(Grant::everything().identity("ada"))
        })
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = Router::new().merge(server.router());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = Socket::connect(addr, "/rps?ticket=7", None).await;
    client.auth(CLIENT).await;
}

#[tokio::test]
async fn json_client_keeps_to_its_grant() {
    let server = PushServer::builder()
        .authenticator(async |_: Credentials<Channel>| {
            Ok(Grant::nothing().read(Channel::Prices).send(Channel::Prices))
        })
        .build()
        .unwrap();
    server.on_message(Channel::Chat, |_, _| {
        panic!("a message that is not permitted")
    });
    server.on_message(Channel::Prices, |message, server| {
        server.publish(Channel::Chat, &"not for this client")?;
        Ok(server
            .publish(Channel::Prices, &message.json::<u32>()?)
            .map(drop)?)
    });
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(CLIENT).await;
    client.say(json!({"channel": "chat", "payload": 1})).await;
    let error = client.receive_json().await;
    let message = "no right to send on chat";
    assert_eq!(error, json!({"op": "error", "message": message}));
    client.say(json!({"channel": "prices", "payload": 2})).await;
    let entry = client.receive_json().await;
    assert_eq!(
        (&entry["channel"], &entry["payload"]),
        (&json!("prices"), &json!(2))
    );
}

#[tokio::test]
async fn session_is_not_taken_over_by_token() {
    let server = Arc::new(PushServer::with_auth_validator(Arc::new(
        |_, token: Option<&str>, _: &[Channel]| match token {
            Some("shared") => Ok(()),
            _ => Err(AuthError::InvalidToken),
        },
    )));
    let running = start(&server).await;
    let auth = |secret| {
        ClientOp::Auth(Auth {
            token: Some("shared".into()),
            secret,
            subscriptions: vec![subscribe(1, Channel::Chat)],
            ..Auth::new(CLIENT)
        })
    };
    let mut owner = running.wire().await;
    owner.op(&auth(Some([7; 16]))).await;
    assert!(matches!(owner.see_op().await, ServerOp::AuthOk(_)));

    for secret in [None, Some([9; 16])] {
        let mut attacker = running.wire().await;
        attacker.op(&auth(secret)).await;
        let answer = attacker.see_op().await;
        assert!(matches!(answer, ServerOp::Error { .. }), "{answer:?}");
        assert_eq!(attacker.socket.closed().await.0, 4200);
    }
    let mut attacker = running.json("/rps").await;
    attacker
        .say(json!({"op": "auth", "client_id": CLIENT, "token": "shared"}))
        .await;
    assert_eq!(attacker.closed().await.0, 1008);

    server.publish(Channel::Chat, &json!("still here")).unwrap();
    assert_eq!(owner.entry().await, (1, json!("still here")));
}

#[tokio::test]
async fn address_is_known_without_connect_info() {
    let server = PushServer::builder()
        .authenticator(async |credentials: Credentials<Channel>| {
            let from = credentials.remote_addr;
            assert!(from.is_some_and(|from| from.ip().is_loopback()));
            Ok(Grant::everything())
        })
        .build()
        .unwrap();
    let running = start(&server).await;
    running.json("/rps").await.auth(CLIENT).await;
}

#[tokio::test]
async fn one_address_is_limited() {
    let mut limits = Limits::default();
    limits.sessions_per_address = 2;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .exempt_addresses([]);
    let running = start(&server.build().unwrap()).await;
    let mut inside = Vec::new();
    for id in 0..2 {
        let mut wire = running.wire().await;
        wire.enter(Uuid::from_u128(id), &[]).await;
        inside.push(wire);
    }
    let mut third = running.wire().await;
    third.auth(Uuid::from_u128(2), None, &[]).await;
    let ServerOp::Error { message, .. } = third.see_op().await else {
        panic!("let in");
    };
    assert!(message.contains("sessions_per_address"), "{message}");
    assert_eq!(third.socket.closed().await.0, 4101);
}
