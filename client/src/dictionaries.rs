//! Compression dictionaries, fetched over HTTP from where the WebSocket is (docs/protocol.md section 5.7).

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode, Uri, http};
use hyper_util::rt::TokioIo;
use push_wire_shared::limits::{DICTIONARIES, DICTIONARY_BYTES};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Time that one may take: the largest at 30 kbit/s.
const PATIENCE: Duration = Duration::from_secs(30);

/// The fetches on their way. Dropping it ends them.
///
/// Entries come without a dictionary as well, only larger: one that cannot be had is asked for again when the server
/// names it on the next connection.
#[derive(Default)]
pub(crate) struct Dictionaries {
    loading: Vec<[u8; 32]>,
    tasks: JoinSet<Fetched>,
}

/// What became of a fetch.
pub(crate) struct Fetched {
    pub(crate) sha256: [u8; 32],
    pub(crate) bytes: Result<Vec<u8>, FetchError>,
}

/// Why a dictionary could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the server's address names no dictionary: {0}")]
    Address(#[from] http::Error),
    #[error("no connection: {0}")]
    Connect(#[from] io::Error),
    #[error("the request failed: {0}")]
    Request(#[from] hyper::Error),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error("no body of at most {DICTIONARY_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("it took longer than {PATIENCE:?}")]
    TimedOut,
}

impl Dictionaries {
    /// Begins to fetch one from the server with this WebSocket address, unless that is on its way.
    pub(crate) fn fetch(&mut self, server: &str, sha256: [u8; 32]) {
        if self.loading.contains(&sha256) || self.loading.len() == DICTIONARIES {
            return;
        }
        self.loading.push(sha256);
        let server = server.to_owned();
        self.tasks.spawn(async move {
            let got = timeout(PATIENCE, get(&server, &sha256)).await;
            let bytes = got.unwrap_or(Err(FetchError::TimedOut));
            Fetched { sha256, bytes }
        });
    }

    /// Waits for the end of a fetch. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Fetched {
        loop {
            match self.tasks.join_next().await {
                None => pending().await,
                Some(Ok(fetched)) => {
                    self.loading.retain(|sha256| *sha256 != fetched.sha256);
                    return fetched;
                }
                Some(Err(error)) => tracing::error!(%error, "a fetch failed"),
            }
        }
    }
}

async fn get(server: &str, sha256: &[u8; 32]) -> Result<Vec<u8>, FetchError> {
    let server: Uri = server.parse().map_err(http::Error::from)?;
    let host = server.host().unwrap_or_default();
    let address = (
        host.trim_matches(['[', ']']),
        server.port_u16().unwrap_or(80),
    );
    let stream = TcpStream::connect(address).await?;
    let (mut requests, line) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path(&server, sha256))
        .header(HOST, server.authority().map_or(host, |it| it.as_str()))
        .body(Empty::<Bytes>::new())?;
    let answer = async move {
        let response = requests.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), DICTIONARY_BYTES);
        let whole = body.collect().await.map_err(FetchError::Body)?;
        Ok(whole.to_bytes().into())
    };
    // The line ends once nobody asks any more; what the answer says of it is enough.
    let (answer, _) = tokio::join!(answer, line);
    answer
}

fn path(server: &Uri, sha256: &[u8; 32]) -> String {
    let route = server.path().trim_end_matches('/');
    format!("{route}/dictionaries/{}", hex::encode(sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_lies_under_the_path_of_the_socket_without_its_query() {
        let hex = "ab".repeat(32);
        for (server, at) in [
            ("ws://host/rps", "/rps/dictionaries/"),
            ("ws://[::1]:80/a/b/?token=x", "/a/b/dictionaries/"),
        ] {
            let path = path(&server.parse().unwrap(), &[0xab; 32]);
            assert_eq!(path, format!("{at}{hex}"));
        }
    }
}
