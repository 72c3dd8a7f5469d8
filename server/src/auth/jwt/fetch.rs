//! GET of a set of keys, over HTTPS.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ACCEPT, HOST};
use axum::http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::limits::JWKS_BYTES;

/// Error of a fetch.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no connection: {0}")]
    Connect(#[from] io::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    #[error("the request failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the answer has the status {0}, not 200")]
    Status(StatusCode),
    #[error("the answer cannot be read, or has more than {JWKS_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// Root certificates by which an issuer's certificate is verified.
#[derive(Clone, Debug)]
pub(super) enum Roots {
    /// The system's, which are read anew for each fetch.
    System,
    /// These.
    Given(Arc<RootCertStore>),
}

impl Roots {
    /// Reads certificates in PEM; `None` if there are none, or one cannot be read.
    pub(super) fn parse(pem: &[u8]) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.ok()?).ok()?;
        }
        (!roots.is_empty()).then(|| Self::Given(Arc::new(roots)))
    }
}

/// Address of a set of keys.
#[derive(Debug)]
pub(super) struct Address {
    host: String,
    port: u16,
    /// Host and port as the address names them.
    authority: String,
    path: String,
    /// The name in the certificate; `None` without TLS.
    tls: Option<ServerName<'static>>,
    roots: Roots,
}

impl Address {
    /// Reads an address of `https`, or of `http` on this machine.
    pub(super) fn parse(url: &str, roots: Roots) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let is_local = || {
            let address = host.parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        };
        let (tls, port) = match uri.scheme_str()? {
            "https" => (Some(ServerName::try_from(host.clone()).ok()?), 443),
            "http" if is_local() => (None, 80),
            _ => return None,
        };
        if authority.as_str().contains('@') {
            return None;
        }
        Some(Self {
            port: authority.port_u16().unwrap_or(port),
            authority: authority.as_str().to_owned(),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            host,
            tls,
            roots,
        })
    }

    /// Fetches the text. Redirects are not followed: the issuer names the address that it means.
    pub(super) async fn get(&self) -> Result<Vec<u8>, FetchError> {
        let tcp = TcpStream::connect((&*self.host, self.port)).await?;
        let Some(name) = &self.tls else {
            return self.exchange(tcp).await;
        };
        let roots = self.roots.clone();
        let config = spawn_blocking(|| config(roots)).await;
        let config = config.map_err(io::Error::other)??;
        let connector = TlsConnector::from(Arc::new(config));
        let tls = connector.connect(name.clone(), tcp).await?;
        self.exchange(tls).await
    }

    async fn exchange<Io>(&self, io: Io) -> Result<Vec<u8>, FetchError>
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut requests, connection) = http1::handshake(TokioIo::new(io)).await?;
        let connection = AbortOnDrop(tokio::spawn(connection));
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        if let Ok(host) = self.authority.parse() {
            headers.insert(HOST, host);
        }
        headers.insert(
            ACCEPT,
            axum::http::HeaderValue::from_static("application/json"),
        );
        let response = requests.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), JWKS_BYTES)
            .collect()
            .await;
        drop(connection);
        Ok(body.map_err(FetchError::Body)?.to_bytes().to_vec())
    }
}

/// A task that ends with its owner.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn config(roots: Roots) -> Result<ClientConfig, FetchError> {
    let roots = match roots {
        Roots::System => Arc::new(system_roots()),
        Roots::Given(roots) => roots,
    };
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(unusable, errors = ?found.errors, "the system has no root certificates");
    }
    roots
}
