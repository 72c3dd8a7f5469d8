//! Tests of sessions of the JSON dialect whose client is known by a cookie (docs/protocol.md section 9.5, docs/event-streams.md section 3).

use std::sync::Arc;
use std::time::Duration;

use push_wire_server::{AuthError, Credentials, Grant, PushServerBuilder};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::http::{Answer, Request, Response};
use crate::json_client::{Channel, Server};

const ALICE: Uuid = Uuid::from_u128(0xa11ce);
const GUEST: Uuid = Uuid::from_u128(0x9e57);
const COOKIE: &str = "user=alice";

/// Authenticates users by cookie; everybody else is a guest, without an identity.
fn by_cookie(credentials: &Credentials<Channel>) -> Result<Grant, AuthError> {
    let cookie = credentials.headers.get("cookie");
    match cookie.map(|cookie| cookie.to_str().unwrap_or_default()) {
        None | Some("") => Ok(Grant::everything()),
        Some("user=broken") => Err(AuthError::Unavailable("no database".into())),
        Some(cookie) => match cookie.split_once("user=") {
            Some((_, user)) => Ok(Grant::everything().identity(user)),
            None => Err(AuthError::InvalidToken),
        },
    }
}

/// Server with users and guests, and a queue of the identity that sent each message.
async fn start() -> (Server, mpsc::UnboundedReceiver<Option<String>>) {
    let server =
        Server::start(|builder| builder.authenticator(async |credentials| by_cookie(&credentials)))
            .await;
    let (tell, senders) = mpsc::unbounded_channel();
    server.push.on_message(Channel::Chat, move |message, _| {
        let identity = message.identity.as_deref().map(str::to_owned);
        tell.send(identity).unwrap();
        Ok(())
    });
    (server, senders)
}

async fn open(server: &Server, client: Uuid, cookie: Option<&str>) -> Response {
    let request = Request::new("GET", &format!("/rps/sse?client_id={client}"));
    let request = with_cookie(request, cookie);
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.status, 200, "{stream:?}");
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    stream
}

fn with_cookie(request: Request, cookie: Option<&str>) -> Request {
    match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    }
}

fn post(route: &str, client: Uuid) -> Request {
    let body = match route {
        "send" => json!({ "client_id": client, "channel": "chat", "payload": 1 }),
        _ => json!({ "client_id": client, "channel": "chat", "cursor": 0 }),
    };
    Request::new("POST", &format!("/rps/{route}")).body("application/json", body.to_string())
}

fn message(answer: &Answer) -> String {
    let error = answer.json();
    assert_eq!(error["op"], "error", "{error}");
    error["message"].as_str().unwrap().to_owned()
}

/// Checks who may POST for Alice's session.
async fn only_alice_posts(server: &Server, senders: &mut mpsc::UnboundedReceiver<Option<String>>) {
    for route in ["send", "ack"] {
        for (cookie, status) in [
            (None, 401),
            (Some("user=bob"), 401),
            (Some("nonsense"), 401),
            (Some("user=broken"), 503),
        ] {
            let answer = with_cookie(post(route, ALICE), cookie)
                .send(server.address)
                .await;
            assert_eq!(answer.status, status, "{route} {cookie:?} {answer:?}");
            assert!(message(&answer).contains("credentials") || cookie == Some("nonsense"));
            assert_eq!(answer.header("retry-after").is_some(), status == 503);
        }
        let token = post(route, ALICE).header("authorization", "Bearer alice");
        assert_eq!(token.send(server.address).await.status, 401, "{route}");
        let alice = post(route, ALICE).header("cookie", COOKIE);
        assert_eq!(alice.send(server.address).await.status, 204, "{route}");
    }
    assert_eq!(senders.recv().await, Some(Some("alice".to_owned())));
    assert!(senders.try_recv().is_err(), "no other message was handled");
}

#[tokio::test]
async fn identity_of_the_session_is_needed() {
    let (server, mut senders) = start().await;
    let mut stream = open(&server, ALICE, Some(COOKIE)).await;
    only_alice_posts(&server, &mut senders).await;
    for cookie in ["", "user=bob", "nonsense"] {
        let socket = server.open_with(cookie).await;
        let mut socket = socket.authenticate(ALICE, json!({})).await;
        assert_eq!(socket.close_code().await, 1008, "{cookie}");
        let request = Request::new("GET", &format!("/rps/sse?client_id={ALICE}"));
        let answer = with_cookie(request, Some(cookie))
            .header("last-event-id", "1")
            .send(server.address)
            .await;
        assert_eq!(answer.status, 401, "{cookie}");
    }
    server.push.publish(Channel::Chat, &1).unwrap();
    assert_eq!(stream.json().await["payload"], 1, "the stream goes on");
    let socket = server.open_with(COOKIE).await;
    let mut socket = socket.authenticate(ALICE, json!({})).await;
    assert_eq!(socket.receive_json().await["op"], "auth_ok");
    only_alice_posts(&server, &mut senders).await;
}

#[tokio::test]
async fn guests_post_by_their_client_id() {
    let (server, mut senders) = start().await;
    let _stream = open(&server, GUEST, None).await;
    for route in ["send", "ack"] {
        let answer = post(route, GUEST).send(server.address).await;
        assert_eq!(answer.status, 204, "{route}");
    }
    assert_eq!(senders.recv().await, Some(None));
}

/// A server whose authenticator holds back the answers to POSTs; it reports each, and waits for a permit.
async fn start_slow(
    set_up: impl FnOnce(PushServerBuilder<Channel>) -> PushServerBuilder<Channel>,
) -> (Server, mpsc::UnboundedReceiver<()>, Arc<Semaphore>) {
    let (tell, asked) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&permits);
    let server = Server::start(|builder| {
        set_up(builder).authenticator(move |credentials: Credentials<Channel>| {
            let (tell, held) = (tell.clone(), Arc::clone(&held));
            async move {
                if credentials.uri.path() != "/rps/sse" {
                    tell.send(()).unwrap();
                    held.acquire().await.unwrap().forget();
                }
                by_cookie(&credentials)
            }
        })
    })
    .await;
    server.push.on_message(Channel::Chat, |_, _| Ok(()));
    (server, asked, permits)
}

#[tokio::test]
async fn few_posts_wait_for_the_authenticator() {
    const WAITING: usize = 4;
    let (server, mut asked, permits) = start_slow(|builder| builder).await;
    let _stream = open(&server, ALICE, Some(COOKIE)).await;
    let address = server.address;
    let send = || post("send", ALICE).header("cookie", COOKIE).send(address);
    let waiting: Vec<_> = (0..WAITING).map(|_| tokio::spawn(send())).collect();
    for _ in 0..WAITING {
        asked.recv().await.unwrap();
    }
    let answer = send().await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("1"))
    );
    assert!(message(&answer).contains("wait"));
    permits.add_permits(WAITING + 1);
    for answer in waiting {
        assert_eq!(answer.await.unwrap().status, 204);
    }
    assert_eq!(send().await.status, 204, "places are free again");
}

#[tokio::test]
async fn late_authenticator_is_stated() {
    let handshake = Duration::from_millis(50);
    let (server, _asked, _permits) = start_slow(|builder| builder.handshake(handshake)).await;
    let _stream = open(&server, ALICE, Some(COOKIE)).await;
    let alice = post("send", ALICE).header("cookie", COOKIE);
    let answer = alice.send(server.address).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(message(&answer), "the credentials could not be checked now");
}
