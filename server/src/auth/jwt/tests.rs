//! Tests of tokens and keys, with the vectors of the RFCs, tokens that are signed here, and virtual time.

mod attacks;
mod examples;
mod fetches;
mod mapping;
mod times;

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
    Prices,
}

const SECRET: &[u8; 32] = b"a secret of the thirty-two bytes";

/// Time of the tests, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with this header and these claims, whose signature a function makes.
fn token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let (header, claims) = (base64(header.to_string()), base64(claims.to_string()));
    let message = format!("{header}.{claims}");
    let signature = base64(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hmac_by(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// A token of HS256 with these claims.
fn hs256(claims: &Value) -> String {
    token(&json!({ "alg": "HS256" }), claims, hmac_by(SECRET))
}

/// A key pair of Ed25519, and its public key in a set under this id.
struct Ed25519 {
    pair: Ed25519KeyPair,
    id: &'static str,
}

impl Ed25519 {
    fn new(id: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        Self { pair, id }
    }

    fn jwk(&self) -> Value {
        let x = base64(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": "EdDSA" })
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.id });
        token(&header, claims, |message| {
            self.pair.sign(message).as_ref().to_vec()
        })
    }
}

fn authenticator(keys: JwtKeys, now: u64) -> JwtAuthenticator {
    let mut authenticator = JwtAuthenticator::new(keys);
    authenticator.clock = Arc::new(move || at(now));
    authenticator.grant_by(|_| Ok(Grant::everything()))
}

/// The grant of a token that expires a second from now: it ends after the skew.
fn granted() -> Grant {
    Grant::everything()
        .issued_at(at(0))
        .expires_at(at(NOW + 61))
}

fn credentials(token: Option<&str>, headers: HeaderMap) -> Credentials<Channel> {
    Credentials {
        client_id: Uuid::nil(),
        token: token.map(str::to_owned),
        channels: Vec::new(),
        uri: Uri::from_static("/rps"),
        headers,
        remote_addr: None,
    }
}

async fn authenticate(authenticator: &JwtAuthenticator, token: &str) -> Result<Grant, AuthError> {
    authenticator
        .authenticate(credentials(Some(token), HeaderMap::new()))
        .await
}

/// Error of a token, whose text does not contain it.
async fn error(authenticator: &JwtAuthenticator, token: &str) -> JwtError {
    let error = authenticator.claims(token).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    for part in token.split('.').filter(|part| part.len() > 4) {
        assert!(!shown.contains(part), "{shown} contains {part}");
    }
    let sent = AuthError::from(error.clone());
    let expected = if error == JwtError::NoKeys {
        AuthError::Unavailable(error.to_string())
    } else {
        AuthError::Other(error.to_string())
    };
    assert_eq!(sent, expected);
    error
}

/// The token with another signature of the same length.
fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[7] ^= 1;
    format!("{message}.{}", base64(signature))
}

#[tokio::test]
async fn examples_of_the_rfcs() {
    for example in [examples::HS256, examples::RS256, examples::ES256] {
        let set = format!(r#"{{"keys":[{}]}}"#, example.jwk);
        let of_pem = example.pem.map(|pem| JwtKeys::pem(pem).unwrap());
        for keys in [JwtKeys::jwks(set).unwrap()].into_iter().chain(of_pem) {
            let authenticator = authenticator(keys, examples::EXPIRY - 1);
            let claims = authenticator.claims(example.token).await.unwrap();
            assert_eq!(claims.text("iss"), Some("joe"));
            assert_eq!(claims.expires_at(), Some(at(examples::EXPIRY)));
            let forged = forged(example.token);
            let error = error(&authenticator, &forged).await;
            assert_eq!(error, JwtError::Signature, "{}", example.jwk);
        }
    }
}

/// The payload of this example is no JSON, which is found after the signature has been verified.
#[tokio::test]
async fn example_of_ed25519() {
    let set = format!(r#"{{"keys":[{}]}}"#, examples::EDDSA.jwk);
    let pem = examples::EDDSA.pem.unwrap();
    for keys in [JwtKeys::jwks(set).unwrap(), JwtKeys::pem(pem).unwrap()] {
        let authenticator = authenticator(keys, NOW);
        let token = examples::EDDSA.token;
        assert_eq!(error(&authenticator, token).await, JwtError::Malformed);
        let forged = forged(token);
        assert_eq!(error(&authenticator, &forged).await, JwtError::Signature);
    }
}

#[tokio::test]
async fn tokens_of_each_algorithm() {
    let claims = json!({ "sub": "ada", "exp": NOW + 1 });
    let ed = Ed25519::new("ed");
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
    let ec = ec.unwrap();
    let point = &ec.public_key().as_ref()[1..];
    let (x, y) = (base64(&point[..32]), base64(&point[32..]));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "ec" });
    let es256 = token(&json!({ "alg": "ES256" }), &claims, |message| {
        ec.sign(&random, message).unwrap().as_ref().to_vec()
    });
    let set = json!({ "keys": [ed.jwk(), jwk] }).to_string();
    let both = authenticator(JwtKeys::jwks(set).unwrap(), NOW);
    let secret = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    for (authenticator, token) in [
        (&both, ed.token(&claims)),
        (&both, es256),
        (&secret, hs256(&claims)),
    ] {
        assert_eq!(authenticate(authenticator, &token).await, Ok(granted()));
        let claims = authenticator.claims(&token).await.unwrap();
        assert_eq!(claims.subject(), Some("ada"));
        let forged = forged(&token);
        assert_eq!(error(authenticator, &forged).await, JwtError::Signature);
    }
}

#[tokio::test]
async fn token_of_the_request() {
    let authenticator = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let valid = hs256(&json!({ "exp": NOW + 1 }));
    let mut headers = HeaderMap::new();
    let asked = authenticator
        .authenticate(credentials(None, headers.clone()))
        .await;
    assert_eq!(asked, Err(AuthError::Other(JwtError::Missing.to_string())));
    headers.insert("authorization", format!("Bearer {valid}").parse().unwrap());
    let asked = authenticator
        .authenticate(credentials(None, headers.clone()))
        .await;
    assert_eq!(asked, Ok(granted()));
    // That of `auth` is the one that counts.
    let asked = authenticator
        .authenticate(credentials(Some("a"), headers))
        .await;
    assert_eq!(
        asked,
        Err(AuthError::Other(JwtError::Malformed.to_string()))
    );
}

#[test]
fn keys_and_claims_are_not_shown() {
    let keys = JwtKeys::jwks(format!(r#"{{"keys":[{}]}}"#, examples::HS256.jwk)).unwrap();
    let shown = format!("{:?}", authenticator(keys, NOW));
    assert!(
        shown.contains("Hs256") && !shown.contains("AyM1"),
        "{shown}"
    );
    let claims = JwtClaims::new(json!({ "sub": "ada" }).as_object().unwrap().clone());
    assert_eq!(format!("{claims:?}"), r#"JwtClaims(["sub"])"#);
}
