//! Tests of the server's WebSocket frames, byte by byte (RFC 6455 sections 5 to 7).

use std::sync::Arc;
use std::time::Duration;

use push_wire_server::{Limits, PushServer, Rates};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::harness::{Channel, Running, soon, start};

const FINAL: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A client that writes and reads raw bytes of frames.
struct Raw(TcpStream);

impl Raw {
    async fn connect(running: &Running) -> Self {
        let mut stream = TcpStream::connect(running.addr).await.unwrap();
        let request = "GET /rps HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        Self(stream)
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn frame(&mut self, first_byte: u8, payload: &[u8]) {
        self.write(&frame(first_byte, payload)).await;
    }

    async fn auth(&mut self) {
        let auth = json!({"op": "auth", "client_id": Uuid::from_u128(1)}).to_string();
        self.frame(FINAL | TEXT, auth.as_bytes()).await;
        assert_eq!(self.text().await["op"], "auth_ok");
    }

    /// The next frame: opcode and payload. A server's frames are final and not masked.
    async fn read(&mut self) -> (u8, Vec<u8>) {
        let [first, short] = soon(self.0.read_u16()).await.unwrap().to_be_bytes();
        assert_eq!(first & 0xf0, FINAL);
        let len = match short {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        soon(self.0.read_exact(&mut payload)).await.unwrap();
        (first & 0x0f, payload)
    }

    async fn text(&mut self) -> Value {
        let (opcode, payload) = self.read().await;
        assert_eq!(opcode, TEXT);
        serde_json::from_slice(&payload).unwrap()
    }

    /// Code and reason of the next close frame, text before it ignored; then the stream must end.
    async fn closed(&mut self) -> (u16, String) {
        let (mut opcode, mut payload) = self.read().await;
        while opcode == TEXT {
            (opcode, payload) = self.read().await;
        }
        assert_eq!(opcode, CLOSE);
        let (code, reason) = payload.split_first_chunk().unwrap();
        let mut rest = vec![];
        soon(self.0.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty(), "after the close frame: {rest:?}");
        (
            u16::from_be_bytes(*code),
            String::from_utf8(reason.to_vec()).unwrap(),
        )
    }
}

fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first_byte];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

async fn connected() -> (Arc<PushServer<Channel>>, Running, Raw) {
    let server = Arc::new(PushServer::new());
    let running = start(&server).await;
    let mut raw = Raw::connect(&running).await;
    raw.auth().await;
    (server, running, raw)
}

#[tokio::test]
async fn joins_fragments_around_ping() {
    let (_server, _running, mut raw) = connected().await;
    raw.frame(TEXT, br#"{"op":"#).await;
    raw.frame(FINAL | PING, b"are you there?").await;
    assert_eq!(raw.read().await, (PONG, b"are you there?".to_vec()));
    raw.frame(0, br#""pi"#).await;
    raw.frame(FINAL, br#"ng"}"#).await;
    assert_eq!(raw.text().await, json!({"op": "pong"}));
}

#[tokio::test]
async fn joins_message_of_single_bytes() {
    let (_server, _running, mut raw) = connected().await;
    raw.0.set_nodelay(true).unwrap();
    for byte in frame(FINAL | BINARY, br#"{"op":"ping"}"#) {
        raw.write(&[byte]).await;
    }
    assert_eq!(raw.text().await, json!({"op": "pong"}));
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let (server, _running, mut raw) = connected().await;
    raw.frame(FINAL | CLOSE, &1001u16.to_be_bytes()).await;
    assert_eq!(raw.closed().await, (1001, String::new()));
    assert_eq!(server.connected_clients(), 0);
}

#[tokio::test]
async fn framing_errors_close_with_standard_codes() {
    let cases: [(&[u8], u16, &str); 6] = [
        (&[FINAL | TEXT, 2, b'{', b'}'], 1002, "masked"),
        (&frame(FINAL | 3, b""), 1002, "opcode"),
        (&frame(FINAL | 0x40 | TEXT, b""), 1002, "reserved"),
        (&frame(FINAL, b""), 1002, "continuation"),
        (&frame(FINAL | TEXT, &[0xff]), 1007, "UTF-8"),
        (&frame(FINAL | CLOSE, &[3]), 1002, "close frame of one byte"),
    ];
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let mut bystander = running.json("/rps").await;
    bystander.auth(Uuid::from_u128(2)).await;
    for (bytes, close_code, expected) in cases {
        let mut raw = Raw::connect(&running).await;
        raw.auth().await;
        raw.write(bytes).await;
        let (code, reason) = raw.closed().await;
        assert_eq!(code, close_code, "{reason}");
        assert!(reason.contains(expected), "{reason:?} names {expected:?}");
    }
    let closes = server.stats().closes;
    assert_eq!((closes.get(&1002), closes.get(&1007)), (Some(&5), Some(&1)));
    server.publish(Channel::Chat, &"still here").unwrap();
    assert_eq!(bystander.receive_json().await["payload"], "still here");
}

#[tokio::test]
async fn large_message_is_refused_by_its_header() {
    let mut limits = Limits::default();
    limits.message_bytes = 2000;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .build()
        .unwrap();
    let running = start(&server).await;
    let mut raw = Raw::connect(&running).await;
    raw.auth().await;
    // Only the header of a message of 2001 bytes.
    raw.write(&frame(FINAL | TEXT, &[b' '; 2001])[..8]).await;
    let (code, reason) = raw.closed().await;
    assert_eq!(
        (code, reason.as_str()),
        (4204, "a message above the limit of 2000 bytes")
    );
    assert_eq!(server.stats().closes.get(&4204), Some(&1));
}

#[tokio::test]
async fn limit_is_small_before_auth() {
    let server = Arc::new(PushServer::<Channel>::new());
    let running = start(&server).await;
    let mut raw = Raw::connect(&running).await;
    // Only the header of a first message of one byte more than 64 KiB, which no mask follows.
    let header = [FINAL | TEXT, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0];
    raw.write(&header).await;
    let (code, reason) = raw.closed().await;
    assert_eq!(code, 4204);
    assert_eq!(reason, "a message above the limit of 65536 bytes");
    // The same is taken after.
    let mut raw = Raw::connect(&running).await;
    raw.auth().await;
    raw.write(&header).await;
    let ping = br#"{"op":"ping"}"#;
    raw.write(ping).await;
    raw.write(&vec![b' '; 65_537 - ping.len()]).await;
    assert_eq!(raw.text().await, json!({"op": "pong"}));
}

#[tokio::test]
async fn closes_client_that_reads_no_answers() {
    let mut limits = Limits::default();
    limits.stall = Duration::from_millis(100);
    limits.client_rates = Rates::UNLIMITED;
    let server = PushServer::<Channel>::builder()
        .limits(limits)
        .build()
        .unwrap();
    let running = start(&server).await;
    let mut raw = Raw::connect(&running).await;
    raw.auth().await;
    // Each is answered, and the answers are not read: they fill the buffers of both ends, then the server's.
    let questions = frame(FINAL | TEXT, br#"{"op":"ping"}"#).repeat(1000);
    let asking = tokio::spawn(async move {
        while raw.0.write_all(&questions).await.is_ok() {}
        raw
    });
    soon(async {
        while server.stats().closes.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(server.stats().closes.get(&4001), Some(&1));
    asking.abort();
}

#[tokio::test]
async fn broken_connection_is_removed() {
    let (server, _running, raw) = connected().await;
    assert_eq!(server.connected_client_ids(), [Uuid::from_u128(1)]);
    drop(raw);
    soon(async {
        while server.connected_clients() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
