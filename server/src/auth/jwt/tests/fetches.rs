//! Tests of sets of keys that are fetched, in virtual time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{advance, sleep};

use super::*;

/// An issuer whose answers a test sets.
#[derive(Clone)]
struct Issuer {
    answer: Arc<Mutex<Result<Value, String>>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    fn new(keys: &[&Ed25519]) -> Self {
        let issuer = Self {
            answer: Arc::new(Mutex::new(Err("unset".into()))),
            fetches: Arc::default(),
        };
        issuer.publish(keys);
        issuer
    }

    fn publish(&self, keys: &[&Ed25519]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        *self.answer.lock().unwrap() = Ok(json!({ "keys": keys }));
    }

    fn fail(&self) {
        *self.answer.lock().unwrap() = Err("away".into());
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Keys that are fetched in a second.
    fn keys(&self) -> JwtKeys {
        let issuer = self.clone();
        JwtKeys::jwks_by(move || {
            let issuer = issuer.clone();
            async move {
                issuer.fetches.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(1)).await;
                let answer = issuer.answer.lock().unwrap().clone();
                answer.map(|set| set.to_string().into_bytes())
            }
        })
    }
}

fn claims() -> Value {
    json!({ "exp": NOW + 1 })
}

#[tokio::test(start_paused = true)]
async fn one_fetch_for_many_clients() {
    let key = Ed25519::new("a");
    let issuer = Issuer::new(&[&key]);
    let tokens = authenticator(issuer.keys(), NOW);
    let token = key.token(&claims());
    let clients = (0..100).map(|_| authenticate(&tokens, &token));
    let granted = join_all(clients).await;
    assert!(granted.iter().all(Result::is_ok), "{granted:?}");
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_key_ids_cause_few_fetches() {
    let known = Ed25519::new("a");
    let issuer = Issuer::new(&[&known]);
    let tokens = authenticator(issuer.keys(), NOW);
    assert!(authenticate(&tokens, &known.token(&claims())).await.is_ok());
    let strangers: Vec<Ed25519> = (0..20).map(|_| Ed25519::new("stranger")).collect();
    let forged: Vec<String> = strangers.iter().map(|key| key.token(&claims())).collect();
    for (wait, fetches) in [(0, 1), (28, 1), (2, 2), (29, 2), (1, 3)] {
        advance(Duration::from_secs(wait)).await;
        let refused = join_all(forged.iter().map(|token| error(&tokens, token))).await;
        assert!(
            refused.iter().all(|error| *error == JwtError::Key),
            "{refused:?}"
        );
        assert_eq!(issuer.fetches(), fetches, "after {wait} s more");
    }
}

#[tokio::test(start_paused = true)]
async fn rotated_keys_are_found() {
    let (old, new) = (Ed25519::new("old"), Ed25519::new("new"));
    let issuer = Issuer::new(&[&old]);
    let tokens = authenticator(issuer.keys(), NOW);
    assert!(authenticate(&tokens, &old.token(&claims())).await.is_ok());
    issuer.publish(&[&old, &new]);
    advance(Duration::from_secs(30)).await;
    assert!(authenticate(&tokens, &new.token(&claims())).await.is_ok());
    // A key that is withdrawn is accepted for ten minutes at most.
    issuer.publish(&[&new]);
    advance(Duration::from_secs(599)).await;
    assert!(authenticate(&tokens, &old.token(&claims())).await.is_ok());
    advance(Duration::from_secs(1)).await;
    assert_eq!(error(&tokens, &old.token(&claims())).await, JwtError::Key);
    assert!(authenticate(&tokens, &new.token(&claims())).await.is_ok());
    assert_eq!(issuer.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn failed_fetches_keep_older_keys() {
    let key = Ed25519::new("a");
    let issuer = Issuer::new(&[&key]);
    let tokens = authenticator(issuer.keys(), NOW);
    let token = key.token(&claims());
    assert!(authenticate(&tokens, &token).await.is_ok());
    issuer.fail();
    for fetches in [2, 3] {
        advance(Duration::from_secs(700)).await;
        assert!(authenticate(&tokens, &token).await.is_ok());
        assert!(authenticate(&tokens, &token).await.is_ok());
        assert_eq!(issuer.fetches(), fetches);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_come_back_while_there_are_no_keys() {
    let key = Ed25519::new("a");
    let issuer = Issuer::new(&[&key]);
    issuer.fail();
    let tokens = authenticator(issuer.keys(), NOW);
    let token = key.token(&claims());
    for (wait, fetches) in [(0, 1), (4, 1), (1, 2)] {
        advance(Duration::from_secs(wait)).await;
        assert_eq!(error(&tokens, &token).await, JwtError::NoKeys);
        assert_eq!(issuer.fetches(), fetches);
    }
    issuer.publish(&[&key]);
    advance(Duration::from_secs(5)).await;
    assert!(authenticate(&tokens, &token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn fetch_ends_in_time() {
    let keys = JwtKeys::jwks_by(std::future::pending);
    let tokens = authenticator(keys, NOW);
    let begun = tokio::time::Instant::now();
    let token = Ed25519::new("a").token(&claims());
    assert_eq!(error(&tokens, &token).await, JwtError::NoKeys);
    assert_eq!(begun.elapsed().as_secs(), 5);
}

/// The fetch that one client has caused goes on for the others when that one leaves.
#[tokio::test(start_paused = true)]
async fn client_that_leaves_ends_no_fetch() {
    let key = Ed25519::new("a");
    let issuer = Issuer::new(&[&key]);
    let tokens = authenticator(issuer.keys(), NOW);
    let token = key.token(&claims());
    let time = Duration::from_millis(500);
    let left = tokio::time::timeout(time, authenticate(&tokens, &token)).await;
    assert!(left.is_err());
    assert!(authenticate(&tokens, &token).await.is_ok());
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn public_sets_have_no_secrets() {
    let set = format!(r#"{{"keys":[{}]}}"#, examples::HS256.jwk);
    let keys = JwtKeys::jwks_by(move || {
        let set = set.clone();
        async move { Ok(set.into_bytes()) }
    });
    let tokens = authenticator(keys, examples::EXPIRY - 1);
    assert_eq!(
        error(&tokens, examples::HS256.token).await,
        JwtError::NoKeys
    );
}

#[tokio::test(start_paused = true)]
async fn large_sets_are_refused() {
    let keys = JwtKeys::jwks_by(|| async { Ok(vec![b' '; 256 * 1024 + 1]) });
    let tokens = authenticator(keys, NOW);
    let token = Ed25519::new("a").token(&claims());
    assert_eq!(error(&tokens, &token).await, JwtError::NoKeys);
}

#[tokio::test]
async fn file_is_read_again() {
    let (old, new) = (Ed25519::new("old"), Ed25519::new("new"));
    let path =
        std::env::temp_dir().join(format!("push-wire-jwks-{}.json", getrandom::u64().unwrap()));
    let write = |key: &Ed25519| {
        std::fs::write(&path, json!({ "keys": [key.jwk()] }).to_string()).unwrap();
    };
    assert!(matches!(
        JwtKeys::jwks_file(&path),
        Err(JwtKeysError::File { .. })
    ));
    write(&old);
    let keys = JwtKeys::jwks_file(&path).unwrap();
    // Read at the first token, not kept from the check.
    write(&new);
    let tokens = authenticator(keys, NOW);
    assert!(authenticate(&tokens, &new.token(&claims())).await.is_ok());
    assert_eq!(error(&tokens, &old.token(&claims())).await, JwtError::Key);
    std::fs::remove_file(&path).unwrap();
}

/// A server that answers each request with this.
async fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                socket.read_buf(&mut request).await.unwrap();
            }
            assert!(request.starts_with(b"GET /keys HTTP/1.1\r\n"));
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn keys_come_over_http() {
    let key = Ed25519::new("a");
    let set = json!({ "keys": [key.jwk()] }).to_string();
    let whole = |status: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    let token = key.token(&claims());
    let url = answering(whole("200 OK", &set)).await;
    let tokens = authenticator(JwtKeys::jwks_url(&url).unwrap(), NOW);
    assert!(authenticate(&tokens, &token).await.is_ok());
    let moved = "302 Found\r\nlocation: /others";
    let long = whole("200 OK", &" ".repeat(256 * 1024 + 1));
    for answer in [
        whole("500 Internal Server Error", &set),
        whole(moved, &set),
        long,
        "x".into(),
    ] {
        let url = answering(answer).await;
        let tokens = authenticator(JwtKeys::jwks_url(&url).unwrap(), NOW);
        assert_eq!(error(&tokens, &token).await, JwtError::NoKeys);
    }
}
