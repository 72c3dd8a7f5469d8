//! Tests of the server's routes inside an application: nested, with state, behind tower's layers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use push_wire_client::{ClientConfig, Frame, PushClient};
use push_wire_server::{PushServer, serve, train_dictionary};
use push_wire_shared::ChannelKind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use uuid::Uuid;

use crate::http::{Request, Response};

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Prices,
    Echo,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

fn price(n: usize) -> Value {
    json!({
        "symbol": format!("EUR{}", n % 9),
        "bid": n * 7 % 300,
        "venue": "Xetra Frankfurt",
        "currency": "EUR",
        "number": n,
    })
}

/// A server with a compression dictionary, which publishes what clients send.
fn server() -> Arc<PushServer<Channel>> {
    let samples: Vec<_> = (0..2_000).map(|n| price(n).to_string()).collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    let dictionary = train_dictionary(&samples, 1_000, 1).unwrap().bytes;
    let server = PushServer::builder().dictionary(Channel::Prices, dictionary);
    let server = server.build().unwrap();
    server.on_message(Channel::Echo, |message, server| {
        let value: Value = message.json()?;
        server.publish(Channel::Echo, &value)?;
        Ok(())
    });
    server
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn start(app: Router) -> (SocketAddr, JoinHandle<()>) {
    let (listener, address) = listener().await;
    (address, tokio::spawn(serve(listener, app).into_future()))
}

/// Checks that a client at this URL sends, receives, and reads compressed entries by the dictionary it fetches.
async fn check(server: &PushServer<Channel>, url: String) {
    let mut client = PushClient::new(ClientConfig::new(url));
    let (seen, mut shown) = mpsc::unbounded_channel();
    for channel in [Channel::Prices, Channel::Echo] {
        let seen = seen.clone();
        client.on(channel, move |frame: Frame<Channel>| {
            seen.send(frame.payload).unwrap();
        });
    }
    client.connect().await.unwrap();
    let hello = json!("hello");
    let sent = client.send_confirmed(Frame::new(Channel::Echo, hello.clone()));
    timeout(TIMEOUT, sent).await.unwrap().unwrap();
    assert_eq!(timeout(TIMEOUT, shown.recv()).await.unwrap(), Some(hello));
    let compressed = async {
        while client.stats().await.unwrap().compressed == 0 {
            server.publish(Channel::Prices, &price(5)).unwrap();
            assert_eq!(shown.recv().await, Some(price(5)));
        }
    };
    timeout(TIMEOUT, compressed).await.unwrap();
}

/// Checks that an event stream is passed on event by event, uncompressed.
async fn check_events(server: &PushServer<Channel>, address: SocketAddr, path: &str) {
    let target = format!("{path}/sse?client_id={}", Uuid::new_v4());
    let request = Request::new("GET", &target).header("accept-encoding", "gzip");
    let mut stream = request.open(address).await;
    let content_type = ("content-type".to_owned(), "text/event-stream".to_owned());
    assert!(stream.headers.contains(&content_type), "{stream:?}");
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    for n in 0..10 {
        server.publish(Channel::Prices, &price(n)).unwrap();
        while stream.json().await["payload"] != price(n) {}
    }
}

/// The answer to a GET, after which the connection ends.
async fn get_text(address: SocketAddr, path: &str, header: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = timeout(TIMEOUT, socket.read_to_end(&mut answer)).await;
    reading.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn plain_axum_serves_the_router() {
    let server = server();
    let (listener, address) = listener().await;
    let app = Router::new().merge(server.router());
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    check(&server, format!("http://{address}")).await;
    check_events(&server, address, "/rps").await;
    task.abort();
}

#[tokio::test]
async fn router_of_an_application_with_state() {
    #[derive(Clone)]
    struct App {
        name: &'static str,
    }
    let server = server();
    let name = async |State(app): State<App>| app.name;
    let live = Router::<App>::new()
        .merge(server.router())
        .route("/name", get(name));
    let app = Router::new()
        .nest("/api", live)
        .with_state(App { name: "shop" });
    let (address, task) = start(app).await;
    check(&server, format!("http://{address}/api/rps")).await;
    check_events(&server, address, "/api/rps").await;
    assert!(get_text(address, "/api/name", "").await.ends_with("shop"));
    task.abort();
}

#[tokio::test]
async fn path_of_the_application() {
    let samples = server();
    let dictionary = samples.newest_dictionary(Channel::Prices).unwrap();
    let server = PushServer::builder()
        .path("/live/push")
        .dictionary(Channel::Prices, dictionary)
        .build()
        .unwrap();
    server.on_message(Channel::Echo, |message, server| {
        let value: Value = message.json()?;
        server.publish(Channel::Echo, &value)?;
        Ok(())
    });
    let (address, task) = start(Router::new().nest("/app", server.router())).await;
    check(&server, format!("http://{address}/app/live/push")).await;
    check_events(&server, address, "/app/live/push").await;
    task.abort();
}

/// A time-out layer bounds the time to the response's head, which WebSockets and event streams have at once. A
/// compression layer leaves event streams alone.
#[tokio::test]
async fn layers_of_tower() {
    let server = server();
    let late = async || std::future::pending::<()>().await;
    let large = async || "hello ".repeat(1_000);
    let app = Router::new()
        .merge(server.router())
        .route("/late", get(late))
        .route("/large", get(large))
        .layer(CompressionLayer::new())
        .layer(CorsLayer::permissive())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_millis(50),
        ))
        .layer(TraceLayer::new_for_http());
    let (address, task) = start(app).await;
    check(&server, format!("http://{address}")).await;
    check_events(&server, address, "/rps").await;
    // The layers are in place.
    let late = get_text(address, "/late", "origin: http://b\r\n").await;
    assert!(late.starts_with("HTTP/1.1 504 "), "{late}");
    let large = get_text(address, "/large", "accept-encoding: gzip\r\n").await;
    assert!(large.contains("content-encoding: gzip"), "{large}");
    assert!(large.contains("access-control-allow-origin: *"), "{large}");
    // The layer overwrites the server's headers, and does not permit what the server refuses.
    let local = events().to("localhost").header("origin", LOCAL_PAGE);
    let stream = local.open(address).await;
    assert_eq!((stream.status, allowed(&stream)), (200, vec!["*"]));
    let other = events().header("origin", "https://other.example");
    assert_eq!(other.open(address).await.status, 403);
    task.abort();
}

/// As documented: a CORS layer is around the application's routes, and not around the server's.
#[tokio::test]
async fn cors_layer_beside_the_routes() {
    let app = Router::new()
        .route("/hello", get(async || "hello"))
        .layer(CorsLayer::permissive())
        .merge(server().router());
    let (address, task) = start(app).await;
    let page = |request: Request| request.to("localhost").header("origin", LOCAL_PAGE);
    let own = page(Request::new("GET", "/hello")).open(address).await;
    assert_eq!(allowed(&own), ["*"]);
    let stream = page(events()).open(address).await;
    assert_eq!((stream.status, allowed(&stream)), (200, vec![LOCAL_PAGE]));
    task.abort();
}

/// Origin of a page on the user's machine, to which a server there grants everything.
const LOCAL_PAGE: &str = "http://localhost:5173";

fn events() -> Request {
    let target = format!("/rps/sse?client_id={}", Uuid::new_v4());
    Request::new("GET", &target)
}

/// The origins to which an answer is readable.
fn allowed(response: &Response) -> Vec<&str> {
    let headers = response.headers.iter();
    headers
        .filter(|(name, _)| name == "access-control-allow-origin")
        .map(|(_, value)| value.as_str())
        .collect()
}
