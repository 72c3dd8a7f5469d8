//! Compression dictionaries, fetched over HTTP from the server of the WebSocket (docs/protocol.md section 5.7).

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::StatusCode;
use hyper::http::uri::InvalidUri;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use push_wire_shared::limits::{DICTIONARIES, DICTIONARY_BYTES};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::address::http_route;
use crate::connector::Connector;

/// Longest time of a download (30 s): the largest dictionary at 30 kbit/s.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Running downloads of dictionaries, aborted on drop.
///
/// A failed download is repeated only when the server names the dictionary on the next connection, because entries can
/// be sent without it and are only larger.
pub(crate) struct Dictionaries {
    client: Http,
    loading: Vec<[u8; 32]>,
    tasks: JoinSet<Fetched>,
}

type Http = Client<Connector, Empty<Bytes>>;

/// Result of a fetch.
pub(crate) struct Fetched {
    pub(crate) sha256: [u8; 32],
    pub(crate) bytes: Result<Vec<u8>, FetchError>,
}

/// Error of a download.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the dictionary's URL is invalid: {0}")]
    Address(#[from] InvalidUri),
    #[error("the request failed: {0}")]
    Request(#[from] legacy::Error),
    #[error("the server answered with status {0}")]
    Status(StatusCode),
    #[error("the body cannot be read, or exceeds {DICTIONARY_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the download took longer than {DOWNLOAD_TIMEOUT:?}")]
    TimedOut,
}

impl Dictionaries {
    /// No downloads.
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            loading: Vec::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Starts a download from the server with this WebSocket address. Does nothing if it is running already, or if
    /// [`DICTIONARIES`] downloads are.
    pub(crate) fn fetch(&mut self, server: &str, sha256: [u8; 32]) {
        if self.loading.contains(&sha256) || self.loading.len() == DICTIONARIES {
            return;
        }
        self.loading.push(sha256);
        let (client, server) = (self.client.clone(), server.to_owned());
        self.tasks.spawn(async move {
            let got = timeout(DOWNLOAD_TIMEOUT, get(client, &server, &sha256)).await;
            let bytes = got.unwrap_or(Err(FetchError::TimedOut));
            Fetched { sha256, bytes }
        });
    }

    /// Waits for the end of a download; never returns if none is running. Cancel safe.
    pub(crate) async fn next(&mut self) -> Fetched {
        loop {
            match self.tasks.join_next().await {
                None => pending().await,
                Some(Ok(fetched)) => {
                    self.loading.retain(|sha256| *sha256 != fetched.sha256);
                    return fetched;
                }
                Some(Err(error)) => tracing::error!(%error, "a download task panicked"),
            }
        }
    }
}

async fn get(client: Http, server: &str, sha256: &[u8; 32]) -> Result<Vec<u8>, FetchError> {
    let address = format!(
        "{}/dictionaries/{}",
        http_route(server),
        hex::encode(sha256)
    );
    let response = client.get(address.parse()?).await?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let body = Limited::new(response.into_body(), DICTIONARY_BYTES);
    let whole = body.collect().await.map_err(FetchError::Body)?;
    Ok(whole.to_bytes().into())
}
