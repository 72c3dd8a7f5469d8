//! Tests of entries too large for one frame, over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use push_wire_client::position::Cursor;
use push_wire_client::session::client::EndCause;
use push_wire_client::session::op::ErrorCode;
use push_wire_client::{ChannelReceiver, ClientConfig, ClientEvent, Frame, PushClient};
use push_wire_server::{ChannelPolicy, Compression, PushServer};
use push_wire_shared::ChannelKind;
use push_wire_shared::limits::FRAGMENT_BYTES;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::metered_proxy::{Forwarded, alarm, forward};

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(priority = "high")]
    Alarm,
    #[channel(priority = "low")]
    File,
}

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(60);

const ALARM_BYTES: usize = 200;

/// 20 Mbit/s, in bytes.
const RATE: usize = 2_500_000;

/// Limit of a fragment's headers on the wire, in bytes.
const HEADERS: usize = 64;

/// A server, a client that reads both of its channels, and the address of the proxy between them.
struct Setup {
    server: Arc<PushServer<Channel>>,
    client: PushClient<Channel>,
    files: mpsc::UnboundedReceiver<(Cursor, Bytes)>,
    alarms: mpsc::UnboundedReceiver<String>,
    tasks: Vec<JoinHandle<()>>,
    url: String,
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

struct Files(mpsc::UnboundedSender<(Cursor, Bytes)>);

impl ChannelReceiver<Channel> for Files {
    fn on_frame(&self, frame: Frame<Channel>) {
        panic!("not bytes: {frame:?}");
    }

    fn on_bytes(&self, _: Channel, cursor: Cursor, body: Bytes) {
        self.0.send((cursor, body)).unwrap();
    }
}

impl Setup {
    async fn new() -> (Self, TcpListener, SocketAddr) {
        let server = PushServer::builder()
            .channel(Channel::File, ChannelPolicy::log().retain_bytes(1))
            .channel(
                Channel::Alarm,
                ChannelPolicy::log().compression(Compression::Off),
            )
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server.router::<()>();
        let serve = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", proxy.local_addr().unwrap());
        let mut config = ClientConfig::new(&url);
        config.reconnect.initial_delay = Duration::from_millis(20);
        let mut client = PushClient::new(config);
        let (file, files) = mpsc::unbounded_channel();
        let (said, alarms) = mpsc::unbounded_channel();
        client.on(Channel::File, Files(file));
        client.on(Channel::Alarm, move |frame: Frame<Channel>| {
            said.send(frame.payload.as_str().unwrap().to_owned())
                .unwrap();
        });
        let setup = Self {
            server,
            client,
            files,
            alarms,
            tasks: vec![serve],
            url,
        };
        (setup, proxy, address)
    }

    async fn file(&mut self) -> (Cursor, Bytes) {
        timeout(TIMEOUT, self.files.recv()).await.unwrap().unwrap()
    }
}

/// A file of this length, without the text of an alarm.
fn file(bytes: usize) -> Bytes {
    let byte = |at: usize| u8::try_from(at * 31 % 251).unwrap();
    (0..bytes).map(byte).collect()
}

/// Publishes an alarm for each 1/20 s of a link of 20 Mbit/s while an entry of 8 MB with low priority is sent: each waits
/// for one fragment at most, and for the bytes in the kernels' buffers.
#[tokio::test]
async fn urgent_messages_pass_a_large_entry() {
    let (mut setup, listener, address) = Setup::new().await;
    let published = Arc::new(Mutex::new(Vec::new()));
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let (server, log, seen) = (setup.server.clone(), published.clone(), arrived.clone());
    let publish = move |forwarded: &Forwarded| {
        let mut log = log.lock().unwrap();
        if forwarded.bytes >= (log.len() + 1) * RATE / 20 {
            log.push(forwarded.bytes);
            let text = alarm(log.len() - 1, ALARM_BYTES);
            server.publish(Channel::Alarm, &text).unwrap();
        }
        seen.lock().unwrap().clone_from(&forwarded.alarms);
        true
    };
    setup
        .tasks
        .push(tokio::spawn(forward(listener, address, publish)));
    setup.client.connect().await.unwrap();
    let body = file(8_000_000);
    setup
        .server
        .publish_bytes(Channel::File, body.clone())
        .unwrap();
    assert_eq!(setup.file().await, (1, body));
    let published = published.lock().unwrap().clone();
    let arrived = arrived.lock().unwrap().clone();
    assert!(arrived.len() >= 60, "{}", arrived.len());
    let mut waits: Vec<usize> = arrived
        .iter()
        .map(|&(number, at)| at - published[number])
        .collect();
    waits.sort_unstable();
    let fragment = FRAGMENT_BYTES + HEADERS;
    let ms = |bytes: usize| bytes as f64 * 1000.0 / RATE as f64;
    let p99 = waits[waits.len() * 99 / 100];
    println!(
        "one fragment {:.2} ms; alarms waited {:.2} ms (p50), {:.2} ms (p99), {:.2} ms (max)",
        ms(fragment),
        ms(waits[waits.len() / 2]),
        ms(p99),
        ms(waits[waits.len() - 1]),
    );
    assert!(
        p99 * 2 <= fragment * 3,
        "{p99} bytes, fragments of {fragment}"
    );
    for number in 0..arrived.len() {
        let said = setup.alarms.recv().await.unwrap();
        assert_eq!(said, alarm(number, ALARM_BYTES));
    }
}

/// Cuts the connection three times while an entry of 5 MB is sent: it arrives complete and once, as do the alarms.
#[tokio::test]
async fn interrupted_large_entry_is_repeated() {
    let (mut setup, listener, address) = Setup::new().await;
    let server = setup.server.clone();
    let mut said = 0;
    let mut cut_at = 1_000_000;
    let publish_and_cut = move |forwarded: &Forwarded| {
        if forwarded.bytes >= cut_at && cut_at <= 9_000_000 {
            cut_at += 4_000_000;
            server
                .publish(Channel::Alarm, &alarm(said, ALARM_BYTES))
                .unwrap();
            said += 1;
            return false;
        }
        true
    };
    setup
        .tasks
        .push(tokio::spawn(forward(listener, address, publish_and_cut)));
    setup.client.connect().await.unwrap();
    let body = file(5_000_000);
    setup
        .server
        .publish_bytes(Channel::File, body.clone())
        .unwrap();
    assert_eq!(setup.file().await, (1, body));
    for number in 0..3 {
        let alarm = alarm(number, ALARM_BYTES);
        assert_eq!(setup.alarms.recv().await, Some(alarm));
    }
    let stats = setup.client.stats().await.unwrap();
    assert_eq!((stats.unfinished, stats.repeats, stats.gaps), (3, 0, 0));
    setup.server.publish_bytes(Channel::File, file(3)).unwrap();
    assert_eq!(setup.file().await, (2, file(3)));
}

#[tokio::test]
async fn compresses_and_fragments() {
    let (mut setup, listener, address) = Setup::new().await;
    setup
        .tasks
        .push(tokio::spawn(forward(listener, address, |_| true)));
    setup.client.connect().await.unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    let digits: Bytes = (0..900_000).map(|_| rng.u8(b'0'..=b'9')).collect();
    setup
        .server
        .publish_bytes(Channel::File, digits.clone())
        .unwrap();
    assert_eq!(setup.file().await, (1, digits));
    let stats = setup.client.stats().await.unwrap();
    assert_eq!((stats.entries, stats.compressed), (1, 1));
    // Digits take less than half of their bytes.
    assert!((20..28).contains(&stats.fragments), "{stats:?}");
}

#[tokio::test]
async fn entry_above_limit_ends_subscription() {
    let (setup, listener, address) = Setup::new().await;
    let mut config = ClientConfig::new(&setup.url);
    config.max_value_bytes = 100_000;
    let mut client = PushClient::new(config);
    let (sender, mut alarms) = mpsc::unbounded_channel();
    client.on(Channel::File, |_: Frame<Channel>| {});
    client.on(Channel::Alarm, move |frame: Frame<Channel>| {
        sender.send(frame.payload).unwrap();
    });
    let task = tokio::spawn(forward(listener, address, |_| true));
    let mut events = client.events();
    client.connect().await.unwrap();
    setup
        .server
        .publish_bytes(Channel::File, file(200_000))
        .unwrap();
    loop {
        let event = timeout(TIMEOUT, events.recv()).await.unwrap().unwrap();
        if let ClientEvent::Ended { cause, message, .. } = event {
            assert_eq!(cause, EndCause::Error(ErrorCode::TooLarge));
            assert!(message.contains("200000") && message.contains("100000"));
            break;
        }
    }
    setup.server.publish(Channel::Alarm, &json!(1)).unwrap();
    let alarm = timeout(TIMEOUT, alarms.recv()).await.unwrap();
    assert_eq!(alarm, Some(json!(1)));
    task.abort();
}

#[tokio::test]
async fn json_gets_large_entry_in_one_message() {
    let (setup, _listener, address) = Setup::new().await;
    let url = format!("ws://{address}/rps");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let auth = json!({"op": "auth", "client_id": uuid::Uuid::from_u128(1)}).to_string();
    socket.send(auth.into()).await.unwrap();
    let text = "x".repeat(3_000_000);
    setup.server.publish(Channel::File, &text).unwrap();
    loop {
        let message = timeout(TIMEOUT, socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let Ok(said) = serde_json::from_slice::<serde_json::Value>(&message.into_data()) else {
            continue;
        };
        if said["channel"] == "file" {
            assert_eq!(said["payload"], json!(text));
            break;
        }
    }
}
