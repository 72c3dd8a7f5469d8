//! A certificate of a test's own, and clients that trust it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::http2_client::TIMEOUT;

/// A certificate of `localhost`, signed by itself.
pub(crate) struct Certificate(CertifiedKey<KeyPair>);

impl Certificate {
    pub(crate) fn new() -> Self {
        Self(generate_simple_self_signed(["localhost".to_owned()]).unwrap())
    }

    /// The certificate, as PEM text.
    pub(crate) fn chain(&self) -> String {
        pem("CERTIFICATE", self.0.cert.der())
    }

    /// Its private key, as PEM text.
    pub(crate) fn key(&self) -> String {
        pem("PRIVATE KEY", self.0.signing_key.serialized_der())
    }

    /// Connects over a TCP stream, offering one protocol, which the server must select.
    pub(crate) async fn connect(&self, tcp: TcpStream, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut config = self.client_config();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = "localhost".try_into().unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let stream = timeout(TIMEOUT, connecting).await.unwrap().unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream
    }

    /// Settings of a client that trusts it.
    pub(crate) fn client_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.cert.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

/// PEM text (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
