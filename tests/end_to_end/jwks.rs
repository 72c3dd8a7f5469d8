//! Tests of keys that are fetched from an issuer over TLS.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use push_wire_server::{JwtAuthenticator, JwtKeys, JwtKeysError, TlsListener, serve};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::certificate::Certificate;
use crate::http::Request;
use crate::json_client::Server;

/// A public key of Ed25519.
const SET: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"zkTyuYjJGpKZZqKRPFfJpKhHs7yPvthj6ee5i3PxN8A"}]}"#;

/// EdDSA with its private key: `{"sub":"ada","exp":4102444800,"push":{"chat":{"read":true,"send":true}}}`.
const TOKEN: &str = concat!(
    "eyJhbGciOiAiRWREU0EifQ",
    ".eyJzdWIiOiAiYWRhIiwgImV4cCI6IDQxMDI0NDQ4MDAsICJwdXNoIjogeyJjaGF0IjogeyJyZWFkIjogdHJ1ZSwgInNlbmQiOiB0cnVlfX19",
    ".tW8TrI-SQWTg1eDczKZoNdDPjC7Gj8aPlGbkT2uB4ZdVmE9n894Gu2AWaOi5hg1gEyiWPSgcFmP_f_tqcJ59Cg"
);

/// An issuer behind TLS, which serves its set at `/keys`, and a redirect to it at `/moved`.
struct Issuer {
    address: SocketAddr,
    certificate: Certificate,
    task: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Issuer {
    async fn start() -> Self {
        let certificate = Certificate::new();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (chain, key) = (certificate.chain(), certificate.key());
        let listener = TlsListener::from_pem(tcp, chain.as_bytes(), key.as_bytes()).unwrap();
        let app = Router::new()
            .route("/keys", get(async || SET))
            .route("/moved", get(async || Redirect::temporary("/keys")));
        Self {
            address,
            certificate,
            task: tokio::spawn(serve(listener, app).into_future()),
        }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address.port())
    }
}

/// Status of the answer to a client with the token.
async fn status(keys: JwtKeys) -> u16 {
    let server = Server::start(|builder| builder.authenticator(JwtAuthenticator::new(keys))).await;
    let client = Uuid::new_v4();
    let target = format!("/rps/sse?client_id={client}&token={TOKEN}");
    let request = Request::new("GET", &target);
    let mut stream = request.open(server.address).await;
    let first = stream.json().await;
    match first["payload"]["op"].as_str() {
        Some("auth_ok") => stream.status,
        // Whoever cannot be checked now comes back later.
        Some("error") => {
            let expected = json!("the credentials could not be checked now");
            assert_eq!(first["payload"]["message"], expected);
            503
        }
        _ => panic!("{first}"),
    }
}

#[tokio::test]
async fn keys_of_a_trusted_issuer_are_used() {
    let issuer = Issuer::start().await;
    let own = issuer.certificate.chain();
    let other = Certificate::new().chain();
    for (host, path, roots, expected) in [
        ("localhost", "/keys", own.clone(), 200),
        ("localhost", "/keys", format!("{other}{own}"), 200),
        ("localhost", "/keys", other, 503),
        ("127.0.0.1", "/keys", own.clone(), 503),
        ("localhost", "/moved", own.clone(), 503),
    ] {
        let url = issuer.url(host, path);
        let keys = JwtKeys::jwks_url_with_roots(&url, roots).unwrap();
        assert_eq!(status(keys).await, expected, "{url}");
    }
    let by_system = JwtKeys::jwks_url(&issuer.url("localhost", "/keys")).unwrap();
    assert_eq!(status(by_system).await, 503, "of no authority");
}

#[test]
fn roots_have_to_be_certificates() {
    let key = Certificate::new().key();
    for roots in ["", "text", &key] {
        let keys = JwtKeys::jwks_url_with_roots("https://id.example.com/keys", roots);
        assert_eq!(keys.map(drop), Err(JwtKeysError::Roots), "{roots}");
    }
}
