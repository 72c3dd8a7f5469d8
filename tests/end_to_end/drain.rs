//! Tests of a server process that ends and of the one that takes its place, with native clients over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_wire_client::position::{Outcome, ResetReason};
use push_wire_client::{ClientConfig, ClientEvent, Frame, PushClient};
use push_wire_server::PushServer;
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Log,
    Room,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Code of a connection that ends because its server ends.
const DRAINING: u16 = 4100;

/// A server, and the messages that it has handled.
struct Process {
    server: Arc<PushServer<Channel>>,
    handled: Arc<Mutex<Vec<u64>>>,
    task: JoinHandle<()>,
}

impl Process {
    /// Starts a server on this listener.
    fn start(listener: TcpListener) -> Self {
        let server = Arc::new(PushServer::new());
        let handled = Arc::<Mutex<Vec<u64>>>::default();
        let numbers = Arc::clone(&handled);
        server.on_message(Channel::Room, move |message, _| {
            numbers.lock().unwrap().push(message.json()?);
            Ok(())
        });
        let router = server.router::<()>();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            server,
            handled,
            task,
        }
    }

    fn handled(&self) -> Vec<u64> {
        self.handled.lock().unwrap().clone()
    }

    /// Ends it: connections first, then the task that accepts them.
    async fn end(self) -> Vec<u64> {
        assert_eq!(self.server.drain(TIMEOUT).await, 0);
        assert_eq!(self.server.stats().closes[&DRAINING], 1);
        let handled = self.handled();
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
        handled
    }
}

/// A listening socket on a free port, for one process after another.
struct Port(std::net::TcpListener);

impl Port {
    fn open() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn listener(&self) -> TcpListener {
        TcpListener::from_std(self.0.try_clone().unwrap()).unwrap()
    }
}

fn client(address: SocketAddr) -> PushClient<Channel> {
    let mut config = ClientConfig::new(format!("http://{address}"));
    config.reconnect.initial_delay = Duration::from_millis(20);
    PushClient::new(config)
}

/// The next event of this kind.
async fn until<T>(
    events: &mut broadcast::Receiver<ClientEvent<Channel>>,
    wanted: impl Fn(&ClientEvent<Channel>) -> Option<T>,
) -> T {
    loop {
        let event = timeout(TIMEOUT, events.recv()).await.unwrap().unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

/// Returns `Some` if the event is such an outcome of the log's stream.
fn outcome(event: &ClientEvent<Channel>, is_it: fn(&Outcome) -> bool) -> Option<()> {
    let ClientEvent::Outcome {
        channel: Channel::Log,
        outcome,
        ..
    } = event
    else {
        return None;
    };
    is_it(outcome).then_some(())
}

fn resumed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Resumed { .. })
}

fn is_reset(outcome: &Outcome) -> bool {
    *outcome == Outcome::Reset(ResetReason::EpochChanged)
}

/// Checks that each message acknowledged to a client was handled by the process that acknowledged it, and once there.
#[tokio::test]
async fn clients_continue_at_the_next_process() {
    let port = Port::open();
    let first = Process::start(port.listener());
    first.server.publish(Channel::Log, &"before").unwrap();
    let mut client = client(port.address());
    client.on(Channel::Log, |_| {});
    let mut events = client.events();
    client.connect().await.unwrap();
    until(&mut events, |event| outcome(event, resumed)).await;

    let client = Arc::new(client);
    let sends: Vec<_> = (0..200_u64)
        .map(|number| {
            let client = Arc::clone(&client);
            let frame = Frame::new(Channel::Room, json!(number));
            tokio::spawn(async move { (number, client.send_confirmed(frame).await) })
        })
        .collect();
    let confirmed = Frame::new(Channel::Room, json!(1_000));
    client.send_confirmed(confirmed).await.unwrap();
    let mut by_first = first.end().await;
    assert!(by_first.contains(&1_000));

    let second = Process::start(port.listener());
    until(&mut events, |event| outcome(event, is_reset)).await;
    for send in sends {
        let (number, sent) = timeout(TIMEOUT, send).await.unwrap().unwrap();
        sent.unwrap();
        let handled = by_first.contains(&number) || second.handled().contains(&number);
        assert!(handled, "{number} is said to be handled");
    }
    let count = by_first.len();
    by_first.sort_unstable();
    by_first.dedup();
    assert_eq!(by_first.len(), count, "the first process took none twice");
}

#[tokio::test]
async fn drained_server_takes_no_connection() {
    let port = Port::open();
    let process = Process::start(port.listener());
    assert_eq!(process.server.drain(TIMEOUT).await, 0);
    let mut socket = TcpStream::connect(port.address()).await.unwrap();
    let request = "GET /rps HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let len = timeout(TIMEOUT, socket.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..len.unwrap()]).to_lowercase();
    assert!(answer.starts_with("http/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
    process.task.abort();
}

#[tokio::test]
async fn drain_gives_up_after_its_time() {
    let port = Port::open();
    let process = Process::start(port.listener());
    // Opened, and never authenticated.
    let url = format!("ws://{}/rps", port.address());
    let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert_eq!(process.server.drain(Duration::from_millis(10)).await, 1);
    drop(socket);
    assert_eq!(process.server.drain(TIMEOUT).await, 0);
    process.task.abort();
}
