//! Tests of assets: sent by a server, opened by the native client.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use push_wire_client::{
    Asset, AssetError, BinaryEnvelope, ClientConfig, Frame, OpenAssetError, PushClient,
};
use push_wire_server::PushServer;
use push_wire_shared::ChannelKind;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::native_client::within_timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Pictures,
}

/// Above what a server sends inline.
const LARGE: usize = 300 * 1024;

fn large() -> Vec<u8> {
    (0..LARGE)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

/// A server with files beside it, and a client that is connected to it.
struct Gallery {
    server: Arc<PushServer<Channel>>,
    client: PushClient<Channel>,
    envelopes: mpsc::UnboundedReceiver<BinaryEnvelope>,
}

impl Gallery {
    async fn open() -> Self {
        let server = PushServer::builder().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let longer = || async { [large(), vec![0; LARGE]].concat() };
        let files = Router::new()
            .route("/large.gif", get(|| async { large() }))
            .route("/longer.gif", get(longer))
            .route("/shorter.gif", get(|| async { vec![0; LARGE - 1] }))
            .route("/other.gif", get(|| async { vec![0; LARGE] }))
            .route("/moved.gif", get(|| async { StatusCode::FOUND }));
        let app = files.merge(server.router::<()>());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let mut client = PushClient::new(ClientConfig::new(format!("http://{address}")));
        let (seen, envelopes) = mpsc::unbounded_channel();
        client.on(Channel::Pictures, move |frame: Frame<Channel>| {
            seen.send(serde_json::from_value(frame.payload).unwrap())
                .unwrap();
        });
        client.connect().await.unwrap();
        Self {
            server,
            client,
            envelopes,
        }
    }

    /// The envelope of a picture that the server sends.
    async fn sent(&mut self, bytes: &[u8], url: Option<&str>) -> BinaryEnvelope {
        let client = self.client.client_id();
        let (channel, name) = (Channel::Pictures, Some("a.gif"));
        self.server
            .send_binary(client, channel, bytes, "image/gif", name, url)
            .unwrap();
        within_timeout(self.envelopes.recv()).await
    }
}

fn expect(asset: &Asset, bytes: &[u8]) {
    assert_eq!(asset.bytes, bytes);
    assert_eq!(asset.mime, "image/gif");
    assert_eq!(asset.name.as_deref(), Some("a.gif"));
}

#[tokio::test]
async fn native_client_opens_inline_and_fetched_assets() {
    let mut gallery = Gallery::open().await;
    let inline = gallery.sent(b"GIF89a", None).await;
    assert_eq!(inline.url(), None);
    expect(
        &gallery.client.open_asset(&inline).await.unwrap(),
        b"GIF89a",
    );
    let pointer = gallery.sent(&large(), Some("/large.gif")).await;
    assert_eq!(pointer.url(), Some("/large.gif"));
    expect(
        &gallery.client.open_asset(&pointer).await.unwrap(),
        &large(),
    );
}

#[tokio::test]
async fn native_client_refuses_other_bytes() {
    let mut gallery = Gallery::open().await;
    for (url, expected) in [
        ("/longer.gif", "bytes, where its envelope states 307200"),
        ("/shorter.gif", "has 307199 bytes"),
        ("/other.gif", "do not have the SHA-256"),
        ("/moved.gif", "HTTP status 302"),
        ("/missing.gif", "HTTP status 404"),
        ("file:///etc/hostname", "neither http nor https"),
        ("http://127.0.0.1:1/a.gif", "cannot be fetched"),
    ] {
        let envelope = gallery.sent(&large(), Some(url)).await;
        let error = gallery.client.open_asset(&envelope).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{url}: {error}");
    }
    let envelope = gallery.sent(&large(), Some("/large.gif")).await;
    let limit = LARGE as u64 - 1;
    let opened = gallery.client.open_asset_within(&envelope, limit).await;
    assert!(matches!(
        opened,
        Err(OpenAssetError::Asset(AssetError::TooLarge { .. }))
    ));
}
