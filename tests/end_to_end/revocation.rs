//! Tests of revoked credentials, over every transport and in both dialects.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use push_wire_client::{
    ClientConfig, ClientEvent, ConnectError, PushClient, Status, TransportPreference,
};
use push_wire_server::{AuthError, Credentials, Grant, Revocation};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::http::Request;
use crate::json_client::{Channel, Server};
use crate::native_client::within_timeout;

const REVOKED: u16 = 4200;

/// The same in the JSON dialect.
const JSON_REVOKED: u16 = 1008;

const TRANSPORTS: [TransportPreference; 2] =
    [TransportPreference::WsOnly, TransportPreference::SseOnly];

/// A server whose tokens are `IDENTITY-NUMBER`, issued a day ago.
async fn start() -> Server {
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    let grant = move |token: Option<String>| {
        let token = token.ok_or(AuthError::InvalidToken)?;
        let (identity, _) = token.split_once('-').ok_or(AuthError::InvalidToken)?;
        let grant = Grant::everything().identity(identity).issued_at(yesterday);
        Ok(grant.token_id(token))
    };
    Server::start(|builder| {
        builder.authenticator(move |credentials: Credentials<Channel>| {
            std::future::ready(grant(credentials.token))
        })
    })
    .await
}

fn client(
    server: &Server,
    preference: TransportPreference,
    id: Uuid,
    token: &str,
) -> PushClient<Channel> {
    let mut config = ClientConfig::new(format!("http://{}", server.address));
    config.client_id = id;
    config.token = Some(token.into());
    config.transport_preference = preference;
    PushClient::new(config)
}

#[tokio::test]
async fn connections_end_at_once_and_stay_refused() {
    let id = Uuid::from_u128(7);
    let now = SystemTime::now();
    for revocation in [
        Revocation::token("ada-1"),
        Revocation::identity_before("ada", now),
        Revocation::client(id),
    ] {
        for preference in TRANSPORTS {
            let server = start().await;
            let mut concerned = client(&server, preference, id, "ada-1");
            let mut other = client(&server, preference, Uuid::from_u128(8), "bob-1");
            concerned.connect().await.unwrap();
            other.connect().await.unwrap();
            let mut events = concerned.events();
            server.push.revoke(revocation.clone()).unwrap();
            let ended = loop {
                let event = within_timeout(async { events.recv().await.ok() }).await;
                if let ClientEvent::Status(Status::Closed { cause }) = event {
                    break cause;
                }
            };
            assert_eq!(ended.code, Some(REVOKED), "{revocation:?}");
            let again = concerned.connect().await.unwrap_err();
            assert!(
                matches!(&again, ConnectError::AuthRejected(why) if why.contains("revoked")),
                "{again:?}"
            );
            assert_eq!(other.status(), Status::Ready);
        }
    }
}

// The authenticator answers after the revocation, as one does that looked the token up before it.
#[tokio::test]
async fn tokens_shown_before_a_revocation_are_refused() {
    for preference in TRANSPORTS {
        let (tell, mut asked) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(0));
        let held = Arc::clone(&permits);
        let server = Server::start(|builder| {
            builder.authenticator(move |_: Credentials<Channel>| {
                let (tell, held) = (tell.clone(), Arc::clone(&held));
                async move {
                    tell.send(()).unwrap();
                    held.acquire().await.unwrap().forget();
                    Ok(Grant::everything().identity("ada"))
                }
            })
        })
        .await;
        let mut late = client(&server, preference, Uuid::from_u128(7), "ada-1");
        let connecting = async {
            let refused = late.connect().await.unwrap_err();
            (refused, late)
        };
        let revoking = async {
            asked.recv().await.unwrap();
            let revocation = Revocation::identity_before("ada", SystemTime::now());
            server.push.revoke(revocation).unwrap();
            permits.add_permits(2);
        };
        let ((refused, mut late), ()) = tokio::join!(connecting, revoking);
        assert!(
            matches!(&refused, ConnectError::AuthRejected(why) if why.contains("revoked")),
            "{preference:?}: {refused:?}"
        );
        late.connect().await.unwrap();
    }
}

#[tokio::test]
async fn client_with_another_token_comes_back() {
    for preference in TRANSPORTS {
        let server = start().await;
        let mut tokens = (1..).map(|number| format!("ada-{number}"));
        let next = std::sync::Mutex::new(move || tokens.next().unwrap());
        let mut config = ClientConfig::new(format!("http://{}", server.address));
        config.transport_preference = preference;
        config.reconnect.initial_delay = Duration::from_millis(20);
        let config = config.with_token_source(move || {
            let token = next.lock().unwrap()();
            async move { Ok(token) }
        });
        let mut client = PushClient::<Channel>::new(config);
        client.connect().await.unwrap();
        let mut events = client.events();
        server.push.revoke(Revocation::token("ada-1")).unwrap();
        let mut was_lost = false;
        loop {
            let event = within_timeout(async { events.recv().await.ok() }).await;
            if event == ClientEvent::Status(Status::Ready) && was_lost {
                break;
            }
            if let ClientEvent::Status(Status::Waiting { cause, .. }) = event {
                assert_eq!(cause.code, Some(REVOKED));
                was_lost = true;
            }
        }
    }
}

#[tokio::test]
async fn json_clients_end_and_their_posts_are_refused() {
    let server = start().await;
    let id = Uuid::from_u128(9);
    let mut socket = server.join(id, json!({ "token": "ada-1" })).await;
    let target = format!("/rps/sse?client_id={}&token=ada-2", Uuid::from_u128(10));
    let mut stream = Request::new("GET", &target).open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    let revoked = Revocation::identity_before("ada", SystemTime::now());
    server.push.revoke(revoked).unwrap();
    let error = socket.receive_json().await;
    assert_eq!(error["message"], "the credentials were revoked");
    assert_eq!(socket.close_code().await, JSON_REVOKED);
    let error = stream.json().await;
    assert_eq!(error["payload"]["message"], "the credentials were revoked");
    assert_eq!(stream.json().await["code"], JSON_REVOKED);
    assert_eq!(stream.event().await, None);

    let body = json!({ "client_id": Uuid::from_u128(10), "channel": "chat", "payload": 1 });
    let post = Request::new("POST", "/rps/send")
        .header("authorization", "Bearer ada-2")
        .body("application/json", body.to_string());
    assert_eq!(post.send(server.address).await.status, 404);
}
