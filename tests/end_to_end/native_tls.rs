//! Tests of the native client over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use push_wire_client::{
    BinaryEnvelope, ClientConfig, ConnectError, PushClient, ReconnectPolicy, StreamRequest,
    TransportPreference,
};
use push_wire_server::{PushServer, TlsListener, serve, train_dictionary};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::certificate::Certificate;
use crate::native_client::{Channel, TIMEOUT, watch, within_timeout};

const PICTURE: &[u8] = b"GIF89a";
const PICTURE_SHA256: &str = "610f5ae4d76e332636a17bd357fd6ce99029316a99d320280d4d77a746bf29e8";

/// A server behind TLS, stopped when dropped.
struct Process {
    server: Arc<PushServer<Channel>>,
    address: SocketAddr,
    certificate: Certificate,
    task: JoinHandle<()>,
}

impl Process {
    async fn start() -> Self {
        let certificate = Certificate::new();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (chain, key) = (certificate.chain(), certificate.key());
        let listener = TlsListener::from_pem(tcp, chain.as_bytes(), key.as_bytes()).unwrap();
        let builder = PushServer::builder().dictionary(Channel::Log, trained());
        let server: Arc<PushServer<Channel>> = builder.build().unwrap();
        let app = Router::new()
            .merge(server.router())
            .route("/picture", get(async || PICTURE));
        Self {
            server,
            address,
            certificate,
            task: tokio::spawn(serve(listener, app).into_future()),
        }
    }

    /// A client's settings for this server, which name it by the host of its certificate.
    fn config(&self, scheme: &str, preference: TransportPreference) -> ClientConfig {
        let mut config = ClientConfig::new(format!("{scheme}://localhost:{}", self.address.port()));
        config.transport_preference = preference;
        config
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn both_transports_run_over_tls() {
    let process = Process::start().await;
    for (scheme, preference) in [
        ("https", TransportPreference::WsOnly),
        ("wss", TransportPreference::SseOnly),
    ] {
        let tls = Arc::new(process.certificate.client_config());
        let config = process.config(scheme, preference).with_tls(tls);
        let mut client = PushClient::<Channel>::new(config);
        let room = StreamRequest::channel(Channel::Room).from_newest();
        let mut seen = client.messages(room, 8).await.unwrap();
        client.connect().await.unwrap();
        process.server.publish(Channel::Room, &scheme).unwrap();
        assert_eq!(within_timeout(seen.recv()).await.payload, json!(scheme));
        let picture = BinaryEnvelope::Pointer {
            mime: "image/gif".into(),
            sha256: PICTURE_SHA256.into(),
            size: PICTURE.len() as u64,
            url: "/picture".into(),
            name: None,
        };
        assert_eq!(client.open_asset(&picture).await.unwrap().bytes, PICTURE);
        client.disconnect().await.unwrap();
    }
}

#[tokio::test]
async fn certificate_of_an_unknown_issuer_is_explained() {
    let process = Process::start().await;
    let other = Certificate::new();
    for preference in [TransportPreference::WsOnly, TransportPreference::SseOnly] {
        let tls = Arc::new(other.client_config());
        let mut config = process.config("https", preference).with_tls(tls);
        config.reconnect = ReconnectPolicy::disabled();
        let refused = PushClient::<Channel>::new(config).connect().await;
        let Err(ConnectError::Transport(text)) = refused else {
            panic!("{refused:?}");
        };
        assert!(text.contains("invalid peer certificate"), "{text}");
    }
}

#[tokio::test]
async fn dictionaries_are_fetched_over_tls() {
    let process = Process::start().await;
    let tls = Arc::new(process.certificate.client_config());
    let config = process.config("https", TransportPreference::WsOnly);
    let mut client = PushClient::<Channel>::new(config.with_tls(tls));
    let mut log = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    let reading = async {
        let mut n = 0;
        while client.stats().await.unwrap().dictionaries == 0 {
            process.server.publish(Channel::Log, &order(n)).unwrap();
            assert_eq!(within_timeout(log.recv()).await, order(n));
            n += 1;
        }
    };
    timeout(TIMEOUT, reading).await.unwrap();
}

/// The order of this number, much like the others.
fn order(number: usize) -> Value {
    json!({ "customer": format!("c{}", number * 7_919 % 10_007), "city": "Lisbon", "number": number })
}

fn trained() -> Vec<u8> {
    let samples: Vec<_> = (0..2_000).map(|number| order(number).to_string()).collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 1_000, 1).unwrap().bytes
}
