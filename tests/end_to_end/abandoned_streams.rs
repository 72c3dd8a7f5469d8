//! Tests of event streams whose clients do not read, read slowly, or disappear.

use std::net::SocketAddr;
use std::time::Duration;

use push_wire_server::{ChannelPolicy, Compression, Limits, PushServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::yield_now;
use tokio::time::timeout;
use uuid::Uuid;

use crate::http::{Request, Response};
use crate::json_client::{Channel, Server};

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of an entry.
const BYTES: usize = 64 * 1024;

/// Entries that no buffers between server and client hold (16 MiB).
const ENTRIES: u64 = 256;

fn target(id: u128) -> String {
    let id = Uuid::from_u128(id);
    format!("/rps/sse?client_id={id}&channels=chat")
}

fn head(id: u128) -> String {
    format!(
        "GET {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        target(id)
    )
}

async fn stream(server: &Server, id: u128) -> Response {
    let request = Request::new("GET", &target(id));
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    stream
}

/// A stream of which only the answer's status is read, over a socket with a small buffer.
async fn unread(address: SocketAddr, id: u128) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut socket = socket.connect(address).await.unwrap();
    socket.write_all(head(id).as_bytes()).await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    socket
}

/// Waits until this holds.
async fn until(
    push: &PushServer<Channel>,
    what: &str,
    holds: impl Fn(&PushServer<Channel>) -> bool,
) {
    let waiting = async {
        while !holds(push) {
            yield_now().await;
        }
    };
    let ended = timeout(TIMEOUT, waiting).await;
    assert!(ended.is_ok(), "{what}: {:?}", push.stats());
}

/// A server that keeps all entries of a test, and ends connections that take nothing for this time.
async fn server(stall: Duration) -> Server {
    let mut limits = Limits::default();
    limits.stall = stall;
    let policy = ChannelPolicy::log()
        .retain_entries(1_000)
        .retain_bytes(64 << 20)
        .compression(Compression::Off);
    Server::start(|builder| builder.limits(limits).channel(Channel::Chat, policy)).await
}

fn publish(server: &Server, number: u64) {
    let entry = (number, "x".repeat(BYTES));
    server.push.publish(Channel::Chat, &entry).unwrap();
}

#[tokio::test]
async fn client_that_does_not_read_is_ended() {
    let server = server(Duration::from_millis(500)).await;
    let mut bystander = stream(&server, 1).await;
    let mut idle = unread(server.address, 2).await;
    for number in 0..ENTRIES {
        publish(&server, number);
        assert_eq!(bystander.json().await["payload"][0], number);
    }
    until(&server.push, "the connection ends", |push| {
        push.stats().connections == 1 && push.connection_tasks() == 1
    })
    .await;
    assert_eq!(server.push.stats().closes.get(&4001), Some(&1));
    publish(&server, ENTRIES);
    assert_eq!(bystander.json().await["payload"][0], ENTRIES);
    // What was sent before is still there, and then the end.
    let mut rest = Vec::new();
    let reading = timeout(TIMEOUT, idle.read_to_end(&mut rest)).await;
    reading.expect("the stream ends").unwrap();
    // It comes back, and nothing is lost.
    let request = Request::new("GET", &target(2)).header("last-event-id", "1");
    let mut again = request.open(server.address).await;
    assert_eq!(again.json().await["payload"]["op"], "auth_ok");
    for number in 1..=ENTRIES {
        assert_eq!(again.json().await["payload"][0], number);
    }
}

#[tokio::test]
async fn client_that_reads_slowly_gets_everything() {
    let server = server(TIMEOUT).await;
    let mut bystander = stream(&server, 1).await;
    let mut slow = stream(&server, 2).await;
    for number in 0..ENTRIES {
        publish(&server, number);
        assert_eq!(bystander.json().await["payload"][0], number);
        if number % 4 == 0 {
            assert_eq!(slow.json().await["payload"][0], number / 4);
        }
    }
    for number in ENTRIES / 4..ENTRIES {
        assert_eq!(slow.json().await["payload"][0], number);
    }
    assert_eq!(server.push.stats().closes.get(&4001), None);
}

/// The ways in which connections disappear.
enum Disappears {
    /// The socket is closed.
    Closed,
    /// The connection is reset.
    Reset,
    /// A further request is sent, and the socket is closed.
    AfterAnotherRequest,
    /// The socket is closed before the answer.
    AtOnce,
}

const WAYS: [Disappears; 4] = [
    Disappears::Closed,
    Disappears::Reset,
    Disappears::AfterAnotherRequest,
    Disappears::AtOnce,
];

async fn disappear(address: SocketAddr, id: u128, way: &Disappears) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(head(id).as_bytes()).await.unwrap();
    if matches!(way, Disappears::AtOnce) {
        return;
    }
    socket.read_u8().await.unwrap();
    match way {
        Disappears::Closed | Disappears::AtOnce => {}
        Disappears::Reset => socket.set_zero_linger().unwrap(),
        Disappears::AfterAnotherRequest => socket.write_all(head(id).as_bytes()).await.unwrap(),
    }
}

#[tokio::test]
async fn streams_that_end_abruptly_leave_nothing() {
    let server = Server::start(|builder| builder.heartbeat(Duration::from_millis(100))).await;
    let mut bystander = stream(&server, 0).await;
    let mut clients = tokio::task::JoinSet::new();
    for id in 1..=200 {
        let address = server.address;
        clients.spawn(async move { disappear(address, id, &WAYS[(id % 4) as usize]).await });
    }
    clients.join_all().await;
    until(&server.push, "the connections end", |push| {
        push.stats().connections == 1 && push.connection_tasks() == 1
    })
    .await;
    // Sessions stay for their time, so that clients can come back.
    assert!(server.push.stats().sessions >= 150);
    server.push.publish(Channel::Chat, &"still here").unwrap();
    assert_eq!(bystander.json().await["payload"], "still here");
}
