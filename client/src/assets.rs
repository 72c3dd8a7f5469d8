//! Opening of assets that a server sends as [`BinaryEnvelope`]s: decoding or download, and the checks.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::StatusCode;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use push_wire_shared::BinaryEnvelope;
use push_wire_shared::frame::AssetError;
use push_wire_shared::limits::ASSET_WAIT;
use tokio::time::timeout;
use url::Url;

use crate::address::http_url;
use crate::connector::connector;
use crate::tls::Tls;

/// An asset whose size and SHA-256 are those of its envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Asset {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Media type, as the server states it.
    pub mime: String,
    /// File name to show.
    pub name: Option<String>,
}

/// Error of opening an asset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAssetError {
    /// The asset is not what its envelope states, or too large.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// Its URL is none, or neither http nor https.
    #[error("the asset's URL {url:?} cannot be fetched: {why}")]
    Url {
        /// The URL.
        url: String,
        /// Description of the error.
        why: String,
    },
    /// The server of the URL could not be reached, or the download was cut off.
    #[error("the asset cannot be fetched: {0}")]
    Request(Box<dyn StdError + Send + Sync>),
    /// The server of the URL answered with an HTTP status other than 200; redirects are not followed.
    #[error("the asset cannot be fetched: HTTP status {0}")]
    Status(u16),
    /// The download took longer than this.
    #[error("the asset was not fetched within {0:?}")]
    TimedOut(Duration),
}

impl From<legacy::Error> for OpenAssetError {
    fn from(error: legacy::Error) -> Self {
        Self::Request(error.into())
    }
}

/// Opens an asset of at most `limit` bytes; `server` is the base of a relative URL.
pub(crate) async fn open(
    envelope: &BinaryEnvelope,
    server: &Url,
    tls: &Tls,
    limit: u64,
) -> Result<Asset, OpenAssetError> {
    let bytes = match envelope.url() {
        None => envelope.open_inline(limit)?,
        Some(url) => {
            let url = address(server, url, tls)?;
            fetch_within(envelope, &url, tls, limit, ASSET_WAIT).await?
        }
    };
    Ok(Asset {
        bytes,
        mime: envelope.mime().into(),
        name: envelope.name().map(Into::into),
    })
}

async fn fetch_within(
    envelope: &BinaryEnvelope,
    url: &Url,
    tls: &Tls,
    limit: u64,
    wait: Duration,
) -> Result<Vec<u8>, OpenAssetError> {
    let fetched = timeout(wait, fetch(envelope, url, tls, limit)).await;
    fetched.unwrap_or(Err(OpenAssetError::TimedOut(wait)))
}

async fn fetch(
    envelope: &BinaryEnvelope,
    url: &Url,
    tls: &Tls,
    limit: u64,
) -> Result<Vec<u8>, OpenAssetError> {
    let mut check = envelope.check(limit)?;
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector(tls));
    let uri = url.as_str().parse().map_err(|error| unusable(url, error))?;
    let response = client.get(uri).await?;
    if response.status() != StatusCode::OK {
        return Err(OpenAssetError::Status(response.status().as_u16()));
    }
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| OpenAssetError::Request(error.into()))?;
        if let Ok(data) = frame.into_data() {
            check.push(&data)?;
            bytes.extend_from_slice(&data);
        }
    }
    check.finish()?;
    Ok(bytes)
}

/// Address of an asset's URL, which may be relative to the server.
fn address(server: &Url, url: &str, tls: &Tls) -> Result<Url, OpenAssetError> {
    let base: Url = http_url(server.as_str())
        .parse()
        .map_err(|error| unusable(url, error))?;
    let address = base.join(url).map_err(|error| unusable(url, error))?;
    match address.scheme() {
        "http" => Ok(address),
        "https" => match tls.check() {
            Ok(()) => Ok(address),
            Err(why) => Err(unusable(url, why)),
        },
        _ => Err(unusable(url, "neither http nor https")),
    }
}

fn unusable(url: impl ToString, why: impl ToString) -> OpenAssetError {
    OpenAssetError::Url {
        url: url.to_string(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn gives_up_after_its_time() {
        // Nobody accepts, so there is no answer.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a", listener.local_addr().unwrap());
        let envelope = BinaryEnvelope::Pointer {
            mime: "image/gif".into(),
            sha256: "00".repeat(32),
            size: 1,
            url: url.clone(),
            name: None,
        };
        let url = Url::parse(&url).unwrap();
        let fetched = fetch_within(&envelope, &url, &Tls::default(), 1, Duration::ZERO).await;
        assert!(matches!(fetched, Err(OpenAssetError::TimedOut(_))));
    }

    #[test]
    fn urls_are_http_or_relative_to_the_server() {
        let server = Url::parse("ws://host:81/rps?token=x").unwrap();
        for (url, expected) in [
            ("/files/a.png", "http://host:81/files/a.png"),
            ("a.png?b=c", "http://host:81/a.png?b=c"),
            ("//other/a.png", "http://other/a.png"),
            ("http://other/a.png", "http://other/a.png"),
        ] {
            let address = address(&server, url, &Tls::default()).unwrap();
            assert_eq!(address.as_str(), expected);
        }
        for url in [
            "file:///etc/passwd",
            "ftp://host/a",
            "data:,a",
            "ws://host/a",
        ] {
            let error = address(&server, url, &Tls::default());
            let error = error.unwrap_err().to_string();
            assert!(error.contains("neither http nor https"), "{error}");
        }
        assert!(address(&server, "http://:a", &Tls::default()).is_err());
        let server = Url::parse("wss://host/rps").unwrap();
        let secure = address(&server, "/a", &Tls::default());
        #[cfg(feature = "tls")]
        assert_eq!(secure.unwrap().as_str(), "https://host/a");
        #[cfg(not(feature = "tls"))]
        assert!(secure.unwrap_err().to_string().contains("feature `tls`"));
    }
}
