//! Tests of grants that end while their client is connected, over every transport and in both dialects.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use push_wire_client::position::ResetReason;
use push_wire_client::{
    ClientConfig, ClientEvent, Delivery, EndCause, Frame, PushClient, Status, StreamRequest,
    TransportPreference,
};
use push_wire_server::{AuthError, Credentials, Grant};
use serde_json::json;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::http::Request;
use crate::json_client::{Channel, Server};
use crate::native_client::within_timeout;

const ALICE: Uuid = Uuid::from_u128(0xa11ce);

const EXPIRED: u16 = 4005;

const TRANSPORTS: [TransportPreference; 2] =
    [TransportPreference::WsOnly, TransportPreference::SseOnly];

/// Time that a grant of the token `short` lasts.
const SHORT: Duration = Duration::from_millis(500);

/// Time that a grant of the token `renewed` lasts: the client is asked for another token when half of it is over.
const RENEWED: Duration = Duration::from_secs(4);

/// A server for which the token `short` expires, `long` does not, and `once` is taken once and expires. `renewed` expires
/// later, `narrow` does not read `short`, and `brief` does not either and expires as `renewed`.
async fn start() -> Server {
    let seen = AtomicU32::new(0);
    let grant = move |token: Option<&str>| {
        let expires = Grant::everything().expires_at(SystemTime::now() + SHORT);
        match token {
            Some("short") => Ok(expires),
            Some("renewed") => Ok(Grant::everything().expires_at(SystemTime::now() + RENEWED)),
            Some("long") => Ok(Grant::everything()),
            Some("narrow") => Ok(Grant::nothing().read(Channel::Chat)),
            Some("brief") => Ok(Grant::nothing()
                .read(Channel::Chat)
                .expires_at(SystemTime::now() + RENEWED)),
            Some("once") if seen.fetch_add(1, Ordering::Relaxed) == 0 => Ok(expires),
            _ => Err(AuthError::InvalidToken),
        }
    };
    Server::start(|builder| {
        builder.authenticator(move |credentials: Credentials<Channel>| {
            std::future::ready(grant(credentials.token.as_deref()))
        })
    })
    .await
}

fn config(address: SocketAddr, preference: TransportPreference) -> ClientConfig {
    let mut config = ClientConfig::new(format!("http://{address}"));
    config.reconnect.initial_delay = Duration::from_millis(20);
    config.transport_preference = preference;
    config
}

/// Close code of the next end of a connection that the client reports.
async fn next_end(events: &mut broadcast::Receiver<ClientEvent<Channel>>) -> Option<u16> {
    loop {
        let event = within_timeout(async { events.recv().await.ok() }).await;
        if let ClientEvent::Status(Status::Waiting { cause, .. } | Status::Closed { cause }) = event
        {
            return cause.code;
        }
    }
}

#[tokio::test]
async fn client_comes_back_with_a_renewed_token() {
    for preference in TRANSPORTS {
        let server = start().await;
        let asked = AtomicU32::new(0);
        let config = config(server.address, preference).with_token_source(move || {
            let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            async move { Ok(String::from(if is_first { "short" } else { "long" })) }
        });
        let mut client = PushClient::<Channel>::new(config);
        let request = StreamRequest::channel(Channel::Chat);
        let mut chat = client.messages(request, 8).await.unwrap();
        let mut events = client.events();
        client.connect().await.unwrap();
        server.push.publish(Channel::Chat, &1).unwrap();
        assert_eq!(next_end(&mut events).await, Some(EXPIRED), "{preference:?}");
        server.push.publish(Channel::Chat, &2).unwrap();
        for expected in 1..=2 {
            let entry = within_timeout(chat.recv()).await;
            assert_eq!(entry.payload, json!(expected), "{preference:?}");
        }
    }
}

#[tokio::test]
async fn token_is_renewed_over_the_open_connection() {
    for preference in TRANSPORTS {
        let server = start().await;
        let asked = AtomicU32::new(0);
        let config = config(server.address, preference).with_token_source(move || {
            let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            async move { Ok(String::from(if is_first { "renewed" } else { "narrow" })) }
        });
        let mut client = PushClient::<Channel>::new(config);
        let request = StreamRequest::channel(Channel::Chat);
        let mut chat = client.messages(request, 8).await.unwrap();
        let request = StreamRequest::channel(Channel::Short);
        let mut short = client.messages(request, 8).await.unwrap();
        client.connect().await.unwrap();
        let mut events = client.events();
        // It ends when the narrower grant is there.
        let ended = within_timeout(short.recv_delivery()).await;
        assert!(
            matches!(
                ended,
                Delivery::Ended {
                    cause: EndCause::Reset(ResetReason::NotPermitted),
                    ..
                }
            ),
            "{preference:?}: {ended:?}"
        );
        server.push.publish(Channel::Chat, &1).unwrap();
        assert_eq!(within_timeout(chat.recv()).await.payload, json!(1));
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event, ClientEvent::Status(_)), "{event:?}");
        }
    }
}

#[tokio::test]
async fn set_token_renews_over_the_open_connection() {
    for preference in TRANSPORTS {
        let server = start().await;
        let mut config = config(server.address, preference);
        config.token = Some("renewed".into());
        let mut client = PushClient::<Channel>::new(config);
        let request = StreamRequest::channel(Channel::Short);
        let mut short = client.messages(request, 8).await.unwrap();
        client.connect().await.unwrap();
        let mut events = client.events();
        client.set_token(Some("narrow".into())).await.unwrap();
        let ended = within_timeout(short.recv_delivery()).await;
        let refused = EndCause::Reset(ResetReason::NotPermitted);
        assert!(
            matches!(&ended, Delivery::Ended { cause, .. } if *cause == refused),
            "{preference:?}: {ended:?}"
        );
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event, ClientEvent::Status(_)), "{event:?}");
        }
    }
}

#[tokio::test]
async fn hanging_authenticator_holds_no_client() {
    for preference in TRANSPORTS {
        let server = Server::start(|builder| {
            let builder = builder.handshake(Duration::from_millis(300));
            builder.authenticator(async |credentials: Credentials<Channel>| {
                let later = SystemTime::now() + Duration::from_secs(3_600);
                let grant = Grant::nothing().read(Channel::Chat).expires_at(later);
                match credentials.token.as_deref() {
                    Some("hangs") => std::future::pending().await,
                    Some("wide") => Ok(grant.send(Channel::Chat)),
                    _ => Ok(grant),
                }
            })
        })
        .await;
        server.push.on_message(Channel::Chat, |_, _| Ok(()));
        let mut config = config(server.address, preference);
        config.token = Some("narrow".into());
        let mut client = PushClient::<Channel>::new(config);
        client.connect().await.unwrap();
        let mut events = client.events();
        for (token, is_allowed) in [("hangs", false), ("wide", true)] {
            client.set_token(Some(token.into())).await.unwrap();
            // Judged by the grant of the token that was set before it, once that is known.
            let sent = client.send_confirmed(Frame::new(Channel::Chat, json!(1)));
            let sent = within_timeout(async { Some(sent.await) }).await;
            assert_eq!(sent.is_ok(), is_allowed, "{preference:?} {token}: {sent:?}");
        }
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event, ClientEvent::Status(_)), "{event:?}");
        }
    }
}

#[tokio::test]
async fn set_token_without_expiry_comes_back_with_it() {
    for preference in TRANSPORTS {
        let server = start().await;
        let mut config = config(server.address, preference);
        config.token = Some("long".into());
        let mut client = PushClient::<Channel>::new(config);
        let request = StreamRequest::channel(Channel::Short);
        let mut short = client.messages(request, 8).await.unwrap();
        client.connect().await.unwrap();
        client.set_token(Some("narrow".into())).await.unwrap();
        let ended = within_timeout(short.recv_delivery()).await;
        assert!(matches!(ended, Delivery::Ended { .. }), "{ended:?}");
    }
}

#[tokio::test]
async fn json_client_renews_its_token() {
    let server = start().await;
    let auth = json!({ "token": "renewed", "renews": true, "capabilities": ["chat", "short"] });
    let mut socket = server.join(ALICE, auth).await;
    assert_eq!(socket.receive_json().await, json!({ "op": "renew" }));
    let token = json!({ "op": "token", "token": "narrow" });
    socket.send_op(&token).await;
    // The channel itself, and the inbox in it.
    for _ in 0..2 {
        let ended = socket.receive_json().await;
        assert_eq!(ended["message"], "short: not_permitted");
    }
    server.push.publish(Channel::Chat, &1).unwrap();
    assert_eq!(socket.frames("chat", 1).await, [(1, json!(1))]);
}

#[tokio::test]
async fn json_client_reads_what_a_wider_grant_allows() {
    let server = start().await;
    let auth = json!({ "token": "brief", "capabilities": ["chat"] });
    let mut socket = server.join(ALICE, auth).await;
    let token = json!({ "op": "token", "token": "long" });
    socket.send_op(&token).await;
    let read = json!({ "op": "subscribe", "channels": ["short"] });
    // The authenticator answers at once: before the next op is read.
    socket.send_op(&read).await;
    server.push.publish(Channel::Short, &1).unwrap();
    assert_eq!(socket.frames("short", 1).await, [(1, json!(1))]);
}

#[tokio::test]
async fn refused_renewal_closes_a_json_client() {
    let server = start().await;
    let mut socket = server.join(ALICE, json!({ "token": "renewed" })).await;
    let token = json!({ "op": "token", "token": "wrong" });
    socket.send_op(&token).await;
    assert_eq!(socket.receive_json().await["op"], "error");
    assert_eq!(socket.close_code().await, 1008);
}

#[tokio::test]
async fn posted_token_is_the_proof_of_later_posts() {
    let server = start().await;
    let target = format!("/rps/sse?client_id={ALICE}&token=renewed&renews=true&channels=chat");
    let mut stream = Request::new("GET", &target).open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    assert_eq!(stream.json().await["payload"], json!({ "op": "renew" }));
    let post = |bearer: &str, op: &str, token: &str| {
        let body = json!({ "client_id": ALICE, "op": op, "token": token }).to_string();
        Request::new("POST", "/rps/send")
            .body("application/json", body)
            .header("authorization", &format!("Bearer {bearer}"))
            .send(server.address)
    };
    assert_eq!(post("narrow", "token", "narrow").await.status, 401);
    assert_eq!(post("renewed", "token", "narrow").await.status, 204);
    assert_eq!(post("renewed", "ping", "").await.status, 401);
    assert_eq!(post("narrow", "ping", "").await.status, 200);
}

#[tokio::test]
async fn refused_renewal_answers_its_post() {
    let server = start().await;
    let target = format!("/rps/sse?client_id={ALICE}&token=renewed&channels=chat");
    let mut stream = Request::new("GET", &target).open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    let body = json!({ "client_id": ALICE, "op": "token", "token": "wrong" }).to_string();
    let post = Request::new("POST", "/rps/send").body("application/json", body);
    let bearer = post.header("authorization", "Bearer renewed");
    assert_eq!(bearer.send(server.address).await.status, 403);
    let end = stream.json().await;
    assert_eq!(end["code"], 1008, "{end}");
}

#[tokio::test]
async fn plain_token_is_shown_again_and_refused() {
    for preference in TRANSPORTS {
        let server = start().await;
        let mut config = config(server.address, preference);
        config.token = Some("once".into());
        let mut client = PushClient::<Channel>::new(config);
        let mut events = client.events();
        client.connect().await.unwrap();
        assert_eq!(next_end(&mut events).await, Some(EXPIRED), "{preference:?}");
        assert_eq!(next_end(&mut events).await, Some(4200), "{preference:?}");
        assert!(matches!(client.status(), Status::Closed { .. }));
    }
}

#[tokio::test]
async fn expiry_is_told_in_the_json_dialect() {
    let server = start().await;
    let mut socket = server.join(ALICE, json!({ "token": "short" })).await;
    assert_eq!(socket.receive_json().await["op"], "goodbye");
    assert_eq!(socket.close_code().await, EXPIRED);

    let target = format!("/rps/sse?client_id={ALICE}&token=short");
    let mut stream = Request::new("GET", &target).open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    let goodbye = stream.event().await.unwrap();
    assert_eq!(goodbye.json()["payload"]["op"], "goodbye");
    assert_eq!(goodbye.retry.as_deref(), Some("1000"));
    assert_eq!(stream.json().await["code"], EXPIRED);
    assert_eq!(stream.event().await, None);
}
