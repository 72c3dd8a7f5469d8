//! Tests of compressed entries and dictionaries over real sockets; a proxy between client and server counts requests
//! for dictionaries and makes them fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use push_wire_client::{ClientConfig, Frame, PushClient, Stats, Status};
use push_wire_server::{PushServer, train_dictionary};
use push_wire_shared::ChannelKind;
use push_wire_shared::limits::DICTIONARY_BYTES;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::proxy::Proxy;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Prices,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Answer to a request for a dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Dictionary,
    NotFound,
    AnotherBody,
    TooLarge,
}

struct Backend {
    server: Arc<PushServer<Channel>>,
    requests: Arc<AtomicUsize>,
    proxy: Proxy,
    task: JoinHandle<()>,
}

impl Backend {
    async fn start(answer: Answer) -> Self {
        let server = PushServer::builder()
            .dictionary(Channel::Prices, trained("EUR"))
            // A newer dictionary is named with a heartbeat.
            .heartbeat(Duration::from_millis(100))
            .build()
            .unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (address, task) = listen(&server, answer, Arc::clone(&requests)).await;
        Self {
            server,
            requests,
            proxy: Proxy::to(address).await,
            task,
        }
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new(self.proxy.url());
        config.reconnect.initial_delay = Duration::from_millis(20);
        config
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    server: &Arc<PushServer<Channel>>,
    answer: Answer,
    requests: Arc<AtomicUsize>,
) -> (SocketAddr, JoinHandle<()>) {
    let guard = move |request: Request, next: Next| {
        let is_for_dictionary = request.uri().path().starts_with("/rps/dictionaries/");
        requests.fetch_add(usize::from(is_for_dictionary), Ordering::SeqCst);
        async move {
            if !is_for_dictionary {
                return next.run(request).await;
            }
            match answer {
                Answer::Dictionary => next.run(request).await,
                Answer::NotFound => StatusCode::NOT_FOUND.into_response(),
                Answer::AnotherBody => "<!doctype html>".into_response(),
                Answer::TooLarge => vec![0; DICTIONARY_BYTES + 1].into_response(),
            }
        }
    };
    let router = server.router::<()>().layer(middleware::from_fn(guard));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, task)
}

/// Price number `n` of a currency: a small value, similar to the others.
fn price(currency: &str, n: usize) -> Value {
    json!({
        "symbol": format!("{currency}{}", n % 9),
        "bid": n * 7 % 300,
        "venue": "Xetra Frankfurt",
        "currency": currency,
        "number": n,
    })
}

fn trained(currency: &str) -> Vec<u8> {
    let samples: Vec<_> = (0..2_000).map(|n| price(currency, n).to_string()).collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 1_000, 1).unwrap().bytes
}

/// A client that reads the prices, and the queue that they go to.
struct Reader {
    client: PushClient<Channel>,
    prices: mpsc::UnboundedReceiver<Value>,
}

impl Reader {
    async fn connect(config: ClientConfig) -> Self {
        let mut client = PushClient::new(config);
        let (seen, prices) = mpsc::unbounded_channel();
        client.on(Channel::Prices, move |frame: Frame<Channel>| {
            seen.send(frame.payload).unwrap();
        });
        client.connect().await.unwrap();
        Self { client, prices }
    }

    /// Publishes prices, and checks that each arrives.
    async fn read(&mut self, backend: &Backend, currency: &str, count: usize) {
        for n in 0..count {
            let price = price(currency, n);
            backend.server.publish(Channel::Prices, &price).unwrap();
            let seen = timeout(TIMEOUT, self.prices.recv()).await.unwrap();
            assert_eq!(seen, Some(price));
        }
    }

    async fn stats(&self) -> Stats {
        self.client.stats().await.unwrap()
    }

    /// Publishes prices until `is_reached` returns true for the counts.
    async fn read_until(
        &mut self,
        backend: &Backend,
        currency: &str,
        is_reached: impl Fn(Stats) -> bool,
    ) {
        let reading = async {
            while !is_reached(self.stats().await) {
                self.read(backend, currency, 1).await;
            }
        };
        timeout(TIMEOUT, reading).await.unwrap();
    }

    async fn read_until_compressed(&mut self, backend: &Backend, currency: &str) {
        let before = self.stats().await.compressed;
        let more = |stats: Stats| stats.compressed > before;
        self.read_until(backend, currency, more).await;
    }

    /// Received bytes per byte of the values.
    async fn wire_ratio(&mut self, backend: &Backend, currency: &str) -> f64 {
        let before = self.stats().await;
        self.read(backend, currency, 100).await;
        let after = self.stats().await;
        let bytes_in = after.bytes_in - before.bytes_in;
        bytes_in as f64 / (after.value_bytes - before.value_bytes) as f64
    }
}

async fn until(what: impl AsyncFn() -> bool) {
    let waiting = async {
        while !what().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(TIMEOUT, waiting).await.unwrap();
}

#[tokio::test]
async fn compresses_after_dictionary_fetch() {
    let backend = Backend::start(Answer::Dictionary).await;
    let mut reader = Reader::connect(backend.config()).await;
    reader.read_until_compressed(&backend, "EUR").await;
    let cost = reader.wire_ratio(&backend, "EUR").await;
    assert!(cost < 0.7, "{cost}");
    let stats = reader.stats().await;
    assert_eq!((stats.dictionaries, backend.requests()), (1, 1));
}

#[tokio::test]
async fn fetches_dictionary_once() {
    let backend = Backend::start(Answer::Dictionary).await;
    let mut reader = Reader::connect(backend.config()).await;
    reader.read_until_compressed(&backend, "EUR").await;
    for _ in 0..3 {
        backend.proxy.cut();
        until(async || reader.client.status() != Status::Ready).await;
        until(async || reader.client.status() == Status::Ready).await;
        reader.read_until_compressed(&backend, "EUR").await;
    }
    assert_eq!(backend.requests(), 1);
}

#[tokio::test]
async fn newer_dictionary_needs_no_reconnect() {
    let backend = Backend::start(Answer::Dictionary).await;
    let mut reader = Reader::connect(backend.config()).await;
    reader.read_until_compressed(&backend, "EUR").await;
    let before = reader.wire_ratio(&backend, "guilder").await;
    backend
        .server
        .set_dictionary(Channel::Prices, trained("guilder"))
        .unwrap();
    let is_there = |stats: Stats| stats.dictionaries == 2;
    reader.read_until(&backend, "guilder", is_there).await;
    reader.read(&backend, "guilder", 1).await;
    let after = reader.wire_ratio(&backend, "guilder").await;
    assert!(after < before, "{after} after {before}");
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn entries_arrive_without_dictionary() {
    for answer in [Answer::NotFound, Answer::AnotherBody, Answer::TooLarge] {
        let backend = Backend::start(answer).await;
        let mut reader = Reader::connect(backend.config()).await;
        until(async || backend.requests() == 1).await;
        reader.read(&backend, "EUR", 200).await;
        let stats = reader.stats().await;
        assert_eq!((stats.dictionaries, stats.compressed), (0, 0));
        // It is tried again with the next connection, and not before.
        assert_eq!(backend.requests(), 1);
        backend.proxy.cut();
        until(async || backend.requests() == 2).await;
        reader.read(&backend, "EUR", 1).await;
    }
}

#[tokio::test]
async fn compression_is_optional() {
    let backend = Backend::start(Answer::Dictionary).await;
    let mut config = backend.config();
    config.compression = false;
    let mut reader = Reader::connect(config).await;
    reader.read(&backend, "EUR", 100).await;
    assert_eq!(reader.stats().await.compressed, 0);
    assert_eq!(backend.requests(), 0);
}
