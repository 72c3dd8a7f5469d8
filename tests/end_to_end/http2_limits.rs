//! Tests of the limits of HTTP/1.1 and HTTP/2 connections, over raw sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use push_wire_server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http2_client::TIMEOUT;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113 section 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Reason of a GOAWAY for a client that is too busy.
const ENHANCE_YOUR_CALM: u32 = 0xb;

async fn start(header_timeout: Duration) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(async || "hello"));
    let serving = serve(listener, app).header_timeout(header_timeout);
    let task = tokio::spawn(serving.into_future());
    (TcpStream::connect(address).await.unwrap(), task)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = len[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Type and payload of the next frame.
async fn read(socket: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut header = [0; 9];
    let read = timeout(TIMEOUT, socket.read_exact(&mut header)).await;
    read.unwrap().unwrap();
    let len = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let mut payload = vec![0; len.try_into().unwrap()];
    socket.read_exact(&mut payload).await.unwrap();
    (header[3], payload)
}

#[tokio::test]
async fn settings_state_the_limits() {
    let (mut socket, task) = start(TIMEOUT).await;
    socket.write_all(PREFACE).await.unwrap();
    socket.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    let (kind, payload) = read(&mut socket).await;
    assert_eq!(kind, SETTINGS);
    let settings: BTreeMap<u16, u32> = payload
        .chunks_exact(6)
        .map(|item| {
            let id = u16::from_be_bytes([item[0], item[1]]);
            (id, u32::from_be_bytes(item[2..].try_into().unwrap()))
        })
        .collect();
    let expected = [
        (3, 256),       // streams at once
        (4, 64 * 1024), // unread bytes of a stream
        (5, 16 * 1024), // frame
        (6, 16 * 1024), // head of a request
        (8, 1),         // WebSockets
    ];
    assert_eq!(settings, BTreeMap::from(expected));
    task.abort();
}

#[tokio::test]
async fn floods_of_resets_end_the_connection() {
    let (mut socket, task) = start(TIMEOUT).await;
    // :method GET, :scheme http, :path /, :authority a
    let get = [0x82, 0x86, 0x84, 0x41, 1, b'a'];
    let cancel = 8_u32.to_be_bytes();
    let mut flood = PREFACE.to_vec();
    flood.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..200).step_by(2) {
        flood.extend(frame(HEADERS, 5, stream, &get));
        flood.extend(frame(RST_STREAM, 0, stream, &cancel));
    }
    socket.write_all(&flood).await.unwrap();
    let reason = loop {
        let (kind, payload) = read(&mut socket).await;
        if kind == GOAWAY {
            break u32::from_be_bytes(payload[4..8].try_into().unwrap());
        }
    };
    assert_eq!(reason, ENHANCE_YOUR_CALM);
    task.abort();
}

/// Clients that send nothing, only the beginning of HTTP/2, or no request over it.
#[tokio::test]
async fn connections_without_requests_end() {
    let mut begun = PREFACE.to_vec();
    begun.extend(frame(SETTINGS, 0, 0, &[]));
    for sent in [&[][..], &PREFACE[..10], PREFACE, &begun] {
        let (mut socket, task) = start(Duration::from_millis(50)).await;
        socket.write_all(sent).await.unwrap();
        let ended = timeout(TIMEOUT, socket.read_to_end(&mut Vec::new())).await;
        // It may also be reset, since the server does not read what it got.
        drop(ended.expect("the connection ends"));
        task.abort();
    }
}

#[tokio::test]
async fn long_heads_are_refused() {
    let (mut socket, task) = start(TIMEOUT).await;
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n", "a".repeat(17_000));
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 13];
    let read = timeout(TIMEOUT, socket.read_exact(&mut status)).await;
    read.unwrap().unwrap();
    assert_eq!(&status, b"HTTP/1.1 431 ");
    task.abort();
}
