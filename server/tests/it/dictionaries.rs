//! Tests of dictionaries: fetched over HTTP, given and read back by the program.

use std::sync::Arc;

use push_wire_server::{
    BuildError, ChannelPolicy, Compression, PushServer, SetDictionaryError, train_dictionary,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::harness::{Channel, Running, soon, start};

pub(super) fn trained() -> Vec<u8> {
    let samples: Vec<String> = (0..2_000)
        .map(|n| {
            format!(
                r#"{{"symbol":"EUR{}","bid":{}.25,"venue":"XETRA"}}"#,
                n % 9,
                n * 7 % 300
            )
        })
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 2_000, 1).unwrap().bytes
}

fn name(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(bytes))
}

/// The head of the answer, in lower case, and its body.
async fn get(running: &Running, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    (head, answer.split_off(end + 4))
}

#[tokio::test]
async fn dictionary_is_cacheable_by_hash() {
    let bytes = trained();
    let server = PushServer::<Channel>::builder()
        .dictionary(Channel::Prices, bytes.clone())
        .build()
        .unwrap();
    assert_eq!(server.newest_dictionary(Channel::Prices).unwrap(), bytes);
    assert_eq!(server.newest_dictionary(Channel::Chat), None);
    let running = start(&server).await;
    let path = format!("/rps/dictionaries/{}", name(&bytes));
    let (head, body) = get(&running, &path).await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("cache-control: private, max-age=31536000, immutable"));
    assert!(head.contains("access-control-allow-origin: *"));
    assert_eq!(body, bytes);
}

#[tokio::test]
async fn unknown_dictionary_is_not_found() {
    let server: Arc<PushServer<Channel>> = Arc::default();
    let running = start(&server).await;
    for name in [&hex::encode([7; 32]), "nonsense", "%ff", &"é".repeat(32)] {
        let (head, body) = get(&running, &format!("/rps/dictionaries/{name}")).await;
        let status = &head[..12];
        assert!(
            status == "http/1.1 404" || status == "http/1.1 400",
            "{head}"
        );
        assert!(!body.is_empty());
    }
}

#[tokio::test]
async fn dictionaries_follow_path() {
    for path in ["/", "/live", "/live/"] {
        let bytes = trained();
        let server = PushServer::<Channel>::builder()
            .path(path)
            .dictionary(Channel::Chat, bytes.clone())
            .build()
            .unwrap();
        let running = start(&server).await;
        let below = format!(
            "{}/dictionaries/{}",
            path.trim_end_matches('/'),
            name(&bytes)
        );
        assert_eq!(get(&running, &below).await.1, bytes);
    }
}

#[test]
fn dictionary_error_names_channel() {
    let refused = |channel, bytes: Vec<u8>, policy| {
        let builder = PushServer::<Channel>::builder().channel(Channel::Chat, policy);
        builder
            .dictionary(channel, bytes)
            .build()
            .expect_err("refused")
    };
    let error = refused(Channel::Chat, vec![1; 999], ChannelPolicy::log());
    assert!(matches!(
        error,
        BuildError::Dictionary("chat", SetDictionaryError::Unusable(_))
    ));
    assert!(error.to_string().contains("\"chat\""), "{error}");
    let off = ChannelPolicy::log().compression(Compression::Off);
    let not_compressed =
        |channel| BuildError::Dictionary(channel, SetDictionaryError::NotCompressed);
    assert_eq!(
        refused(Channel::Chat, trained(), off),
        not_compressed("chat")
    );
    let system = refused(Channel::System, trained(), ChannelPolicy::log());
    assert_eq!(system, not_compressed("system"));
}
