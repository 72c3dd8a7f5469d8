//! TLS for [`serve`](crate::serve).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::connection::tune_tcp;
use crate::limits::TLS_HANDSHAKES;

/// Default time for a TLS handshake (10 s), as for the headers of a request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Unencrypted bytes that rustls holds for a socket that takes no more (16 KiB, one TLS record).
const UNSENT_BYTES: usize = 16 * 1024;

/// Protocols offered to clients, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

type Accepted = (TlsStream<TcpStream>, SocketAddr);

/// A TCP listener whose connections are encrypted, for [`serve`](crate::serve) or `axum::serve`: TLS 1.2 and 1.3, HTTP/2
/// where the client offers it.
///
/// Handshakes run beside each other, 1,024 at once; beyond, connections wait in the kernel's queue. A handshake has 10 s.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use push_wire_server::{ChannelKind, PushServer, TlsListener};
/// # async fn run<C: ChannelKind>(server: Arc<PushServer<C>>) -> Result<(), Box<dyn std::error::Error>> {
/// let tcp = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
/// let chain = std::fs::read("/etc/ssl/example.org/fullchain.pem")?;
/// let key = std::fs::read("/etc/ssl/example.org/privkey.pem")?;
/// let listener = TlsListener::from_pem(tcp, &chain, &key)?;
/// push_wire_server::serve(listener, server.router()).await;
/// # Ok(())
/// # }
/// ```
pub struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshake_timeout: Duration,
    /// Handshakes that are running, at most `most`.
    handshakes: JoinSet<Option<Accepted>>,
    most: usize,
}

impl fmt::Debug for TlsListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener")
            .field("listener", &self.listener)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("handshakes", &self.handshakes.len())
            .finish_non_exhaustive()
    }
}

/// Error of a certificate or key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A text that is not PEM, or holds no certificate or no private key.
    #[error("cannot read the certificate chain or the private key: {0}")]
    Pem(#[from] pem::Error),
    /// A certificate that is invalid, or does not belong to the key.
    #[error(transparent)]
    Config(#[from] rustls::Error),
}

impl TlsListener {
    /// A listener with this certificate chain (the server's own certificate first) and its private key, as PEM text.
    ///
    /// # Errors
    /// [`TlsError`] if they cannot be read, or do not belong together.
    pub fn from_pem(listener: TcpListener, chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(key)?;
        // Named, since a program may have several providers, and rustls then selects none.
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self::new(listener, config))
    }

    /// A listener with a configuration of rustls, for example one that replaces its certificate while it runs, or asks
    /// clients for theirs. If it has no protocols for ALPN, HTTP/2 and HTTP/1.1 are set.
    #[must_use]
    pub fn new(listener: TcpListener, mut config: ServerConfig) -> Self {
        if config.alpn_protocols.is_empty() {
            config.alpn_protocols = ALPN.map(Vec::from).to_vec();
        }
        Self {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            handshake_timeout: HANDSHAKE_TIMEOUT,
            handshakes: JoinSet::new(),
            most: TLS_HANDSHAKES,
        }
    }

    /// Sets the time for a TLS handshake; default 10 s.
    #[must_use]
    pub const fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            let room = self.handshakes.len() < self.most;
            tokio::select! {
                (tcp, address) = Listener::accept(&mut self.listener), if room => {
                    let handshake = handshake(self.acceptor.clone(), tcp);
                    let handshake = timeout(self.handshake_timeout, handshake);
                    self.handshakes.spawn(async move {
                        let stream = handshake.await.ok()??;
                        Some((stream, address))
                    });
                }
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(accepted)) = ended {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// The handshake of one connection; `None` if it failed.
async fn handshake(acceptor: TlsAcceptor, tcp: TcpStream) -> Option<TlsStream<TcpStream>> {
    if let Err(error) = tune_tcp(&tcp) {
        tracing::debug!(%error, "could not set the TCP options of a connection");
    }
    match acceptor.accept(tcp).await {
        Ok(mut stream) => {
            stream.get_mut().1.set_buffer_limit(Some(UNSENT_BYTES));
            Some(stream)
        }
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::pin;
    use tokio::task::yield_now;
    use tokio_rustls::rustls::server::ResolvesServerCertUsingSni;

    use super::*;

    /// A listener without a certificate, whose handshakes fail.
    async fn listener() -> TlsListener {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        TlsListener::new(tcp, config)
    }

    /// Lets the listener run for as long as something happens, and returns the handshakes that are running then.
    async fn run(listener: &mut TlsListener) -> usize {
        for _ in 0..1_000 {
            let accept = listener.accept();
            pin!(accept);
            assert!(poll!(accept).is_pending());
            yield_now().await;
        }
        listener.handshakes.len()
    }

    #[tokio::test]
    async fn handshakes_are_bounded() {
        let mut listener = listener().await;
        listener.most = 2;
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        assert_eq!(run(&mut listener).await, 2);
        // Each that fails makes room, also when there was none.
        clients.truncate(1);
        while run(&mut listener).await > 1 {}
        clients[0].write_all(b"no TLS").await.unwrap();
        while run(&mut listener).await > 0 {}
        // An alert, and the end.
        clients[0].read_to_end(&mut Vec::new()).await.unwrap();
    }

    #[tokio::test]
    async fn silent_handshakes_end() {
        let mut listener = listener().await.handshake_timeout(Duration::from_millis(1));
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let ended = async { client.read_u8().await.unwrap_err() };
        tokio::select! {
            error = ended => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            _ = listener.accept() => unreachable!("no handshake succeeds"),
        }
    }
}
