//! Tests of odd requests to the routes of event streams, over plain sockets: each is answered with a stated error, and
//! costs other clients nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use push_wire_server::{AuthError, PushServerBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::http::{Answer, Request, Response};
use crate::json_client::{Channel, Server};

const ALICE: Uuid = Uuid::from_u128(0xa11ce);
const BOB: Uuid = Uuid::from_u128(0xb0b);
const JSON: &str = "application/json";

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A server that publishes what clients send, and a client of it to which nothing may happen.
struct Scene {
    server: Server,
    bystander: Response,
    handled: Arc<AtomicUsize>,
}

impl Scene {
    async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(
        set_up: impl FnOnce(PushServerBuilder<Channel>) -> PushServerBuilder<Channel>,
    ) -> Self {
        let server = Server::start(|builder| {
            set_up(builder).auth_validator(|id, token, _| {
                let known = [(ALICE, Some("alice")), (BOB, None)].contains(&(id, token));
                let stranger = id != ALICE && id != BOB;
                (known || stranger)
                    .then_some(())
                    .ok_or(AuthError::InvalidToken)
            })
        })
        .await;
        let handled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&handled);
        server.push.on_message(Channel::Chat, move |message, _| {
            let _: Value = message.json()?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        server.push.on_message(Channel::Short, |_, _| Ok(()));
        let bystander = stream(&server, events(BOB, "&channels=short")).await;
        Self {
            server,
            bystander,
            handled,
        }
    }

    /// Checks that the bystander has received nothing, and that it receives and sends.
    async fn bystander_is_unharmed(&mut self) {
        self.server
            .push
            .publish(Channel::Short, &"still here")
            .unwrap();
        assert_eq!(self.bystander.json().await["payload"], "still here");
        let body = json!({ "client_id": BOB, "channel": "short", "payload": 1 });
        let request = Request::new("POST", "/rps/send").body(JSON, body.to_string());
        let answer = request.send(self.server.address).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// The answer to these bytes, sent as they are.
    async fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        exchange(self.server.address, request.as_ref(), End::Open).await
    }
}

fn events(id: Uuid, extra: &str) -> Request {
    Request::new("GET", &format!("/rps/sse?client_id={id}{extra}"))
}

/// Opens a stream, and reads its `auth_ok`.
async fn stream(server: &Server, request: Request) -> Response {
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.status, 200, "{stream:?}");
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    stream
}

async fn post(address: SocketAddr, id: Uuid, payload: Value) -> Answer {
    let body = json!({ "client_id": id, "channel": "chat", "payload": payload });
    let request = Request::new("POST", "/rps/send").body(JSON, body.to_string());
    request.send(address).await
}

/// State of the sending side after a request.
enum End {
    Open,
    Closed,
}

/// Sends bytes, and reads the answer meanwhile.
async fn exchange(address: SocketAddr, request: &[u8], end: End) -> String {
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let request = request.to_vec();
    let sending = tokio::spawn(async move {
        // The server may answer, and close, before it has all.
        let sent = writer.write_all(&request).await;
        if sent.is_ok() && matches!(end, End::Closed) {
            writer.shutdown().await.unwrap();
        }
        writer
    });
    let mut answer = Vec::new();
    let reading = timeout(TIMEOUT, reader.read_to_end(&mut answer)).await;
    if let Err(error) = reading.expect("an answer in time") {
        assert!(!answer.is_empty(), "{error}");
    }
    drop(sending.await.unwrap());
    String::from_utf8_lossy(&answer).into_owned()
}

/// The head of a POST to `/rps/send`, with further headers.
fn head(more: &str) -> String {
    format!(
        "POST /rps/send HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {JSON}\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn odd_queries_are_stated() {
    let mut scene = Scene::start().await;
    let id = Uuid::from_u128(1);
    for (target, part) in [
        (format!("client_id={id}&client_id={BOB}"), "client_id"),
        (format!("client_id={id}&token=a&token=b"), "token"),
        (
            format!("client_id={id}&channels=chat&channels=short"),
            "channels",
        ),
        (format!("client_id={id}&resume_cursor=-1"), "resume_cursor"),
        (
            format!("client_id={id}&resume_cursor=18446744073709551616"),
            "resume_cursor",
        ),
        ("client_id=%FF%FE".into(), "client_id"),
        ("client_id=%0A%0D%00".into(), "client_id"),
        ("%".into(), "client_id"),
    ] {
        let request = Request::new("GET", &format!("/rps/sse?{target}"));
        let answer = request.send(scene.server.address).await;
        assert_eq!(answer.status, 400, "{target}: {answer:?}");
        let message = answer.json()["message"].to_string();
        assert!(message.contains(part), "{target}: {message}");
    }
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn names_cannot_forge_events() {
    let mut scene = Scene::start().await;
    scene.server.push.publish(Channel::Chat, &"entry").unwrap();
    let names = [
        "x%0A%0Adata:%20forged%0A%0A",
        "x%0D%0Did:%207%0D%0D",
        "%FF%FE%0Aevent:%20close",
        "%E2%80%A8%00",
    ];
    for (id, name) in (1..).map(Uuid::from_u128).zip(names) {
        let request = events(id, &format!("&channels=chat,{name}"));
        let mut stream = stream(&scene.server, request).await;
        let error = stream.event().await.expect("an event");
        assert_eq!(
            (error.id.as_ref(), error.name.as_ref()),
            (None, None),
            "{name}"
        );
        assert_eq!(error.json()["payload"]["op"], "error", "{name}");
        assert_eq!(stream.json().await["payload"], "entry", "{name}");
    }
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn odd_last_event_ids_are_not_known() {
    let mut scene = Scene::start().await;
    let address = format!("/rps/sse?client_id={}&channels=chat", Uuid::from_u128(1));
    let long = "7".repeat(10_000);
    for id in ["", " ", "+1", "1.0", "0x1", "1, 2", "\u{fffd}", &long] {
        let request = Request::new("GET", &address).header("last-event-id", id);
        let mut stream = stream(&scene.server, request).await;
        let event = stream.json().await;
        assert_eq!(event["payload"]["op"], "resume_required", "{id:?}");
    }
    let bytes = [
        format!("GET {address} HTTP/1.0\r\nlast-event-id: ").as_bytes(),
        b"\xff\xfe\r\n\r\n",
    ]
    .concat();
    let mut socket = TcpStream::connect(scene.server.address).await.unwrap();
    socket.write_all(&bytes).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("resume_required") {
        let reading = timeout(TIMEOUT, socket.read_buf(&mut answer)).await;
        assert_ne!(reading.expect("an answer in time").unwrap(), 0);
    }
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn bad_bodies_are_stated() {
    let mut scene = Scene::start().await;
    let message = json!({ "client_id": BOB, "channel": "chat", "payload": 1 }).to_string();
    let length = message.len();
    let cases: &[(&str, String, &str)] = &[
        (
            "truncated",
            head(&format!("content-length: {}\r\n", length + 1)) + &message,
            " 400 ",
        ),
        (
            "shorter than it is",
            head(&format!("content-length: {}\r\n", length - 1)) + &message,
            " 400 ",
        ),
        (
            "two lengths",
            head(&format!(
                "content-length: {length}\r\ncontent-length: 7\r\n"
            )) + &message,
            " 400 ",
        ),
        (
            "negative length",
            head("content-length: -1\r\n") + &message,
            " 400 ",
        ),
        ("no length", head("") + &message, " 400 "),
        (
            "chunk that is none",
            head("transfer-encoding: chunked\r\n") + "zz\r\n" + &message,
            " 400 ",
        ),
        (
            "chunk that is cut off",
            head("transfer-encoding: chunked\r\n") + "ff\r\n" + &message,
            " 400 ",
        ),
        (
            "unknown coding",
            head("transfer-encoding: gzip\r\n") + &message,
            " 400 ",
        ),
    ];
    for (name, request, expected) in cases {
        let answer = exchange(scene.server.address, request.as_bytes(), End::Closed).await;
        let status = answer.lines().next().unwrap_or_default();
        assert!(status.contains(expected), "{name}: {answer}");
    }
    assert_eq!(scene.handled.load(Ordering::Relaxed), 0);
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn body_that_does_not_arrive_is_given_up() {
    let mut scene = Scene::with(|builder| builder.handshake(Duration::from_millis(300))).await;
    let mut socket = TcpStream::connect(scene.server.address).await.unwrap();
    let request = head("content-length: 100\r\n") + "{";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = timeout(TIMEOUT, socket.read_to_string(&mut answer)).await;
    reading.expect("an answer in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"op\":\"error\""), "{answer}");
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn large_bodies_are_refused_with_an_answer() {
    let mut scene = Scene::start().await;
    for bytes in [(1 << 20) + 1, 3 << 20, 8 << 20] {
        let request = head(&format!("content-length: {bytes}\r\n")) + &" ".repeat(bytes);
        let answer = scene.exchange(&request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{bytes}: {answer}");
        assert!(
            answer.contains("above the limit of 1048576 bytes"),
            "{answer}"
        );
    }
    // It is not asked for.
    let request = head("content-length: 1048577\r\nexpect: 100-continue\r\n");
    let answer = scene.exchange(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let endless = head("transfer-encoding: chunked\r\n") + &format!("{:x}\r\n", 2 << 20);
    let answer = scene.exchange(endless + &" ".repeat(2 << 20)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn nesting_is_bounded() {
    let mut scene = Scene::start().await;
    for depth in [65, 127, 1_000, 400_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let nested = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            if nested.len() > 1 << 20 {
                continue;
            }
            for body in [
                nested.clone(),
                format!("{{\"client_id\":\"{BOB}\",\"channel\":\"chat\",\"payload\":{nested}}}"),
                format!("{{\"client_id\":\"{BOB}\",\"op\":\"ping\",\"x\":{nested}}}"),
                open.repeat(depth),
            ] {
                let request = Request::new("POST", "/rps/send").body(JSON, body);
                let answer = request.send(scene.server.address).await;
                let stated = answer.status == 400 || answer.json() == json!({ "op": "pong" });
                assert!(stated, "{depth} {open} {answer:?}");
            }
        }
    }
    assert_eq!(scene.handled.load(Ordering::Relaxed), 0);
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let mut scene = Scene::start().await;
    let many: String = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = scene.exchange(head(&many)).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let long = format!("authorization: Bearer {}\r\n", "x".repeat(1 << 20));
    let answer = scene.exchange(head(&long)).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn other_methods_and_types_are_stated() {
    let mut scene = Scene::start().await;
    for (method, route, expected) in [
        ("GET", "send", 405),
        ("PUT", "send", 405),
        ("GET", "ack", 405),
        ("DELETE", "sse", 405),
        ("OPTIONS", "sse", 405),
        ("POST", "sse", 415),
        ("POST", "send", 415),
        ("POST", "ack", 415),
    ] {
        let request = Request::new(method, &format!("/rps/{route}"));
        let answer = request.send(scene.server.address).await;
        assert_eq!(answer.status, expected, "{method} {route}");
    }
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn thousand_posts_at_once_are_answered() {
    let mut scene = Scene::start().await;
    let id = Uuid::from_u128(1);
    let _stream = stream(&scene.server, events(id, "&channels=chat")).await;
    let address = scene.server.address;
    let body = json!({ "client_id": id, "channel": "chat", "payload": 1 }).to_string();
    let post = |more: &str| {
        let length = body.len();
        format!(
            "POST /rps/send HTTP/1.1\r\nhost: a\r\n{more}content-type: {JSON}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    // Over a hundred connections, ten after each other.
    let requests = post("").repeat(9) + &post("connection: close\r\n");
    let mut posts: JoinSet<String> = JoinSet::new();
    for _ in 0..100 {
        let requests = requests.clone();
        posts.spawn(async move { exchange(address, requests.as_bytes(), End::Open).await });
    }
    let answers = posts.join_all().await.concat();
    let count = |status: &str| answers.matches(&format!("HTTP/1.1 {status} ")).count();
    let (taken, busy) = (count("204"), count("429"));
    assert_eq!(taken + busy, 1_000, "{answers}");
    assert!(taken >= 4, "{taken}");
    assert_eq!(scene.handled.load(Ordering::Relaxed), taken);
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn posts_of_a_client_that_leaves_are_answered() {
    let mut scene = Scene::start().await;
    let id = Uuid::from_u128(1);
    let address = scene.server.address;
    let mut answered = 0;
    for _ in 0..20 {
        let stream = stream(&scene.server, events(id, "&channels=chat")).await;
        let mut posts: JoinSet<u16> = JoinSet::new();
        for n in 0..20 {
            posts.spawn(async move { post(address, id, json!(n)).await.status });
        }
        let first = posts.join_next().await.unwrap().unwrap();
        drop(stream);
        let answers = posts.join_all().await;
        answered += usize::from(first == 204);
        for status in answers {
            assert!([204, 404, 410, 429].contains(&status), "{status}");
            answered += usize::from(status == 204);
        }
    }
    assert!(scene.handled.load(Ordering::Relaxed) >= answered);
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn session_of_another_is_closed_to_strangers() {
    let mut scene = Scene::start().await;
    let mut alice = stream(&scene.server, events(ALICE, "&token=alice&channels=chat")).await;
    let address = scene.server.address;
    for extra in ["", "&token=", "&token=bob", "&token=alice%00"] {
        let answer = events(ALICE, extra).send(address).await;
        assert_eq!(answer.status, 401, "{extra}: {answer:?}");
        let authorized = events(ALICE, extra).header("authorization", "Basic alice");
        assert_eq!(authorized.send(address).await.status, 401, "{extra}");
    }
    let body = json!({ "client_id": ALICE, "channel": "chat", "payload": 1, "token": "alice" });
    let ack = json!({ "client_id": ALICE, "channel": "chat", "cursor": 0, "token": "alice" });
    for (route, body) in [("send", &body), ("ack", &ack)] {
        let request = |target: &str| Request::new("POST", target).body(JSON, body.to_string());
        // A token belongs in its header alone.
        for query in ["", "?token=alice", "?client=x&attempt=1&number=1"] {
            let answer = request(&format!("/rps/{route}{query}")).send(address).await;
            assert_eq!(answer.status, 401, "{route}{query}: {answer:?}");
        }
        for shown in [
            "Basic alice",
            "Bearer",
            "Bearer bob",
            "alice",
            "Bearer alice bob",
        ] {
            let request = request(&format!("/rps/{route}")).header("authorization", shown);
            assert_eq!(request.send(address).await.status, 401, "{route} {shown}");
        }
        let shown = request(&format!("/rps/{route}")).header("authorization", "bearer alice");
        assert_eq!(shown.send(address).await.status, 204, "{route}");
    }
    // Without a token in the session, one in the request is wrong too.
    let ping = json!({ "client_id": BOB, "op": "ping" }).to_string();
    let ping = Request::new("POST", "/rps/send").body(JSON, ping);
    let shown = ping.header("authorization", "Bearer alice");
    assert_eq!(shown.send(address).await.status, 401);
    scene.server.push.publish(Channel::Chat, &1).unwrap();
    assert_eq!(alice.json().await["payload"], 1, "the stream goes on");
    scene.bystander_is_unharmed().await;
}

#[tokio::test]
async fn push_wire_posts_without_a_session_are_refused() {
    let mut scene = Scene::start().await;
    let secret = "00".repeat(16);
    for (query, secret, expected) in [
        ("", Some(&*secret), 400),
        ("?client=7&attempt=1&number=1", Some(&*secret), 400),
        ("?client={}&attempt=-1&number=1", Some(&*secret), 400),
        (
            "?client={}&attempt=1&number=1&number=2",
            Some(&*secret),
            400,
        ),
        ("?client={}&attempt=1&number=1", None, 401),
        ("?client={}&attempt=1&number=1", Some("0"), 401),
        ("?client={}&attempt=1&number=1", Some("é"), 401),
        // The session is one of the JSON dialect, which has no secret.
        ("?client={}&attempt=1&number=1", Some(&*secret), 401),
    ] {
        let target = format!("/rps/send{}", query.replace("{}", &BOB.to_string()));
        let mut request = Request::new("POST", &target);
        if let Some(secret) = secret {
            request = request.header("push-wire-secret", secret);
        }
        let request = request.body("application/octet-stream", [0xff; 100]);
        let answer = request.send(scene.server.address).await;
        assert_eq!(answer.status, expected, "{target}: {answer:?}");
    }
    scene.bystander_is_unharmed().await;
}
